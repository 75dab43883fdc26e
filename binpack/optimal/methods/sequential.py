"""Node by node: each node gets the heaviest content that can be made of the pods that are left.

A pod weighs more than in proportion to its size, so that large pods are placed while there is something to choose from. Much better
than first fit where classes are many and have few pods each. Parts of a placement can be taken back and filled again with other weights
(ruin and recreate), which closes gaps of a node or two.
Source: minimum bin slack (Gupta and Ho 1999) and sequential value correction (Belov and Scheithauer 2007), with several resources.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.bounds import MULTIPLIER_SCALE, WEIGHT_SCALE
from binpack.optimal.budget import Budget
from binpack.optimal.legality import cost_of
from binpack.optimal.methods.master import Content
from binpack.optimal.methods.pricing import WORK_PER_STEP, Pricer
from binpack.optimal.problem import Integers, PackingProblem
from binpack.optimal.solution import Fill, gathered

Numbers = NDArray[np.float64]

STEPS_A_NODE = 2_000
FEWEST_STEPS = 100
CLOSE = 1e-9
MANY_GROUPS = 30
NEARLY = 0.98
"""Where there are more different kinds of nodes than this, contents within 2 % of the best are taken, after shorter searches."""
EMPHASIS = 4.0
CONFINED = 0.4
"""How much more a pod weighs that (almost) no node can take than one that every node can."""
VARIANTS = (("largest", 1.1), ("scarcity", 1.02), ("largest", 1.2), ("scarcity", 1.1), ("largest", 1.05), ("scarcity", 1.0))
"""How pods are weighed: by their largest share of a resource or by all in proportion to scarcity, and how much more large ones count."""
RUINED = 14


class Sequential:
    """Sequential fills of one problem.

    Parameters
    ----------
    problem : PackingProblem
        Without spreads and caps.
    budget : Budget
    """

    def __init__(self, problem: PackingProblem, budget: Budget) -> None:
        self.problem, self.budget = problem, budget
        self._pricer = Pricer(problem)
        offered = np.maximum((problem.capacity * problem.supply[:, None]).sum(axis=0), 1).astype(float)
        asked = (problem.size * problem.demand[:, None]).sum(axis=0) / offered
        self._measures = {"scarcity": problem.size @ (asked / offered), "largest": (problem.size / offered).max(axis=1, initial=0.0)}
        reach = ((problem.most > 0) @ problem.supply) / max(problem.nodes, 1)
        self._confined = 1.0 - reach
        self._room = problem.capacity @ (asked / offered)

    def placement(self, variant: int) -> tuple[Fill, ...] | None:
        """A complete placement by one of `VARIANTS` weightings; None if it leaves pods out."""
        measure, exponent = VARIANTS[variant]
        return self.fill(self._weights(measure, exponent, CONFINED), self.problem.demand, self.problem.supply)

    def part(self, variant: int) -> tuple[Fill, ...]:
        """A placement by one of `VARIANTS` weightings, of as many pods as it comes to; those of earlier ranks weigh much more."""
        measure, exponent = VARIANTS[variant]
        emphasis = EMPHASIS ** -self.problem.rank.astype(float)
        return self._filled(self._weights(measure, exponent, CONFINED, emphasis), self.problem.demand, self.problem.supply)

    def fill(self, weights: Sequence[int], demand: Integers, supply: Integers) -> tuple[Fill, ...] | None:
        """Fill nodes until no pod is left; None if the nodes do not suffice.

        Parameters
        ----------
        weights : sequence of m integers
        demand : int64[m]
        supply : int64[K]
        """
        fills = self._filled(weights, demand, supply)
        placed = sum(count * fill.nodes for fill in fills for _, count in fill.pods)
        return fills if placed == int(demand.sum()) else None

    def improve(self, fills: tuple[Fill, ...], enough: int | None, generator: np.random.Generator, *, rounds: int) -> tuple[Fill, ...]:
        """Empty some nodes, the badly filled ones rather, and fill what they held again with weights a little off; keep what is no worse.

        Parameters
        ----------
        fills : tuple[Fill, ...]
            A complete placement.
        enough : int, optional
            The cost at which to stop.
        generator : numpy.random.Generator
        rounds : int
        """
        nodes = [Fill(fill.node_class, 1, fill.pods) for fill in fills for _ in range(fill.nodes)]
        cost = cost_of(self.problem, nodes)
        for _ in range(rounds):
            if self.budget.exhausted() or (enough is not None and cost <= enough):
                break
            taken = self._ruin(nodes, generator)
            demand, supply = np.zeros_like(self.problem.demand), self.problem.supply.copy()
            for number, node in enumerate(nodes):
                if number in taken:
                    for pod_class, pods in node.pods:
                        demand[pod_class] += pods
                else:
                    supply[node.node_class] -= 1
            measure = VARIANTS[int(generator.integers(2))][0]
            noise = np.exp(generator.normal(0.0, 0.03, demand.size))
            weights = self._weights(measure, generator.uniform(1.0, 1.3), generator.uniform(0.0, 2.0 * CONFINED), noise)
            again = self.fill(weights, demand, supply)
            if again is not None and cost_of(self.problem, again) <= sum(int(self.problem.cost[nodes[n].node_class]) for n in taken):
                kept = [node for number, node in enumerate(nodes) if number not in taken]
                nodes = kept + [Fill(fill.node_class, 1, fill.pods) for fill in again for _ in range(fill.nodes)]
                cost = cost_of(self.problem, nodes)
        return gathered(nodes)

    def _filled(self, weights: Sequence[int], demand: Integers, supply: Integers) -> tuple[Fill, ...]:
        left, spare = demand.tolist(), supply.tolist()
        offers = _Offers(self._pricer, self.problem, weights, spare)
        fills: list[Fill] = []
        before = self._pricer.steps
        while any(left) and not self.budget.out_of_time():
            chosen = offers.best(left, spare)
            if chosen is None:
                break
            fills.append(chosen)
            spare[chosen.node_class] -= chosen.nodes
            for pod_class, pods in chosen.pods:
                left[pod_class] -= pods * chosen.nodes
        self.budget.spend(WORK_PER_STEP * (self._pricer.steps - before))
        return gathered(fills)

    def _weights(self, measure: str, exponent: float, confined: float, noise: Numbers | float = 1.0) -> list[int]:
        """Large pods weigh more than in proportion, and so do those that few nodes can take."""
        return weights_of(self._measures[measure] ** exponent * (1.0 + confined * self._confined) * noise)

    def _ruin(self, nodes: list[Fill], generator: np.random.Generator) -> set[int]:
        """Choose nodes to empty: at random, those with much room left more often."""
        measure = self._measures["scarcity"]
        free = np.array([self._slack(node, measure) for node in nodes])
        odds = free + 0.05 * max(float(free.max()), 1e-12)
        count = min(len(nodes), int(generator.integers(2, RUINED + 1)))
        return set(generator.choice(len(nodes), count, replace=False, p=odds / odds.sum()).tolist())

    def _slack(self, node: Fill, measure: Numbers) -> float:
        load = sum(float(measure[pod_class]) * pods for pod_class, pods in node.pods)
        return max(0.0, float(self._room[node.node_class]) - load)


class _Offers:
    """The heaviest content of each node class for what is left, found again only where it has to be.

    Pods only ever get fewer, so a node class's content never gets heavier: the last weight known is a bound, and as long as the best
    one's pods are all still there, it is the best. Among many classes, nearly the best will do.
    """

    def __init__(self, pricer: Pricer, problem: PackingProblem, weights: Sequence[int], spare: Sequence[int]) -> None:
        self._pricer, self._problem, self._weights = pricer, problem, weights
        groups: dict[tuple[int, int], list[int]] = {}
        for node_class, knapsack in enumerate(pricer.knapsacks):
            if spare[node_class]:
                groups.setdefault((id(knapsack), int(problem.cost[node_class])), []).append(node_class)
        self._groups = list(groups.values())
        self._contents: list[Content | None] = [None] * len(self._groups)
        many = len(self._groups) > MANY_GROUPS
        self._nearly = NEARLY if many else 1.0
        self._steps = max(FEWEST_STEPS, STEPS_A_NODE * MANY_GROUPS // len(self._groups)) if many else STEPS_A_NODE
        # (minus the worth that cannot be exceeded, group): a heap.
        self._heap: list[tuple[float, int]] = [(-worth, number) for number, worth in enumerate(self._first_bounds())]
        heapify(self._heap)

    def best(self, left: list[int], spare: list[int]) -> Fill | None:
        """The content that is worth most for the cost of its node, on as many nodes as it can be repeated on."""
        while self._heap:
            _, number = heappop(self._heap)
            classes = [node_class for node_class in self._groups[number] if spare[node_class]]
            if not classes:
                continue
            content = self._contents[number]
            if content is None or any(left[pod_class] < pods for pod_class, pods in content):
                knapsack = self._pricer.knapsacks[classes[0]]
                _, content = self._pricer.heaviest(knapsack, self._weights, knapsack.limits(left), step_limit=self._steps)
                self._contents[number] = content
            if not content:
                continue
            weight = sum(self._weights[pod_class] * pods for pod_class, pods in content)
            worth = weight / max(int(self._problem.cost[classes[0]]), 1)
            heappush(self._heap, (-worth, number))
            if worth >= -self._heap[0][0] * self._nearly:
                return self._chosen(content, weight, classes[0], left, spare)
        return None

    def _first_bounds(self) -> list[float]:
        """For each group a worth that cannot be exceeded: resources at the prices of the node class with most of the first."""
        problem = self._problem
        first = np.array([classes[0] for classes in self._groups], np.int64)
        if first.size <= 1:
            return [float("inf")] * first.size
        largest = int(first[np.argmax(problem.capacity[first, 0])])
        knapsack = self._pricer.knapsacks[largest]
        prices = np.array(knapsack.all_multipliers(knapsack.multipliers(self._weights)), np.float64)
        surplus = np.maximum(np.array(self._weights, np.float64) * MULTIPLIER_SCALE - problem.size @ prices, 0.0)
        bounds = (problem.capacity[first] @ prices + problem.most[:, first].T @ surplus) / MULTIPLIER_SCALE
        worths: list[float] = (bounds * (1.0 + CLOSE) / np.maximum(problem.cost[first], 1)).tolist()
        return worths

    def _chosen(self, content: Content, weight: int, node_class: int, left: list[int], spare: list[int]) -> Fill:
        if weight >= sum(weight * pods for weight, pods in zip(self._weights, left, strict=True)):
            node_class = self._cheapest(content, node_class, spare)
        times = min(spare[node_class], *(left[pod_class] // pods for pod_class, pods in content))
        return Fill(node_class, times, content)

    def _cheapest(self, content: Content, node_class: int, spare: list[int]) -> int:
        """The cheapest node that takes a content: for the last node of a fill."""
        load = sum(self._problem.size[pod_class] * pods for pod_class, pods in content)
        fits = [
            k
            for k in range(self._problem.node_classes)
            if spare[k] and (load <= self._problem.capacity[k]).all() and all(pods <= self._problem.limit[i, k] for i, pods in content)
        ]
        return min(fits, key=lambda k: (int(self._problem.cost[k]), k), default=node_class)


def weights_of(values: Numbers) -> list[int]:
    """Scale positive numbers to integers of at most a million, and at least 1."""
    scale = WEIGHT_SCALE / max(float(values.max(initial=0.0)), 1e-300)
    return [max(1, int(value * scale)) for value in values]
