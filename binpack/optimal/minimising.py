"""Fewest or cheapest nodes: bounds, node-by-node fills, patterns and dives, ruin and recreate, CP-SAT, while there is a gap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.bounds import pooled_bound
from binpack.optimal.guided_quotas import guided_quotas
from binpack.optimal.legality import cost_of
from binpack.optimal.methods.column_generation import ColumnGeneration
from binpack.optimal.methods.diving import dive
from binpack.optimal.methods.exact_cover import chosen_contents, covering
from binpack.optimal.methods.greedy import greedy_packings
from binpack.optimal.methods.perfect_fills import all_perfect_fills, completed, is_worth_trying, perfect_fills
from binpack.optimal.methods.ruin import cheaper
from binpack.optimal.methods.sequential import VARIANTS, Sequential
from binpack.optimal.methods.subset_sums import are_alike, binding, fullest_first, is_one_dimensional
from binpack.optimal.methods.tight_fills import tight_fills
from binpack.optimal.problem import PackingProblem
from binpack.optimal.quotas import Split, merged, split
from binpack.optimal.search import Search
from binpack.optimal.solution import Fill, Level
from binpack.optimal.trimming import without_surplus
from binpack.optimal.weighing import Requirement

MORE_DIVES = 4
PROVING_PART = 0.4
SUMS_PART, TIGHT_PART, PERFECT_PART, COVER_PART = 0.2, 0.4, 0.5, 0.4
TIGHT_KINDS = 30
"""Kinds of pods below which the pattern LP is quicker than filling nodes tightly one by one."""
SUMS_TRIES, FIRST_TRIES, TIGHT_TRIES = 12, 6, 100
MOST_PERFECT = 20_000
MIP_NODES = 100
RUIN_ROUNDS = 25
STALE = 8


def minimise(search: Search, required: Requirement, name: str) -> Level:
    """Minimise the cost of the nodes that hold what is required of each rank.

    Parameters
    ----------
    search : Search
        Its incumbent holds what is required.
    required : tuple[int, ...]
    name : str
        What the cost is called.
    """
    search.begin(name, None, search.cheap_bound(required))
    if search.is_open:
        pooled = pooled_bound(search.relaxed, required, search.budget)
        if pooled is not None:
            search.prove(pooled)
    claimed = None
    if search.is_open:
        whole = required == search.problem.rank_demand
        minimiser = _Minimiser(search, search.whole if whole else search.ranked.placed_only(search.incumbent.fills), required)
        minimiser.run()
        if search.is_open and search.worth_cp_sat():
            claimed = search.cp_sat_to(required, None)
        minimiser.ruin_while()
    return search.close(claimed)


class _Minimiser:
    """The steps for one set of pods, which all have to be placed."""

    def __init__(self, search: Search, pods: Split, required: Requirement) -> None:
        self.search, self.pods, self.required = search, pods, required
        self._ruins = 0
        self._fills: list[tuple[Fill, ...]] = []
        self._sequential: Sequential | None = None
        self._guide: NDArray[np.float64] | None = None

    def run(self) -> None:
        """Everything but CP-SAT: quick looks of each kind first, then the thorough ones."""
        self._among_equal_nodes()
        self._node_by_node(range(2))
        if not self.search.is_open:
            return
        generation = self._generation()
        self._dives(generation, range(2), effort=1)
        self._ruin(RUIN_ROUNDS)
        if self.search.is_open:
            self._prove(generation)
        if self.search.is_open and self._guide is not None:
            generation = self._as_guided(generation, self._guide)
        self._tight_again()
        self._node_by_node(range(2, len(VARIANTS)))
        self._dives(generation, range(2, 2 + MORE_DIVES), effort=2)
        if self.search.is_open:
            self._in_whole_nodes(generation)

    def _among_equal_nodes(self) -> None:
        """What can be done where all nodes are equal and only resources count."""
        problem, search = self.search.affordable(self.pods.problem), self.search
        if not are_alike(problem):
            return
        self._tightly(problem, range(FIRST_TRIES))
        if is_one_dimensional(problem):
            slice_ = search.budget.slice(SUMS_PART)
            for number in range(SUMS_TRIES):
                if not search.is_open or slice_.exhausted():
                    break
                fills = fullest_first(problem, slice_, None if number == 0 else np.random.default_rng([search.seed, 4, number]))
                self._found(fills, "fullest nodes first")
        elif search.is_open and is_worth_trying(problem):
            fills = perfect_fills(problem, search.budget.slice(PERFECT_PART), search.seed)
            self._found(completed(problem, fills, search.budget), "perfect fills")
            self._covered(problem)
        if search.is_open and search.bound.value is not None and int(problem.cost[0]) > 0:
            nodes = search.bound.value // int(problem.cost[0])
            self._found(covering(problem, nodes, search.budget.slice(COVER_PART), search.seed), "cover by tight contents")

    def _covered(self, problem: PackingProblem) -> None:
        """Where the bound leaves nothing to waste: all contents that waste nothing, if they are few enough to choose among them."""
        search = self.search
        if not search.is_open or search.bound.value is None or int(problem.cost[0]) <= 0:
            return
        nodes = search.bound.value // int(problem.cost[0])
        if (problem.demand @ problem.size < nodes * problem.capacity[0])[binding(problem)].any():
            return
        contents = all_perfect_fills(problem, MOST_PERFECT)
        if contents:
            self._found(chosen_contents(problem, contents, nodes, search.budget.slice(PERFECT_PART), search.seed), "cover by perfect fills")

    def _tight_again(self) -> None:
        problem = self.search.affordable(self.pods.problem)
        if are_alike(problem):
            self._tightly(problem, range(FIRST_TRIES, FIRST_TRIES + TIGHT_TRIES))

    def _tightly(self, problem: PackingProblem, attempts: range) -> None:
        """Nodes that are finished with the pairs of pods that waste least."""
        search = self.search
        if problem.pod_classes < TIGHT_KINDS or not binding(problem):
            return
        slice_ = search.budget.slice(TIGHT_PART)
        for number in attempts:
            if not search.is_open or slice_.exhausted():
                return
            nodes = search.bound.value // int(problem.cost[0]) if search.bound.value and problem.cost[0] else int(problem.supply[0])
            generator = np.random.default_rng([search.seed, 6, number])
            self._found(tight_fills(problem, nodes, slice_, generator, number), "tight fills")

    def _found(self, fills: tuple[Fill, ...] | None, method: str) -> None:
        if fills is not None:
            self._fills.append(fills)
            self._offer(fills, method)

    def ruin_while(self) -> None:
        """Ruin and recreate until nothing has come of it for a while, or the budget ends."""
        stale = 0
        while self._sequential is not None and self._fills and self.search.is_open and stale < STALE:
            before = self.search.incumbent.cost
            self._ruin(RUIN_ROUNDS)
            stale = 0 if self.search.incumbent.cost < before else stale + 1

    def _offer(self, fills: tuple[Fill, ...], method: str) -> None:
        self.search.offer(self.pods.merge(fills), method)

    def _node_by_node(self, variants: range) -> None:
        if self._sequential is None:
            self._sequential = Sequential(self.search.affordable(self.pods.problem), self.search.budget)
        for variant in variants:
            if not self.search.is_open:
                return
            fills = self._sequential.placement(variant)
            if fills is not None:
                self._fills.append(fills)
                self._offer(fills, "node by node")

    def _ruin(self, rounds: int) -> None:
        if self._sequential is None or not self._fills or not self.search.is_open:
            return
        problem = self.pods.problem
        start = min(self._fills, key=lambda fills: cost_of(problem, fills))
        generator = np.random.default_rng([self.search.seed, 1, self._ruins])
        self._ruins += 1
        fills = cheaper(self._sequential, start, self.search.bound.value, generator, rounds=rounds)
        self._fills.append(fills)
        self._offer(fills, "ruin and recreate")

    def _generation(self) -> ColumnGeneration:
        problem = self.search.affordable(self.pods.problem)
        generation = ColumnGeneration(problem, problem.rank_demand, None, self.search.budget)
        for packing, _ in zip(greedy_packings(problem, by_rank=False), range(4), strict=False):
            generation.start(packing.fills())
        for fills in self._fills:
            generation.start(fills)
        generation.run(enough=None, known=self.search.bound.value, exact=False)
        return generation

    def _dives(self, generation: ColumnGeneration, numbers: range, *, effort: int) -> None:
        for number in numbers:
            if not self.search.is_open:
                return
            generator = None if number == 0 else np.random.default_rng([self.search.seed, 2, number])
            packing = dive(generation, generator, self.search.bound.value, effort=effort)
            if packing is not None and not packing.missing.any():
                self._fills.append(packing.fills())
                self._offer(packing.fills(), "pattern LP and diving")

    def _prove(self, generation: ColumnGeneration) -> None:
        """The bound of the pattern LP, on the problem with its couplings and with all pods that might be chosen."""
        search = self.search
        pieces, proving = self.pods, generation
        whole = self.required == search.problem.rank_demand
        if search.tied or not whole:
            pieces = merged(search.problem, ranked=not whole)
            proving = ColumnGeneration(search.affordable(pieces.problem), self._required_of(pieces), None, search.budget)
            proving.start(_regrouped(pieces, search.incumbent.fills))
        proving.budget = search.budget.slice(PROVING_PART)
        proving.run(enough=search.incumbent.cost, known=search.bound.value, exact=True)
        proving.budget = search.budget
        if search.tied and whole:
            self._guide = _on_node_classes(proving, pieces, search.problem)
        if proving.bound is not None:
            search.prove(search.repriced(proving.bound.proof, pieces, self.required, None))

    def _as_guided(self, generation: ColumnGeneration, guide: NDArray[np.float64]) -> ColumnGeneration:
        """Once more with other quotas: as the pattern LP spreads pods over domains. Return the patterns for the quotas that are better."""
        search = self.search
        pods = split(search.problem, ranked=False, quotas=guided_quotas(search.problem, guide))
        if pods.problem.digest() == self.pods.problem.digest() or not pods.problem.placeable.all():
            return generation
        other = _Minimiser(search, pods, self.required)
        other._node_by_node(range(2))
        if not search.is_open:
            return generation
        guided = other._generation()
        other._dives(guided, range(2), effort=1)
        other._ruin(RUIN_ROUNDS)
        if not other._fills or (self._fills and other._least_cost() >= self._least_cost()):
            return generation
        self.pods, self._fills, self._sequential = other.pods, other._fills, other._sequential
        return guided

    def _least_cost(self) -> int:
        return min(cost_of(self.pods.problem, fills) for fills in self._fills)

    def _required_of(self, pieces: Split) -> Requirement:
        return self.required if pieces.problem.rank_demand == self.search.problem.rank_demand else pieces.problem.rank_demand

    def _in_whole_nodes(self, generation: ColumnGeneration) -> None:
        """The best whole solution within the patterns at hand."""
        patterns = generation.master.patterns
        nodes = generation.master.solve_whole(self.search.budget, node_limit=MIP_NODES)
        if nodes is not None:
            used = [Fill(p.node_class, count, p.content) for p, count in zip(patterns, nodes.tolist(), strict=True) if count]
            self._offer(without_surplus(generation.problem, used), "patterns in whole nodes")


def _on_node_classes(generation: ColumnGeneration, pieces: Split, problem: PackingProblem) -> NDArray[np.float64] | None:
    """float64[m, K]: the pods of each class on each node class in the last solution of the master; None without one."""
    if generation.result is None:
        return None
    on = np.zeros((problem.pod_classes, problem.node_classes))
    for pattern, nodes in zip(generation.master.patterns, generation.result.nodes.tolist(), strict=False):
        for piece, pods in pattern.content if nodes else ():
            on[pieces.members[piece][0][0], pattern.node_class] += pods * nodes
    return on


def _regrouped(pieces: Split, fills: tuple[Fill, ...]) -> tuple[Fill, ...]:
    """A placement of the original in the classes of a split without domains, where each class is part of exactly one."""
    piece_of = {origin: piece for piece, members in enumerate(pieces.members) for origin, _ in members}
    result = []
    for fill in fills:
        pods: dict[int, int] = {}
        for pod_class, count in fill.pods:
            pods[piece_of[pod_class]] = pods.get(piece_of[pod_class], 0) + count
        result.append(Fill(fill.node_class, fill.nodes, tuple(sorted(pods.items()))))
    return tuple(result)
