"""The most, rank by rank: bounds and greedy fills, then pattern bound, dives, ruin and recreate, and CP-SAT where a rank has a gap."""

from __future__ import annotations

import numpy as np

from binpack.optimal.methods import cp_sat
from binpack.optimal.methods.column_generation import ColumnGeneration
from binpack.optimal.methods.ruin import fuller
from binpack.optimal.methods.selecting import dive_for_most
from binpack.optimal.methods.sequential import Sequential
from binpack.optimal.search import Search
from binpack.optimal.solution import Level
from binpack.optimal.weighing import Requirement

QUICK_DIVES, MORE_DIVES, MOST_DIVES = 2, 6, 40
EARLY_PART, QUICK_PART, PROVING_PART, REACHING_PART = 0.15, 0.15, 0.5, 0.3
ALL_PART = 0.05
"""Of the budget for CP-SAT to place all pods: dives find such placements, and more often."""
RUIN_ROUNDS = 25
STALE, STALE_AT_LAST = 4, 10


def place(search: Search) -> list[Level]:
    """Maximise the placed pods of each rank, given the ranks before, and prove what can be proven about each.

    Parameters
    ----------
    search : Search
        With an incumbent from greedy fills; it is improved.
    """
    if not search.incumbent.complete:
        _place_all(search)
    return [_place_rank(search, rank) for rank in range(len(search.problem.rank_demand))]


def _place_all(search: Search) -> None:
    """Look for a placement of all pods, unless a bound rules it out."""
    problem = search.problem
    bound = search.cheap_bound(problem.rank_demand)
    if bound.value is None or not problem.placeable.all() or not search.worth_cp_sat():
        return
    everything = int((problem.cost * problem.supply).sum())
    search.cp_sat(cp_sat.Ask(problem.rank_demand, None, everything), part=ALL_PART, hint=None)


def _place_rank(search: Search, rank: int) -> Level:
    ranks = len(search.problem.rank_demand)
    required = (*search.incumbent.placed[:rank], *([0] * (ranks - rank)))
    search.begin(search.problem.rank_names[rank], rank, search.cheap_bound(required, rank))
    claimed: int | None = None
    if search.is_open and search.tied:
        _prove_early(search, rank, required)
    if search.is_open:
        placer = _Placer(search, rank, required)
        placer.run()
        if search.is_open and search.worth_cp_sat():
            search.cp_sat(cp_sat.Ask(required, rank, search.bound.value), part=REACHING_PART, hint=None)
        placer.go_on()
        if search.is_open and search.worth_cp_sat():
            claimed = search.cp_sat(cp_sat.Ask(required, rank), part=1.0, hint=search.incumbent.fills).claimed
    return search.close(claimed)


def _prove_early(search: Search, rank: int, required: Requirement) -> None:
    """The pattern bound in a short time: rules between domains often leave out pods for which there is room, which only its rows know."""
    generation = ColumnGeneration(search.problem, required, rank, search.budget.slice(EARLY_PART))
    generation.start(search.incumbent.fills)
    _prove_by(generation, search, rank, required)


def _prove_by(generation: ColumnGeneration, search: Search, rank: int, required: Requirement) -> None:
    """Price exactly until nothing better is to be expected, and take over the bound."""
    generation.run(enough=search.incumbent.placed[rank], known=search.bound.value, exact=True)
    if generation.bound is not None:
        search.prove(search.repriced(generation.bound.proof, search.identity, required, rank))


class _Placer:
    """The steps for one rank, given what is placed of those before it."""

    def __init__(self, search: Search, rank: int, required: Requirement) -> None:
        self.search, self.rank, self.required = search, rank, required
        # Dives know no couplings between domains: they work on quotas.
        self.pods = search.ranked if search.tied else search.identity
        self._sequential = Sequential(self.pods.problem, search.budget)
        self._quick = ColumnGeneration(self.pods.problem, required, rank, search.budget)

    def run(self) -> None:
        """A quick look at which patterns there are, the proof, then more dives from the patterns that it found."""
        search, quick = self.search, self._quick
        quick.start(search.incumbent.fills if not search.tied else ())
        quick.budget = search.budget.slice(QUICK_PART)
        quick.run(enough=None, known=search.bound.value, exact=False)
        quick.budget = search.budget
        self._dives(quick, range(QUICK_DIVES))
        if search.is_open:
            self._prove(quick)
        self._dives(quick, range(QUICK_DIVES, QUICK_DIVES + MORE_DIVES))

    def go_on(self) -> None:
        """Dive for as long as something comes of it."""
        self._dives(self._quick, range(QUICK_DIVES + MORE_DIVES, MOST_DIVES), stale_limit=STALE_AT_LAST)

    def _prove(self, quick: ColumnGeneration) -> None:
        """The bound of the pattern LP, on the problem with its couplings."""
        search = self.search
        proving = quick
        if search.tied:
            proving = ColumnGeneration(search.problem, self.required, self.rank, search.budget)
            proving.start(search.incumbent.fills)
        proving.budget = search.budget.slice(PROVING_PART)
        _prove_by(proving, search, self.rank, self.required)
        proving.budget = search.budget

    def _dives(self, generation: ColumnGeneration, numbers: range, *, stale_limit: int = STALE) -> None:
        """Dive and improve what comes of it, until nothing has come of it for a while."""
        search, stale = self.search, 0
        enough = (*self.required[: self.rank], search.bound.value) if search.bound.value is not None else None
        for number in numbers:
            if not search.is_open or stale >= stale_limit:
                return
            before = search.incumbent.placed
            generator = np.random.default_rng([search.seed, 5, self.rank, number])
            packing = dive_for_most(generation, None if number == 0 else generator, enough, effort=1 if number == 0 else 2)
            search.offer(self.pods.merge(packing.fills()), "pattern LP and diving")
            if search.is_open:
                better = fuller(self._sequential, packing.fills(), generator, rounds=RUIN_ROUNDS)
                search.offer(self.pods.merge(better), "ruin and recreate")
            stale = stale + 1 if search.incumbent.placed == before else 0
