"""The command that holds runs against digests, and what it says about bad input."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.cli import bench
from benchmarks.fgd.digests import DIGEST_COLUMNS, digest_of_run
from benchmarks.fgd.policies import PLUGIN_OF
from benchmarks.fgd.replay import replay
from benchmarks.fgd.trace import read_trace
from benchmarks.suite import FillingSpec, PolicySpec
from binpack.errors import BinpackError
from binpack.scheduler.ties import Ties
from workloads.traces.openb_sample import write_sample


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    where = tmp_path / "openb"
    write_sample(where, nodes=12, pods=60)
    return where


def digests(folder: Path, rows: list[tuple[str, int]]) -> Path:
    path = folder / "digests.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ("trace", "policy", "seed", *DIGEST_COLUMNS), lineterminator="\n")
        writer.writeheader()
        for name, seed in rows:
            spec = PolicySpec(name=name, score=PLUGIN_OF[name])
            run = replay(read_trace(folder, "default"), spec, seed, FillingSpec(), ties=Ties.RANK)
            writer.writerow({"trace": "default", "policy": name, "seed": seed} | digest_of_run(run))
    return path


def verify(*arguments: str) -> tuple[int, str, BaseException | None]:
    result = CliRunner().invoke(bench, ["verify", "fgd", "-j", "1", *arguments], standalone_mode=False)
    return result.return_value, result.output, result.exception


def test_identical_runs(folder: Path) -> None:
    path = digests(folder, [("FGD", 1), ("BestFit", 2)])
    code, output, _ = verify("--digests", str(path), "--trace-dir", str(folder.parent))
    assert (code, output.splitlines()[-1]) == (0, "2 of 2 runs identical")


def test_differences_are_told_and_counted(folder: Path) -> None:
    path = digests(folder, [("FGD", 1), ("DotProd", 1)])
    head, first, second = path.read_text(encoding="utf-8").splitlines()
    cells = first.split(",")
    cells[head.split(",").index("n_failed")] = "999"
    path.write_text("\n".join([head, ",".join(cells), second]) + "\n", encoding="utf-8")
    code, output, _ = verify("--digests", str(path), "--trace-dir", str(folder))
    assert code == 1
    assert "default/FGD/1: n_failed: expected 999, got " in output
    assert output.splitlines()[-1] == "1 of 2 runs identical"


@pytest.mark.parametrize(
    ("why", "row", "says"),
    [
        ("more devices than any node", "bad,1000,0,16,1000,", 'line 62, column num_gpu: "16" (accepted: up to 8'),
        ("an unknown model", "bad,1000,0,1,1000,Z9", 'line 62, column gpu_spec: "Z9" names no model'),
        ("a share above 1000", "bad,1000,0,1,1200,", 'line 62, column gpu_milli: "1200"'),
    ],
)
def test_bad_rows_are_named_or_left_out(folder: Path, why: str, row: str, says: str) -> None:
    path = digests(folder, [("FGD", 1)])
    with (folder / "openb_pod_list_default.csv").open("a", encoding="utf-8") as file:
        file.write(row + "\n")
    read_trace.cache_clear()
    _, _, error = verify("--digests", str(path), "--trace-dir", str(folder))
    assert isinstance(error, BinpackError)
    assert says in str(error)
    code, output, _ = verify("--digests", str(path), "--trace-dir", str(folder), "--lenient")
    assert code == 0
    assert "default: 1 rows left out for their " in output


@pytest.mark.parametrize("missing", ["openb_node_list_gpu_node.csv", "openb_pod_list_default.csv", "go_rng_cooked.csv"])
def test_a_missing_file_is_named_with_where_it_is_published(folder: Path, missing: str) -> None:
    path = digests(folder, [("FGD", 1)])
    (folder / missing).unlink()
    read_trace.cache_clear()
    _, _, error = verify("--digests", str(path), "--trace-dir", str(folder))
    assert isinstance(error, BinpackError)
    assert ("rngCooked" if missing.startswith("go") else "published as data/csv of hkust-adsl") in str(error)


def test_random_has_no_digest(folder: Path) -> None:
    path = digests(folder, [("FGD", 1)])
    path.write_text(path.read_text(encoding="utf-8").replace("default,FGD", "default,Random"), encoding="utf-8")
    _, _, error = verify("--digests", str(path), "--trace-dir", str(folder))
    assert 'line 2, column policy: "Random" (accepted: DotProd' in str(error)


def test_a_suite_on_the_sample(folder: Path, tmp_path: Path) -> None:
    suite = tmp_path / "mine.yaml"
    suite.write_text(
        "name: mine\nworkloads: [{name: default, filling: {}}, {name: float, filling: {floatScores: true}, policies: [FGD]}]\n"
        "policies: [{name: BestFit, score: FGDBestFit}, {name: FGD, score: FGD}]\nseeds: [1, 2]\nties: rank\n",
        encoding="utf-8",
    )
    out = tmp_path / "out"
    arguments = ["run", str(suite), "--trace-dir", str(folder), "--out", str(out), "-j", "1"]
    result = CliRunner().invoke(bench, arguments, standalone_mode=False)
    assert result.exception is None, result.output
    assert "6 runs (0 reused)" in result.output
    assert "default: FGD allocates" in result.output
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "The trace came without published values." in page
    assert page.count("<svg") == 3
