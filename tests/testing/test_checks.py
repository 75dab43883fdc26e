from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from binpack.framework.interface import SKIP, Reads
from binpack.framework.points import Point
from binpack.framework.status import Status, unschedulable
from binpack.plugins.inter_pod_affinity import InterPodAffinity
from binpack.plugins.node_affinity import NodeAffinity
from binpack.plugins.pod_topology_spread import PodTopologySpread
from binpack.plugins.taint_toleration import TaintToleration
from binpack.testing.checks import check_plugin


class Good:
    """Keeps pods off crowded nodes, and prefers empty ones."""

    name: ClassVar[str] = "Good"
    points: ClassVar[frozenset[Point]] = frozenset({Point.FILTER, Point.SCORE})
    reads: ClassVar[Reads] = Reads.ROW
    class_key: ClassVar[tuple[str, ...]] = ()
    events: ClassVar[tuple] = ()
    default_weight: ClassVar[int] = 1

    def prepare(self, pod, cluster):
        return 2

    def filter(self, prepared, rows):
        return (rows.pod_counts >= prepared).astype(np.uint32)

    def status(self, prepared, code):
        return unschedulable("node(s) were crowded")

    def prepare_score(self, pod, cluster, feasible):
        return None

    def score(self, prepared, rows):
        return np.minimum(rows.pod_counts, 100)

    def normalize(self, prepared, raw, feasible):
        return 100 - raw


class DependsOnOtherRows(Good):
    def filter(self, prepared, rows):
        return (rows.pod_counts > rows.pod_counts.mean() if len(rows) else rows.pod_counts > 0).astype(np.uint32)


class WrongType(Good):
    def filter(self, prepared, rows):
        return rows.pod_counts >= prepared


class NoReasons(Good):
    def status(self, prepared, code):
        return Status(unschedulable().code, ())


class ReadsWhatItDoesNotDeclare(Good):
    def prepare(self, pod, cluster):
        return 1 if pod.spec.tolerations else 2


class DeclaresIt(ReadsWhatItDoesNotDeclare):
    class_key: ClassVar[tuple[str, ...]] = ("tolerations",)


class OutOfRange(Good):
    def normalize(self, prepared, raw, feasible):
        return raw - 1


class InPlace(Good):
    def normalize(self, prepared, raw, feasible):
        np.subtract(100, raw, out=raw)
        return raw


class Remembers(Good):
    def __init__(self):
        self.calls = 0

    def score(self, prepared, rows):
        self.calls += 1
        return rows.pod_counts * 0 + self.calls % 50


class ChangesTheCluster(Good):
    def prepare(self, pod, cluster):
        cluster.pod_counts[cluster.active] += 1
        return 2


class ForgetsInDryRuns(Good):
    def prepare(self, pod, cluster):
        return [2]

    def filter(self, prepared, rows):
        return (rows.pod_counts >= prepared[0]).astype(np.uint32)

    def add_pod(self, prepared, other, row, cluster):
        prepared[0] -= 1

    def remove_pod(self, prepared, other, row, cluster):
        pass


class UnknownFeature(Good):
    class_key: ClassVar[tuple[str, ...]] = ("mood",)


class NoFilterMethod(Good):
    filter = None


class Skips(Good):
    def prepare(self, pod, cluster):
        return SKIP

    def prepare_score(self, pod, cluster, feasible):
        return SKIP


@pytest.mark.parametrize("plugin", [Good(), DeclaresIt(), Skips()])
def test_plugins_that_keep_the_contract(plugin):
    check_plugin(plugin, examples=15)


@pytest.mark.parametrize(
    "plugin",
    [
        TaintToleration(),
        NodeAffinity(NodeAffinity.arguments()),
        InterPodAffinity(InterPodAffinity.arguments()),
        PodTopologySpread(PodTopologySpread.arguments()),
    ],
)
def test_ours_keep_it(plugin):
    check_plugin(plugin, examples=10)


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        (DependsOnOtherRows(), "among all rows"),
        (WrongType(), r"`filter` returns bool\[64\] \(accepted: uint32\[64\]\)"),
        (NoReasons(), "a rejection has the reasons"),
        (ReadsWhatItDoesNotDeclare(), "cannot tell apart"),
        (OutOfRange(), "a normalised score is"),
        (InPlace(), "`normalize` changed the raw scores"),
        (Remembers(), "among all rows|another answer"),
        (ChangesTheCluster(), "changed the cluster while it judged: pod_counts"),
        (ForgetsInDryRuns(), "`remove_pod` after `add_pod`"),
        (UnknownFeature(), "`class_key` names 'mood'"),
        (NoFilterMethod(), "says it runs at filter and has no method filter"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Good) else "",
)
def test_each_broken_promise_is_named(plugin, said):
    with pytest.raises(AssertionError, match=said) as caught:
        check_plugin(plugin, examples=60, shrink=False)
    assert "plugin Good: " in str(caught.value)
