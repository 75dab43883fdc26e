"""Node pools: so many equal nodes, dealt to zones in turn."""

from __future__ import annotations

from binpack.model.meta import ObjectMeta
from binpack.model.node import Node, NodeSpec, NodeStatus
from binpack.model.quantity import Quantity
from binpack.plugins.spread_constraints import HOSTNAME
from binpack.sim.scenario_format import NodePool

ZONE = "topology.kubernetes.io/zone"
_MAX_PODS = 110


def pool_nodes(pool: NodePool) -> list[Node]:
    """Return the nodes of a pool, in the order of their numbers."""
    capacity = {"pods": Quantity.of(_MAX_PODS), **pool.capacity}
    status = NodeStatus(capacity=capacity, allocatable=capacity)
    width = max(3, len(str(pool.count - 1)))
    nodes = []
    for number in range(pool.count):
        name = f"{pool.name}-{number:0{width}d}"
        zone = {ZONE: pool.zones[number % len(pool.zones)]} if pool.zones else {}
        meta = ObjectMeta(name=name, labels={HOSTNAME: name, **zone, **pool.labels})
        nodes.append(Node(metadata=meta, spec=NodeSpec(taints=pool.taints), status=status))
    return nodes
