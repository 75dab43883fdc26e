"""The arithmetic of weight bounds in exact integers: from weights to a number that no placement can beat.

A requirement says how many pods of each rank have to be placed, or how much they have to count for. The least weight of such a set of
pods, against the most weight that a node of each class can hold, bounds nodes and cost from below, and what is placed from above.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd

from binpack.optimal.problem import PackingProblem

Requirement = tuple[int, ...]

FINEST_SLACK = 1 << 20


def least_weight(
    weights: Sequence[int], demand: Sequence[int], rank: Sequence[int], required: Requirement, value: Sequence[int] | None = None
) -> int:
    """Return a weight that no set of pods is below which counts for `required[r]` in each rank r.

    Parameters
    ----------
    weights, demand, rank : sequence of m integers
    required : tuple[int, ...]
        One number for each rank, at most what its pods count for.
    value : sequence of m integers, optional
        What a pod of each class counts for; 1 if not given. Where values differ, the last pod of a rank may be cut.
    """
    missing = list(required)
    total = 0
    for weight, pods, place, worth in _lightest_first(zip(weights, demand, rank, value or [1] * len(weights), strict=True)):
        taken = min(pods, missing[place] // worth)
        missing[place] -= taken * worth
        total += weight * taken
        if taken < pods and missing[place]:
            total -= -weight * missing[place] // worth
            missing[place] = 0
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
    offered: int,
    weights: Sequence[int],
    demand: Sequence[int],
    rank: Sequence[int],
    required: Requirement,
    goal: int,
    value: Sequence[int] | None = None,
) -> int | None:
    """Return what pods of rank `goal` can count for beside what is required of the ranks before it, by weight alone.

    Returns
    -------
    int or None
        None where already the required pods weigh more than all nodes hold.
    """
    values = value or [1] * len(weights)
    room = offered - least_weight(weights, demand, rank, (*required[:goal], *([0] * (len(required) - goal))), values)
    if room < 0:
        return None
    goals = [item for item in zip(weights, demand, rank, values, strict=True) if item[2] == goal]
    counted = 0
    for weight, pods, _, worth in _lightest_first(goals):
        taken = pods if weight == 0 else min(pods, room // weight)
        counted += taken * worth
        room -= taken * weight
        if taken < pods:
            counted += room * worth // weight
            break
    # Sums of values are multiples of their divisor.
    step = gcd(*(worth for *_, worth in goals)) or 1
    return counted // step * step


def bound_of_weights(
    problem: PackingProblem, weights: Sequence[int], node_weights: Sequence[int], required: Requirement, goal: int | None, credit: int = 0
) -> int | None:
    """Bound the cost of the nodes in use (`goal` None) or what rank `goal` counts for, by weights that were proven elsewhere.

    `credit` is what rows of zones allow for at their prices, beside what the nodes hold.
    """
    demand, rank, supply, value = problem.demand.tolist(), problem.rank.tolist(), problem.supply.tolist(), problem.value.tolist()
    beside = tuple(max(asked - base, 0) for asked, base in zip(required, problem.rank_base, strict=True))
    if goal is None:
        return least_cost(least_weight(weights, demand, rank, beside, value) - credit, node_weights, supply, problem.cost.tolist())
    offered = sum(weight * nodes for weight, nodes in zip(node_weights, supply, strict=True)) + credit
    most = most_pods(offered, weights, demand, rank, beside, goal, value)
    return None if most is None else most + problem.rank_base[goal]


def with_slack(
    problem: PackingProblem, weights: Sequence[int], node_weights: Sequence[int], required: Requirement, goal: int | None, credit: int = 0
) -> list[int]:
    """Raise node weights, all by the same factor, as far as the bound that they give stays the same: that makes them easier to prove."""
    value = bound_of_weights(problem, weights, node_weights, required, goal, credit)

    def raised(slack: int) -> list[int]:
        return [weight + weight * slack // FINEST_SLACK for weight in node_weights]

    def holds(slack: int) -> bool:
        return bound_of_weights(problem, weights, raised(slack), required, goal, credit) == value

    low, high = 0, 1
    while high <= FINEST_SLACK and holds(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return raised(low)


def _lightest_first(items: Iterable[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """(weight, pods, rank, value) in the order in which pods are taken: by weight for what they count for, in exact fractions."""
    found = sorted(items)
    if len({worth for *_, worth in found}) > 1:
        found.sort(key=lambda item: Fraction(item[0], item[3]))
    return found


def _fewest_nodes(needed: int, usable: Sequence[tuple[int, int, int]]) -> int:
    count = 0
    for weight, nodes, _ in sorted(usable, reverse=True):
        taken = min(nodes, -(-needed // weight))
        count += taken
        needed -= taken * weight
        if needed <= 0:
            break
    return count
