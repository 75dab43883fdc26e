"""A results directory: partitions that are whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.results_dir import ResultsDir
from binpack.errors import ConfigurationError


def test_a_run_comes_back_as_it_was_written(tmp_path: Path) -> None:
    directory = ResultsDir(tmp_path)
    for key, nodes in (("k1", 3), ("k2", 4)):
        directory.write_run(key, {"key": key, "nodes_count": nodes}, [{"key": key, "instant": i} for i in range(2)], {"wall_s": 1.0})
    assert directory.finished() == {"k1", "k2"}
    assert directory.runs(["k2", "k1"])["nodes_count"].tolist() == [4, 3]
    assert len(directory.samples(["k1"])) == 2
    assert directory.machine(["k1"]) == [{"wall_s": 1.0}]


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        ResultsDir(tmp_path / name).write_run("k", {"key": "k", "x": 1.5}, [{"t": 0}], {"wall_s": len(name)})
    for table in ("runs", "samples"):
        assert (tmp_path / "a" / table / "k.parquet").read_bytes() == (tmp_path / "b" / table / "k.parquet").read_bytes()


def test_a_run_that_was_cut_off_is_not_finished(tmp_path: Path) -> None:
    directory = ResultsDir(tmp_path)
    directory.write_run("k", {"key": "k"}, [{"t": 0}], {})
    (tmp_path / "runs" / "k.parquet").unlink()
    assert directory.finished() == frozenset()


def test_what_is_no_results_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no results directory"):
        ResultsDir(tmp_path).read_suite()
    with pytest.raises(ConfigurationError, match="no finished runs"):
        ResultsDir(tmp_path).runs([])
