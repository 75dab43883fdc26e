"""The heaviest content of one node: a bounded knapsack with several resources, solved exactly by branch and bound.

All numbers are Python integers, so that what is found to be the most is the most. Multipliers (prices of the resources) give the bound:
every class is either worth its price, and then taken to its limit, or not, and then left out. Each deviation from that costs a known
amount, and the search looks only at contents whose deviations together cost less than what there is to gain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.bounds import MULTIPLIER_SCALE
from binpack.optimal.linear import LinearProgram
from binpack.optimal.problem import PackingProblem

MOST_FOUND = 30
"""Contents that a search returns: each heavier than the one before."""


@dataclass(frozen=True)
class Heaviest:
    """The outcome of a search.

    Attributes
    ----------
    upper : int
        No content weighs more.
    weight : int
        Of `content`; the threshold of the search if that is None.
    content : tuple[tuple[int, int], ...] or None
        (pod class, pods) of the heaviest content found above the threshold.
    steps : int
        Nodes of the search tree.
    others : tuple of contents
        Others above the threshold that were found on the way, the heaviest first.
    exact : bool
        Whether the search was finished: there is no heavier content.
    """

    upper: int
    weight: int
    content: tuple[tuple[int, int], ...] | None
    steps: int
    others: tuple[tuple[tuple[int, int], ...], ...] = ()
    exact: bool = True


class NodeKnapsack:
    """What one node of a class can hold; asked again and again with other weights.

    Parameters
    ----------
    problem : PackingProblem
    node_class : int
    """

    def __init__(self, problem: PackingProblem, node_class: int) -> None:
        self.classes: list[int] = np.flatnonzero(problem.most[:, node_class]).tolist()
        self.most: list[int] = problem.most[self.classes, node_class].tolist()
        self.resources = _binding(problem, node_class, self.classes)
        self.sizes: list[list[int]] = problem.size[np.ix_(self.classes, self.resources)].tolist()
        self.capacity: list[int] = problem.capacity[node_class, self.resources].tolist()
        self._resource_count = len(problem.resources)
        self.against = _exclusions(problem, self.classes)
        self._program: LinearProgram | None = None

    def limits(self, left: Sequence[int]) -> list[int]:
        """Most pods of each of its classes where only so many of each class of the problem are left."""
        return [min(most, left[pod_class]) for most, pod_class in zip(self.most, self.classes, strict=True)]

    def multipliers(self, weights: Sequence[int], limits: Sequence[int] | None = None) -> list[int]:
        """Prices of the binding resources, in units of 1/`MULTIPLIER_SCALE`: duals of the LP relaxation, rounded down.

        Parameters
        ----------
        weights : sequence of m integers
        limits : sequence of integers, optional
            From `limits`, where fewer pods are left than a node could hold.
        """
        if self._program is None:
            self._program = LinearProgram([-np.inf] * len(self.resources), [float(free) for free in self.capacity])
            for sizes, limit in zip(self.sizes, self.most, strict=True):
                self._program.add_column(0.0, range(len(sizes)), [float(size) for size in sizes], float(limit))
        self._program.set_costs(-np.array([weights[pod_class] for pod_class in self.classes], np.float64))
        self._program.set_uppers(np.array(self.most if limits is None else limits, np.float64))
        result = self._program.solve()
        if result is None:
            return [0] * len(self.resources)
        return [max(0, int(-dual * MULTIPLIER_SCALE)) for dual in result.duals]

    def all_multipliers(self, multipliers: Sequence[int]) -> tuple[int, ...]:
        """Spread prices of the binding resources over all resources of the problem."""
        full = [0] * self._resource_count
        for resource, price in zip(self.resources, multipliers, strict=True):
            full[resource] = price
        return tuple(full)

    def heaviest(
        self,
        weights: Sequence[int],
        multipliers: Sequence[int],
        *,
        above: int,
        step_limit: int,
        limits: Sequence[int] | None = None,
    ) -> Heaviest:
        """Find the heaviest content if it weighs more than a threshold.

        Parameters
        ----------
        weights : sequence of m integers
        multipliers : sequence of integers
            From `multipliers`; any that are >= 0 are valid, good ones are fast.
        above : int
            Contents up to this weight are not looked for; `upper` is then at most this.
        step_limit : int
            After so many nodes of the tree the search ends and `upper` is what the multipliers alone prove.
        limits : sequence of integers, optional
            From `limits`.
        """
        values = [weights[pod_class] for pod_class in self.classes]
        return _search(self, values, self.most if limits is None else limits, multipliers, above, step_limit)


def _search(
    knapsack: NodeKnapsack, values: list[int], most: Sequence[int], multipliers: Sequence[int], above: int, step_limit: int
) -> Heaviest:
    gains = [
        value * MULTIPLIER_SCALE - sum(price * size for price, size in zip(multipliers, sizes, strict=True))
        for value, sizes in zip(values, knapsack.sizes, strict=True)
    ]
    top = sum(price * free for price, free in zip(multipliers, knapsack.capacity, strict=True))
    top += sum(gain * limit for gain, limit in zip(gains, most, strict=True) if gain > 0)
    upper = top // MULTIPLIER_SCALE
    if upper <= above:
        return Heaviest(upper, above, None, 1)
    order = [i for i in sorted(range(len(values)), key=lambda i: -abs(gains[i])) if values[i] > 0 and most[i] > 0]
    tree = _Tree(knapsack, values, most, gains, order, top, above, step_limit)
    finished = tree.run()
    contents = [
        tuple(sorted((knapsack.classes[i], count) for i, count in zip(order, counts, strict=True) if count))
        for counts in reversed(tree.found[-MOST_FOUND:])
    ]
    content = contents[0] if contents else None
    return Heaviest(tree.best if finished else upper, tree.best, content, tree.steps, tuple(contents[1:]), finished)


class _Tree:
    """Depth first over the classes in order; at each depth the counts of one class, the cheapest deviation first."""

    def __init__(
        self,
        knapsack: NodeKnapsack,
        values: list[int],
        most: Sequence[int],
        gains: list[int],
        order: list[int],
        top: int,
        above: int,
        step_limit: int,
    ) -> None:
        self.values = [values[i] for i in order]
        self.gains = [gains[i] for i in order]
        self.sizes = [knapsack.sizes[i] for i in order]
        self.most = [most[i] for i in order]
        position = {i: depth for depth, i in enumerate(order)}
        self.against = [[position[other] for other in knapsack.against[i] if other in position] for i in order]
        self.capacity = knapsack.capacity
        self.top = top
        self.best = above
        self.found: list[list[int]] = []
        self.counts = [0] * len(order)
        self.steps = 0
        self.step_limit = step_limit

    def run(self) -> bool:
        """Search; False if the step limit ended it."""
        depth, items = 0, len(self.counts)
        free: list[list[int]] = [list(self.capacity)] + [[]] * items
        value, loss = [0] * (items + 1), [0] * (items + 1)
        tried: list[int] = [-1] * items
        room = [0] * items
        budget = self.top - (self.best + 1) * MULTIPLIER_SCALE
        while depth >= 0:
            if depth == items:
                if value[depth] > self.best:
                    self.best = value[depth]
                    self.found.append(self.counts.copy())
                    budget = self.top - (self.best + 1) * MULTIPLIER_SCALE
                depth -= 1
                continue
            gain, most = self.gains[depth], self.most[depth]
            if tried[depth] < 0:
                room[depth] = self._room(depth, free[depth])
            tried[depth] += 1
            step = tried[depth]
            count = room[depth] - step if gain > 0 else step
            lost = loss[depth] + (gain * (most - count) if gain > 0 else -gain * count)
            if step > room[depth] or lost > budget:
                tried[depth] = -1
                depth -= 1
                continue
            self.steps += 1
            if self.steps > self.step_limit:
                return False
            self.counts[depth] = count
            value[depth + 1] = value[depth] + count * self.values[depth]
            loss[depth + 1] = lost
            free[depth + 1] = (
                [left - size * count for left, size in zip(free[depth], self.sizes[depth], strict=True)] if count else free[depth]
            )
            depth += 1
        return True

    def _room(self, depth: int, free: list[int]) -> int:
        if any(other < depth and self.counts[other] for other in self.against[depth]):
            return 0
        room = self.most[depth]
        for left, size in zip(free, self.sizes[depth], strict=True):
            if size and left < size * room:
                room = left // size
        return room


def _binding(problem: PackingProblem, node_class: int, classes: list[int]) -> list[int]:
    """Resources that can matter: not those that never fill up, nor those that another resource fills up before."""
    size: NDArray[np.int64] = problem.size[classes]
    capacity = problem.capacity[node_class].tolist()
    coming = [sum(a * u for a, u in zip(column, problem.most[classes, node_class].tolist(), strict=True)) for column in size.T.tolist()]
    kept = [resource for resource in range(len(capacity)) if coming[resource] > capacity[resource]]
    for resource in list(kept):
        if any(other != resource and _fills_first(size, capacity, other, resource) for other in kept):
            kept.remove(resource)
    return kept


def _fills_first(size: NDArray[np.int64], capacity: list[int], first: int, later: int) -> bool:
    pairs = zip(size[:, first].tolist(), size[:, later].tolist(), strict=True)
    return all(a * capacity[later] >= b * capacity[first] for a, b in pairs)


def _exclusions(problem: PackingProblem, classes: list[int]) -> list[list[int]]:
    position = {pod_class: number for number, pod_class in enumerate(classes)}
    against: list[set[int]] = [set() for _ in classes]
    for exclusion in problem.exclusions:
        for one in exclusion.left:
            for other in exclusion.right:
                if one != other and one in position and other in position:
                    against[position[one]].add(position[other])
                    against[position[other]].add(position[one])
    return [sorted(others) for others in against]
