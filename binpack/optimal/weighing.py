"""The arithmetic of weight bounds in exact integers: from weights to a number that no placement can beat.

A requirement says how many pods of each rank have to be placed. The least weight of such a set of pods, against the most weight that a
node of each class can hold, bounds nodes and cost from below, and pods placed from above.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd

from binpack.optimal.problem import PackingProblem

Requirement = tuple[int, ...]


def least_weight(weights: Sequence[int], demand: Sequence[int], rank: Sequence[int], required: Requirement) -> int:
    """Return the least total weight of a set of pods that has `required[r]` pods of each rank r.

    Parameters
    ----------
    weights, demand, rank : sequence of m integers
    required : tuple[int, ...]
        One number for each rank, at most the rank's pods.
    """
    total = 0
    missing = list(required)
    for weight, pods, place in sorted(zip(weights, demand, rank, strict=True)):
        taken = min(pods, missing[place])
        missing[place] -= taken
        total += weight * taken
    return total


def least_cost(needed: int, node_weights: Sequence[int], supply: Sequence[int], cost: Sequence[int]) -> int | None:
    """Return a number that the cost of nodes holding `needed` weight cannot be below; None where all nodes together hold less.

    With equal costs the nodes are counted: the strongest first, each whole. With unequal costs nodes may be split, and the result
    is rounded up to what sums of costs can be.
    """
    if needed <= 0:
        return 0
    usable = [(weight, nodes, price) for weight, nodes, price in zip(node_weights, supply, cost, strict=True) if weight > 0 and nodes > 0]
    if sum(weight * nodes for weight, nodes, _ in usable) < needed:
        return None
    prices = {price for _, _, price in usable}
    if len(prices) == 1:
        return next(iter(prices)) * _fewest_nodes(needed, usable)
    total = Fraction(0)
    for weight, nodes, price in sorted(usable, key=lambda item: Fraction(item[2], item[0])):
        share = min(Fraction(needed, weight), Fraction(nodes))
        total += share * price
        needed -= min(needed, weight * nodes)
        if needed == 0:
            break
    step = gcd(*prices)
    return -(-total.numerator // (total.denominator * step)) * step


def most_pods(
    offered: int, weights: Sequence[int], demand: Sequence[int], rank: Sequence[int], required: Requirement, goal: int
) -> int | None:
    """Return the most pods of rank `goal` beside what is required of the ranks before it, by weight alone.

    Returns
    -------
    int or None
        None where already the required pods weigh more than all nodes hold.
    """
    room = offered - least_weight(weights, demand, rank, (*required[:goal], *([0] * (len(required) - goal))))
    if room < 0:
        return None
    placed = 0
    for weight, pods in sorted((weight, pods) for weight, pods, place in zip(weights, demand, rank, strict=True) if place == goal):
        taken = pods if weight == 0 else min(pods, room // weight)
        placed += taken
        room -= taken * weight
    return placed


def bound_of_weights(
    problem: PackingProblem, weights: Sequence[int], node_weights: Sequence[int], required: Requirement, goal: int | None
) -> int | None:
    """Bound the cost of the nodes in use (`goal` None) or the pods of rank `goal` by weights that were proven elsewhere."""
    demand, rank, supply = problem.demand.tolist(), problem.rank.tolist(), problem.supply.tolist()
    if goal is None:
        return least_cost(least_weight(weights, demand, rank, required), node_weights, supply, problem.cost.tolist())
    offered = sum(weight * nodes for weight, nodes in zip(node_weights, supply, strict=True))
    return most_pods(offered, weights, demand, rank, required, goal)


def _fewest_nodes(needed: int, usable: Sequence[tuple[int, int, int]]) -> int:
    count = 0
    for weight, nodes, _ in sorted(usable, reverse=True):
        taken = min(nodes, -(-needed // weight))
        count += taken
        needed -= taken * weight
        if needed <= 0:
            break
    return count
