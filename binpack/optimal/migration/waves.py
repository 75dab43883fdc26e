"""Waves: moves that may go at the same time, whichever pods come back first.

In a wave no move counts on room that another move of the wave leaves, each budget is charged for all of its pods that are gone at once,
and rules that tie domains together see one change at a time. The next wave starts when every pod of the one before is ready again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from binpack.optimal.migration.emptying import packing_without
from binpack.optimal.migration.today import Today
from binpack.optimal.packing import Packing


@dataclass(frozen=True)
class Leg:
    """One move as waves see it.

    Attributes
    ----------
    pod : str
    pod_class : int
    origin : int or None
    target : int
    budgets : tuple[int, ...]
        The budgets that the move charges.
    alone : bool
        Whether it has to wait for everything before it, and everything after it has to wait for it.
    """

    pod: str
    pod_class: int
    origin: int | None
    target: int
    budgets: tuple[int, ...] = ()
    alone: bool = False


def waves_of(today: Today, legs: Sequence[Leg], allowed: Sequence[int]) -> tuple[int, ...]:
    """Return the wave of each move, from 1.

    Parameters
    ----------
    legs : sequence of Leg
        In an order in which each is possible by itself.
    allowed : sequence of int
        For each budget how many of its pods may be gone at once.
    """
    packing = packing_without(today, np.ones(today.pods.size, bool))
    wave_of = [0] * len(legs)
    left = list(range(len(legs)))
    wave = 0
    while left:
        wave += 1
        taken = _next_wave(packing, legs, left, allowed)
        for number in taken:
            wave_of[number] = wave
            _apply(packing, legs[number])
        left = [number for number in left if wave_of[number] == 0]
    return tuple(wave_of)


@dataclass
class _Wave:
    """A wave in the making: what has come by then at worst, and who waits."""

    packing: Packing
    charged: dict[int, int] = field(default_factory=dict)
    pods: set[str] = field(default_factory=set)
    ties: set[tuple[str, int]] = field(default_factory=set)

    def accepts(self, leg: Leg, allowed: Sequence[int]) -> bool:
        """Whether a move may join."""
        if leg.pod in self.pods or any(tie in self.ties for tie in _ties(self.packing, leg.pod_class)):
            return False
        if any(self.charged.get(budget, 0) + 1 > allowed[budget] for budget in leg.budgets):
            return False
        return _has_room(self.packing, leg.pod_class, leg.target)

    def note(self, leg: Leg, *, joins: bool) -> None:
        """Keep room for a move, whether it joins or was passed over: what comes before must stay possible."""
        one = np.zeros(self.packing.kind.size, np.int64)
        one[leg.target] = 1
        self.packing.add(leg.pod_class, one)
        self.pods.add(leg.pod)
        self.ties.update(_ties(self.packing, leg.pod_class))
        if joins:
            for budget in leg.budgets:
                self.charged[budget] = self.charged.get(budget, 0) + 1


def _next_wave(packing: Packing, legs: Sequence[Leg], left: Sequence[int], allowed: Sequence[int]) -> list[int]:
    first = legs[left[0]]
    if first.alone:
        return [left[0]]
    wave = _Wave(packing.copy())
    taken: list[int] = []
    for number in left:
        leg = legs[number]
        if leg.alone:
            break
        joins = wave.accepts(leg, allowed)
        wave.note(leg, joins=joins)
        if joins:
            taken.append(number)
    return taken or [left[0]]


def _has_room(packing: Packing, pod_class: int, node: int) -> bool:
    problem = packing.problem
    if packing.held[pod_class, node] >= problem.limit[pod_class, packing.kind[node]]:
        return False
    if (packing.free[:, node] < problem.size[pod_class])[problem.size[pod_class] > 0].any():
        return False
    for exclusion in problem.exclusions:
        for one, other in ((exclusion.left, exclusion.right), (exclusion.right, exclusion.left)):
            if pod_class in one and packing.held[list(other), node].any():
                return False
    return True


def _ties(packing: Packing, pod_class: int) -> list[tuple[str, int]]:
    problem = packing.problem
    ties = [("spread", number) for number, spread in enumerate(problem.spreads) if pod_class in spread.classes]
    return ties + [("cap", number) for number, cap in enumerate(problem.caps) if pod_class in cap.classes]


def _apply(packing: Packing, leg: Leg) -> None:
    change = np.zeros(packing.kind.size, np.int64)
    change[leg.target] += 1
    if leg.origin is not None:
        change[leg.origin] -= 1
    packing.add(leg.pod_class, change)
