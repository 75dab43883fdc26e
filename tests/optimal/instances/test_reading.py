"""Instance files: what each format says, and what is wrong with a file, by line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from binpack.errors import InstanceError
from binpack.optimal.instances.instance import Instance
from binpack.optimal.instances.problem import problem_from
from binpack.optimal.instances.reading import Format, read_instance_file

ORLIB = "2\n u120_00\n 150 3 2\n42\n69\n120\n u120_01\n 150.0 2 1\n49.5\n0.25\n"


def read(tmp_path: Path, text: str, form: Format | None = None, name: str = "items.vbp") -> Instance:
    path = tmp_path / name.partition("#")[0]
    path.write_text(text)
    return read_instance_file(str(tmp_path / name), form)


def test_vbp_has_dimensions_and_demands(tmp_path: Path) -> None:
    found = read(tmp_path, "2\n10 20\n\n2  # two kinds\n3 4 5\n6 7 1\n")
    assert found.capacity == (10, 20)
    assert [(item.sizes, item.demand, item.line) for item in found.items] == [((3, 4), 5, 5), ((6, 7), 1, 6)]
    assert found.demand == 6


@pytest.mark.parametrize(("text", "demands"), [("3\n10\n6 2\n5 1\n1 4\n", [2, 1, 4]), ("3\n10\n6\n5\n1\n", [1, 1, 1])])
def test_csp_with_and_without_demands(tmp_path: Path, text: str, demands: list[int]) -> None:
    found = read(tmp_path, text, "csp", "N1C1W1_A.txt")
    assert [item.demand for item in found.items] == demands
    assert [item.sizes[0] for item in found.items] == [6, 5, 1]


def test_orlib_by_name_with_decimals(tmp_path: Path) -> None:
    first = read(tmp_path, ORLIB, "orlib", "binpack1.txt#u120_00")
    assert (first.capacity, first.multiplier, first.best_known, first.demand) == ((150,), 1, 2, 3)
    second = read(tmp_path, ORLIB, "orlib", "binpack1.txt#u120_01")
    assert (second.capacity, second.multiplier) == ((15000,), 100)
    assert [item.sizes for item in second.items] == [(4950,), (25,)]


def test_compressed_and_with_a_hash_in_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a#b.vbp.gz"
    path.write_bytes(gzip.compress(b"1\n10\n1\n3 4\n"))
    assert read_instance_file(str(path)).demand == 4


def test_equal_items_are_one_class_and_sizes_are_divided(tmp_path: Path) -> None:
    problem = problem_from(read(tmp_path, "2\n100 7\n3\n20 1 2\n40 2 1\n20 1 3\n"))
    assert problem.size.tolist() == [[2, 2], [1, 1]]
    assert problem.demand.tolist() == [1, 5]
    # 100/20 of the first; 7 of the second, of which all items together want 7.
    assert (problem.capacity.tolist(), problem.unit) == ([[5, 7]], (20, 1))
    assert problem.class_names == ("item 2 (line 5)", "item 1 (line 4)")
    # First fit: 2+1+1+1 and 1+1.
    assert problem.nodes == 2


@pytest.mark.parametrize(
    ("why", "text", "message"),
    [
        ("larger than a bin", "2\n10 10\n1\n5 11 1\n", "line 4: an item of size 11 in dimension 2 is larger than any bin"),
        ("a bin that can hold nothing", "2\n0 0\n1\n0 0 1\n", "line 2: a bin that can hold nothing, its capacity is 0"),
        ("nobody wants it", "1\n10\n2\n3 1\n4 0\n", 'line 5: "4 0" (accepted: a demand >= 1'),
        ("a word", "1\n10\n1\nthree 1\n", 'line 4: "three 1" (accepted: 1 sizes and a demand'),
        ("negative", "1\n10\n1\n-3 1\n", 'line 4: "-3 1"'),
        ("too few numbers", "2\n10 10\n1\n3 1\n", 'line 4: "3 1" (accepted: 2 sizes and a demand'),
        ("too few lines", "1\n10\n3\n3 1\n", "ends after line 4 (accepted: 3 lines of items)"),
        ("too many lines", "1\n10\n1\n3 1\n4 1\n", 'line 5: "4 1" (accepted: nothing after 1 items'),
        ("no items", "1\n10\n0\n", 'line 3: "0"'),
        ("nothing", "", "ends after line 0 (accepted: the number of dimensions)"),
        ("a number of a mile", "1\n10\n1\n" + "9" * 5000 + " 1\n", "line 4"),
    ],
)
def test_what_is_wrong_with_a_vbp_file(tmp_path: Path, why: str, text: str, message: str) -> None:
    with pytest.raises(InstanceError) as error:
        read(tmp_path, text)
    assert message in str(error.value), why


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("b.txt", ORLIB, "has 2 instances (accepted: "),
        ("b.txt#u1", ORLIB, 'no instance is called "u1" (accepted: u120_00, u120_01)'),
        ("b.txt", "1\n a\n 10 1\n3\n", 'line 3: "10 1" (accepted: the capacity'),
        ("b.txt", "1\n a\n 10 1 1\nx\n", 'line 4: "x" (accepted: one size'),
        ("b.txt", "1\n a\n 10 1 1\n10.5\n", "line 4: an item of size 10.5 is larger than any bin (accepted: at most 10;"),
    ],
)
def test_what_is_wrong_with_an_orlib_file(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(InstanceError) as error:
        read(tmp_path, text, "orlib", name)
    assert message in str(error.value)


def test_which_format(tmp_path: Path) -> None:
    with pytest.raises(InstanceError, match="does not tell the format"):
        read(tmp_path, "1\n10\n1\n3 1\n", None, "items.txt")
    with pytest.raises(InstanceError, match="has one instance, without a name"):
        read(tmp_path, "1\n10\n1\n3 1\n", None, "items.vbp#x")
    with pytest.raises(InstanceError, match="cannot be read, no such file"):
        read_instance_file(str(tmp_path / "none.vbp"))
    (tmp_path / "binary.vbp").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(InstanceError, match="is no text"):
        read_instance_file(str(tmp_path / "binary.vbp"))


def test_sums_that_overflow_are_refused(tmp_path: Path) -> None:
    large = (1 << 61) + 1
    with pytest.raises(InstanceError, match="overflow"):
        problem_from(read(tmp_path, f"1\n{large}\n2\n{large} 1\n{large - 2} 1\n"))
    # What a common divisor makes small is none.
    assert problem_from(read(tmp_path, f"1\n{large}\n1\n{large} 3\n")).size.tolist() == [[1]]
