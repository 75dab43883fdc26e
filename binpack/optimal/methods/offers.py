"""Which node to fill next and with what: the best content of each kind of node, kept as long as it holds."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

import numpy as np

from binpack.optimal.bounds import MULTIPLIER_SCALE
from binpack.optimal.methods.master import Content
from binpack.optimal.methods.pricing import Pricer
from binpack.optimal.problem import PackingProblem
from binpack.optimal.solution import Fill

STEPS_A_NODE = 2_000
FEWEST_STEPS = 100
CLOSE = 1e-9
MANY_GROUPS = 30
NEARLY = 0.98
"""Where there are more different kinds of nodes than this, contents within 2 % of the best are taken, after shorter searches."""


class Offers:
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
