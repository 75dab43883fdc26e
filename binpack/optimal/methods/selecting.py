"""From the pattern LP that asks for the most to a placement: which pods to choose is decided with how they fit together.

A dive as in `diving`, for objectives that leave pods out: patterns are fixed, what is left is solved again, and after every step what
the fixed nodes still have room for is filled up rank by rank.
"""

from __future__ import annotations

import numpy as np

from binpack.optimal.methods.column_generation import ColumnGeneration
from binpack.optimal.methods.diving import WHOLE, chosen, fix, repriced
from binpack.optimal.methods.filling import filled_up, filling_orders
from binpack.optimal.methods.greedy import WORK_A_FILL, WORK_PER_CELL, score
from binpack.optimal.packing import Packing
from binpack.optimal.solution import Fill

NODES_TO_COMPLETE = 60


def dive_for_most(
    generation: ColumnGeneration, generator: np.random.Generator | None, enough: tuple[int, ...] | None, *, effort: int = 2
) -> Packing:
    """Return the best placement of one dive.

    Parameters
    ----------
    generation : ColumnGeneration
        With a goal, after `run`; its master is restricted during the dive and restored afterwards. Patterns found on the way stay.
    generator : numpy.random.Generator, optional
        Chooses among the most promising patterns; without it the most promising one is taken.
    enough : tuple[int, ...], optional
        What is counted at each rank of a placement that would do.
    effort : int
        How often patterns are priced after each step; 1 is quick.
    """
    problem, master = generation.problem, generation.master
    demand, supply = problem.demand.copy(), problem.supply.copy()
    orders = filling_orders(problem)
    fixed: list[Fill] = []
    best: Packing | None = None
    while demand.any() and supply.any() and not generation.budget.exhausted():
        master.restrict(demand, supply)
        result = repriced(generation, demand, effort)
        if result is None or float(result.nodes.sum()) < WHOLE:
            break
        before = len(fixed)
        for pattern, nodes in chosen(master.patterns, result, generator, 8 if effort < 2 else 12):
            fixed += fix(pattern, nodes, demand, supply)
        if len(fixed) == before:
            break
        if best is None or float(result.nodes.sum()) < NODES_TO_COMPLETE or not (demand.any() and supply.any()):
            generation.budget.spend(len(orders) * (WORK_A_FILL + WORK_PER_CELL * problem.size.size * problem.nodes))
            candidate = filled_up(problem, fixed, orders)
            best = candidate if best is None else min(best, candidate, key=score)
        if enough is not None and problem.counted(best.placed) >= enough:
            break
    master.restrict(problem.demand, problem.supply)
    return filled_up(problem, fixed, orders) if best is None else best
