"""Many names in one line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.results.name_list import common_domain, name_list, natural_key, shortened


@pytest.mark.parametrize(
    ("why", "names", "width", "expected"),
    [
        ("none", [], 20, ""),
        ("one", ["gpu"], 20, "gpu"),
        ("a range", ["n1", "n2", "n3"], 20, "n[1-3]"),
        ("two ranges", ["n1", "n2", "n4", "n9"], 20, "n[1-2,4,9]"),
        ("beyond ten", ["n9", "n10", "n11"], 20, "n[9-11]"),
        ("padded numbers", ["n08", "n09", "n10"], 20, "n[08-10]"),
        ("padded and longer", ["n08", "n09", "n100"], 20, "n[08-09], n100"),
        ("a number with words after it", ["ip-1-a", "ip-2-a", "ip-2-b"], 40, "ip-[1-2]-a, ip-2-b"),
        ("a domain", ["ip-1.west-1.internal", "ip-2.west-1.internal"], 60, "ip-[1-2].west-1.internal"),
        ("too many", ["alpha", "beta", "gamma"], 17, "alpha and 2 more"),
        ("the first is shown at any width", ["a-very-long-name", "b"], 5, "a-very-long-name and 1 more"),
        ("named twice", ["n1", "n1"], 20, "n1"),
    ],
)
def test_name_list(why, names, width, expected):
    assert name_list(names, width=width) == expected


@given(st.lists(st.from_regex(r"[a-c]{0,2}-?[0-9]{0,3}[a-b.]{0,2}", fullmatch=True).filter(bool), max_size=40), st.integers(20, 120))
def test_every_name_is_shown_or_counted(names, width):
    """Unfold what is shown: with what is counted it makes up the names."""
    text = name_list(names, width=width)
    shown, _, rest = text.partition(" and ")
    unfolded = set()
    for piece in filter(None, shown.split(", ")):
        match = re.fullmatch(r"(.*)\[(.*)\](.*)", piece)
        if match is None:
            unfolded.add(piece)
            continue
        for part in match[2].split(","):
            first, _, last = part.partition("-")
            unfolded |= {f"{match[1]}{number:0{len(first)}d}{match[3]}" for number in range(int(first), int(last or first) + 1)}
    assert unfolded <= set(names)
    assert len(unfolded) + (int(rest.split()[0]) if rest else 0) == len(set(names))


def test_natural_order():
    assert sorted(["n10", "n9", "n", "m"], key=natural_key) == ["m", "n", "n9", "n10"]


@pytest.mark.parametrize("width", [5, 8, 12, 30])
def test_shortened_keeps_the_width(width):
    name = "gke-production-pool-x9kq"
    assert len(shortened(name, width)) == min(width, len(name))
    assert shortened(name, width)[-2:] == "kq"


def test_a_domain_is_common_only_to_several():
    assert common_domain(["a.x", "b.x"]) == ".x"
    assert common_domain(["a.x"]) == common_domain(["a.x", "b.y"]) == common_domain(["a", "b"]) == ""
