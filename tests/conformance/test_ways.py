"""Speed never changes a decision: recordings agree by the cache and by kernels as they do by the plain cycle."""

from __future__ import annotations

from pathlib import Path

import pytest

from binpack.conformance.run import SINGLE_DECISIONS, run_files
from binpack.conformance.way import Way
from binpack.framework.registry import Registry
from binpack.plugins import in_tree
from binpack.scheduler.cycle import Decision
from binpack.scheduler.fast.scheduler import has_numba

HERE = Path(__file__).parent
FILES = [HERE / f"{family}.jsonl.gz" for family in (*SINGLE_DECISIONS, "sequence", "timeline")]
KERNELS = pytest.param(Way.KERNELS, marks=pytest.mark.skipif(not has_numba(), reason="needs numba"))


@pytest.mark.parametrize("way", [Way.CACHE, KERNELS])
def test_recordings_agree_by_every_way(way: Way) -> None:
    agreement = run_files([path for path in FILES if path.exists()], Registry(in_tree()), way=way)
    assert agreement.decisions > 100
    assert not agreement.disagreements


def test_a_way_that_chooses_otherwise_disagrees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("binpack.conformance.decisions.choose", lambda cycle, pod: Decision(pod, "nowhere", 0))
    agreement = run_files([HERE / "resources.jsonl.gz"], Registry(in_tree()), way=Way.CACHE)
    assert agreement.agree == 0
    assert "best" in agreement.disagreements[0].differences
