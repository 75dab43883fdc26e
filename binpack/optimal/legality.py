"""Whether a placement keeps every constraint of its problem: what each method's result must pass before it counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from binpack.optimal.couplings import DomainCap, Exclusion, Spread
from binpack.optimal.problem import Integers, PackingProblem
from binpack.optimal.solution import Fill


def placed_of(problem: PackingProblem, fills: Sequence[Fill]) -> Integers:
    """Return int64[m, K]: pods of each class on all nodes of each node class together."""
    return placed_of_classes(fills, problem.pod_classes, problem.node_classes)


def placed_of_classes(fills: Sequence[Fill], pod_classes: int, node_classes: int) -> Integers:
    """Return int64[m, K] for a given number of classes."""
    placed = np.zeros((pod_classes, node_classes), np.int64)
    for fill in fills:
        for pod_class, pods in fill.pods:
            placed[pod_class, fill.node_class] += pods * fill.nodes
    return placed


def cost_of(problem: PackingProblem, fills: Sequence[Fill]) -> int:
    """The cost of the nodes in use."""
    return sum(int(problem.cost[fill.node_class]) * fill.nodes for fill in fills)


def placed_by_rank(problem: PackingProblem, fills: Sequence[Fill]) -> tuple[int, ...]:
    """What the placed pods of each rank count for."""
    return problem.counted(placed_of(problem, fills).sum(axis=1))


def violations(problem: PackingProblem, fills: Sequence[Fill]) -> list[str]:
    """Name every constraint that a placement breaks; an empty list means that it is legal. Unplaced pods are no violation."""
    found: list[str] = []
    placed = placed_of(problem, fills)
    nodes = np.zeros(problem.node_classes, np.int64)
    for fill in fills:
        nodes[fill.node_class] += fill.nodes
        found += _node_violations(problem, fill)
    found += [f"node class {k}: {nodes[k]} nodes used, there are {problem.supply[k]}" for k in np.flatnonzero(nodes > problem.supply)]
    total = placed.sum(axis=1)
    found += [f"pod class {i}: {total[i]} pods placed, there are {problem.demand[i]}" for i in np.flatnonzero(total > problem.demand)]
    return found + _domain_violations(problem, placed)


def _node_violations(problem: PackingProblem, fill: Fill) -> list[str]:
    found = []
    held = dict(fill.pods)
    load = np.zeros(len(problem.resources), np.int64)
    for pod_class, pods in held.items():
        load += problem.size[pod_class] * pods
        if pods > problem.limit[pod_class, fill.node_class]:
            found.append(f"pod class {pod_class}: {pods} on a node of class {fill.node_class}")
    for resource in np.flatnonzero(load > problem.capacity[fill.node_class]):
        found.append(f"node class {fill.node_class}: {load[resource]} of {problem.resources[resource]}")
    for exclusion in problem.exclusions:
        if breaks_exclusion(exclusion, held):
            found.append(f"classes {exclusion.left} and {exclusion.right} share a node of class {fill.node_class}")
    return found


def _domain_violations(problem: PackingProblem, placed: Integers) -> list[str]:
    found = []
    for spread in problem.spreads:
        if breaks_spread(spread, placed):
            found.append(f"spread of classes {spread.classes}: {spread_counts(spread, placed)} differ by more than {spread.max_skew}")
    for cap in problem.caps:
        if breaks_cap(cap, placed):
            found.append(f"classes {cap.classes}: more than the room {cap.room} of their domains")
    return found


def breaks_spread(spread: Spread, placed: Integers) -> bool:
    """Whether a placement, int64[m, K], breaks a spread in a domain that it puts pods in."""
    counts = spread_counts(spread, placed)
    least = 0 if spread.zero_minimum else min(counts, default=0)
    moved = domain_counts(placed, spread.classes, spread.domain, len(spread.base))
    return any(count > least + spread.max_skew for count, new in zip(counts, moved, strict=True) if new)


def breaks_cap(cap: DomainCap, placed: Integers) -> bool:
    """Whether a placement, int64[m, K], puts more pods in a domain than there is room for."""
    counts = domain_counts(placed, cap.classes, cap.domain, len(cap.room))
    return any(count > room for count, room in zip(counts, cap.room, strict=True))


def breaks_exclusion(exclusion: Exclusion, held: Mapping[int, int]) -> bool:
    """Whether a node's content, pods by class, has both sides of an exclusion."""
    return any(held.get(i) for i in exclusion.left) and any(held.get(i) for i in exclusion.right)


def spread_counts(spread: Spread, placed: Integers) -> list[int]:
    """The pods that a spread counts in each domain."""
    moved = domain_counts(placed, spread.classes, spread.domain, len(spread.base))
    return [base + count for base, count in zip(spread.base, moved, strict=True)]


def domain_counts(placed: Integers, classes: Sequence[int], domain: Sequence[int], domains: int) -> list[int]:
    """Sum the pods of some classes over each domain."""
    by_node_class = placed[list(classes)].sum(axis=0)
    counts = [0] * domains
    for node_class, place in enumerate(domain):
        if place >= 0:
            counts[place] += int(by_node_class[node_class])
    return counts
