"""What a pod asks of a node in the GPU-share experiments: cpu, and milli of devices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.model.devices import DeviceRequest, device_request
from binpack.model.pod import Pod
from binpack.model.requests import CPU
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

CPU_SCALE = 128_000
"""Milli-cores that count as one in BestFit and DotProd, whatever the node has."""

GPU_SCALE = 8_000
"""Milli of devices that count as one in BestFit, DotProd and GpuClustering, whatever the node has."""


@dataclass(frozen=True, slots=True)
class Demand:
    """A pod's demand.

    Parameters
    ----------
    cpu_milli : int
    request : DeviceRequest or None
        None: no devices.
    """

    cpu_milli: int
    request: DeviceRequest | None

    @property
    def gpu_milli(self) -> int:
        """Milli over all its devices."""
        return 0 if self.request is None else self.request.total


def demand(pod: Pod, cluster: Cluster) -> Demand:
    """Read a pod's demand.

    Raises
    ------
    SchedulingError
        If its annotations cannot be read.
    """
    return Demand(cluster.classes.of(pod).requests.get(CPU, 0), device_request(pod))


def free_cpu(rows: NodeRows) -> NDArray[np.int64]:
    """Return allocatable less requested milli-cores, shape [n]."""
    cluster = rows.cluster
    position = cluster.resources.index(CPU)
    assert position is not None, "cpu is always there"
    free: NDArray[np.int64] = rows.take(cluster.allocatable[position]) - rows.take(cluster.requested[position])
    return free


def free_gpu(rows: NodeRows) -> NDArray[np.int64]:
    """Return the sum over devices of what is free, in milli, shape [n]."""
    free: NDArray[np.int64] = rows.take(rows.cluster.devices.free).sum(axis=0, dtype=np.int64)
    return free
