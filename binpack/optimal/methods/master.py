"""The master of the column generation: how many nodes of each class are filled by each pattern, as a linear program.

Minimise the cost of nodes and of pods left out, so that every class is covered, no node class is used beyond its supply, and the rows
of zones hold. Source: Gilmore and Gomory 1961, with several kinds of bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.budget import Budget
from binpack.optimal.linear import LinearProgram
from binpack.optimal.problem import Integers, PackingProblem
from binpack.optimal.zone_rows import ZoneRow

Numbers = NDArray[np.float64]

WORK_A_ROUND = 3e-4
"""Deterministic work of a round of column generation, beside the iterations of its linear program."""

Content = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Pattern:
    """What one node of a class holds: (pod class, pods)."""

    node_class: int
    content: Content


@dataclass(frozen=True)
class Target:
    """What the master minimises and demands.

    Attributes
    ----------
    node_cost : float64[K]
    shortfall_cost : float64[m]
        For each pod of the class that is left out.
    allowed : tuple[float or None, ...]
        For each rank how much may be left out in total, in the worth of its most valuable pod; None: any amount.
    value : float64[m]
        What one pod of the class counts for, in the same unit.
    """

    node_cost: Numbers
    shortfall_cost: Numbers
    allowed: tuple[float | None, ...]
    value: Numbers


@dataclass(frozen=True)
class MasterResult:
    """A vertex of the master: float64 arrays.

    Attributes
    ----------
    value : float
    nodes : float64[patterns]
    shortfall : float64[m]
    weights : float64[m]
        What covering one more pod of each class would cost; >= 0.
    scarcity : float64[K]
        What one more node of each class would save; >= 0.
    prices : float64[rows]
        What one more pod that a row of zones allows for would save; >= 0.
    """

    value: float
    nodes: Numbers
    shortfall: Numbers
    weights: Numbers
    scarcity: Numbers
    prices: Numbers


class Master:
    """A restricted master problem that grows by patterns.

    Parameters
    ----------
    problem : PackingProblem
    target : Target
    rows : sequence of ZoneRow
        What couplings between domains demand.
    """

    def __init__(self, problem: PackingProblem, target: Target, rows: Sequence[ZoneRow] = ()) -> None:
        self._problem, self._target = problem, target
        self._rows = [(row.classes, row.coefficient.tolist()) for row in rows]
        self.patterns: list[Pattern] = []
        self._known: set[Pattern] = set()
        m, k = problem.pod_classes, problem.node_classes
        self._ranks = len(target.allowed)
        lower = [float(d) for d in problem.demand] + [-np.inf] * (k + self._ranks)
        free = [np.inf if allowed is None else float(allowed) for allowed in target.allowed]
        upper = [np.inf] * m + [float(n) for n in problem.supply] + free
        self._first_row = len(lower)
        lower += [-np.inf] * len(rows)
        upper += [float(row.allowed) for row in rows]
        self._program = LinearProgram(lower, upper)
        for pod_class in range(m):
            covers = [pod_class, m + k + int(problem.rank[pod_class])]
            entries = [1.0, float(target.value[pod_class])]
            self._program.add_column(float(target.shortfall_cost[pod_class]), covers, entries, float(problem.demand[pod_class]))
        # What breaks a row costs more than anything else, so that the first patterns need not keep it.
        dear = 4.0 * max(float(target.node_cost.max(initial=0.0)), float(target.shortfall_cost.max(initial=0.0))) + 1.0
        for number in range(len(rows)):
            self._program.add_column(dear, [self._first_row + number], [-1.0])

    def add(self, pattern: Pattern) -> bool:
        """Add a pattern; False if it is there already."""
        if pattern in self._known:
            return False
        self._known.add(pattern)
        self.patterns.append(pattern)
        rows = [pod_class for pod_class, _ in pattern.content] + [self._problem.pod_classes + pattern.node_class]
        values = [float(pods) for _, pods in pattern.content] + [1.0]
        for number, (classes, coefficient) in enumerate(self._rows):
            if coefficient[pattern.node_class]:
                counted = sum(pods for pod_class, pods in pattern.content if pod_class in classes)
                if counted:
                    rows.append(self._first_row + number)
                    values.append(float(counted * coefficient[pattern.node_class]))
        self._program.add_column(float(self._target.node_cost[pattern.node_class]), rows, values)
        return True

    def restrict(self, demand: Integers, supply: Integers) -> None:
        """Ask for what is left after some nodes were decided: other demands and supplies, the same patterns."""
        for pod_class, pods in enumerate(demand.tolist()):
            self._program.set_row(pod_class, float(pods), np.inf)
        for node_class, nodes in enumerate(supply.tolist()):
            self._program.set_row(demand.size + node_class, -np.inf, float(nodes))

    def solve(self, budget: Budget) -> MasterResult | None:
        """Solve the linear relaxation; None if HiGHS finds no optimal vertex (too many pods must be placed), or not within the budget."""
        result = self._program.solve(work_limit=budget.work_left, seconds=budget.seconds_left)
        budget.spend(WORK_A_ROUND + self._program.work)
        if result is None:
            return None
        m, k = self._problem.pod_classes, self._problem.node_classes
        return MasterResult(
            value=result.value,
            nodes=result.columns[m + len(self._rows) :],
            shortfall=result.columns[:m],
            weights=np.maximum(result.duals[:m], 0.0),
            scarcity=np.maximum(-result.duals[m : m + k], 0.0),
            prices=np.maximum(-result.duals[self._first_row :], 0.0),
        )

    def solve_whole(self, budget: Budget, *, node_limit: int) -> Integers | None:
        """Solve in whole nodes, within the patterns at hand: int64[patterns], or None. Fewer nodes of the tree for a short budget."""
        if budget.work_left is not None:
            node_limit = min(node_limit, int(budget.work_left / self._program.work_a_mip_node))
        if node_limit < 1:
            return None
        columns = self._program.solve_whole(node_limit=node_limit, seconds=budget.seconds_left)
        budget.spend(self._program.work)
        return None if columns is None else np.round(columns[self._problem.pod_classes + len(self._rows) :]).astype(np.int64)


def cost_target(problem: PackingProblem, allowed: Sequence[int | None]) -> Target:
    """Few and cheap nodes; a pod left out costs more than any node, unless it is allowed to be."""
    dear = 4.0 * float(problem.cost.max(initial=1)) + 1.0
    shortfall = np.array([dear if allowed[rank] is None else 0.0 for rank in problem.rank.tolist()])
    return Target(problem.cost.astype(float), shortfall, *_in_largest(problem, allowed))


def pods_target(problem: PackingProblem, allowed: Sequence[int | None], goal: int) -> Target:
    """As much of rank `goal` as possible; nodes cost nothing. Earlier ranks may leave out only what is allowed."""
    most, value = _in_largest(problem, allowed)
    return Target(np.zeros(problem.node_classes), np.where(problem.rank == goal, value, 0.0), most, value)


def largest_values(problem: PackingProblem) -> Integers:
    """int64[ranks]: what the most valuable pod of each rank counts for."""
    return np.array([problem.value[problem.rank == rank].max() for rank in range(len(problem.rank_demand))], np.int64)


def _in_largest(problem: PackingProblem, allowed: Sequence[int | None]) -> tuple[tuple[float | None, ...], Numbers]:
    """Amounts of each rank as multiples of its largest value: numbers of the size that LP solvers like."""
    largest = largest_values(problem)
    value = problem.value / largest[problem.rank] if problem.rank.size else np.zeros(0)
    return tuple(None if most is None else most / int(unit) for most, unit in zip(allowed, largest, strict=True)), value
