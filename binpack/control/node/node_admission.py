"""Whether a kubelet takes a pod that is bound to its node: what fits and is tolerated is judged again, on the node.

Source: pkg/kubelet/lifecycle/predicate.go, pkg/kubelet/eviction/eviction_manager.go (Admit), v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from binpack.control.apiserver.qos import qos_class
from binpack.control.node.machine import Machine
from binpack.control.node.pod_plan import PodPlan, is_critical
from binpack.model.node import Node, Taint
from binpack.model.pod import Pod
from binpack.model.requests import CPU, EPHEMERAL_STORAGE, MEMORY, PODS, is_extended, resource_list
from binpack.model.tolerations import untolerated
from binpack.plugins.required_node_affinity import required_node_affinity
from binpack.state.ports import ANY_IP, HostPort

MEMORY_PRESSURE = "MemoryPressure"
_MEMORY_PRESSURE_TAINT = Taint(key="node.kubernetes.io/memory-pressure", effect="NoSchedule")
_FIRST = (PODS, CPU, MEMORY, EPHEMERAL_STORAGE)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a pod is not taken.

    Parameters
    ----------
    reason : str
        In camel case: `OutOfcpu`.
    message : str
    """

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Shortage:
    """A resource of which there is not enough: milli-cores, bytes or units."""

    resource: str
    requested: int
    used: int
    capacity: int

    @property
    def missing(self) -> int:
        """How much has to be freed."""
        return self.requested + self.used - self.capacity

    @property
    def rejection(self) -> Rejection:
        """What the pod is told."""
        numbers = f"requested: {self.requested}, used: {self.used}, capacity: {self.capacity}"
        return Rejection(f"OutOf{self.resource}", f"Node didn't have enough resource: {self.resource}, {numbers}")


def pressure_rejection(pod: Pod, conditions: tuple[str, ...]) -> Rejection | None:
    """Judge a pod by the pressure that the node is under."""
    if not conditions or is_critical(pod):
        return None
    if conditions == (MEMORY_PRESSURE,) and (
        qos_class(pod.spec) != "BestEffort" or not untolerated([_MEMORY_PRESSURE_TAINT], pod.spec.tolerations, "NoSchedule")
    ):
        return None
    return Rejection("Evicted", f"The node had condition: [{' '.join(conditions)}]. ")


def shortages(plan: PodPlan, machine: Machine, allocatable: dict[str, int]) -> list[Shortage]:
    """Return the resources of which the node has not enough for one more pod; extended ones that it does not know do not count."""
    short = []
    for name, requested in plan.requests.items():
        used = machine.requested.get(name, 0)
        capacity = allocatable.get(name)
        if capacity is None:
            if is_extended(name) or name == PODS:
                continue
            capacity = 0
        if requested > 0 and used + requested > capacity:
            short.append(Shortage(name, requested, used, capacity))
    return sorted(short, key=lambda one: (_FIRST.index(one.resource) if one.resource in _FIRST else len(_FIRST), one.resource))


def other_rejection(pod: Pod, plan: PodPlan, node: Node, machine: Machine) -> Rejection | None:
    """Judge a pod by everything else that is looked at on the node: affinity, ports, taints that evict."""
    if pod.spec.node_selector or pod.spec.affinity is not None:
        required = required_node_affinity(pod)
        if not required.is_empty and not required.matches(node):
            return _failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
    if pod.spec.node_name != node.name:
        return _failed("NodeName", "node(s) didn't match the requested node name")
    if plan.ports and _clashes(plan.ports, (port for worker in machine.alive() for port in worker.plan.ports)):
        return _failed("NodePorts", "node(s) didn't have free ports for the requested pod ports")
    if node.spec.taints and untolerated(node.spec.taints, pod.spec.tolerations, "NoExecute"):
        return _failed("TaintToleration", "node(s) had taints that the pod didn't tolerate")
    return None


def allocatable_of(node: Node) -> dict[str, int]:
    """Return what a node offers, in milli-cores, bytes and units."""
    return resource_list(node.status.allocatable or {})


def _failed(predicate: str, why: str) -> Rejection:
    return Rejection(predicate, f"Predicate {predicate} failed: {why}")


def _clashes(wanted: Iterable[HostPort], used: Iterable[HostPort]) -> bool:
    taken = list(used)
    return any(
        one.protocol == other.protocol and one.port == other.port and (one.ip == other.ip or ANY_IP in (one.ip, other.ip))
        for one in wanted
        for other in taken
    )
