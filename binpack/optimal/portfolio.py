"""The methods in order, level by level: what runs next, on which problem, and with what share of the budget."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from binpack.optimal.bounds import best, clique_bound, count_bound, pooled_bound, sum_bounds
from binpack.optimal.budget import Budget
from binpack.optimal.incumbent import Incumbent
from binpack.optimal.methods import cp_sat
from binpack.optimal.methods.column_generation import WORK_PER_MASTER, ColumnGeneration
from binpack.optimal.methods.diving import dive
from binpack.optimal.methods.greedy import WORK_PER_CELL, greedy_packings, improved, score
from binpack.optimal.packing import Packing
from binpack.optimal.present import present_fills
from binpack.optimal.problem import Integers, PackingProblem
from binpack.optimal.proof import Bound
from binpack.optimal.quotas import Split, split, trimmed
from binpack.optimal.solution import Fill, Level, gathered
from binpack.optimal.weighing import Requirement, bound_of_weights

LARGEST_CP_SAT = 40_000
"""Variables up to which CP-SAT is worth starting: it never improved larger models within a minute."""
FIRST_DIVES = 3
MORE_DIVES = 6
MIP_NODES = 200


class Portfolio:
    """One search on one problem.

    Parameters
    ----------
    problem : PackingProblem
    budget : Budget
    seed : int
    """

    def __init__(self, problem: PackingProblem, budget: Budget, seed: int) -> None:
        self.problem, self.budget, self.seed = problem, budget, seed
        self.incumbent = Incumbent(problem)
        self.split: Split = split(problem)
        self.relaxed = replace(problem, spreads=(), caps=())
        self._tied = bool(problem.spreads or problem.caps)

    def start(self, *, minimise: bool) -> None:
        """Offer today's placement and greedy fills."""
        self.incumbent.offer(present_fills(self.problem), "present placement")
        if self.problem.pod_classes == 0 or self.problem.nodes == 0:
            return
        enough = self._cheap_bound(self.problem.rank_demand).value if minimise else None
        self._greedy(by_rank=not minimise, enough=enough)
        if minimise and not self.incumbent.complete:
            self._greedy(by_rank=True, enough=None)

    def place(self) -> list[Level]:
        """Maximise the placed pods, rank by rank, and prove what can be proven about each."""
        levels = []
        if not self.incumbent.complete:
            self._place_all()
        for rank in range(len(self.problem.rank_demand)):
            levels.append(self._place_rank(rank))
        return levels

    def minimise(self, required: Requirement, name: str) -> Level:
        """Minimise the cost of the nodes that hold what is required of each rank."""
        bound = self._cheap_bound(required)
        claimed: int | None = None
        if self._open(bound):
            pooled = pooled_bound(self.relaxed, required)
            bound = best([bound, pooled], maximise=False) if pooled is not None else bound
        if self._open(bound):
            bound = self._patterns(required, bound)
        if self._open(bound) and self._worth_cp_sat():
            claimed = self._cp_sat(required, None, bound)
        return Level(name, False, self.incumbent.cost, bound, claimed)

    def _open(self, bound: Bound) -> bool:
        return bound.value is not None and self.incumbent.cost > bound.value and not self.budget.exhausted()

    def _cheap_bound(self, required: Requirement, goal: int | None = None) -> Bound:
        bounds = sum_bounds(self.relaxed, required, goal)
        bounds.append(clique_bound(self.relaxed, required, goal))
        if goal is not None:
            bounds.append(count_bound(self.relaxed, goal))
        return best(bounds, maximise=goal is not None)

    # Greedy

    def _greedy(self, *, by_rank: bool, enough: int | None) -> None:
        problem = self.split.problem
        cells = problem.pod_classes * problem.nodes * max(1, len(problem.resources))
        best_packing: Packing | None = None
        for packing in greedy_packings(problem, by_rank=by_rank):
            self.budget.spend(WORK_PER_CELL * cells)
            if best_packing is None or score(packing) < score(best_packing):
                best_packing = packing
                self._offer(self.split.merge(packing.fills()), "greedy")
            if self.budget.exhausted() or (enough is not None and self.incumbent.complete and self.incumbent.cost <= enough):
                return
        if best_packing is not None:
            self._offer(self.split.merge(improved(best_packing).fills()), "greedy")

    def _offer(self, fills: tuple[Fill, ...], method: str) -> None:
        """Offer a placement of the problem's own classes."""
        self.incumbent.offer(trimmed(self.problem, fills) if self.problem.spreads else fills, method)

    # Patterns

    def _patterns(self, required: Requirement, bound: Bound) -> Bound:
        """Column generation: placements by diving, and the bound of the pattern LP."""
        whole = required == self.problem.rank_demand
        pods = self.split if whole else self.split.placed_only(self.incumbent.fills)
        generation = ColumnGeneration(self._cut(pods.problem), pods.problem.rank_demand, None, self.budget)
        for packing, _ in zip(greedy_packings(generation.problem, by_rank=False), range(4), strict=False):
            generation.start(packing.fills())
        generation.run(enough=None, known=None, exact=False)
        self._dives(generation, pods, bound, range(FIRST_DIVES))
        if not self._open(bound):
            return bound
        proving = generation
        if self._tied or not whole:
            proving = ColumnGeneration(self._cut(self.relaxed), required, None, self.budget)
            proving.start(self.incumbent.fills)
        proving.run(enough=self.incumbent.cost, known=bound.value, exact=True)
        bound = self._stronger(bound, proving, required, None)
        self._dives(generation, pods, bound, range(FIRST_DIVES, FIRST_DIVES + MORE_DIVES))
        if self._open(bound):
            self._whole(generation, pods)
        return bound

    def _cut(self, problem: PackingProblem) -> PackingProblem:
        """No placement that is better than the incumbent uses more nodes of a class than the incumbent's cost pays for."""
        affordable = self.incumbent.cost // np.maximum(problem.cost, 1)
        if not self.incumbent.complete:
            return problem
        return replace(problem, supply=np.where(problem.cost > 0, np.minimum(problem.supply, affordable), problem.supply))

    def _dives(self, generation: ColumnGeneration, pods: Split, bound: Bound, numbers: range) -> None:
        for number in numbers:
            if not self._open(bound):
                return
            generator = None if number == 0 else np.random.default_rng([self.seed, number])
            packing = dive(generation, generator, bound.value)
            if packing is not None:
                self._offer(pods.merge(packing.fills()), "pattern LP and diving")

    def _whole(self, generation: ColumnGeneration, pods: Split) -> None:
        """The best whole solution within the patterns at hand."""
        patterns = generation.master.patterns
        nodes = generation.master.solve_whole(node_limit=MIP_NODES, seconds=self.budget.seconds_left)
        self.budget.spend(WORK_PER_MASTER * len(patterns) * generation.problem.pod_classes * MIP_NODES)
        if nodes is not None:
            used = [Fill(p.node_class, count, p.content) for p, count in zip(patterns, nodes.tolist(), strict=True) if count]
            self._offer(pods.merge(_without_surplus(generation.problem, used)), "patterns in whole nodes")

    def _stronger(self, bound: Bound, generation: ColumnGeneration, required: Requirement, goal: int | None) -> Bound:
        """The better of two bounds; the new one is recomputed for the whole supply, on which a checker will compute it."""
        if generation.bound is None:
            return bound
        proof = generation.bound.proof
        value = bound_of_weights(self.relaxed, proof.weights, proof.node_weights, required, goal)
        return best([bound, Bound(value, proof)], maximise=goal is not None)

    # CP-SAT

    def _worth_cp_sat(self) -> bool:
        return cp_sat.model_size(self._cut(self.problem)) <= LARGEST_CP_SAT

    def _cp_sat(self, required: Requirement, goal: int | None, bound: Bound) -> int | None:
        """Try to reach the bound, then to optimise; return the bound that CP-SAT claims."""
        problem = self._cut(self.problem)
        claimed: int | None = None
        for target, part in ((bound.value, 0.4), (None, 1.0)):
            if self.budget.exhausted():
                break
            answer = cp_sat.search(
                problem,
                cp_sat.Ask(required, goal, target),
                hint=self.incumbent.fills if target is None else None,
                seed=self.seed,
                deterministic_limit=self.budget.share(part),
                seconds=self.budget.seconds_left,
            )
            self.budget.spend(answer.work)
            if answer.fills is not None and self.incumbent.offer(answer.fills, "CP-SAT") and target is not None:
                break
            claimed = answer.claimed if answer.claimed is not None else claimed
        return claimed

    # Most pods

    def _place_all(self) -> None:
        """Look for a placement of all pods, unless a bound rules it out."""
        whole = self.problem.rank_demand
        bound = self._cheap_bound(whole)
        if bound.value is None or not self.problem.placeable.all() or not self._worth_cp_sat():
            return
        answer = cp_sat.search(
            self.problem,
            cp_sat.Ask(whole, None, int((self.problem.cost * self.problem.supply).sum())),
            hint=None,
            seed=self.seed,
            deterministic_limit=self.budget.share(0.2),
            seconds=None if self.budget.seconds_left is None else 0.2 * self.budget.seconds_left,
        )
        self.budget.spend(answer.work)
        if answer.fills is not None:
            self.incumbent.offer(answer.fills, "CP-SAT")

    def _place_rank(self, rank: int) -> Level:
        required = (*self.incumbent.placed[:rank], *([0] * (len(self.problem.rank_demand) - rank)))
        bound = self._cheap_bound(required, rank)
        claimed: int | None = None
        name = self.problem.rank_names[rank]
        if self._short(rank, bound):
            generation = ColumnGeneration(self.relaxed, required, rank, self.budget)
            generation.start(self.incumbent.fills)
            generation.run(enough=self.incumbent.placed[rank], known=bound.value, exact=True)
            bound = self._stronger(bound, generation, required, rank)
        if self._short(rank, bound) and self._worth_cp_sat():
            claimed = self._cp_sat(required, rank, bound)
        return Level(name, True, self.incumbent.placed[rank], bound, claimed)

    def _short(self, rank: int, bound: Bound) -> bool:
        return bound.value is not None and self.incumbent.placed[rank] < bound.value and not self.budget.exhausted()


def _without_surplus(problem: PackingProblem, fills: list[Fill]) -> tuple[Fill, ...]:
    """Drop pods that patterns hold beyond the demand."""
    surplus: Integers = -problem.demand
    for fill in fills:
        for pod_class, pods in fill.pods:
            surplus[pod_class] += pods * fill.nodes
    result = []
    for fill in fills:
        for _ in range(fill.nodes):
            content = []
            for pod_class, pods in fill.pods:
                away = min(pods, max(0, int(surplus[pod_class])))
                surplus[pod_class] -= away
                content.append((pod_class, pods - away))
            result.append(Fill(fill.node_class, 1, tuple((i, pods) for i, pods in content if pods)))
    return gathered(result)
