"""From a fractional solution of the pattern LP to whole nodes: fix what is whole, solve what is left, repeat.

After every step the rest is completed greedily, so that each dive gives many placements; the best one counts. Source: diving with
re-pricing (Sadykov et al. 2019), without its branching.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from binpack.optimal.legality import cost_of
from binpack.optimal.methods.column_generation import ColumnGeneration
from binpack.optimal.methods.greedy import WORK_A_FILL, WORK_PER_CELL, greedy_packings, improved, score
from binpack.optimal.methods.master import MasterResult, Pattern
from binpack.optimal.methods.pricing import WORK_PER_STEP
from binpack.optimal.packing import Packing, packing_of
from binpack.optimal.problem import Integers
from binpack.optimal.quotas import of_classes
from binpack.optimal.solution import Fill

WHOLE = 1e-6
COMPLETIONS = 6
NODES_TO_COMPLETE = 40


def dive(generation: ColumnGeneration, generator: np.random.Generator | None, enough: int | None, *, effort: int = 2) -> Packing | None:
    """Return the best placement of one dive, for fewest or cheapest nodes.

    Parameters
    ----------
    generation : ColumnGeneration
        After `run`; its master is restricted during the dive and restored afterwards. Patterns found on the way stay.
    generator : numpy.random.Generator, optional
        Chooses among the most promising patterns; without it the most promising one is taken.
    enough : int, optional
        The cost at which to stop: the proven bound.
    effort : int
        How often patterns are priced after each step; 1 is quick.
    """
    problem, master = generation.problem, generation.master
    demand, supply = problem.demand.copy(), problem.supply.copy()
    fixed: list[Fill] = []
    best: tuple[int, int, list[Fill]] | None = None
    while demand.any() and not generation.budget.exhausted():
        master.restrict(demand, supply)
        result = repriced(generation, demand, effort)
        if result is None or result.shortfall.sum() > WHOLE:
            break
        if best is not None and best[0] == 0 and cost_of(problem, fixed) + result.value > best[1] - 1 + WHOLE:
            break
        for pattern, nodes in chosen(master.patterns, result, generator, 8 if effort < 2 else 12):
            fixed += fix(pattern, nodes, demand, supply)
        if best is None or float(result.nodes.sum()) < NODES_TO_COMPLETE or not demand.any():
            candidate = _completed(generation, fixed, demand, supply)
            best = candidate if best is None else min(best, candidate, key=lambda item: item[:2])
        if enough is not None and best[:2] <= (0, enough):
            break
    master.restrict(problem.demand, problem.supply)
    return None if best is None else improved(packing_of(problem, best[2]), generation.budget)


def repriced(generation: ColumnGeneration, demand: Integers, rounds: int) -> MasterResult | None:
    """Solve the restricted master with a few patterns made for what is left."""
    master, pricer = generation.master, generation.pricer
    result = master.solve(generation.budget)
    limits = demand.tolist()
    for _ in range(rounds):
        if result is None:
            return None
        before = pricer.steps
        worth = generation.scaled(result, generation.duals(result))
        found = pricer.greedily(worth.on, worth.thresholds, limits=limits)
        generation.budget.spend(WORK_PER_STEP * (pricer.steps - before))
        if not sum(master.add(pattern) for pattern in found):
            break
        result = master.solve(generation.budget)
    return result


def chosen(patterns: list[Pattern], result: MasterResult, generator: np.random.Generator | None, a_fix: int) -> list[tuple[Pattern, int]]:
    """The patterns to fix next and on how many nodes: all that are whole, or else some of the most promising."""
    whole = np.floor(result.nodes + WHOLE).astype(np.int64)
    if whole.any():
        return [(patterns[number], int(whole[number])) for number in np.flatnonzero(whole).tolist()]
    order = np.argsort(-result.nodes, kind="stable")
    promising = max(1, min(3, int(np.count_nonzero(result.nodes > 0.2))))
    place = 0 if generator is None else int(generator.integers(promising))
    # Far from the end several are fixed at once: what they take wrongly can still be made good.
    several = max(1, int(result.nodes.sum()) // a_fix)
    return [(patterns[int(number)], 1) for number in order[place : place + several] if result.nodes[number] > WHOLE]


def fix(pattern: Pattern, nodes: int, demand: Integers, supply: Integers) -> list[Fill]:
    """Use a pattern on some nodes; where fewer pods are left than it holds, on fewer nodes or with fewer pods."""
    fills = []
    while nodes > 0 and supply[pattern.node_class] > 0:
        content = tuple((i, min(pods, int(demand[i]))) for i, pods in pattern.content if demand[i] > 0)
        if not content:
            break
        times = min(nodes, int(supply[pattern.node_class]), *(int(demand[i]) // pods for i, pods in content))
        for i, pods in content:
            demand[i] -= times * pods
        supply[pattern.node_class] -= times
        nodes -= times
        fills.append(Fill(pattern.node_class, times, content))
    return fills


def _completed(generation: ColumnGeneration, fixed: list[Fill], demand: Integers, supply: Integers) -> tuple[int, int, list[Fill]]:
    """Fill the rest greedily: pods left out, cost, and the whole placement."""
    problem = generation.problem
    left = np.flatnonzero(demand)
    if left.size == 0:
        return 0, cost_of(problem, fixed), list(fixed)
    rest = replace(of_classes(problem, left, demand[left]), supply=supply)
    generation.budget.spend((WORK_A_FILL + WORK_PER_CELL * rest.size.size * rest.nodes) * COMPLETIONS)
    packings = (packing for packing, _ in zip(greedy_packings(rest, by_rank=False), range(COMPLETIONS), strict=False))
    packing = min(packings, key=score)
    fills = [Fill(fill.node_class, fill.nodes, tuple((int(left[i]), pods) for i, pods in fill.pods)) for fill in packing.fills()]
    return int(packing.missing.sum()), cost_of(problem, fixed) + packing.cost, fixed + fills
