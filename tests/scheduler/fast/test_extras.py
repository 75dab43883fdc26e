"""A user's own plugin that fails the cycle, or answers nonsense, does so from the cache as it does without."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from binpack.errors import PluginError, SchedulingError
from binpack.framework.interface import Reads
from binpack.framework.points import Point
from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.framework.resolution import resolve_document
from binpack.plugins import in_tree
from binpack.scheduler.cached_cycle import CachedCycle
from binpack.scheduler.fast.scheduler import has_numba
from binpack.scheduler.ties import TieBreaker
from binpack.state.cluster import Cluster
from binpack.testing import node, pod

KERNELS = [False, pytest.param(True, marks=pytest.mark.skipif(not has_numba(), reason="needs numba"))]
DOCUMENT = {
    "apiVersion": "kubescheduler.config.k8s.io/v1",
    "kind": "KubeSchedulerConfiguration",
    "percentageOfNodesToScore": 100,
    "profiles": [{"plugins": {"multiPoint": {"enabled": [{"name": "Odd"}]}}}],
}


class Odd:
    name: ClassVar[str] = "Odd"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_FILTER, Point.FILTER, Point.PRE_SCORE, Point.SCORE})
    reads: ClassVar[Reads] = Reads.ROW
    class_key: ClassVar[tuple[str, ...]] = ()
    default_weight: ClassVar[int] = 1
    arguments: ClassVar[type | None] = None
    fails: ClassVar[str] = ""

    def _say(self, where: str, good: Any, bad: Any = None) -> Any:
        if self.fails == where and bad is None:
            raise SchedulingError(f"Odd fails at {where}")
        return bad if self.fails == where else good

    def prepare(self, pod: Any, cluster: Any) -> Any:
        return self._say("prepare", 1)

    def filter(self, prepared: Any, rows: Any) -> Any:
        return self._say("codes", np.zeros(len(rows), np.uint32), np.zeros(len(rows)))

    def status(self, prepared: Any, code: int) -> Any:
        raise AssertionError("it rejects nothing")

    def prepare_score(self, pod: Any, cluster: Any, feasible: Any) -> Any:
        return self._say("prepare_score", 1)

    def score(self, prepared: Any, rows: Any) -> Any:
        return np.zeros(len(rows), np.int64)

    def normalize(self, prepared: Any, raw: Any, feasible: Any) -> Any:
        return self._say("scores", raw, [1])


def decided(where: str, *, cache: bool, kernels: bool) -> tuple[Any, ...]:
    registry = Registry(in_tree() | {"Odd": type("Odd", (Odd,), {"fails": where})})
    cluster = Cluster()
    for name in ("a", "b"):
        cluster.add_node(node(name).cpu("4").build())
    cycle = CachedCycle(
        cluster, build_profiles(registry, resolve_document(DOCUMENT, registry)), tie_breaker=TieBreaker(), cache=cache, kernels=kernels
    )
    answers = [cycle.place(pod("ticked").build()).decision, cycle.decide_briefly(pod("asked").build())]
    return tuple(None if each is None else (each.node, each.message, each.failed) for each in answers)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("where", ["prepare", "prepare_score"])
def test_a_plugin_that_fails_the_cycle_fails_it(where: str, kernels: bool) -> None:
    expected = (None, f"Odd fails at {where}", True)
    assert decided(where, cache=False, kernels=False) == (expected, expected)
    assert decided(where, cache=True, kernels=kernels) == (expected, expected)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("where", ["codes", "scores"])
def test_an_answer_that_is_none_is_told_to_its_author(where: str, kernels: bool) -> None:
    for cache in (False, True):
        with pytest.raises(PluginError, match='plugin "Odd"'):
            decided(where, cache=cache, kernels=kernels and cache)
