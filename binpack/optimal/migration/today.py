"""Today's placement node by node, with equal nodes that hold the same counted together as one kind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.couplings import Exclusion
from binpack.optimal.problem import Integers, PackingProblem

Content = tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Today:
    """Where the pods of a problem are, node by node: N nodes, grouped by node class as in `binpack.optimal.packing.Packing`.

    Attributes
    ----------
    problem : PackingProblem
        A node in use costs 1, or 0 if it is in use whatever happens.
    held : int64[m, N]
        Pods of each class on each node.
    """

    problem: PackingProblem
    held: Integers

    @cached_property
    def node_class(self) -> Integers:
        """int64[N]."""
        return np.repeat(np.arange(self.problem.node_classes), self.problem.supply)

    @cached_property
    def paid(self) -> NDArray[np.bool_]:
        """bool[N]: nodes that count when they are in use."""
        return np.asarray(self.problem.cost[self.node_class] > 0)

    @cached_property
    def pods(self) -> Integers:
        """int64[N]: pods on each node."""
        return np.asarray(self.held.sum(axis=0))

    @property
    def running(self) -> int:
        """All pods that are on a node."""
        return int(self.held.sum())

    @property
    def in_use(self) -> int:
        """Paid nodes that hold a pod."""
        return int((self.paid & (self.pods > 0)).sum())

    @cached_property
    def kinds(self) -> tuple[tuple[int, int, Content], ...]:
        """(node class, nodes, content) of each kind of node, in canonical order; empty nodes are kinds, too."""
        return tuple((node_class, len(nodes), content) for (node_class, content), nodes in sorted(self._nodes_by_kind.items()))

    @cached_property
    def kind_nodes(self) -> tuple[tuple[int, ...], ...]:
        """The nodes of each kind."""
        return tuple(tuple(nodes) for _, nodes in sorted(self._nodes_by_kind.items()))

    @cached_property
    def _nodes_by_kind(self) -> dict[tuple[int, Content], list[int]]:
        found: dict[tuple[int, Content], list[int]] = {}
        for node, node_class in enumerate(self.node_class.tolist()):
            found.setdefault((node_class, content_of(self.held[:, node])), []).append(node)
        return found

    def moved(self, held: Integers) -> int:
        """Pods that are on a node today and not on the same node in another placement, int64[m, N]; pods of a class are alike."""
        return int(np.maximum(self.held - held, 0).sum())

    @cached_property
    def split(self) -> PackingProblem:
        """The problem in which each kind is a node class and each pod class is two: m classes that stay, then m that come.

        On a node of a kind no more pods of a class can stay than are there; as many more can come as still may be held together. The
        most that a node can hold, with a bonus for each pod that stays, is what bounds the moves from below.
        """
        problem, m = self.problem, self.problem.pod_classes
        classes = [node_class for node_class, _, _ in self.kinds]
        there = np.zeros((m, len(classes)), np.int64)
        for number, (_, _, content) in enumerate(self.kinds):
            for pod_class, pods in content:
                there[pod_class, number] = pods
        most = problem.most[:, classes]
        stay = np.minimum(there, most)
        both = tuple(
            Exclusion((*e.left, *(m + i for i in e.left)), (*e.right, *(m + i for i in e.right))) for e in problem.exclusions
        )  # fmt: skip
        return replace(
            problem,
            size=np.concatenate([problem.size, problem.size]),
            demand=np.concatenate([problem.demand, problem.demand]),
            tier=np.zeros(2 * m, np.int64),
            must_place=np.zeros(2 * m, bool),
            value=np.ones(2 * m, np.int64),
            base=0,
            capacity=problem.capacity[classes],
            supply=np.array([count for _, count, _ in self.kinds], np.int64),
            limit=np.concatenate([stay, most - stay]),
            cost=problem.cost[classes],
            exclusions=both,
            spreads=(),
            caps=(),
            present=np.zeros((0, 4), np.int64),
            class_names=(),
            node_class_names=(),
            tier_names=(),
        )


def content_of(pods: Integers) -> Content:
    """What a node holds, int64[m], as pairs of class and pods."""
    classes = np.flatnonzero(pods)
    return tuple(zip(classes.tolist(), pods[classes].tolist(), strict=True))


def today_of(problem: PackingProblem) -> Today:
    """Read today's placement from a problem.

    Raises
    ------
    ValueError
        If a node in use costs anything but 0 or 1.
    """
    if problem.cost.size and problem.cost.max() > 1:
        raise ValueError("a node in use has to cost 1, or 0 if it is in use whatever happens")
    first = np.cumsum(problem.supply) - problem.supply
    held = np.zeros((problem.pod_classes, problem.nodes), np.int64)
    for node_class, position, pod_class, pods in problem.present.tolist():
        held[pod_class, first[node_class] + position] += pods
    return Today(problem, held)
