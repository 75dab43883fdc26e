"""A placement in the making: how many pods of each class every single node holds, and what is left of the node.

Nodes are columns, grouped by node class in order. Equal pods are placed many at a time, so that the cost of a fill grows with the
classes and not with the pods.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.problem import Integers, PackingProblem
from binpack.optimal.solution import Fill, gathered


class Packing:
    """A mutable placement of a problem's pods on its N nodes. Spreads and caps are not looked at (see `quotas`).

    Attributes
    ----------
    kind : int64[N]
        The node class of each node.
    free : int64[R, N]
    held : int64[m, N]
        Pods of each class on each node.
    """

    def __init__(self, problem: PackingProblem) -> None:
        self.problem = problem
        self.kind: Integers = np.repeat(np.arange(problem.node_classes), problem.supply)
        self.free: Integers = np.ascontiguousarray(problem.capacity[self.kind].T)
        self.held: Integers = np.zeros((problem.pod_classes, self.kind.size), np.int64)
        self._asks = [np.flatnonzero(sizes).tolist() for sizes in problem.size]
        self._against: list[list[tuple[int, ...]]] = [[] for _ in range(problem.pod_classes)]
        for exclusion in problem.exclusions:
            for one, other in ((exclusion.left, exclusion.right), (exclusion.right, exclusion.left)):
                for pod_class in one:
                    self._against[pod_class].append(other)

    @property
    def used(self) -> NDArray[np.bool_]:
        """bool[N]: nodes that hold a pod."""
        return np.asarray(self.held.any(axis=0))

    @property
    def placed(self) -> Integers:
        """int64[m]: pods placed."""
        return np.asarray(self.held.sum(axis=1))

    @property
    def missing(self) -> Integers:
        """int64[m]: pods not placed."""
        return np.asarray(self.problem.demand - self.placed)

    @property
    def cost(self) -> int:
        """The cost of the nodes in use."""
        return int(self.problem.cost[self.kind[self.used]].sum())

    def room(self, pod_class: int) -> Integers:
        """int64[N]: how many more pods of a class each node takes."""
        room: Integers = self.problem.limit[pod_class][self.kind] - self.held[pod_class]
        sizes = self.problem.size[pod_class]
        for resource in self._asks[pod_class]:
            np.minimum(room, self.free[resource] // sizes[resource], out=room)
        for others in self._against[pod_class]:
            rest = [other for other in others if other != pod_class]
            room[self.held[rest].any(axis=0)] = 0
        return room

    def add(self, pod_class: int, counts: Integers) -> None:
        """Place `counts[n]` pods of a class on node n (negative to take away)."""
        self.held[pod_class] += counts
        for resource in self._asks[pod_class]:
            self.free[resource] -= self.problem.size[pod_class, resource] * counts

    def fill(self, pod_class: int, pods: int, order: Integers) -> int:
        """Place up to `pods` pods of a class, as many as go on the first node in order, then the next; return how many were placed."""
        room = self.room(pod_class)[order]
        before = np.cumsum(room) - room
        taken = np.clip(pods - before, 0, room)
        counts = np.zeros(self.kind.size, np.int64)
        counts[order] = taken
        self.add(pod_class, counts)
        return int(taken.sum())

    def clear(self, node: int) -> Integers:
        """Take all pods off a node and return them, int64[m]."""
        pods = self.held[:, node].copy()
        self.held[:, node] = 0
        self.free[:, node] = self.problem.capacity[self.kind[node]]
        return pods

    def put(self, node: int, pods: Integers) -> None:
        """Add int64[m] pods to a node, which must have the room."""
        self.held[:, node] += pods
        self.free[:, node] -= pods @ self.problem.size

    def copy(self) -> Packing:
        """An independent copy."""
        twin = Packing.__new__(Packing)
        twin.__dict__.update(self.__dict__)
        twin.free, twin.held = self.free.copy(), self.held.copy()
        return twin

    def fills(self) -> tuple[Fill, ...]:
        """The placement with equal nodes counted together, in a canonical order."""
        found = []
        for node in np.flatnonzero(self.used).tolist():
            pods = np.flatnonzero(self.held[:, node])
            content = tuple(zip(pods.tolist(), self.held[pods, node].tolist(), strict=True))
            found.append(Fill(int(self.kind[node]), 1, content))
        return gathered(found)


def packing_of(problem: PackingProblem, fills: Iterable[Fill]) -> Packing:
    """Build the placement that fills describe; they must respect supply and capacity (`violations` says whether they do)."""
    packing = Packing(problem)
    first = np.cumsum(problem.supply) - problem.supply
    taken = [0] * problem.node_classes
    for fill in fills:
        pods = np.zeros(problem.pod_classes, np.int64)
        for pod_class, count in fill.pods:
            pods[pod_class] = count
        for _ in range(fill.nodes):
            packing.put(int(first[fill.node_class]) + taken[fill.node_class], pods)
            taken[fill.node_class] += 1
    return packing
