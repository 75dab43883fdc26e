"""What the steps of a search share: the problem in its variants, the budget, the incumbent, and when to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from binpack.optimal.bounds import best, clique_bound, count_bound, sum_bounds
from binpack.optimal.budget import Budget
from binpack.optimal.dual_feasible import dual_feasible_bound
from binpack.optimal.guided_quotas import guided_quotas
from binpack.optimal.incumbent import Incumbent
from binpack.optimal.legality import placed_of
from binpack.optimal.methods import cp_sat
from binpack.optimal.methods.filling import filled_up, filling_orders
from binpack.optimal.methods.greedy import WORK_A_FILL, WORK_PER_CELL, greedy_packings, improved, score
from binpack.optimal.methods.ruin import by_rank, fuller
from binpack.optimal.methods.sequential import VARIANTS, Sequential, pods_of
from binpack.optimal.packing import Packing
from binpack.optimal.present import present_fills
from binpack.optimal.problem import PackingProblem
from binpack.optimal.progress import Listener, Progress, relative_gap
from binpack.optimal.proof import Bound, Proof
from binpack.optimal.quotas import Split, split
from binpack.optimal.solution import Fill, Level
from binpack.optimal.trimming import without_skew
from binpack.optimal.weighing import Requirement, bound_of_weights
from binpack.optimal.zone_rows import credit_of

LARGEST_CP_SAT = 3_000
"""Variables up to which CP-SAT is worth starting: on larger models it has never improved what the other methods found."""

MANY_CELLS = 2_000_000
"""(class, node) entries of a placement above which one greedy fill is all that is tried."""

NODE_BY_NODE_PART = 0.4
PLACE_MORE_PART = 0.4
BESIDE_PART, BESIDE_TRIES = 0.1, 4
RANKED_VARIANTS = 3
ROUNDS = 25
STALE = 6


@dataclass
class OpenLevel:
    """An objective that is being worked on: the cost (`goal` None) or the pods of rank `goal`, with the best bound so far."""

    name: str
    goal: int | None
    bound: Bound


class Search:
    """One search on one problem.

    Parameters
    ----------
    problem : PackingProblem
    budget : Budget
    seed : int
    gap : float
        A level whose gap is at most this is left as it is.
    listener : callable, optional
        Told of each better placement and bound, as they come.

    Attributes
    ----------
    incumbent : Incumbent
    relaxed : PackingProblem
        Without spreads and caps: what bounds that need no solver are computed on.
    level : OpenLevel or None
        What is being worked on.
    done : list[Level]
        The levels before it.
    """

    def __init__(self, problem: PackingProblem, budget: Budget, seed: int, *, gap: float = 0.0, listener: Listener | None = None) -> None:
        self.problem, self.budget, self.seed = problem, budget, seed
        self.incumbent = Incumbent(problem)
        self.relaxed = replace(problem, spreads=(), caps=())
        self.level: OpenLevel | None = None
        self.done: list[Level] = []
        self._gap, self._listener = gap, listener
        self._told = Progress("", None, None, 0.0, "")

    @cached_property
    def whole(self) -> Split:
        """For placements of all pods: quotas instead of couplings, tiers forgotten."""
        return split(self.problem, ranked=False)

    @cached_property
    def ranked(self) -> Split:
        """For placements of some pods: quotas instead of couplings, tiers kept."""
        return split(self.problem, ranked=True)

    @cached_property
    def identity(self) -> Split:
        """The problem as it is."""
        return Split(self.problem, tuple(((number, pods),) for number, pods in enumerate(self.problem.demand.tolist())))

    @property
    def tied(self) -> bool:
        """Whether the problem has couplings between domains."""
        return bool(self.problem.spreads or self.problem.caps)

    def offer(self, fills: tuple[Fill, ...], method: str) -> None:
        """Offer a placement of the problem's own classes."""
        self._offered(without_skew(self.problem, fills), method)

    def offer_present(self) -> None:
        """Offer today's placement."""
        self._offered(present_fills(self.problem), "present placement")

    def fill_up(self) -> None:
        """Offer today's placement with what fits beside it, then with few nodes filled anew: no pod moves that need not."""
        present = present_fills(self.problem)
        if self.problem.pod_classes * self.problem.nodes > MANY_CELLS or not present:
            return
        packing = filled_up(self.problem, present, filling_orders(self.problem))
        self.budget.spend(WORK_A_FILL + WORK_PER_CELL * self.problem.size.size * self.problem.nodes)
        fills = packing.fills()
        self.offer(fills, "beside today's placement")
        pieces = self.identity
        if self.tied:
            # Spread pods keep to their domains: each domain's quota is what it holds now.
            pieces = split(self.problem, ranked=True, quotas=guided_quotas(self.problem, placed_of(self.problem, fills).astype(float)))
            fills = pieces.divide(fills)
        beside = Sequential(pieces.problem, self.budget.slice(BESIDE_PART))
        generator = np.random.default_rng([self.seed, 6])
        for _ in range(BESIDE_TRIES):
            if self.incumbent.complete or beside.budget.exhausted():
                return
            fills = fuller(beside, fills, generator, rounds=ROUNDS)
            self.offer(pieces.merge(fills), "today's placement, few nodes anew")

    def is_settled(self) -> bool:
        """Whether bounds that need no search say that no placement beats the incumbent in any rank."""
        placed = self.incumbent.placed
        later = [0] * len(placed)
        return all(self.cheap_bound((*placed[:rank], *later[rank:]), rank).value == placed[rank] for rank in range(len(placed)))

    def begin(self, name: str, goal: int | None, bound: Bound) -> None:
        """Open a level: the cost (`goal` None) or the pods of a rank."""
        self.level = OpenLevel(name, goal, bound)
        self._tell()

    def prove(self, bound: Bound) -> None:
        """Take a bound on the open level if it is better than the one known."""
        level = self._opened()
        level.bound = best([level.bound, bound], maximise=level.goal is not None)
        self._tell()

    def close(self, claimed: int | None = None) -> Level:
        """End the open level and return it."""
        level = self._opened()
        self.done.append(Level(level.name, level.goal is not None, self._value(level), level.bound, claimed))
        self.level = None
        return self.done[-1]

    def cost_level(self, name: str) -> Level:
        """The cost of the incumbent, which holds all pods, against the bound that needs no solver."""
        return Level(name, False, self.incumbent.cost, self.cheap_bound(self.problem.rank_demand))

    @property
    def bound(self) -> Bound:
        """The best bound on the open level."""
        return self._opened().bound

    @property
    def is_open(self) -> bool:
        """Whether the open level has a gap that matters, and there is budget to work on it."""
        level = self._opened()
        gap = relative_gap(self._value(level), level.bound.value)
        return gap is not None and gap > self._gap and not self.budget.exhausted()

    def _opened(self) -> OpenLevel:
        assert self.level is not None, "no level is open"
        return self.level

    def _value(self, level: OpenLevel) -> int:
        return self.incumbent.cost if level.goal is None else self.incumbent.placed[level.goal]

    def _offered(self, fills: tuple[Fill, ...], method: str) -> None:
        if self.incumbent.offer(fills, method):
            self._tell()

    def _tell(self) -> None:
        level = self.level
        if self._listener is None or level is None:
            return
        value = self._value(level) if self.incumbent.complete or level.goal is not None else None
        if not self._told.says(level.name, value, level.bound.value):
            self._told = Progress(level.name, value, level.bound.value, self.budget.seconds, self.incumbent.method)
            self._listener(self._told)

    def cheap_bound(self, required: Requirement, goal: int | None = None) -> Bound:
        """The best bound that needs no solver."""
        # Of equal bounds the first is taken: where counting pods is enough nothing else is said to be the reason.
        bounds = [] if goal is None else [count_bound(self.relaxed, goal)]
        bounds += sum_bounds(self.relaxed, required, goal)
        bounds.append(clique_bound(self.relaxed, required, goal))
        functions = dual_feasible_bound(self.relaxed, required, goal)
        return best(bounds if functions is None else [*bounds, functions], maximise=goal is not None)

    def repriced(self, proof: Proof, pieces: Split, required: Requirement, goal: int | None) -> Bound:
        """A bound that was proven on merged classes, recomputed for the problem itself as a checker will do it."""
        weights = pieces.weights(proof.weights, self.problem.pod_classes)
        credit = credit_of(self.problem, proof.rows, required, goal)
        value = bound_of_weights(self.problem, weights, proof.node_weights, required, goal, credit)
        return Bound(value, replace(proof, weights=weights))

    def affordable(self, problem: PackingProblem) -> PackingProblem:
        """The problem with only as many nodes of each class as the incumbent's cost pays for: nothing better uses more."""
        if not self.incumbent.complete:
            return problem
        most = self.incumbent.cost // np.maximum(problem.cost, 1)
        return replace(problem, supply=np.where(problem.cost > 0, np.minimum(problem.supply, most), problem.supply))

    def greedy(self, pieces: Split, *, by_rank: bool, enough: int | None) -> None:
        """Offer greedy fills until one reaches `enough`."""
        problem = pieces.problem
        if problem.pod_classes == 0 or problem.nodes == 0:
            return
        best_packing: Packing | None = None
        for tried in (self._narrowed(problem), problem):
            cells = tried.pod_classes * tried.nodes * max(1, len(tried.resources))
            for packing in greedy_packings(tried, by_rank=by_rank):
                self.budget.spend(WORK_A_FILL + WORK_PER_CELL * cells)
                if best_packing is None or score(packing) < score(best_packing):
                    best_packing = packing
                    self.offer(pieces.merge(packing.fills()), "greedy")
                done = enough is not None and self.incumbent.complete and self.incumbent.cost <= enough
                if done or self.budget.exhausted() or cells > MANY_CELLS:
                    break
            if tried.nodes == problem.nodes or self.incumbent.complete or self.budget.exhausted():
                break
        done = enough is not None and self.incumbent.complete and self.incumbent.cost <= enough
        if best_packing is not None and not done and best_packing.held.size <= MANY_CELLS and not self.budget.exhausted():
            self.offer(pieces.merge(improved(best_packing, self.budget).fills()), "greedy")

    @staticmethod
    def _narrowed(problem: PackingProblem) -> PackingProblem:
        """The problem with no more nodes of each class than a greedy fill is likely to need, where there are many times more."""
        asked = problem.demand @ problem.size
        full = np.maximum((-(-asked // np.maximum(problem.capacity, 1))).max(axis=1, initial=1), 1)
        return replace(problem, supply=np.minimum(problem.supply, 2 * full + 10))

    def node_by_node(self) -> None:
        """Offer node-by-node fills for the case that greedy ones leave pods out: of all pods while a bound allows it, or by rank."""
        possible = self.problem.placeable.all() and self.cheap_bound(self.problem.rank_demand).value is not None
        slice_ = self.budget.slice(NODE_BY_NODE_PART)
        whole, ranked = Sequential(self.whole.problem, slice_), Sequential(self.ranked.problem, slice_)
        parts: list[tuple[Fill, ...]] = []
        for variant in range(len(VARIANTS)):
            if possible and not self.incumbent.complete and not slice_.exhausted():
                self.offer(self.whole.merge(whole.part(variant)), "node by node")
            if variant < RANKED_VARIANTS and not self.incumbent.complete and not slice_.exhausted():
                parts.append(ranked.part(variant))
                self.offer(self.ranked.merge(parts[-1]), "node by node")
        if parts and not self.incumbent.complete:
            self._place_more(max(parts, key=lambda fills: by_rank(ranked.problem, pods_of(ranked.problem, fills))))

    def _place_more(self, fills: tuple[Fill, ...]) -> None:
        """Refill nodes until nothing has come of it for a while."""
        ranked = Sequential(self.ranked.problem, self.budget.slice(PLACE_MORE_PART))
        generator = np.random.default_rng([self.seed, 3])
        stale = 0
        while stale < STALE and not self.incumbent.complete and not ranked.budget.exhausted():
            better = fuller(ranked, fills, generator, rounds=ROUNDS)
            self.offer(self.ranked.merge(better), "ruin and recreate")
            before, now = (by_rank(ranked.problem, pods_of(ranked.problem, placement)) for placement in (fills, better))
            stale = stale + 1 if now == before else 0
            fills = better

    def worth_cp_sat(self) -> bool:
        """Whether the aggregated model is small enough."""
        return cp_sat.model_size(self.affordable(self.problem)) <= LARGEST_CP_SAT

    def cp_sat(self, ask: cp_sat.Ask, *, part: float, hint: Sequence[Fill] | None) -> cp_sat.Answer:
        """Run CP-SAT on the problem with a part of what is left of the budget, and offer what it finds."""
        slice_ = self.budget.slice(part)
        answer = cp_sat.search(
            self.affordable(self.problem),
            ask,
            hint=hint,
            seed=self.seed,
            deterministic_limit=slice_.work_left,
            seconds=slice_.seconds_left,
        )
        self.budget.spend(answer.work)
        slice_.exhausted()
        if answer.fills is not None:
            self._offered(answer.fills, "CP-SAT")
        return answer

    def cp_sat_to(self, required: Requirement, goal: int | None) -> int | None:
        """Let CP-SAT try to reach the bound, then optimise; return the bound that it claims."""
        self.cp_sat(cp_sat.Ask(required, goal, self.bound.value), part=0.4, hint=None)
        if not self.is_open:
            return None
        return self.cp_sat(cp_sat.Ask(required, goal), part=1.0, hint=self.incumbent.fills).claimed
