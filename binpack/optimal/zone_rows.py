"""What couplings between domains say about sums of pods, as rows of a linear program: sum of coefficient × pods <= allowed.

Every legal placement keeps every row, so that a pattern LP with them bounds the problem with its couplings, not a relaxation of it. The
checker reads the same rows off the instance by itself, see `binpack.optimal.verify_rows` for the four kinds and why each holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from binpack.optimal.couplings import Spread
from binpack.optimal.problem import Integers, PackingProblem
from binpack.optimal.proof import PricedRow
from binpack.optimal.weighing import Requirement

MOST_ROWS = 4_000
"""Beyond so many rows the LP would be slow: those between two domains are left out first, and then there are none."""


@dataclass(frozen=True)
class ZoneRow:
    """One row.

    Attributes
    ----------
    kind : {"above", "most", "least", "cap"}
    number : int
        Of the spread or the cap.
    domain : int
    other : int or None
        For `above`: the other domain, None for the 0 of a spread with too few domains.
    classes : frozenset[int]
        Pod classes that are counted.
    coefficient : int64[K]
        1, 0 or -1 for each node class.
    allowed : int
    """

    kind: str
    number: int
    domain: int
    other: int | None
    classes: frozenset[int]
    coefficient: Integers
    allowed: int

    def priced(self, price: int) -> PricedRow:
        """The row and its price, as a proof carries it."""
        return self.kind, self.number, self.domain, self.other, price


def zone_rows(problem: PackingProblem, required: Requirement, goal: int | None) -> tuple[ZoneRow, ...]:
    """Return the rows that can matter.

    Parameters
    ----------
    problem : PackingProblem
    required : tuple[int, ...]
        Pods of each rank that have to be placed.
    goal : int, optional
        The rank whose pods are counted; only ranks before it are sure to be placed.
    """
    sure = required if goal is None else (*required[:goal], *([0] * (len(required) - goal)))
    boxes: list[ZoneRow] = []
    between: list[ZoneRow] = []
    for number, spread in enumerate(problem.spreads):
        counted = _Counted(problem, spread, sure)
        boxes += counted.boxes(number)
        between += counted.between(number)
    for number, cap in enumerate(problem.caps):
        there = int(problem.demand[list(cap.classes)].sum())
        for domain, room in enumerate(cap.room):
            if room < there:
                boxes.append(ZoneRow("cap", number, domain, None, frozenset(cap.classes), _inside(cap.domain, domain), room))
    rows = [*boxes, *between] if len(boxes) + len(between) <= MOST_ROWS else boxes
    return tuple(row for row in rows if row.coefficient.any()) if len(rows) <= MOST_ROWS else ()


def credit_of(problem: PackingProblem, rows: Sequence[PricedRow], required: Requirement, goal: int | None) -> int:
    """What priced rows allow for at their prices, with what each allows for in this problem."""
    allowed = {(row.kind, row.number, row.domain, row.other): row.allowed for row in zone_rows(problem, required, goal)}
    total = 0
    for kind, number, domain, other, price in rows:
        ties = problem.caps if kind == "cap" else problem.spreads
        # A row that cannot matter is not listed: nothing is asked for, or all pods are allowed.
        idle = 0 if kind == "least" else int(problem.demand[list(ties[number].classes)].sum())
        total += price * allowed.get((kind, number, domain, other), idle)
    return total


def weights_on(weights: Sequence[int], rows: Sequence[ZoneRow], prices: Sequence[int], node_classes: int) -> list[list[int]]:
    """For each node class what a pod of each class weighs there: rows with a price make it lighter or heavier, never below 0.

    Node classes on which no price differs share one list.
    """
    shared: dict[tuple[int, ...], list[int]] = {}
    priced = [(row, price) for row, price in zip(rows, prices, strict=True) if price]
    result = []
    for node_class in range(node_classes):
        change = tuple(-price * int(row.coefficient[node_class]) for row, price in priced)
        if change not in shared:
            here = list(weights)
            for (row, _), by in zip(priced, change, strict=True):
                for pod_class in sorted(row.classes) if by else ():
                    here[pod_class] += by
            shared[change] = [max(0, weight) for weight in here]
        result.append(shared[change])
    return result


class _Counted:
    """The numbers that one spread allows for."""

    def __init__(self, problem: PackingProblem, spread: Spread, sure: Requirement) -> None:
        self.spread, self.domains = spread, len(spread.base)
        self.there = int(problem.demand[list(spread.classes)].sum())
        self.placed = _surely_placed(problem, spread, sure)
        self.most = [self._most(domain) for domain in range(self.domains)]
        self.least = [self._least(domain) for domain in range(self.domains)]

    def boxes(self, number: int) -> list[ZoneRow]:
        """At most and at least so many pods in each domain."""
        rows = []
        for domain in range(self.domains):
            if self.most[domain] < self.there:
                rows.append(self._row("most", number, domain, None, self.most[domain]))
            if self.least[domain] > 0:
                rows.append(self._row("least", number, domain, None, -self.least[domain]))
        return rows

    def between(self, number: int) -> list[ZoneRow]:
        """The skew between two domains, where what is allowed in each does not imply it."""
        if self.spread.zero_minimum:
            return []
        return [
            self._row("above", number, domain, other, self._above(domain, other))
            for domain in range(self.domains)
            for other in range(self.domains)
            if other != domain and self.most[domain] - self.least[other] > self._above(domain, other)
        ]

    def _row(self, kind: str, number: int, domain: int, other: int | None, allowed: int) -> ZoneRow:
        coefficient = _inside(self.spread.domain, domain) * (-1 if kind == "least" else 1)
        if other is not None:
            coefficient = coefficient - _inside(self.spread.domain, other)
        return ZoneRow(kind, number, domain, other, frozenset(self.spread.classes), coefficient, allowed)

    def _above(self, domain: int, other: int) -> int:
        least = self.spread.base[other]
        return max(self.spread.max_skew + least - self.spread.base[domain], 0)

    def _most(self, domain: int) -> int:
        if self.spread.zero_minimum:
            return min(self.there, max(self.spread.max_skew - self.spread.base[domain], 0))
        allowed = sum(self._above(domain, other) for other in range(self.domains) if other != domain)
        return min(self.there, (self.there + allowed) // self.domains)

    def _least(self, domain: int) -> int:
        if self.spread.zero_minimum:
            return 0
        allowed = sum(self._above(other, domain) for other in range(self.domains) if other != domain)
        return max(0, -((allowed - self.placed) // self.domains))


def _surely_placed(problem: PackingProblem, spread: Spread, sure: Requirement) -> int:
    """Pods of the classes that are in some domain in every placement that has what is required of each rank."""
    classes = np.array(spread.classes, np.int64)
    outside = (np.array(spread.domain, np.int64) < 0) & (problem.supply > 0)
    if problem.most[np.ix_(classes, np.flatnonzero(outside))].any():
        return 0
    total = 0
    for rank, (there, placed) in enumerate(zip(problem.rank_demand, sure, strict=True)):
        mine = classes[problem.rank[classes] == rank]
        lacking = placed - (there - int((problem.demand[mine] * problem.value[mine]).sum()))
        total += max(0, -(-lacking // int(problem.value[mine].max(initial=1))))
    return total


def _inside(domains: Sequence[int], domain: int) -> Integers:
    return np.asarray(np.array(domains, np.int64) == domain, np.int64)
