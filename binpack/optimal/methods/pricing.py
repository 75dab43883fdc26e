"""Pricing: patterns that the master lacks, found by greedy fills where they do and by exact search where they do not.

The exact search also says how heavy a node's content can be, which is what turns dual values into a proven bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from binpack.optimal.methods.exact_pricing import heaviest_content
from binpack.optimal.methods.knapsack import Heaviest, NodeKnapsack
from binpack.optimal.methods.master import Content, Pattern
from binpack.optimal.problem import PackingProblem

ENOUGH_PATTERNS = 8
STEPS_A_CALL = 500
WORK_PER_STEP = 1e-6
"""Deterministic work of one node of the search tree, and of one class looked at in a greedy fill; a call costs `STEPS_A_CALL` more."""


@dataclass(frozen=True)
class Priced:
    """The outcome of exact pricing.

    Attributes
    ----------
    patterns : tuple[Pattern, ...]
        Those heavier than their node class's threshold.
    node_weights : tuple[int, ...]
        For each node class a weight that no content exceeds.
    multipliers : tuple[tuple[int, ...], ...]
        For each node class, over all resources: what the search started from.
    exact : bool
        Whether no search was cut short.
    steps : int
    """

    patterns: tuple[Pattern, ...]
    node_weights: tuple[int, ...]
    multipliers: tuple[tuple[int, ...], ...]
    exact: bool
    steps: int


class Pricer:
    """All node classes' knapsacks of one problem. Node classes that hold the same contents share one."""

    def __init__(self, problem: PackingProblem) -> None:
        self._problem = problem
        self.knapsacks: list[NodeKnapsack] = []
        shared: dict[bytes, NodeKnapsack] = {}
        for node_class in range(problem.node_classes):
            key = problem.capacity[node_class].tobytes() + problem.most[:, node_class].tobytes()
            if key not in shared:
                shared[key] = NodeKnapsack(problem, node_class)
            self.knapsacks.append(shared[key])
        self.steps = 0
        self._turn = 0

    def greedily(
        self, weights: Sequence[Sequence[int]], thresholds: Sequence[int], *, limits: Sequence[int] | None = None
    ) -> list[Pattern]:
        """Return patterns heavier than their node class's threshold, as greedy fills find them.

        Parameters
        ----------
        weights : sequence of K sequences of m integers
            On each node class; one list for several of them where they are the same.
        thresholds : sequence of K integers
        limits : sequence of m integers, optional
            Most pods of each class in a pattern, where fewer are left than one node could hold.

        Notes
        -----
        Node classes take turns: each call starts after the one at which the last call had found enough.
        """
        found: list[Pattern] = []
        seen: dict[tuple[int, int], dict[Content, int]] = {}
        count = len(self.knapsacks)
        for node_class in [(self._turn + number) % count for number in range(count)]:
            knapsack = self.knapsacks[node_class]
            if self._problem.supply[node_class] == 0:
                continue
            if len(found) >= ENOUGH_PATTERNS:
                self._turn = node_class
                break
            key = (id(knapsack), id(weights[node_class]))
            if key not in seen:
                most = knapsack.most if limits is None else knapsack.limits(limits)
                seen[key] = self._fills(knapsack, weights[node_class], most)
            found += [Pattern(node_class, content) for content, weight in seen[key].items() if weight > thresholds[node_class]]
        return found

    def heaviest(self, knapsack: NodeKnapsack, weights: Sequence[int], limits: Sequence[int], *, step_limit: int) -> tuple[int, Content]:
        """Return the heaviest content that greedy fills and a short exact search find, and its weight."""
        multipliers = knapsack.multipliers(weights, limits)
        content, weight = max(self._fills(knapsack, weights, limits, multipliers).items(), key=lambda item: item[1])
        result = knapsack.heaviest(weights, multipliers, above=weight, step_limit=step_limit, limits=limits)
        self.steps += result.steps
        return (weight, content) if result.content is None else (result.weight, result.content)

    def exactly(
        self, weights: Sequence[Sequence[int]], thresholds: Sequence[int], *, step_limit: int, steps_left: int | None = None
    ) -> Priced:
        """Search every node class for its heaviest content above the threshold; weights as for `greedily`.

        Parameters
        ----------
        step_limit : int
            Of each search.
        steps_left : int, optional
            For all of them together; after that each node class has the bound of its multipliers alone.
        """
        patterns, node_weights, rows = [], [], []
        exact = True
        before = self.steps
        seen: dict[tuple[int, int, int], tuple[tuple[int, ...], Heaviest]] = {}
        for node_class, knapsack in enumerate(self.knapsacks):
            key = (id(knapsack), id(weights[node_class]), thresholds[node_class])
            if key not in seen:
                most = step_limit if steps_left is None else max(0, min(step_limit, steps_left - (self.steps - before)))
                seen[key] = self._searched(knapsack, weights[node_class], thresholds[node_class], most)
            multipliers, result = seen[key]
            rows.append(multipliers)
            exact = exact and result.exact
            node_weights.append(max(result.upper, thresholds[node_class]))
            if result.content is not None:
                patterns += [Pattern(node_class, content) for content in (result.content, *result.others)]
        return Priced(tuple(patterns), tuple(node_weights), tuple(rows), exact, self.steps - before)

    def _searched(
        self, knapsack: NodeKnapsack, weights: Sequence[int], threshold: int, step_limit: int
    ) -> tuple[tuple[int, ...], Heaviest]:
        multipliers = knapsack.multipliers(weights)
        result = heaviest_content(knapsack, weights, multipliers, above=threshold, step_limit=step_limit)
        self.steps += STEPS_A_CALL + result.steps
        return knapsack.all_multipliers(multipliers), result

    def _fills(
        self, knapsack: NodeKnapsack, weights: Sequence[int], limits: Sequence[int], multipliers: Sequence[int] | None = None
    ) -> dict[Content, int]:
        """Contents by greedy fills with several measures of density, each with its weight."""
        capacity = [max(free, 1) for free in knapsack.capacity]
        prices = knapsack.multipliers(weights, limits) if multipliers is None else multipliers
        self.steps += STEPS_A_CALL
        scaled = [price * free for price, free in zip(prices, capacity, strict=True)]
        total = max(sum(scaled), 1)
        found: dict[Content, int] = {(): 0}
        for blend in _blends([share / total for share in scaled]):
            measure = [part / free for part, free in zip(blend, capacity, strict=True)]
            self.steps += len(knapsack.classes)
            weight, content = _filled(knapsack, weights, measure, limits)
            found[content] = weight
        return found


def _blends(shares: list[float]) -> list[list[float]]:
    """Mixtures of resources by which density is measured: the LP's own, equal, and each with one resource stressed."""
    count = len(shares)
    equal = [1.0 / max(count, 1)] * count
    stressed = [[0.5 * share + (0.5 if i == position else 0.0) for i, share in enumerate(shares)] for position in range(count)]
    return [[share + 1e-3 for share in shares], equal, *stressed] if count > 1 else [equal]


def _filled(knapsack: NodeKnapsack, weights: Sequence[int], measure: Sequence[float], limits: Sequence[int]) -> tuple[int, Content]:
    """Fill one node by decreasing weight for what it takes."""
    classes, sizes = knapsack.classes, knapsack.sizes
    densities = [
        weights[pod_class] / (sum(price * size for price, size in zip(measure, taken, strict=True)) + 1e-12)
        for pod_class, taken in zip(classes, sizes, strict=True)
    ]
    free = list(knapsack.capacity)
    blocked: set[int] = set()
    weight = 0
    content = []
    for i in sorted(range(len(classes)), key=lambda number: -densities[number]):
        value = weights[classes[i]]
        count = limits[i]
        if value <= 0 or count == 0 or i in blocked:
            continue
        for left, size in zip(free, sizes[i], strict=True):
            if size and left < size * count:
                count = left // size
        if count:
            free = [left - size * count for left, size in zip(free, sizes[i], strict=True)]
            blocked.update(knapsack.against[i])
            weight += value * count
            content.append((classes[i], count))
    return weight, tuple(sorted(content))
