"""Most pods, rank by rank: bounds, greedy fills with randomised orders, pattern bound and CP-SAT on the first rank that is not complete."""

from __future__ import annotations

from binpack.optimal.methods import cp_sat
from binpack.optimal.methods.column_generation import ColumnGeneration
from binpack.optimal.search import Search
from binpack.optimal.solution import Level


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
    search.cp_sat(cp_sat.Ask(problem.rank_demand, None, everything), part=0.2, hint=None)


def _place_rank(search: Search, rank: int) -> Level:
    ranks = len(search.problem.rank_demand)
    required = (*search.incumbent.placed[:rank], *([0] * (ranks - rank)))
    search.begin(search.problem.rank_names[rank], rank, search.cheap_bound(required, rank))
    claimed: int | None = None
    if search.is_open:
        # Merging classes does not pay here: ranks and couplings keep most of them apart.
        generation = ColumnGeneration(search.problem, required, rank, search.budget)
        generation.start(search.incumbent.fills)
        generation.run(enough=search.incumbent.placed[rank], known=search.bound.value, exact=True)
        if generation.bound is not None:
            search.prove(search.repriced(generation.bound.proof, search.identity, required, rank))
    if search.is_open and search.worth_cp_sat():
        claimed = search.cp_sat_to(required, rank)
    return search.close(claimed)
