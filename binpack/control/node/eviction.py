"""What a kubelet sees of its node's memory, disk and processes, and which pod it would evict.

There is one file system for images, containers and volumes. Source: pkg/kubelet/eviction/helpers.go, v1.35.
"""

from __future__ import annotations

from binpack.control.node.configuration import KubeletConfiguration
from binpack.control.node.machine import Machine
from binpack.control.node.node_pressure import (
    DISK_ORDER,
    MEMORY_ORDER,
    PROCESS_ORDER,
    RESOURCE_OF_SIGNAL,
    Observation,
    PodUsage,
    Threshold,
    eviction_order,
)
from binpack.control.node.pod_plan import is_critical
from binpack.control.node.pod_worker import PodWorker
from binpack.control.node.usage import container_usage, usage_at
from binpack.model.meta import Condition
from binpack.model.node import Node
from binpack.model.quantity import Quantity
from binpack.model.requests import EPHEMERAL_STORAGE, MEMORY, limit_quantities
from binpack.units import KIB

PIDS = "pids"
CONDITION_OF_RESOURCE = {MEMORY: "MemoryPressure", EPHEMERAL_STORAGE: "DiskPressure", "inodes": "DiskPressure", PIDS: "PIDPressure"}
_ORDERS = {MEMORY: MEMORY_ORDER, EPHEMERAL_STORAGE: DISK_ORDER, PIDS: PROCESS_ORDER}
_DISK_SIGNALS = ("nodefs.available", "imagefs.available", "containerfs.available")


def observe_signals(machine: Machine, node: Node, configuration: KubeletConfiguration, now_us: int) -> dict[str, Observation]:
    """Return what each signal says. Inodes are not modelled; a resource of which the node has no capacity says nothing."""
    used: dict[str, int] = {}
    for worker in machine.alive():
        if worker.plan.has_usage:
            for resource, amount in usage_at(worker, now_us).items():
                used[resource] = used.get(resource, 0) + amount
    used[EPHEMERAL_STORAGE] = used.get(EPHEMERAL_STORAGE, 0) + machine.images.bytes_at(now_us)
    return _observations(used, node, configuration)


def peaks_may_meet(machine: Machine, node: Node, configuration: KubeletConfiguration) -> bool:
    """Tell whether a threshold would be met if all pods used the most that they ever do: if not, nothing need be looked at."""
    used = {EPHEMERAL_STORAGE: sum({id(one): one.size_bytes for one in machine.images.held.values()}.values())}
    for worker in machine.alive():
        for resource, amount in worker.plan.peaks.items():
            used[resource] = used.get(resource, 0) + amount
    observations = _observations(used, node, configuration)
    return any(
        one.signal in observations and observations[one.signal].available < one.value.of(observations[one.signal].capacity)
        for one in configuration.eviction
    ) or any(EPHEMERAL_STORAGE in worker.plan.peaks for worker in machine.alive())


def ranked(machine: Machine, resource: str, now_us: int) -> list[PodWorker]:
    """Return the pods that may be evicted for a resource, the first one first. Critical pods stay."""
    pods = {}
    for worker in machine.alive():
        if worker.stage == "stopping" or is_critical(worker.pod):
            continue
        has_statistics = any(record.starts for record in worker.records)
        usage = usage_at(worker, now_us).get(resource, 0) if has_statistics else None
        pods[worker.uid] = PodUsage(worker.uid, worker.pod.priority, worker.plan.requests.get(resource, 0), usage)
    return [machine.workers[one.name] for one in eviction_order(pods.values(), _ORDERS.get(resource, DISK_ORDER))]


def eviction_message(worker: PodWorker, resource: str, threshold: Threshold, observed: Observation, now_us: int) -> str:
    """Say why a pod is evicted, as its status does."""
    quantity, available = _amount(threshold.value.of(observed.capacity)), _amount(observed.available)
    message = f"The node was low on resource: {resource}. Threshold quantity: {quantity}, available: {available}. "
    for plan, record in worker.members():
        used = container_usage(plan, record, now_us).get(resource, 0)
        request = plan.container.resources.requests.get(resource)
        requested = 0 if request is None else request.ceil_units()
        if used > requested:
            message += (
                f"Container {plan.container.name} was using {_amount(used)}, request is {request or 0}, "
                f"has larger consumption of {resource}. "
            )
    return message


def eviction_condition(message: str) -> Condition:
    """Return the condition of a pod that is evicted."""
    return Condition("DisruptionTarget", "True", "TerminationByKubelet", message)


def over_storage_limit(worker: PodWorker, now_us: int) -> str:
    """Say which limit of ephemeral storage a pod exceeds; empty for none."""
    if EPHEMERAL_STORAGE not in worker.plan.peaks:
        return ""
    total = usage_at(worker, now_us).get(EPHEMERAL_STORAGE, 0)
    limit = limit_quantities(worker.pod).get(EPHEMERAL_STORAGE)
    if limit is not None and total > limit.ceil_units():
        return f"Pod ephemeral local storage usage exceeds the total limit of containers {_amount(limit.ceil_units())}. "
    for plan, record in worker.members():
        own = plan.container.resources.limits.get(EPHEMERAL_STORAGE)
        if own is not None and container_usage(plan, record, now_us).get(EPHEMERAL_STORAGE, 0) > own.ceil_units():
            return f'Container {plan.container.name} exceeded its local ephemeral storage limit "{own}". '
    return ""


def _observations(used: dict[str, int], node: Node, configuration: KubeletConfiguration) -> dict[str, Observation]:
    capacity, observations = node.status.capacity, {}
    allocatable = node.status.allocatable or {}
    if MEMORY in capacity:
        total = capacity[MEMORY].ceil_units()
        observations["memory.available"] = Observation(total - used.get(MEMORY, 0), total)
        threshold = max(
            (one.value.of(total) for one in configuration.eviction if one.signal == "memory.available" and not one.grace_us), default=0
        )
        # The pods' cgroup ends above allocatable by the hard threshold, which a node that offers all its capacity has not taken off.
        limit = min(allocatable.get(MEMORY, capacity[MEMORY]).ceil_units() + threshold, total)
        observations["allocatableMemory.available"] = Observation(limit - used.get(MEMORY, 0), limit)
    if EPHEMERAL_STORAGE in capacity:
        total = capacity[EPHEMERAL_STORAGE].ceil_units()
        observations |= dict.fromkeys(_DISK_SIGNALS, Observation(total - used.get(EPHEMERAL_STORAGE, 0), total))
    observations["pid.available"] = Observation(configuration.pids - used.get(PIDS, 0), configuration.pids)
    return {signal: one for signal, one in observations.items() if signal in RESOURCE_OF_SIGNAL}


def _amount(units: int) -> str:
    """Write bytes with the largest binary suffix that keeps them whole, as Kubernetes does."""
    for suffix, size in (("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", KIB)):
        if units and units % size == 0:
            return f"{units // size}{suffix}"
    return str(Quantity.of(units))
