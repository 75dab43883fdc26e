"""The columns of a cluster and the classes of pods as the filling kernel wants them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.framework.interface import Reads, Shortlist, Skip
from binpack.framework.profile import Profile
from binpack.framework.status import Status
from binpack.model.devices import GPU_COUNT, GPU_MILLI, device_request
from binpack.model.pod import Pod
from binpack.model.requests import CPU, MEMORY
from binpack.plugins.gpu_share import GpuShare
from binpack.plugins.node_resources_fit import NodeResourcesFit
from binpack.plugins.research.device_demand import demand
from binpack.plugins.research.fragmentation import Target
from binpack.state.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Tables:
    """Arrays by position: nodes in the order of their names, which is the order among equal scores.

    Parameters
    ----------
    rows : NDArray[np.intp]
        The cluster's row of each position, shape [n].
    left : NDArray[np.int64]
        Milli-cores, bytes and pods that a node can still take, shape [3, n].
    free : NDArray[np.int64]
        Milli free on each device, shape [n, devices].
    devices, model : NDArray[np.int64]
        Shape [n]; the model of a node without devices is the last.
    pods : NDArray[np.int64]
        Pods that hold devices, by kind, shape [n, kinds].
    listing : NDArray[np.int64]
        Positions in the order of the scheduler's node list, shape [n].
    classes : NDArray[np.int64]
        Milli-cores, bytes, milli of each device, devices and kind, shape [classes, 5].
    allowed : NDArray[np.bool_]
        What the filters say that do not look at what is left, shape [classes, n].
    """

    rows: NDArray[np.intp]
    left: NDArray[np.int64]
    free: NDArray[np.int64]
    devices: NDArray[np.int64]
    model: NDArray[np.int64]
    pods: NDArray[np.int64]
    listing: NDArray[np.int64]
    classes: NDArray[np.int64]
    allowed: NDArray[np.bool_]


def make_tables(cluster: Cluster, profile: Profile, pods: Sequence[Pod]) -> Tables | None:
    """Read the columns; None if a filter of the profile has more to say about a pod than the kernel knows."""
    allowed = [_allowed(pod, cluster, profile) for pod in pods]
    if any(mask is None for mask in allowed):
        return None
    rows = np.flatnonzero(cluster.active)
    rows = rows[np.argsort(cluster.name_ranks()[rows])]
    position = np.zeros(cluster.capacity, np.int64)
    position[rows] = np.arange(len(rows))
    columns, demands = cluster.devices, [demand(pod, cluster) for pod in pods]
    kinds = 1 + max((wanted.request.kind for wanted in demands if wanted.request is not None), default=0)
    by_kind = np.zeros((len(rows), max(kinds, len(columns.pods))), np.int64)
    by_kind[:, : len(columns.pods)] = columns.pods[:, rows].T
    left = np.stack([_left(cluster, CPU, rows), _left(cluster, MEMORY, rows), (cluster.allowed_pods - cluster.pod_counts)[rows]])
    classes = np.zeros((len(pods), 5), np.int64)
    for number, (pod, wanted) in enumerate(zip(pods, demands, strict=True)):
        request = wanted.request
        classes[number, :2] = wanted.cpu_milli, cluster.classes.of(pod).requests.get(MEMORY, 0)
        if request is not None:
            classes[number, 2:] = request.milli, request.count, request.kind
    return Tables(
        rows=rows,
        left=left,
        free=np.ascontiguousarray(columns.free[:, rows].T, np.int64),
        devices=columns.counts[rows].astype(np.int64),
        model=(columns.model[rows] % (len(columns.models) + 1)).astype(np.int64),
        pods=by_kind,
        listing=position[cluster.rows_in_order()],
        classes=classes,
        allowed=np.stack([mask for mask in allowed if mask is not None])[:, rows],
    )


def target_arrays(target: Target) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return typical pods as the kernel wants them: figures [typical pods, 3], popularity, access by model."""
    figures = np.array([target.cpu_milli, target.gpu_milli, target.gpu_count], np.int64).T.reshape(-1, 3)
    return np.ascontiguousarray(figures), np.array(target.popularity, np.float64), target.access


def _left(cluster: Cluster, resource: str, rows: NDArray[np.intp]) -> NDArray[np.int64]:
    position = cluster.resources.index(resource)
    assert position is not None, "cpu and memory are always there"
    left: NDArray[np.int64] = cluster.allocatable[position, rows] - cluster.requested[position, rows]
    return left


def _allowed(pod: Pod, cluster: Cluster, profile: Profile) -> NDArray[np.bool_] | None:
    """The rows that pass all filters which look at nothing that changes, and GpuShare's model; None if others have to be asked."""
    rows, allowed = cluster.rows(), cluster.active.copy()
    pooled = set() if device_request(pod) is None else {GPU_MILLI, GPU_COUNT}
    # The sum over devices is enough wherever the devices are.
    if not cluster.classes.of(pod).requests.keys() <= {CPU, MEMORY, *pooled} or NodeResourcesFit not in map(type, profile.filters):
        return None
    for plugin in profile.filters:
        prepared = plugin.prepare(pod, cluster)
        if isinstance(prepared, Skip) or type(plugin) is NodeResourcesFit:
            continue
        if type(plugin) is GpuShare:
            request = prepared.request
            if request.models:
                allowed &= prepared.accepted[cluster.devices.model]
        elif plugin.reads == Reads.STATIC and not isinstance(prepared, Status | Shortlist):
            allowed &= plugin.filter(prepared, rows) == 0
        else:
            return None
    return allowed
