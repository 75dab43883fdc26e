"""Small repairs of placements: take pods away that are too many."""

from __future__ import annotations

from collections.abc import Sequence

from binpack.optimal.couplings import Spread
from binpack.optimal.legality import domain_counts, placed_of, spread_counts
from binpack.optimal.problem import Integers, PackingProblem
from binpack.optimal.solution import Fill, gathered


def without_skew(problem: PackingProblem, fills: tuple[Fill, ...]) -> tuple[Fill, ...]:
    """Take pods away where a spread is broken because not all pods of another domain found a place."""
    for spread in problem.spreads:
        for _ in range(len(spread.base) + 1):
            excess = _excess(problem, spread, fills)
            if not excess:
                break
            for domain, pods in excess.items():
                fills = _without(fills, spread, domain, pods)
    return fills


def without_surplus(problem: PackingProblem, fills: Sequence[Fill]) -> tuple[Fill, ...]:
    """Drop pods that fills hold beyond the demand."""
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


def _excess(problem: PackingProblem, spread: Spread, fills: tuple[Fill, ...]) -> dict[int, int]:
    placed = placed_of(problem, fills)
    counts = spread_counts(spread, placed)
    moved = domain_counts(placed, spread.classes, spread.domain, len(spread.base))
    highest = (0 if spread.zero_minimum else min(counts, default=0)) + spread.max_skew
    return {d: min(count - highest, moved[d]) for d, count in enumerate(counts) if count > highest and moved[d]}


def _without(fills: tuple[Fill, ...], spread: Spread, domain: int, pods: int) -> tuple[Fill, ...]:
    """Take up to `pods` pods of the spread's classes out of a domain, node by node."""
    result: list[Fill] = []
    for fill in fills:
        for _ in range(fill.nodes):
            content = dict(fill.pods)
            if spread.domain[fill.node_class] == domain:
                for pod_class in spread.classes:
                    away = min(pods, content.get(pod_class, 0))
                    pods -= away
                    content[pod_class] = content.get(pod_class, 0) - away
            result.append(Fill(fill.node_class, 1, tuple((i, count) for i, count in sorted(content.items()) if count > 0)))
    return gathered(result)
