"""Configurations between which a random life of a cluster goes: other weights, other scoring, other defaults, and a user's own plugin."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.interface import SKIP, Reads, Skip
from binpack.framework.points import Point
from binpack.framework.profile import Profile, build_profiles
from binpack.framework.registry import Registry
from binpack.framework.resolution import resolve_document
from binpack.framework.status import Status, unschedulable
from binpack.model.pod import Pod
from binpack.plugins import in_tree
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

_HEADER = {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration"}
_SHAPE = [{"utilization": 0, "score": 0}, {"utilization": 40, "score": 10}, {"utilization": 100, "score": 3}]


class CrowdLimit:
    """A user's own plugin: at most ten pods a node, and rather where there is an even number; pods of the tier `a` do not care."""

    name: ClassVar[str] = "CrowdLimit"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_FILTER, Point.FILTER, Point.PRE_SCORE, Point.SCORE})
    reads: ClassVar[Reads] = Reads.ROW
    class_key: ClassVar[tuple[str, ...]] = ("labels",)
    default_weight: ClassVar[int] = 3
    arguments: ClassVar[type | None] = None

    def prepare(self, pod: Pod, cluster: Cluster) -> str | Skip:
        """Skip for the tier `a`."""
        return SKIP if pod.metadata.labels.get("tier") == "a" else pod.metadata.name

    def filter(self, prepared: str, rows: NodeRows) -> NDArray[np.uint32]:
        """Reject crowded rows."""
        return (rows.pod_counts >= 10).astype(np.uint32)

    def status(self, prepared: str, code: int) -> Status:
        """Say why."""
        return unschedulable("node(s) were crowded")

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> str | Skip:
        """Skip for the tier `a`."""
        return self.prepare(pod, cluster)

    def score(self, prepared: str, rows: NodeRows) -> NDArray[np.int64]:
        """Score by the number of pods."""
        return np.where(rows.pod_counts % 2 == 0, 1, 0).astype(np.int64)

    def normalize(self, prepared: str, raw: NDArray[np.int64], feasible: NodeRows) -> NDArray[np.int64]:
        """Stretch to 100, if any row has a score."""
        return 100 * raw // max(int(raw.max(initial=0)), 1)


def churn_configurations() -> list[dict[str, Profile]]:
    """Return profiles by scheduler name for each configuration, the default one first."""
    registry = Registry(in_tree() | {CrowdLimit.name: CrowdLimit})
    return [build_profiles(registry), *(build_profiles(registry, resolve_document(_HEADER | each, registry)) for each in _documents())]


def _documents() -> list[dict[str, Any]]:
    ratio = {"type": "RequestedToCapacityRatio", "requestedToCapacityRatio": {"shape": _SHAPE}}
    resources = [{"name": "cpu", "weight": 2}, {"name": "memory", "weight": 1}, {"name": "example.com/gpu", "weight": 3}]
    hosts = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    return [
        _profile([("NodeResourcesFit", {"scoringStrategy": ratio | {"resources": resources}})]),
        _profile(
            [
                ("NodeResourcesFit", {"scoringStrategy": {"type": "MostAllocated", "resources": resources[:2]}}),
                ("InterPodAffinity", {"hardPodAffinityWeight": 40}),
                ("PodTopologySpread", {"defaultConstraints": [hosts], "defaultingType": "List"}),
            ],
            {"score": {"disabled": [{"name": "PodTopologySpread"}], "enabled": [{"name": "PodTopologySpread", "weight": 7}]}},
        ),
        _profile([], {"multiPoint": {"enabled": [{"name": CrowdLimit.name, "weight": 2}]}}),
    ]


def _profile(arguments: list[tuple[str, dict[str, Any]]], plugins: dict[str, Any] | None = None) -> dict[str, Any]:
    config = [{"name": name, "args": args} for name, args in arguments]
    return {"profiles": [{"schedulerName": "default-scheduler", "plugins": plugins or {}, "pluginConfig": config}]}
