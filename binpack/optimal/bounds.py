"""Bounds that need no search: counting, one resource summed up, pods that cannot share a node, and the pooled LP.

Each function gives a `Bound` with its proof, in exact integers; what a float solver says is re-priced before it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from binpack.optimal.budget import Budget
from binpack.optimal.linear import LinearProgram
from binpack.optimal.problem import Integers, PackingProblem
from binpack.optimal.proof import Bound, Proof
from binpack.optimal.weighing import Requirement, bound_of_weights

WEIGHT_SCALE = 10**6
MULTIPLIER_SCALE = 1 << 20
LARGEST_POOLED_LP = 60_000


def count_bound(problem: PackingProblem, goal: int) -> Bound:
    """At most the pods of a rank whose class fits some node at all (`Proof.kind` "count")."""
    reachable = np.where(problem.placeable, problem.demand, 0)
    return Bound(problem.counted(reachable)[goal], Proof("count", "count of pods that fit a node"))


def sum_bounds(problem: PackingProblem, required: Requirement, goal: int | None = None) -> list[Bound]:
    """One bound for each resource: what is asked for in total against what the nodes offer.

    Parameters
    ----------
    required : tuple[int, ...]
        Pods of each rank that have to be placed.
    goal : int, optional
        The rank whose pods are counted; None to bound the cost of the nodes.
    """
    bounds = []
    for resource, name in enumerate(problem.resources):
        weights = problem.size[:, resource].tolist()
        value = bound_of_weights(problem, weights, sum_node_weights(problem, resource), required, goal)
        bounds.append(Bound(value, Proof("sum", f"sum of {name}", resource=resource)))
    return bounds


def sum_node_weights(problem: PackingProblem, resource: int) -> list[int]:
    """For each node class the most of one resource that pods can take there: its capacity, or all that may come."""
    sizes = problem.size[:, resource]
    coming = [sum(int(a) * int(u) for a, u in zip(sizes, column, strict=True)) for column in problem.most.T]
    return [min(int(free), total) for free, total in zip(problem.capacity[:, resource], coming, strict=True)]


def clique_bound(problem: PackingProblem, required: Requirement, goal: int | None = None) -> Bound:
    """Pods of which no two can share a node, in any resource or for an exclusion: each needs a node of its own.

    Source: the pair bound of vector packing (Caprara and Toth 2001, who use a matching; a clique is its easily checked part).
    """
    most = problem.most.max(axis=1, initial=0)
    usable = [k for k in range(problem.node_classes) if problem.supply[k] > 0]
    share = _shares(problem).max(axis=1, initial=0.0)
    clique: list[int] = []
    for candidate in sorted(np.flatnonzero(most == 1).tolist(), key=lambda i: (-share[i], i)):
        if all(_conflict(problem, candidate, member, usable) for member in clique):
            clique.append(candidate)
    weights = tuple(int(pod_class in clique) for pod_class in range(problem.pod_classes))
    node_weights = tuple(int(any(problem.most[member, k] > 0 for member in clique)) for k in range(problem.node_classes))
    multipliers = ((0,) * len(problem.resources),) * problem.node_classes
    proof = Proof("dual", "pods that cannot share a node", None, weights, node_weights, multipliers)
    return Bound(bound_of_weights(problem, weights, node_weights, required, goal), proof)


def pooled_bound(problem: PackingProblem, required: Requirement, budget: Budget | None = None) -> Bound | None:
    """The LP in which the nodes of a class pool their capacity; right for many node types, costs and eligibility.

    Minimise the cost of (fractional) nodes so that every required pod has a place in a class where it is eligible. Only its dual
    values are used: they are rounded to integers and every number is recomputed exactly.

    Returns
    -------
    Bound or None
        None where the LP is too large to be worth it, where not all pods are required, or where HiGHS gives no answer within the budget.
    """
    if required != problem.rank_demand or problem.pod_classes * problem.node_classes > LARGEST_POOLED_LP:
        return None
    program = _pooled_program(problem)
    result = program.solve(work_limit=None if budget is None else budget.work_left, seconds=None if budget is None else budget.seconds_left)
    if budget is not None:
        budget.spend(program.work)
    if result is None:
        return None
    m, count = problem.pod_classes, len(problem.resources)
    scale = WEIGHT_SCALE / max(float(result.duals[:m].max(initial=0.0)), 1e-9)
    weights = [max(0, int(dual * scale)) for dual in result.duals[:m]]
    duals = np.maximum(-result.duals[m : m + problem.node_classes * count], 0.0).reshape(problem.node_classes, count)
    multipliers = [[int(dual * scale * MULTIPLIER_SCALE) for dual in row] for row in duals]
    return priced(problem, weights, multipliers, required, None, "pooled LP")


def priced(
    problem: PackingProblem,
    weights: Sequence[int],
    multipliers: Sequence[Sequence[int]],
    required: Requirement,
    goal: int | None,
    source: str,
) -> Bound:
    """Turn weights and multipliers into a bound: each node class's weight follows from its multipliers alone, without a search."""
    node_weights = [
        lagrangian(weights, problem.size, problem.capacity[k], problem.most[:, k], multipliers[k], MULTIPLIER_SCALE)
        for k in range(problem.node_classes)
    ]
    value = bound_of_weights(problem, weights, node_weights, required, goal)
    rows = tuple(tuple(row) for row in multipliers)
    return Bound(value, Proof("dual", source, None, tuple(weights), tuple(node_weights), rows, MULTIPLIER_SCALE))


def lagrangian(weights: Sequence[int], size: Integers, capacity: Integers, most: Integers, multipliers: Sequence[int], scale: int) -> int:
    """Return an integer that weights · x cannot exceed for any x with size · x <= capacity and 0 <= x <= most.

    Any multipliers >= 0 are valid: capacity is sold at their price, and each class is taken where its weight exceeds its price.
    """
    total: int = sum(price * free for price, free in zip(multipliers, capacity.tolist(), strict=True))
    for weight, sizes, limit in zip(weights, size.tolist(), most.tolist(), strict=True):
        if limit and weight:
            surplus = weight * scale - sum(price * amount for price, amount in zip(multipliers, sizes, strict=True))
            if surplus > 0:
                total += surplus * limit
    return total // scale


def best(bounds: Sequence[Bound], *, maximise: bool) -> Bound:
    """Return the strongest bound; one without a value (nothing can be placed as required) is stronger than any."""
    for bound in bounds:
        if bound.value is None:
            return bound
    values = [bound.value or 0 for bound in bounds]
    return bounds[values.index(min(values) if maximise else max(values))]


def _pooled_program(problem: PackingProblem) -> LinearProgram:
    m, k, count = problem.pod_classes, problem.node_classes, len(problem.resources)
    infinite = float("inf")
    program = LinearProgram([float(d) for d in problem.demand] + [-infinite] * (k * count), [infinite] * m + [0.0] * (k * count))
    for node_class in range(k):
        used = np.flatnonzero(problem.capacity[node_class])
        rows = (m + node_class * count + used).tolist()
        values = (-problem.capacity[node_class, used]).tolist()
        program.add_column(float(problem.cost[node_class]), rows, values, float(problem.supply[node_class]))
    costs: list[float] = []
    starts: list[int] = []
    entries: list[int] = []
    values = []
    asks: list[Any] = [np.flatnonzero(sizes) for sizes in problem.size]
    for node_class in range(k):
        for pod_class in np.flatnonzero(problem.most[:, node_class]).tolist():
            starts.append(len(entries))
            costs.append(0.0)
            entries.append(pod_class)
            values.append(1.0)
            entries.extend((m + node_class * count + asks[pod_class]).tolist())
            values.extend(problem.size[pod_class, asks[pod_class]].tolist())
    program.add_columns(costs, starts, entries, values)
    return program


def _shares(problem: PackingProblem) -> Any:
    largest = np.maximum(problem.capacity.max(axis=0, initial=1), 1)
    return problem.size / largest


def _conflict(problem: PackingProblem, one: int, other: int, usable: Sequence[int]) -> bool:
    for exclusion in problem.exclusions:
        if (one in exclusion.left and other in exclusion.right) or (other in exclusion.left and one in exclusion.right):
            return True
    together = problem.size[one] + problem.size[other]
    both = [k for k in usable if problem.most[one, k] > 0 and problem.most[other, k] > 0]
    return all(bool((together > problem.capacity[k]).any()) for k in both)
