"""What a node offers to pods: its capacity less what is kept for the system, the kubelet and the hard eviction thresholds.

Source: pkg/kubelet/cm/node_container_manager_linux.go (GetNodeAllocatableReservation), v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from binpack.control.node.node_pressure import Threshold
from binpack.model.quantity import Quantity
from binpack.model.requests import CPU, EPHEMERAL_STORAGE, MEMORY

_KEPT_FREE = {MEMORY: "memory.available", EPHEMERAL_STORAGE: "nodefs.available"}


def node_allocatable(
    capacity: Mapping[str, Quantity], kube_reserved: Mapping[str, int], system_reserved: Mapping[str, int], eviction: Iterable[Threshold]
) -> dict[str, Quantity]:  # fmt: skip
    """Return a node's allocatable.

    Parameters
    ----------
    capacity : mapping of Quantity
    kube_reserved, system_reserved : mapping of int
        Milli-cores (cpu) and bytes.
    eviction : iterable of Threshold
        Hard ones count: for memory and for the file system.
    """
    hard = [one for one in eviction if one.grace_us == 0]
    offered = {}
    for name, quantity in capacity.items():
        kept = kube_reserved.get(name, 0) + system_reserved.get(name, 0)
        if name == CPU:
            offered[name] = Quantity.milli(max(quantity.ceil_milli() - kept, 0))
            continue
        total = quantity.ceil_units()
        kept += max((one.value.of(total) for one in hard if one.signal == _KEPT_FREE.get(name)), default=0)
        offered[name] = Quantity.of(max(total - kept, 0)) if kept else quantity
    return offered
