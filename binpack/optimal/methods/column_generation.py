"""Column generation over patterns: the strongest bound at hand, and the patterns from which `diving` builds placements.

The master prices pods, the pricer looks for nodes whose content is worth more than the node. Every exact pricing round gives a bound
that holds whether or not the master has converged (Farley 1990, Lagrange); what is reported is recomputed in integers. Dual values are
smoothed towards the best found so far (Wentges 1997). Spreads and caps are rows of the master; their prices make pods lighter or
heavier on the nodes of a domain.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.bounds import MULTIPLIER_SCALE, WEIGHT_SCALE
from binpack.optimal.budget import Budget
from binpack.optimal.methods.master import Master, MasterResult, Pattern, Target, cost_target, pods_target
from binpack.optimal.methods.pricing import WORK_PER_STEP, Priced, Pricer
from binpack.optimal.problem import PackingProblem
from binpack.optimal.proof import Bound, Proof
from binpack.optimal.solution import Fill
from binpack.optimal.weighing import Requirement, bound_of_weights, with_slack
from binpack.optimal.zone_rows import weights_on, zone_rows

Numbers = NDArray[np.float64]

STEPS_A_PRICE, STEPS_A_LAST_PRICE = 100_000, 2_000_000
EXACT_EVERY = 12
CLOSE = 1e-6
SMOOTHING = 0.5
TAIL = 15
TAIL_GAIN = 5e-4


@dataclass(frozen=True)
class Worth:
    """Dual values as integers.

    Attributes
    ----------
    weights : list of m integers
        Of the pods.
    prices : list of integers
        Of the rows of zones.
    on : list of K lists of m integers
        What a pod weighs on a node of each class; node classes may share a list.
    thresholds : list of K integers
        What a node of each class has to hold to be worth adding.
    """

    weights: list[int]
    prices: list[int]
    on: list[list[int]]
    thresholds: list[int]


class ColumnGeneration:
    """One run on one objective; holds the master, its patterns and the best bound.

    Parameters
    ----------
    problem : PackingProblem
    required : tuple[int, ...]
        Pods of each rank that have to be placed.
    goal : int, optional
        The rank whose pods are to be many; None for few and cheap nodes.
    budget : Budget
    """

    def __init__(self, problem: PackingProblem, required: Requirement, goal: int | None, budget: Budget) -> None:
        self.problem, self.required, self.goal, self.budget = problem, required, goal, budget
        self.rows = zone_rows(problem, required, goal)
        self.master = Master(problem, _target(problem, required, goal), self.rows)
        self.pricer = Pricer(problem)
        self.bound: Bound | None = None
        self.result: MasterResult | None = None
        self.converged = False
        self._stable: Numbers | None = None

    def start(self, fills: Iterable[Fill]) -> None:
        """Take the patterns of a placement, and a pattern of one pod for each class and node class that could hold it."""
        for fill in fills:
            self.master.add(Pattern(fill.node_class, fill.pods))
        for pod_class in range(self.problem.pod_classes):
            for node_class in np.flatnonzero(self.problem.most[pod_class])[:1].tolist():
                count = int(self.problem.most[pod_class, node_class])
                self.master.add(Pattern(node_class, ((pod_class, count),)))

    def run(self, *, enough: int | None, known: int | None, exact: bool) -> None:
        """Generate patterns.

        Parameters
        ----------
        enough : int, optional
            The value of a placement: a bound that reaches it ends the run.
        known : int, optional
            A bound that is proven already: the run ends once the master shows that it cannot be beaten.
        exact : bool
            False ends the run where greedy fills find no more patterns, or only such that gain little, without a bound.
        """
        rounds = 0
        values: list[float] = []
        while not self.budget.exhausted():
            result = self.master.solve(self.budget)
            self.result = result or self.result
            if result is None or (exact and self._beats_nothing(result.value, known)):
                return
            rounds += 1
            values.append(result.value)
            if not exact and rounds > TAIL and values[-TAIL] - values[-1] < TAIL_GAIN * max(values[-1], 1.0):
                return
            if (rounds % EXACT_EVERY or not exact) and self._priced_greedily(result):
                continue
            if not exact or self._priced_exactly(result):
                return
            if self.bound is not None and (self.bound.value is None or self.bound.value == enough):
                return

    def _beats_nothing(self, value: float, known: int | None) -> bool:
        """Whether the converged master could not give a better bound than the known one: its value only gets smaller."""
        if known is None:
            return False
        if self.goal is not None:
            there, base, largest, step = self._counting
            return base + math.floor((there - base - (value - CLOSE) * largest) / step) * step >= known
        step = math.gcd(*self.problem.cost.tolist()) or 1
        return math.ceil((value - CLOSE) / step) * step <= known

    @cached_property
    def _counting(self) -> tuple[int, int, int, int]:
        """Of the goal's rank: what all of it counts for, what counts anyway, the largest value of a pod, and the divisor of all values."""
        goal = self.goal or 0
        values = self.problem.value[self.problem.rank == goal].tolist()
        return self.problem.rank_demand[goal], self.problem.rank_base[goal], max(values), math.gcd(*values)

    def _priced_greedily(self, result: MasterResult) -> bool:
        smoothed = self.scaled(result, self._smoothed(self.duals(result)))
        # A pattern must be worth adding for the master's own dual values, whichever values found it.
        own = self.scaled(result, self.duals(result))
        before = self.pricer.steps
        found = self.pricer.greedily(smoothed.on, smoothed.thresholds)
        added = self._added(p for p in found if _weight(p, own.on[p.node_class]) > own.thresholds[p.node_class])
        if not added:
            added = self._added(self.pricer.greedily(own.on, own.thresholds))
        self.budget.spend(WORK_PER_STEP * (self.pricer.steps - before))
        return added

    def _priced_exactly(self, result: MasterResult) -> bool:
        """One exact round; True if the master has converged or cannot be priced any further."""
        duals = self.duals(result)
        worth = self.scaled(result, duals)
        if self.goal is not None:
            # Between whole numbers there is room: contents that do not change the bound need not be found.
            thresholds = with_slack(self.problem, worth.weights, worth.thresholds, self.required, self.goal, self._credit(worth))
            worth = replace(worth, thresholds=thresholds)
        for step_limit in (STEPS_A_PRICE, STEPS_A_LAST_PRICE):
            left = self.budget.work_left
            steps = None if left is None else int(left / WORK_PER_STEP) + 1
            priced = self.pricer.exactly(worth.on, worth.thresholds, step_limit=step_limit, steps_left=steps)
            self.budget.spend(WORK_PER_STEP * priced.steps)
            self._take_bound(worth, priced, duals)
            if self._added(priced.patterns):
                return False
            if priced.exact or self.goal is None or self.budget.exhausted():
                break
        self.converged = priced.exact
        return True

    def _credit(self, worth: Worth) -> int:
        """What the rows of zones allow for at their prices."""
        return sum(row.allowed * price for row, price in zip(self.rows, worth.prices, strict=True))

    def _added(self, patterns: Iterable[Pattern]) -> bool:
        return sum(self.master.add(pattern) for pattern in patterns) > 0

    def _take_bound(self, worth: Worth, priced: Priced, duals: Numbers) -> None:
        rows = tuple(row.priced(price) for row, price in zip(self.rows, worth.prices, strict=True) if price)
        value = bound_of_weights(self.problem, worth.weights, priced.node_weights, self.required, self.goal, self._credit(worth))
        proof = Proof(
            kind="dual",
            source="pattern LP",
            weights=tuple(worth.weights),
            node_weights=priced.node_weights,
            multipliers=priced.multipliers,
            multiplier_scale=MULTIPLIER_SCALE,
            rows=rows,
        )
        if self.bound is None or value is None or self._better(value, self.bound.value):
            self.bound, self._stable = Bound(value, proof), duals

    def _better(self, value: int, than: int | None) -> bool:
        if than is None:
            return False
        return value > than if self.goal is None else value < than

    def _smoothed(self, duals: Numbers) -> Numbers:
        return duals if self._stable is None else SMOOTHING * self._stable + (1.0 - SMOOTHING) * duals

    def duals(self, result: MasterResult) -> Numbers:
        """float64[m + rows]: dual values of the pods, then of the rows of zones."""
        return np.concatenate([result.weights, result.prices])

    def scaled(self, result: MasterResult, duals: Numbers) -> Worth:
        """Scale dual values (as `duals` gives them, or mixtures) to integers."""
        scale = WEIGHT_SCALE / max(float(duals.max(initial=0.0)), 1e-9)
        numbers = [int(dual * scale) for dual in duals]
        weights, prices = numbers[: self.problem.pod_classes], numbers[self.problem.pod_classes :]
        node_cost = self.problem.cost if self.goal is None else np.zeros(self.problem.node_classes)
        thresholds = (node_cost + result.scarcity) * scale
        on = weights_on(weights, self.rows, prices, self.problem.node_classes)
        return Worth(weights, prices, on, [int(value * (1.0 + 1e-7)) + 1 for value in thresholds])


def _target(problem: PackingProblem, required: Requirement, goal: int | None) -> Target:
    allowed: list[int | None] = []
    for rank, (asked, there) in enumerate(zip(required, problem.rank_demand, strict=True)):
        if (goal is not None and rank >= goal) or (goal is None and asked == there):
            allowed.append(None)
        else:
            allowed.append(there - asked)
    return cost_target(problem, allowed) if goal is None else pods_target(problem, allowed, goal)


def _weight(pattern: Pattern, weights: list[int]) -> int:
    return sum(weights[pod_class] * pods for pod_class, pods in pattern.content)
