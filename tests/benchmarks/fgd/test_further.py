"""The experiment carried further: sections of one report, from the runs that lie beside it, with answers computed from them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks.cli import bench
from benchmarks.suite import parse_suite
from binpack.errors import BinpackError, ConfigurationError
from workloads.traces.openb_sample import write_sample

TITLES = ("(1) Who", "(2) What", "(3) How", "(4) What", "(5) How", "(6) What")
OWN = """
name: mine
workloads: [{name: default, filling: {}}]
policies: [{name: BestFit, score: FGDBestFit}, {name: FGD, score: FGD}]
seeds: [1, 2]
ties: rank
further: [fgd-further, fgd-bound, fgd-turnover]
"""
CHANGED = """
name: fgd-further
workloads:
  - {name: as published, filling: {}}
  - {name: by name, filling: {ties: first}}
  - {name: half, filling: {thresholdPercent: 50}, policies: [FGD]}
policies: [{name: BestFit, score: FGDBestFit}, {name: FGD, score: FGD}]
seeds: [1, 2]
ties: rank
"""
BOUND = """
name: fgd-bound
workloads: [{name: default, filling: {bound: true}}]
policies: [{name: FGD, score: FGD}]
seeds: [1]
ties: rank
"""


def run(folder: Path, text: str, *more: str) -> Result:
    name = parse_suite(text, source="test").name
    suite = folder / f"{name}.yaml"
    suite.write_text(text, encoding="utf-8")
    arguments = ["run", str(suite), "--trace-dir", str(folder / "openb"), "-j", "1", "--out", str(folder / name), *more]
    return CliRunner().invoke(bench, arguments, standalone_mode=False)


def test_one_report_gathers_what_lies_beside_it(tmp_path: Path) -> None:
    write_sample(tmp_path / "openb", nodes=12, pods=60)
    first = run(tmp_path, OWN)
    assert first.return_value == 0, first.output
    page = (tmp_path / "mine" / "report.html").read_text(encoding="utf-8")
    assert all(f"Carried further: {title}" in page for title in TITLES)
    assert page.count("Not run yet") == 6
    assert "Not run yet: (1)" in first.output
    assert run(tmp_path, CHANGED).return_value == 0
    assert run(tmp_path, BOUND).return_value == 0
    again = CliRunner().invoke(bench, ["report", str(tmp_path / "mine")], standalone_mode=False)
    page = (tmp_path / "mine" / "report.html").read_text(encoding="utf-8")
    assert page.count("Not run yet") == 3, "float scores, memory and lifetimes are in no suite here"
    for sentence in ("by name: FGD allocates", "half: FGD allocates", "default: FGD leaves unallocated"):
        assert sentence in again.output
        assert sentence in page
    assert "points are proven unavoidable" in again.output


def test_a_bound_has_a_placement_below_it(tmp_path: Path) -> None:
    import pandas as pd

    write_sample(tmp_path / "openb", nodes=12, pods=60)
    assert run(tmp_path, BOUND).return_value == 0
    (path,) = (tmp_path / "fgd-bound" / "runs").iterdir()
    row = pd.read_parquet(path).iloc[0]
    for load in (100, 130):
        allocated, best, bound = (row[f"{name}_{load}_percent"] for name in ("allocated_by", "best_at", "bound_at"))
        assert allocated <= best <= bound
    documents = {file.name for file in (tmp_path / "fgd-bound" / "certificates").rglob("*.json")}
    assert {"bound-at-100.json", "placement-at-130.json", "bound-with-cpu-pods-at-130.json"} <= documents


def test_further_is_refused_where_there_is_nothing_further(tmp_path: Path) -> None:
    write_sample(tmp_path / "openb", nodes=3, pods=10)
    result = run(tmp_path, BOUND, "--further")
    assert isinstance(result.exception, BinpackError)
    assert "names no suites that carry it further" in str(result.exception)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (OWN.replace("fgd-bound", "nothing"), 'further: "nothing" (accepted: '),
        (OWN.replace("filling: {}", "preset: small"), "only reports of filling"),
    ],
)
def test_bad_further(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_suite(text, source="s")
    assert says in str(caught.value)


def test_a_bad_row_stops_a_suite_before_it_starts(tmp_path: Path) -> None:
    write_sample(tmp_path / "openb", nodes=3, pods=10)
    with (tmp_path / "openb" / "openb_pod_list_default.csv").open("a", encoding="utf-8") as file:
        file.write("bad,1000,0,1,1200,\n")
    result = run(tmp_path, BOUND)
    assert isinstance(result.exception, BinpackError)
    assert 'line 12, column gpu_milli: "1200"' in str(result.exception)
    assert not (tmp_path / "fgd-bound").exists()
    lenient = run(tmp_path, BOUND, "--lenient")
    assert lenient.return_value == 0
    assert "default: 1 rows left out for their gpu_milli" in lenient.output
