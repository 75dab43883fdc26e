"""Greedy fills: first fit and best fit by decreasing size, in several orders, and two ways to improve what they give.

A whole class is placed at a time: for equal pods, first fit node by node and first fit pod by pod are the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.budget import Budget
from binpack.optimal.packing import Packing
from binpack.optimal.problem import Integers, PackingProblem

Numbers = NDArray[np.float64]
Score = tuple[tuple[int, ...], int]

WORK_PER_CELL = 2e-9
WORK_A_FILL = 5e-4
"""Deterministic work of a fill for each entry of (classes × nodes × resources), and as such; about a second of one core is 1."""
WORK_PER_COPY = 6e-10
WORK_AN_EMPTYING = 1e-4
"""Deterministic work of emptying a node: for each entry of (classes × nodes), and as such."""


def score(packing: Packing) -> Score:
    """What is compared: what unplaced pods count for by rank, then cost. Smaller is better."""
    return packing.problem.counted(packing.missing), packing.cost


def greedy_packings(problem: PackingProblem, *, by_rank: bool) -> Iterator[Packing]:
    """Yield one placement for each combination of class order, node order and fit rule, the most promising first.

    Parameters
    ----------
    by_rank : bool
        True places the classes of a rank before any of the next, small ones first as well as large ones: for the case that not all
        pods can be placed. False orders by size alone, for few and cheap nodes.
    """
    measures = _measures(problem)
    orders = _class_orders(problem, measures, by_rank=by_rank)
    weight = measures[0]
    for best_fit in (True, False):
        for node_key in _node_keys(problem, weight):
            for order in orders:
                yield _fill(problem, order, node_key, weight if best_fit else None)


def improved(packing: Packing, budget: Budget, *, rounds: int = 2) -> Packing:
    """Empty nodes whose pods go on others, least loaded first, and exchange nodes for cheaper ones that hold the same."""
    best = packing
    for _ in range(rounds):
        work = int(best.used.sum()) * (WORK_AN_EMPTYING + WORK_PER_COPY * best.held.size)
        if budget.work_left is not None and work > budget.work_left:
            break
        budget.spend(work)
        better = _exchange(_emptied(best))
        if score(better) >= score(best):
            break
        best = better
    return best


def _measures(problem: PackingProblem) -> list[Numbers]:
    """Weights of the resources: by scarcity, equal, and each alone; every one float64[R], per unit of size."""
    offered = np.maximum((problem.capacity * problem.supply[:, None]).sum(axis=0), 1).astype(float)
    asked = (problem.size * problem.demand[:, None]).sum(axis=0).astype(float)
    equal = 1.0 / offered
    scarce = (asked / offered) * equal
    alone = [equal * (np.arange(offered.size) == resource) for resource in range(offered.size)]
    return [scarce, equal, *alone]


def _class_orders(problem: PackingProblem, measures: list[Numbers], *, by_rank: bool) -> list[Integers]:
    sizes = [problem.size @ measure for measure in measures]
    sizes.insert(2, (problem.size * measures[1]).max(axis=1, initial=0.0))
    eligible = (problem.most > 0) @ problem.supply
    # A class that needs many nodes only because few of its pods may share one sets the number of nodes: it comes first.
    spread = -(-problem.demand // np.maximum(problem.most.max(axis=1, initial=0), 1)) / max(problem.nodes, 1)
    prefixes: list[tuple[Numbers | Integers, ...]] = [(), (eligible,), (-np.round(spread, 1), eligible)]
    if by_rank:
        keys = [(problem.rank, *prefix, sign * size) for prefix in prefixes for size in sizes for sign in (-1.0, 1.0)]
    else:
        keys = [(*prefix, -size) for prefix in prefixes for size in sizes]
    orders = [np.lexsort((np.arange(problem.pod_classes), *reversed(key))) for key in keys]
    unique = {order.tobytes(): order for order in orders}
    return list(unique.values())


def _node_keys(problem: PackingProblem, weight: Numbers) -> list[Numbers]:
    """Orders in which nodes are opened: cheapest for what they hold, largest, smallest."""
    holds = problem.capacity @ weight + 1e-12
    if problem.node_classes == 1:
        return [holds]
    return [problem.cost / holds, -holds, holds]


def _fill(problem: PackingProblem, order: Integers, node_key: Numbers, weight: Numbers | None) -> Packing:
    packing = Packing(problem)
    key = node_key[packing.kind]
    place = np.arange(packing.kind.size)
    used = np.zeros(packing.kind.size, bool)
    for pod_class in order.tolist():
        # Open nodes before closed ones; among the open ones the fullest first, for best fit.
        within = key if weight is None else np.where(used, weight @ packing.free, key)
        packing.fill(pod_class, int(problem.demand[pod_class]), np.lexsort((place, within, ~used)))
        used |= packing.held[pod_class] > 0
    return packing


def _emptied(packing: Packing) -> Packing:
    problem = packing.problem
    weight = _measures(problem)[0]
    current = packing.copy()
    loads = weight @ (problem.capacity[current.kind].T - current.free)
    cost = problem.cost[current.kind]
    order = np.lexsort((np.arange(loads.size), loads, -cost))
    sizes = problem.size @ weight
    for node in order[current.used[order]].tolist():
        held, free = current.held.copy(), current.free.copy()
        pods = current.clear(node)
        others = np.flatnonzero(current.used)
        others = others[others != node]
        others = others[np.argsort(weight @ current.free[:, others], kind="stable")]
        for pod_class in sorted(np.flatnonzero(pods).tolist(), key=lambda i: (-sizes[i], i)):
            if current.fill(pod_class, int(pods[pod_class]), others) < pods[pod_class]:
                current.held, current.free = held, free
                break
    return current


def _exchange(packing: Packing) -> Packing:
    """Move the whole content of a node to an unused, cheaper one where it fits."""
    problem = packing.problem
    current = packing.copy()
    if problem.cost.size == 0 or problem.cost.min() == problem.cost.max():
        return current
    cost = problem.cost[current.kind]
    used = current.used
    # The unused nodes of each class, the first one last.
    unused = [np.flatnonzero((current.kind == k) & ~used)[::-1].tolist() for k in range(problem.node_classes)]
    there = np.array([bool(nodes) for nodes in unused])
    cheapest = np.argsort(problem.cost, kind="stable")
    for node in np.lexsort((np.arange(cost.size), -cost)).tolist():
        if not used[node]:
            continue
        pods = current.held[:, node]
        takes = there & (problem.cost < cost[node]) & (pods @ problem.size <= problem.capacity).all(axis=1)
        takes &= (pods[:, None] <= problem.limit).all(axis=0)
        if takes.any():
            kind = int(cheapest[takes[cheapest]][0])
            current.put(unused[kind].pop(), current.clear(node))
            there[kind] = bool(unused[kind])
    return current
