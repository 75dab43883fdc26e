"""Which devices of a node a pod gets, and how they are allotted at Reserve.

A pod that takes whole devices gets the free ones of lowest index, whatever the rule: the best fit says the same of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from binpack.framework.interface import Allocation
from binpack.framework.status import Status, unschedulable
from binpack.model.devices import GPU_INDEX, DeviceRequest, index_text
from binpack.model.pod import Pod
from binpack.state.cluster import Cluster
from binpack.state.devices import Held

NO_DEVICES = "Insufficient GPU devices"


def fits(request: DeviceRequest, free: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Tell on which rows enough devices have enough left.

    Parameters
    ----------
    request : DeviceRequest
    free : NDArray[np.int32]
        Milli free, shape [devices, n].

    Returns
    -------
    NDArray[np.bool_]
        Shape [n].
    """
    roomy = free >= request.milli
    enough: NDArray[np.bool_] = np.asarray(np.count_nonzero(roomy, axis=0) >= request.count)
    return enough


def best_fit(request: DeviceRequest, free: NDArray[np.int32]) -> tuple[int, ...] | None:
    """Choose the devices with least left that suffice, the lowest index among equals; in order of index. None if they do not suffice.

    Parameters
    ----------
    request : DeviceRequest
    free : NDArray[np.int32]
        Milli free on the devices of one node, shape [devices].
    """
    roomy = np.flatnonzero(free >= request.milli)
    if len(roomy) < request.count:
        return None
    chosen = roomy[np.argsort(free[roomy], kind="stable")[: request.count]]
    return tuple(int(device) for device in np.sort(chosen))


def allot(plugin: str, pod: Pod, cluster: Cluster, request: DeviceRequest, devices: tuple[int, ...] | None) -> Allocation | Status:
    """Let a pod that has just been placed hold devices; refuse if there are none for it."""
    if devices is None:
        return unschedulable(NO_DEVICES)
    held = Held(request, devices)
    cluster.allot_devices(pod.key, held)
    return Allocation(plugin, held, lambda: cluster.return_devices(pod.key), {GPU_INDEX: index_text(devices)})
