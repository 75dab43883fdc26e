"""Column generation over patterns: the strongest bound at hand, and the patterns from which `diving` builds placements.

The master prices pods, the pricer looks for nodes whose content is worth more than the node. Every exact pricing round gives a bound
that holds whether or not the master has converged (Farley 1990, Lagrange); what is reported is recomputed in integers. Dual values are
smoothed towards the best found so far (Wentges 1997). Spreads and caps are ignored, so the bound is that of a relaxation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.bounds import MULTIPLIER_SCALE, WEIGHT_SCALE
from binpack.optimal.budget import Budget
from binpack.optimal.methods.master import Master, MasterResult, Pattern, Target, cost_target, pods_target
from binpack.optimal.methods.pricing import WORK_PER_STEP, Priced, Pricer
from binpack.optimal.problem import PackingProblem
from binpack.optimal.proof import Bound, Proof
from binpack.optimal.solution import Fill
from binpack.optimal.weighing import Requirement, bound_of_weights

Numbers = NDArray[np.float64]

STEPS_A_PRICE = 100_000
EXACT_EVERY = 12
CLOSE = 1e-6
SMOOTHING = 0.5
TAIL = 15
TAIL_GAIN = 5e-4
WORK_PER_MASTER = 4e-8
WORK_A_ROUND = 3e-4
"""Deterministic work of a master solve for each (pattern × class), and of a round as such."""


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
        self.master = Master(problem, _target(problem, required, goal))
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
            self.result = self.master.solve()
            self.budget.spend(WORK_A_ROUND + WORK_PER_MASTER * len(self.master.patterns) * self.problem.pod_classes)
            if self.result is None or (exact and self._beats_nothing(self.result.value, known)):
                return
            rounds += 1
            values.append(self.result.value)
            if not exact and rounds > TAIL and values[-TAIL] - values[-1] < TAIL_GAIN * max(values[-1], 1.0):
                return
            if (rounds % EXACT_EVERY or not exact) and self._priced_greedily(self.result):
                continue
            if not exact or self._priced_exactly(self.result):
                return
            if self.bound is not None and (self.bound.value is None or self.bound.value == enough):
                return

    def _beats_nothing(self, value: float, known: int | None) -> bool:
        """Whether the converged master could not give a better bound than the known one: its value only gets smaller."""
        if known is None:
            return False
        if self.goal is not None:
            return math.floor(self.required_pods - value + CLOSE) >= known
        step = math.gcd(*self.problem.cost.tolist()) or 1
        return math.ceil((value - CLOSE) / step) * step <= known

    @property
    def required_pods(self) -> int:
        """All pods of the goal's rank."""
        return 0 if self.goal is None else self.problem.rank_demand[self.goal]

    def _priced_greedily(self, result: MasterResult) -> bool:
        weights, thresholds = self.scaled(result, self._smoothed(result.weights))
        # A pattern must be worth adding for the master's own dual values, whichever values found it.
        own, own_thresholds = self.scaled(result, result.weights)
        before = self.pricer.steps
        found = self.pricer.greedily(weights, thresholds)
        added = self._added(pattern for pattern in found if _weight(pattern, own) > own_thresholds[pattern.node_class])
        if not added:
            added = self._added(self.pricer.greedily(own, own_thresholds))
        self.budget.spend(WORK_PER_STEP * (self.pricer.steps - before))
        return added

    def _priced_exactly(self, result: MasterResult) -> bool:
        """One exact round; True if the master has converged or cannot be priced any further."""
        weights, thresholds = self.scaled(result, result.weights)
        priced = self.pricer.exactly(weights, thresholds, step_limit=STEPS_A_PRICE)
        self.budget.spend(WORK_PER_STEP * priced.steps)
        self._take_bound(weights, priced, result.weights)
        if self._added(priced.patterns):
            return False
        self.converged = priced.exact
        return True

    def _added(self, patterns: Iterable[Pattern]) -> bool:
        return sum(self.master.add(pattern) for pattern in patterns) > 0

    def _take_bound(self, weights: list[int], priced: Priced, duals: Numbers) -> None:
        value = bound_of_weights(self.problem, weights, priced.node_weights, self.required, self.goal)
        proof = Proof("dual", "pattern LP", None, tuple(weights), priced.node_weights, priced.multipliers, MULTIPLIER_SCALE)
        if self.bound is None or value is None or self._better(value, self.bound.value):
            self.bound, self._stable = Bound(value, proof), duals

    def _better(self, value: int, than: int | None) -> bool:
        if than is None:
            return False
        return value > than if self.goal is None else value < than

    def _smoothed(self, duals: Numbers) -> Numbers:
        return duals if self._stable is None else SMOOTHING * self._stable + (1.0 - SMOOTHING) * duals

    def scaled(self, result: MasterResult, duals: Numbers) -> tuple[list[int], list[int]]:
        """Integer weights of the pods, and what a node of each class has to hold to be worth adding."""
        scale = WEIGHT_SCALE / max(float(duals.max(initial=0.0)), 1e-9)
        node_cost = self.problem.cost if self.goal is None else np.zeros(self.problem.node_classes)
        thresholds = (node_cost + result.scarcity) * scale
        return [int(dual * scale) for dual in duals], [int(value * (1.0 + 1e-7)) + 1 for value in thresholds]


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
