"""Dual feasible functions: sizes are replaced by values of which a node still holds at most so much, and then summed up.

A function that counts small pods for nothing and pods above a half for a whole node proves what a sum cannot: that two such pods need
two nodes. Many functions with many parameters are tried at once, in arrays; the best is computed again in exact integers.

The functions are those of `binpack.optimal.verify_dff`, where each is written once more in plain integers. Sources: Fekete and Schepers
2001 (u, threshold, phi); Carlier, Clautiaux and Moukrim 2007 (f1, ccm1); Vanderbeck 2000 (vb2).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.problem import Integers, PackingProblem
from binpack.optimal.proof import Bound, Proof
from binpack.optimal.weighing import Requirement, bound_of_weights

MOST_PARAMETERS = 150
LARGEST_FACTOR = 40
LARGEST_CAPACITY = 1 << 44
"""Beyond this the arrays could overflow; the sum bound is all there is then."""
MOST_CELLS = 4_000_000

Values = tuple[Integers, Integers]
"""int64[parameters, m] values, and int64[parameters] the value of a full node."""


def dual_feasible_bound(problem: PackingProblem, required: Requirement, goal: int | None = None) -> Bound | None:
    """The best bound of one function in one resource.

    Parameters
    ----------
    problem : PackingProblem
    required : tuple[int, ...]
        Pods of each rank that have to be placed.
    goal : int, optional
        The rank whose pods are counted; None to bound the cost of the nodes.

    Returns
    -------
    Bound or None
        None where there is nothing to try. Its proof is of kind "dff".
    """
    found: tuple[float, int, str, int] | None = None
    usable = problem.capacity[problem.supply > 0]
    if problem.pod_classes == 0 or not usable.size:
        return None
    for resource in range(len(problem.resources)):
        capacity = int(usable[:, resource].max())
        sizes = np.minimum(problem.size[:, resource], capacity)
        if not 2 <= capacity <= LARGEST_CAPACITY or not sizes.any():
            continue
        for name, function in FUNCTIONS.items():
            parameters = _parameters(name, sizes, capacity)
            if not parameters.size:
                continue
            values, full = function(sizes, problem.demand, capacity, parameters)
            needed = (values.astype(float) @ problem.demand) / np.maximum(full, 1)
            best = int(np.argmax(needed))
            if found is None or needed[best] > found[0] + 1e-9:
                found = float(needed[best]), resource, name, int(parameters[best])
    if found is None:
        return None
    _, resource, name, parameter = found
    return function_bound(problem, resource, name, parameter, required, goal)


def function_bound(problem: PackingProblem, resource: int, name: str, parameter: int, required: Requirement, goal: int | None) -> Bound:
    """The bound of a given function in a given resource, in exact integers."""
    capacity = int(problem.capacity[problem.supply > 0][:, resource].max())
    sizes = np.minimum(problem.size[:, resource], capacity)
    values, full = FUNCTIONS[name](sizes, problem.demand, capacity, np.array([parameter], np.int64))
    weights = values[0].tolist()
    coming = [sum(weight * most for weight, most in zip(weights, column, strict=True)) for column in problem.most.T.tolist()]
    holds = [min(int(full[0]), total) for total in coming]
    proof = Proof("dff", f"{name}({parameter}) of {problem.resources[resource]}", functions=((resource, name, parameter, 1),))
    return Bound(bound_of_weights(problem, weights, holds, required, goal), proof)


def _parameters(name: str, sizes: Integers, capacity: int) -> Integers:
    """Parameters at which the function changes, thinned out where there are very many."""
    if name in ("u", "vb2"):
        return np.arange(1 if name == "u" else 2, LARGEST_FACTOR, dtype=np.int64)
    # Thresholds matter where a size, or what a size leaves, passes them.
    turns = np.unique(np.concatenate([sizes, sizes + 1, capacity - sizes, capacity - sizes + 1]))
    turns = turns[(turns >= 1) & (2 * turns <= capacity)]
    most = max(1, min(MOST_PARAMETERS, MOST_CELLS // max(sizes.size, 1)))
    if turns.size > most:
        turns = turns[np.linspace(0, turns.size - 1, most).astype(np.int64)]
    return turns.astype(np.int64)


def _u(sizes: Integers, _: Integers, capacity: int, parameters: Integers) -> Values:
    k = parameters[:, None]
    whole, rest = np.divmod((k + 1) * sizes, capacity)
    return np.where(rest > 0, whole * capacity, k * sizes), parameters * capacity


def _threshold(sizes: Integers, _: Integers, capacity: int, parameters: Integers) -> Values:
    k = parameters[:, None]
    return np.where(sizes > capacity - k, capacity, np.where(sizes >= k, sizes, 0)), np.full(parameters.size, capacity)


def _phi(sizes: Integers, _: Integers, capacity: int, parameters: Integers) -> Values:
    k = parameters[:, None]
    full = capacity // k
    return np.where(2 * sizes > capacity, full - (capacity - sizes) // k, (sizes >= k).astype(np.int64)), full[:, 0]


def _f1(sizes: Integers, demand: Integers, capacity: int, parameters: Integers) -> Values:
    rows, fulls = np.zeros((parameters.size, sizes.size), np.int64), np.zeros(parameters.size, np.int64)
    order = np.argsort(sizes, kind="stable")
    for number, k in enumerate(parameters.tolist()):
        medium = order[(sizes[order] >= k) & (2 * sizes[order] <= capacity)]
        fulls[number] = _fitting(sizes[medium], demand[medium], np.array([capacity]))[0]
        rows[number] = np.where(
            2 * sizes > capacity, fulls[number] - _fitting(sizes[medium], demand[medium], capacity - sizes), (sizes >= k).astype(np.int64)
        )
    return rows, fulls


def _fitting(sizes: Integers, demand: Integers, rooms: NDArray[np.int64]) -> Integers:
    """How many of the pods, smallest first, fit into each room."""
    if not sizes.size:
        return np.zeros(rooms.size, np.int64)
    before = np.concatenate([[0], np.cumsum(sizes * demand)])
    pods = np.concatenate([[0], np.cumsum(demand)])
    place = np.minimum(np.searchsorted(before, rooms, side="right") - 1, sizes.size - 1)
    return np.asarray(pods[place] + np.minimum((rooms - before[place]) // sizes[place], demand[place]))


def _ccm1(sizes: Integers, _: Integers, capacity: int, parameters: Integers) -> Values:
    k = parameters[:, None]
    full = 2 * (capacity // k)
    above = full - 2 * ((capacity - sizes) // k)
    return np.where(2 * sizes == capacity, capacity // k, np.where(2 * sizes > capacity, above, 2 * (sizes // k))), full[:, 0]


def _vb2(sizes: Integers, _: Integers, capacity: int, parameters: Integers) -> Values:
    k = parameters[:, None]
    full = 2 * (k - 1)

    def below(amounts: Integers) -> Integers:
        return np.asarray(2 * np.maximum(0, -(-k * amounts // capacity) - 1))

    above = full - below(capacity - sizes)
    return np.where(2 * sizes == capacity, k - 1, np.where(2 * sizes > capacity, above, below(sizes))), full[:, 0]


FUNCTIONS: dict[str, Callable[[Integers, Integers, int, Integers], Values]] = {
    "u": _u,
    "threshold": _threshold,
    "phi": _phi,
    "f1": _f1,
    "ccm1": _ccm1,
    "vb2": _vb2,
}
"""For each name the function for many parameters at once."""
