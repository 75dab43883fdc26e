"""The throughput command: one JSON object, and no result where the paths differ."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.micro.case import Case, Mode, Selectors
from benchmarks.micro.cli import micro
from benchmarks.micro.grid import draw
from benchmarks.micro.throughput import measure
from binpack.errors import BinpackError
from binpack.scheduler.cached_cycle import CachedCycle, Outcome

KEYS = {"pods_per_s", "uncached_pods_per_s", "ratio", "decision_us_p50", "decision_us_p99", "peak_mib", "bound", "counters"}


@pytest.mark.parametrize("mode", list(Mode))
def test_it_prints_one_object_with_the_promised_keys(mode: Mode) -> None:
    arguments = ["throughput", "--nodes", "30", "--classes", "4", "--pods", "150", "--mode", mode.value, "--no-kernels", "--json"]
    result = json.loads(CliRunner().invoke(micro, arguments, catch_exceptions=False).output)
    assert result.keys() >= KEYS
    assert result["bound"] == (119 if mode is Mode.ANTI_AFFINITY else 150)
    assert result["uncached_pods"] == 150
    assert result["written_down_us"] >= 0


def test_node_sizes_alternate_and_requests_span_the_range() -> None:
    case = Case(6, 100, 10, Mode.BASIC)
    cluster = case.cluster()
    assert sorted(set(cluster.allocatable[0, cluster.active].tolist())) == [16_000, 32_000, 64_000]
    assert sorted(set(cluster.allocatable[1, cluster.active].tolist())) == [64 << 30, 128 << 30, 256 << 30]
    requests = [cluster.classes.of(pod).requests for pod in Case(6, 100, 5000, Mode.BASIC).waiting()]
    assert (min(r["cpu"] for r in requests), max(r["cpu"] for r in requests)) == (100, 1913)
    assert (min(r["memory"] for r in requests), max(r["memory"] for r in requests)) == (128 << 20, 2507 << 20)


def test_a_difference_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(self: CachedCycle, pods: list[object]) -> list[Outcome]:
        return [Outcome(pod, "node-000000" if self._cache else "node-000001") for pod in pods]  # type: ignore[arg-type]

    monkeypatch.setattr(CachedCycle, "decide_tick", wrong)
    with pytest.raises(BinpackError, match="the cache chose node-000000, the uncached path node-000001"):
        measure(Case(3, 1, 5, Mode.BASIC), kernels=False)


@pytest.mark.parametrize("selectors", [Selectors.TEN, Selectors.ALL])
def test_crossing_selectors(selectors: Selectors) -> None:
    assert measure(Case(20, 12, 60, Mode.SOFT_SPREAD, selectors=selectors), kernels=False).bound == 60


def test_a_figure_for_each_axis(tmp_path: Path) -> None:
    row = {"series": "basic", "nodes": 10, "classes": 2, "pods": 5, "decision_us_p50": 3.0}
    draw([{"axis": axis} | row for axis in ("nodes", "classes", "pods")], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cost-by-classes.svg", "cost-by-nodes.svg", "cost-by-pods.svg"]
