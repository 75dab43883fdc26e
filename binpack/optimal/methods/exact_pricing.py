"""Three ways to the heaviest content of a node: a table, branch and bound, CP-SAT.

Where one resource binds and its capacity is small, a table over all loads (Gilmore and Gomory 1966) gives the heaviest content in
milliseconds. Else the branch and bound of `knapsack` is mostly the quickest, and sometimes finds nothing for very long. Then CP-SAT looks
for a content that is heavy enough, so that columns can still be generated. Its bound is only its word: what is proven is what the branch
and bound proves, or the multipliers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.bounds import WEIGHT_SCALE
from binpack.optimal.methods.knapsack import Heaviest, NodeKnapsack

STEPS_BEFORE_CP_SAT = 20_000
LARGEST_TABLE = 20_000
"""Loads that a table may have; it has a row for each class and power of two."""
CELLS_A_STEP = 300
LARGEST_NUMBER = 1 << 40
LONGEST_SEARCH = 0.5
"""Deterministic time for CP-SAT."""


def heaviest_content(
    knapsack: NodeKnapsack, weights: Sequence[int], multipliers: Sequence[int], *, above: int, step_limit: int
) -> Heaviest:
    """Find the heaviest content if it weighs more than a threshold, as `NodeKnapsack.heaviest` does, by what is best for the case.

    Parameters
    ----------
    knapsack : NodeKnapsack
    weights : sequence of m integers
    multipliers : sequence of integers
        From `NodeKnapsack.multipliers`.
    above : int
    step_limit : int
        Of the branch and bound. A table and CP-SAT count as so many steps as their work amounts to.
    """
    tabled = by_table(knapsack, weights, above=above)
    if tabled is not None:
        return tabled
    first = knapsack.heaviest(weights, multipliers, above=above, step_limit=min(step_limit, STEPS_BEFORE_CP_SAT))
    if first.exact or first.content is not None or step_limit <= STEPS_BEFORE_CP_SAT:
        # With a content there is a column; a limit that is so low is that of a budget.
        return first
    found = by_cp_sat(knapsack, weights, above=above)
    if found is not None and found.content is not None:
        return replace(found, upper=first.upper, steps=first.steps + found.steps)
    # There seems to be none: the search may take its time to prove it.
    proof = knapsack.heaviest(weights, multipliers, above=above, step_limit=step_limit)
    return replace(proof, steps=proof.steps + first.steps + (0 if found is None else found.steps))


def table_loads(knapsack: NodeKnapsack) -> int | None:
    """The largest load that a table would have to go to; None where a table would not do."""
    if len(knapsack.resources) != 1 or any(knapsack.against):
        return None
    loads = knapsack.capacity[0] // _divisor(knapsack)
    return loads if loads <= LARGEST_TABLE else None


def by_table(knapsack: NodeKnapsack, weights: Sequence[int], *, above: int) -> Heaviest | None:
    """The heaviest content by dynamic programming over the load; None where `table_loads` says so. Always exact."""
    loads = table_loads(knapsack)
    if loads is None:
        return None
    divisor = _divisor(knapsack)
    free = 0
    content: dict[int, int] = {}
    best: NDArray[np.int64] = np.zeros(loads + 1, np.int64)
    taken: list[tuple[int, int, int, NDArray[np.bool_]]] = []
    for pod_class, (size,), most in zip(knapsack.classes, knapsack.sizes, knapsack.most, strict=True):
        weight = weights[pod_class]
        if weight <= 0:
            continue
        if size == 0:
            content[pod_class], free = most, free + weight * most
            continue
        for pods in _powers(most):
            load = size // divisor * pods
            if load <= loads:
                with_it = best[: loads + 1 - load] + weight * pods
                better = with_it > best[load:]
                taken.append((pod_class, pods, load, better))
                best[load:] = np.where(better, with_it, best[load:])
    left = loads
    for pod_class, pods, load, better in reversed(taken):
        if left >= load and better[left - load]:
            content[pod_class] = content.get(pod_class, 0) + pods
            left -= load
    weight = int(best[loads]) + free
    steps = 1 + len(taken) * (loads + 1) // CELLS_A_STEP
    if weight <= above:
        return Heaviest(weight, above, None, steps)
    return Heaviest(weight, weight, tuple(sorted(content.items())), steps)


def by_cp_sat(knapsack: NodeKnapsack, weights: Sequence[int], *, above: int) -> Heaviest | None:
    """A heavy content as CP-SAT finds it; None if the numbers are too large. Never exact: `upper` is its word, not a proof."""
    largest = max([*knapsack.capacity, *(weights[pod_class] for pod_class in knapsack.classes)], default=0)
    if largest > LARGEST_NUMBER:
        return None
    from ortools.sat.python import cp_model

    kinds: Any = cp_model
    model: Any = kinds.CpModel()
    pods = [model.new_int_var(0, most, "") for most in knapsack.most]
    for resource, capacity in enumerate(knapsack.capacity):
        model.add(sum(sizes[resource] * count for sizes, count in zip(knapsack.sizes, pods, strict=True)) <= capacity)
    _keep_apart(model, knapsack, pods)
    weight = sum(weights[pod_class] * count for pod_class, count in zip(knapsack.classes, pods, strict=True))
    model.add(weight >= above + 1)
    model.maximize(weight)
    solver: Any = kinds.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = LONGEST_SEARCH
    code = solver.solve(model)
    steps = 1 + int(float(solver.response_proto.deterministic_time) * WEIGHT_SCALE)
    if code not in (kinds.OPTIMAL, kinds.FEASIBLE):
        return Heaviest(above, above, None, steps, exact=False)
    content = tuple((i, int(solver.value(count))) for i, count in zip(knapsack.classes, pods, strict=True) if solver.value(count))
    found = sum(weights[pod_class] * count for pod_class, count in content)
    return Heaviest(max(found, math.floor(solver.best_objective_bound)), found, content, steps, exact=False)


def _keep_apart(model: Any, knapsack: NodeKnapsack, pods: list[Any]) -> None:
    there: dict[int, Any] = {}
    for one, others in enumerate(knapsack.against):
        for other in others:
            for number in (one, other):
                if number not in there:
                    there[number] = model.new_bool_var("")
                    model.add(pods[number] <= knapsack.most[number] * there[number])
            if one < other:
                model.add_bool_or(~there[one], ~there[other])


def _divisor(knapsack: NodeKnapsack) -> int:
    return math.gcd(*(size for (size,) in knapsack.sizes)) or 1


def _powers(most: int) -> list[int]:
    """Numbers whose sums are all of 0 to `most`."""
    result, power = [], 1
    while most > 0:
        result.append(min(power, most))
        most -= result[-1]
        power *= 2
    return result
