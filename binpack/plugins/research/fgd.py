"""FGD, fragmentation gradient descent: the node, and the device, where the pod makes the fewest fragments more.

Source: "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent", Weng et al., USENIX ATC 2023.
The score is a whole number between 0 and 100; 50 means that nothing changes, and near 50 about 40 milli are one unit. So ties are common,
and the tie rule decides much: with random ties the policy is no better than a plain best fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.errors import ConfigurationError
from binpack.framework.events import EventHint
from binpack.framework.interface import Allocation, Reads
from binpack.framework.normalize import no_normalization
from binpack.framework.points import Point
from binpack.framework.status import Status
from binpack.model.base import StrictStruct
from binpack.model.devices import SHARE
from binpack.model.pod import Pod
from binpack.model.requests import CPU
from binpack.plugins.device_rules import allot, best_fit
from binpack.plugins.research.device_demand import Demand, demand, free_cpu
from binpack.plugins.research.fragmentation import Target, fragmentation, target_of
from binpack.plugins.research.typical_pods import DEFAULT_THRESHOLD_PERCENT, PodGroup, group_of, typical_pods
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows
from binpack.units import MAX_NODE_SCORE

MILLI_PER_UNIT = 1000
"""Fragments enter the sigmoid in devices."""


class TypicalPodArgs(StrictStruct, frozen=True):
    """A kind of pods of the target workload, and how many there are."""

    cpu_milli: int
    gpu_milli: int = 0
    gpu_count: int = 0
    gpu_card_model: str = ""
    count: int = 1


class FGDArgs(StrictStruct, frozen=True):
    """Arguments of FGD.

    Parameters
    ----------
    typical_pods : tuple[TypicalPodArgs, ...]
        All kinds of the target workload; none: the pods that are on nodes at the moment.
    threshold_percent : float
        The most frequent kinds are kept until they are this share of the pods.
    """

    typical_pods: tuple[TypicalPodArgs, ...] = ()
    threshold_percent: float = DEFAULT_THRESHOLD_PERCENT


@dataclass(frozen=True, slots=True)
class Prepared:
    """A pod's demand and the target workload."""

    demand: Demand
    target: Target


class FGD:
    """Prefers the placement that raises fragmentation least, or lowers it most.

    Parameters
    ----------
    arguments : FGDArgs
    """

    name: ClassVar[str] = "FGD"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_SCORE, Point.SCORE, Point.RESERVE})
    class_key: ClassVar[tuple[str, ...]] = ("requests", "devices")
    arguments: ClassVar[type | None] = FGDArgs
    default_weight: ClassVar[int] = 1
    events: ClassVar[tuple[EventHint, ...]] = ()
    normalize = no_normalization

    def __init__(self, arguments: FGDArgs) -> None:
        self._counts = _checked(arguments)
        self._threshold = arguments.threshold_percent
        self.typical = typical_pods(self._counts, threshold_percent=self._threshold)
        # The pods on the nodes change with every placement; a list that was given does not.
        self.reads = Reads.ROW if self._counts else Reads.ROW | Reads.CLUSTER

    def target(self, cluster: Cluster) -> Target:
        """Return the target workload: as given, else the pods that are on nodes now."""
        typical = self.typical if self._counts else typical_pods(_present(cluster), threshold_percent=self._threshold)
        return target_of(typical, cluster.devices.models)

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> Prepared:
        """Return the pod's demand and the target workload."""
        return Prepared(demand(pod, cluster), self.target(cluster))

    def score(self, prepared: Prepared, rows: NodeRows) -> NDArray[np.int64]:
        """Score rows by their best device, shape [len(rows)]."""
        devices = rows.cluster.devices
        scores = _scores(prepared, free_cpu(rows), rows.take(devices.free), rows.take(devices.model))
        best: NDArray[np.int64] = scores.max(axis=0)
        return best

    def reserve(self, pod: Pod, cluster: Cluster, row: int) -> Allocation | Status | None:
        """Allot the first device of the highest score, or whole devices by lowest index."""
        wanted = demand(pod, cluster)
        request = wanted.request
        if request is None or cluster.devices.held(pod.key) is not None:
            return None
        free = cluster.devices.free[:, [row]]
        if request.kind != SHARE or request.count > 1:
            return allot(self.name, pod, cluster, request, best_fit(request, free[:, 0]))
        # The pod is on the node already; its score was taken without it.
        position = cluster.resources.index(CPU)
        cpu = cluster.allocatable[position, [row]] - cluster.requested[position, [row]] + wanted.cpu_milli
        scores = _scores(Prepared(wanted, self.target(cluster)), cpu, free, cluster.devices.model[[row]])[:, 0]
        device = int(scores.argmax())
        return allot(self.name, pod, cluster, request, (device,) if scores[device] >= 0 else None)


def _scores(prepared: Prepared, cpu: NDArray[np.int64], free: NDArray[np.int32], model: NDArray[np.int32]) -> NDArray[np.int64]:
    """Score each way of placing the pod: shape [devices, n] for a share (-1 where it does not fit), else [1, n]."""
    wanted, target = prepared.demand, prepared.target
    before = fragmentation(target, cpu, free, model)
    request = wanted.request
    if request is None:
        return _percent(before, fragmentation(target, cpu - wanted.cpu_milli, free, model))[np.newaxis]
    if request.kind != SHARE or request.count > 1:
        after = fragmentation(target, cpu - wanted.cpu_milli, free - request.milli * _best(free, request.milli, request.count), model)
        return _percent(before, after)[np.newaxis]
    if len(free) == 0:
        return np.full((1, len(cpu)), -1, np.int64)
    # One state a device: [device that changes, on axis 1].
    states = free[:, np.newaxis, :] - request.milli * np.eye(len(free), dtype=np.int32)[:, :, np.newaxis]
    shape = states.shape[1:]
    after = fragmentation(target, np.broadcast_to(cpu - wanted.cpu_milli, shape), states, np.broadcast_to(model, shape))
    return np.where(free >= request.milli, _percent(before, after), -1)


def _best(free: NDArray[np.int32], milli: int, count: int) -> NDArray[np.int32]:
    """1 for the devices that best fit takes, shape [devices, n]; nonsense where they do not suffice."""
    order = np.argsort(np.where(free >= milli, free, np.iinfo(np.int32).max), axis=0, kind="stable")[:count]
    chosen = np.zeros_like(free)
    np.put_along_axis(chosen, order, 1, axis=0)
    return chosen


def _percent(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.int64]:
    gained = (before - after) / MILLI_PER_UNIT
    return (1 / (1 + np.exp(-gained)) * MAX_NODE_SCORE).astype(np.int64)


def _present(cluster: Cluster) -> Mapping[PodGroup, int]:
    counts: dict[PodGroup, int] = {}
    for pod_class, pods in cluster.counts.classes():
        wanted = demand(pod_class.example, cluster)
        group = group_of(wanted.cpu_milli, wanted.request)
        counts[group] = counts.get(group, 0) + pods
    return counts


def _checked(arguments: FGDArgs) -> dict[PodGroup, int]:
    counts: dict[PodGroup, int] = {}
    for index, pod in enumerate(arguments.typical_pods):
        fields: dict[str, Any] = {"cpuMilli": pod.cpu_milli, "gpuMilli": pod.gpu_milli, "gpuCount": pod.gpu_count, "count": pod.count}
        for name, value in fields.items():
            if value < 0 or (name == "gpuMilli" and value > MILLI_PER_UNIT):
                raise ConfigurationError(
                    f"FGDArgs.typicalPods[{index}].{name}: {value} (accepted: a whole number from 0, gpuMilli to 1000)"
                )
        group = PodGroup(pod.cpu_milli, pod.gpu_milli, pod.gpu_count, pod.gpu_card_model)
        counts[group] = counts.get(group, 0) + pod.count
    if not 0 < arguments.threshold_percent <= 100:
        raise ConfigurationError(f"FGDArgs.thresholdPercent: {arguments.threshold_percent:g} (accepted: above 0, up to 100)")
    return counts
