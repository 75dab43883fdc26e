"""The fewest moves to a number of nodes: pooled bound first, then emptied nodes, then exact small steps while there is a gap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from binpack.optimal.budget import Budget
from binpack.optimal.legality import violations
from binpack.optimal.migration.bound import MovesBound, Pooled, pooled, pooled_moves_bound
from binpack.optimal.migration.choosing import choices
from binpack.optimal.migration.emptying import emptied
from binpack.optimal.migration.improving import completed, improved
from binpack.optimal.migration.matching import matched, rematched
from binpack.optimal.migration.today import Today
from binpack.optimal.packing import Packing
from binpack.optimal.solution import Fill

DRAWN = 6
WORK_PER_CELL = 2e-8
FEW_MISSING = 40


@dataclass(frozen=True)
class FewestMoves:
    """What was found for one target.

    Attributes
    ----------
    target : int
        Most paid nodes in use.
    packing : Packing or None
        A complete placement on today's nodes; None if none was found.
    bound : MovesBound or None
    method : str
    """

    target: int
    packing: Packing | None
    bound: MovesBound | None
    method: str

    @property
    def impossible(self) -> bool:
        """Whether it is proven that so few nodes cannot hold the pods."""
        return self.bound is not None and self.bound.value is None


def fewest_moves(
    today: Today,
    target: int,
    budget: Budget,
    seed: int,
    *,
    known: tuple[Fill, ...] = (),
    near: Packing | None = None,
    improve: bool = True,
) -> FewestMoves:
    """Find a placement on at most `target` paid nodes with few moves, and a bound on the moves of any.

    Parameters
    ----------
    known : tuple of Fill, optional
        A complete placement, for the case that emptying nodes finds none; it counts if it uses no more than `target` paid nodes.
    near : Packing, optional
        A complete placement on somewhat more nodes with few moves: some more of its nodes are emptied.
    improve : bool
        Whether to go on with exact small steps where bound and placement do not meet.
    """
    found = pooled(today, target)
    bound = pooled_moves_bound(today, target, found)
    if bound is not None and bound.value is None:
        return FewestMoves(target, None, bound, "")
    lower = 0 if bound is None or bound.value is None else bound.value
    search = _Search(today, target, lower, budget, seed)
    if found is not None:
        search.empty_nodes(found)
    if near is not None and not search.closed:
        search.empty_more(near)
    if search.best is None and search.partial is not None and (not known or search.partial.missing.sum() <= FEW_MISSING):
        # Where only a few pods have no place yet most others can stay, which no placement that was made for few nodes does.
        search.offer(completed(today, search.partial, target, budget.slice(0.3), search.generator), "emptied nodes, fitted again")
    if known and not search.closed:
        search.offer(matched(today, known), "match with the fewest nodes")
    if improve:
        search.improve()
    return FewestMoves(target, search.best, bound, search.method)


class _Search:
    def __init__(self, today: Today, target: int, lower: int, budget: Budget, seed: int) -> None:
        self.today, self.target, self.lower, self.budget = today, target, lower, budget
        self.generator = np.random.default_rng([seed, 4, target])
        self.best: Packing | None = None
        self.partial: Packing | None = None
        self.method = ""

    @property
    def closed(self) -> bool:
        """Whether the placement meets the bound."""
        return self.best is not None and self.today.moved(self.best.held) <= self.lower

    def empty_nodes(self, found: Pooled) -> None:
        """Offer what emptying nodes gives."""
        cells = self.today.held.size * max(1, len(self.today.problem.resources))
        for keep in choices(self.today, self.target, found, self.generator, count=DRAWN):
            packing = emptied(self.today, keep)
            self.budget.spend(WORK_PER_CELL * cells)
            if packing.missing.any():
                if self.partial is None or packing.missing.sum() < self.partial.missing.sum():
                    self.partial = packing
                continue
            self.offer(packing, "emptied nodes")
            if self.closed or self.budget.exhausted():
                return

    def empty_more(self, near: Packing) -> None:
        """Offer what emptying the nodes with fewest pods of a placement on more nodes gives, and others in their place."""
        paid = np.flatnonzero(near.used & self.today.paid)
        excess = paid.size - self.target
        if excess <= 0:
            self.offer(near, "as with more nodes")
            return
        pods = near.held.sum(axis=0)
        for attempt in range(DRAWN):
            worth = pods[paid] + (self.generator.uniform(0.0, attempt, paid.size) if attempt else 0.0)
            keep = near.used.copy()
            keep[paid[np.argsort(worth, kind="stable")[:excess]]] = False
            packing = emptied(self.today, keep, near)
            self.budget.spend(WORK_PER_CELL * self.today.held.size * max(1, len(self.today.problem.resources)))
            if not packing.missing.any():
                self.offer(packing, "emptied nodes")
            elif self.partial is None or packing.missing.sum() <= self.partial.missing.sum():
                self.partial = packing
            if self.closed or self.budget.exhausted():
                return

    def offer(self, packing: Packing, method: str) -> None:
        """Take a placement if it is complete, legal, within the target, and better."""
        paid = int((packing.used & self.today.paid).sum())
        if packing.missing.any() or paid > self.target or violations(self.today.problem, packing.fills()):
            return
        if self.best is None or self.today.moved(packing.held) < self.today.moved(self.best.held):
            self.best, self.method = packing, method

    def improve(self) -> None:
        """Fit a few nodes again and again, then exchange the contents of like nodes."""
        if self.best is None or self.closed:
            return
        better = improved(self.today, self.best, self.target, self.lower, self.budget, self.generator)
        self.offer(better, f"{self.method}, nodes fitted again")
        assert self.best is not None
        self.offer(rematched(self.today, self.best), f"{self.method}, matched again")
