"""The cluster at given instants: which nodes there are, which pods run where, which wait."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from binpack.control.apiserver.store import Store
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.requests import CPU, MEMORY, placed_requests
from binpack.results.schema import NODES
from binpack.results.tables import Table
from binpack.sim.recorder import node_is_ready


@dataclass(frozen=True, slots=True)
class Sample:
    """One instant, after everybody has done what was to be done then.

    Parameters
    ----------
    time_us : int
    nodes : tuple of Node
        In the order in which they came.
    bound : tuple of Pod
        Pods with a node that have not ended, those that are terminating included: they hold what they asked for. The node is in
        `spec.node_name`.
    pending : tuple of Pod
        Pods without a node.
    """

    time_us: int
    nodes: tuple[Node, ...] = field(repr=False)
    bound: tuple[Pod, ...] = field(repr=False)
    pending: tuple[Pod, ...] = field(repr=False)

    @property
    def nodes_in_use(self) -> int:
        """How many nodes hold a pod."""
        return len({pod.spec.node_name for pod in self.bound})


def take_sample(store: Store) -> Sample:
    """Look at the cluster now. Objects are frozen, so nothing is copied."""
    alive = [pod for pod in store.scan(Pod) if not pod.is_terminal]
    return Sample(
        time_us=store.clock.now_us,
        nodes=tuple(store.scan(Node)),
        bound=tuple(pod for pod in alive if pod.spec.node_name),
        pending=tuple(pod for pod in alive if not pod.spec.node_name),
    )


def node_table(samples: Iterable[Sample]) -> Table:
    """Return one row for each instant and node: what it offers and what its pods ask for."""
    return Table.of_rows(NODES, (row for sample in samples for row in _rows(sample)))


def _rows(sample: Sample) -> list[tuple[Any, ...]]:
    asked: dict[str, tuple[int, int, int]] = {}
    for pod in sample.bound:
        count, cpu, memory = asked.get(pod.spec.node_name, (0, 0, 0))
        requests = placed_requests(pod)
        asked[pod.spec.node_name] = (count + 1, cpu + requests.get(CPU, 0), memory + requests.get(MEMORY, 0))
    rows = []
    for node in sample.nodes:
        count, cpu, memory = asked.get(node.name, (0, 0, 0))
        offered = node.status.allocatable or {}
        cpu_offered = offered[CPU].ceil_milli() if CPU in offered else 0
        memory_offered = offered[MEMORY].ceil_units() if MEMORY in offered else 0
        ready, cordoned = node_is_ready(node), node.spec.unschedulable
        rows.append((sample.time_us, node.name, ready, cordoned, count, cpu_offered, cpu, memory_offered, memory))
    return rows
