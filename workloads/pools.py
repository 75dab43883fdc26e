"""Node pools: equal machines spread over zones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from binpack.model.meta import Condition, ObjectMeta
from binpack.model.node import Node, NodeSpec, NodeStatus, Taint
from binpack.model.quantity import Quantity
from binpack.testing.values import HOSTNAME, INSTANCE_TYPE, REGION, ZONE
from binpack.units import MIB
from workloads.instances import PODS, InstanceType, instance_type

POOL = "example.com/pool"
CAPACITY_TYPE = "example.com/capacity-type"


@dataclass(frozen=True)
class NodePool:
    """Equal nodes, dealt to the zones in turn.

    Parameters
    ----------
    name : str
        Nodes are called `<name>-<number>`; the label `example.com/pool` holds it.
    instance : str
        A name of the catalogue (`workloads.instances`).
    count : int
        Number of nodes.
    zones : tuple[str, ...]
    region : str
    spot : bool
        Whether they are spot machines, in the label `example.com/capacity-type`.
    labels : tuple[tuple[str, str], ...]
        Further labels.
    taints : tuple[Taint, ...]
    """

    name: str
    instance: str
    count: int
    zones: tuple[str, ...] = ("zone-a", "zone-b", "zone-c")
    region: str = "region-1"
    spot: bool = False
    labels: tuple[tuple[str, str], ...] = ()
    taints: tuple[Taint, ...] = ()

    def nodes(self) -> list[Node]:
        """Build the nodes."""
        machine = instance_type(self.instance)
        width = max(3, len(str(self.count - 1)))
        capacity, allocatable = _resources(machine)
        common = {
            "kubernetes.io/arch": machine.architecture,
            "kubernetes.io/os": "linux",
            INSTANCE_TYPE: machine.name,
            REGION: self.region,
            POOL: self.name,
            CAPACITY_TYPE: "spot" if self.spot else "on-demand",
            **dict(self.labels),
        }
        built = []
        for number in range(self.count):
            name = f"{self.name}-{number:0{width}d}"
            labels = {HOSTNAME: name, ZONE: self.zones[number % len(self.zones)], **common}
            built.append(_node(name, labels, self.taints, capacity, allocatable))
        return built


def _resources(machine: InstanceType) -> tuple[dict[str, Quantity], dict[str, Quantity]]:
    """Return capacity and allocatable."""
    pods = Quantity.of(PODS)
    capacity = {"cpu": Quantity.of(machine.cores), "memory": Quantity.parse(f"{machine.memory_gib}Gi"), "pods": pods}
    allocatable = {
        "cpu": Quantity.milli(machine.allocatable_cpu_milli),
        "memory": Quantity.parse(f"{machine.allocatable_memory_bytes // MIB}Mi"),
        "pods": pods,
    }
    return capacity, allocatable


def _node(
    name: str,
    labels: Mapping[str, str],
    taints: tuple[Taint, ...],
    capacity: Mapping[str, Quantity],
    allocatable: Mapping[str, Quantity],
) -> Node:
    return Node(
        metadata=ObjectMeta(name=name, labels=dict(labels)),
        spec=NodeSpec(taints=taints),
        status=NodeStatus(
            capacity=dict(capacity),
            allocatable=dict(allocatable),
            conditions=(Condition(type="Ready", status="True", reason="KubeletReady"),),
        ),
    )
