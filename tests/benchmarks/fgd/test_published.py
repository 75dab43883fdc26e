"""Whole runs against the digests and curves that come with the trace. Needs the trace: set BINPACK_TRACES to its folder."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks.fgd.curves import curve_of
from benchmarks.fgd.policies import DETERMINISTIC, PLUGIN_OF
from benchmarks.fgd.published import read_published
from benchmarks.fgd.replay import replay
from benchmarks.fgd.trace import read_trace
from benchmarks.fgd.verify import read_digests, verify
from benchmarks.suite import FillingSpec, PolicySpec
from binpack.plugins.research.fragmentation import Bucket, buckets, fragments, target_of
from binpack.plugins.research.typical_pods import typical_pods
from binpack.scheduler.ties import Ties
from workloads.traces.openb import trace_folder

pytestmark = pytest.mark.skipif("BINPACK_TRACES" not in os.environ, reason="needs the openb trace: set BINPACK_TRACES to its folder")


@pytest.fixture(scope="module")
def folder() -> Path:
    found = trace_folder()
    if not (found / "expected" / "digests.csv").is_file():
        pytest.skip("the trace came without its expected values")
    return found


@pytest.mark.parametrize("which", [("default", 42), ("gpuspec33", 45), ("multigpu50", 44), ("cpu250", 47)])
def test_whole_runs_have_the_digests_of_the_original(folder: Path, which: tuple[str, int]) -> None:
    rows = [row for row in read_digests(folder / "expected" / "digests.csv", folder) if (row.trace, row.seed) == which]
    assert {row.policy for row in rows} == set(DETERMINISTIC)
    assert [verified.differences for verified in verify(rows, folder, jobs=1)] == [{}] * len(rows)


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_curves_are_the_published_ones(folder: Path, name: str) -> None:
    published = read_published(folder, ["default"])
    theirs = published[(published["policy"] == name) & (published["seed"] == 43)].sort_values("arrived_percent")
    curve = curve_of(replay(read_trace(folder, "default"), PolicySpec(name=name, score=PLUGIN_OF[name]), 43, FillingSpec(), ties=Ties.RANK))
    assert np.array_equal(curve.arrived_percent, theirs["arrived_percent"])
    for ours, column in (
        (curve.allocated_percent, "allocated_percent"),
        (curve.fragment_amount_percent, "fragment_amount_percent"),
        (curve.fragment_ratio_percent, "fragment_ratio_percent"),
    ):
        assert np.abs(ours - theirs[column]).max() < 0.005


def test_the_measure_has_the_check_values(folder: Path) -> None:
    trace = read_trace(folder, "default")
    typical = typical_pods(trace.groups())
    assert (len(trace.groups()), len(typical), typical[0].count) == (91, 35, 1047)
    target = target_of(typical, ["G2", "T4", "P100"])
    states = [
        (96000, [1000] * 8, 0, 1087.8186968838527),
        (96000, [810, 1000, 1000, 190], 1, 968.3698171516871),
        (10000, [1000, 1000], 2, 1149.6265773886173),
        (3000, [530, 190], 1, 720.0),
    ]
    cpu = np.array([state[0] for state in states])
    free = np.array([state[1] + [0] * (8 - len(state[1])) for state in states], np.int32).T
    amounts = buckets(target, cpu, free, np.array([state[2] for state in states], np.int32))
    assert fragments(amounts).tolist() == [state[3] for state in states]
    assert amounts[Bucket.SATISFIED].round(4).tolist() == [6912.1813, 2031.6302, 850.3734, 0.0]
