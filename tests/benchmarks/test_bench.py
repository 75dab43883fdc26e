"""The harness end to end on a small workload: run, resume, report, compare; the same bytes on any number of workers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.findings import MEASURES
from benchmarks.record import read_finished
from benchmarks.results_dir import ResultsDir
from binpack.cli.main import run

SUITE = """
name: tiny
description: Two policies on a small workload.
workloads: [{name: small, preset: small}]
policies: [{name: kube-scheduler}, {name: BestFit, score: BestFit}]
seeds: [1, 2]
baseline: kube-scheduler
optimum: {instants: 2, deterministicLimit: 0.1}
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench")
    (folder / "tiny.yaml").write_text(SUITE)
    assert bench(folder, "serial", "--jobs", "1") == 0
    return folder


def bench(folder: Path, out: str, *options: str) -> int:
    return run(["bench", "run", str(folder / "tiny.yaml"), "--out", str(folder / out), *options])


def test_the_table_names_each_policy_and_its_distance(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "report", str(results / "serial")]) == 0
    text = capsys.readouterr().out
    for name, title in MEASURES:
        # A cluster without devices has no measures of them.
        assert (title in text) == (not name.startswith("gpu_")), title
    for policy in ("kube-scheduler", "BestFit"):
        assert f"{policy} uses " in text
    assert run(["bench", "report", str(results / "serial"), "-o", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["policy"] for row in rows] == ["kube-scheduler", "BestFit"]


def test_no_policy_is_better_than_the_bound(results: Path) -> None:
    samples = read_finished(results / "serial").samples
    assert len(samples) == 2 * 2 * 2
    assert (samples["bound_nodes_count"] <= samples["optimum_nodes_count"]).all()
    assert (samples["bound_nodes_count"] <= samples["nodes_in_use_count"]).all()
    assert (samples["bound_nodes_count"] > 0).all()


def test_any_number_of_workers_gives_the_same_bytes(results: Path) -> None:
    assert bench(results, "parallel", "--jobs", "2") == 0
    assert bytes_of(results / "parallel") == bytes_of(results / "serial")


def bytes_of(folder: Path) -> dict[str, bytes]:
    kept = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.parent.name != "machine"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept}


def test_what_is_there_is_not_run_again(results: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import cell

    keys = sorted(ResultsDir(results / "serial").finished())
    (results / "serial" / "runs" / f"{keys[0]}.parquet").unlink()
    asked: list[Any] = []
    simulate = cell.simulate
    monkeypatch.setattr(cell, "simulate", lambda *args, **kwargs: asked.append(1) or simulate(*args, **kwargs))
    assert bench(results, "serial", "--jobs", "1") == 0
    assert len(asked) == 1
    assert "4 runs (3 reused)" in capsys.readouterr().out
    assert sorted(ResultsDir(results / "serial").finished()) == keys


def test_the_report_is_one_file_that_needs_nothing_else(results: Path) -> None:
    page = (results / "serial" / "report.html").read_text()
    assert page.count("<svg") == 3
    for outside in ("<script", "<link", "<img", "@import"):
        assert outside not in page
    assert "Two policies on a small workload." in page


def test_comparison_pairs_seeds(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "compare", str(results / "serial"), "--baseline", "BestFit", "-o", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["policy"], row["baseline"], row["count"]) == ("kube-scheduler", "BestFit", 2)
    assert row["mean"] > 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "no-such-suite"], 'no suite "no-such-suite" (accepted: '),
        (["run", "{suite}", "--policy", "Fit"], 'policy "Fit" is not in the suite (accepted: kube-scheduler, BestFit)'),
        (["run", "openb", "--trace-dir", "{folder}/nowhere"], "nowhere is not a folder"),
        (["report", "{folder}"], "no results directory"),
        (["compare", "{folder}/serial", "--baseline", "x"], 'policy "x" is not among the results (accepted: kube-scheduler, BestFit)'),
        (["compare", "{folder}/serial", "--metric", "x"], 'metric "x" is no column of the runs (accepted: '),
    ],
)
def test_mistakes_are_one_line_and_exit_2(
    results: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    filled = [argument.format(suite=results / "tiny.yaml", folder=results) for argument in arguments]
    if filled[0] == "run":
        filled += ["--out", str(tmp_path / "out")]
    assert run(["bench", *filled]) == 2
    captured = capsys.readouterr()
    assert says in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert captured.out == ""
    assert not (tmp_path / "out").exists()
