"""Spreads and caps turned into quotas: each class gets so many pods for each domain, and then nothing ties domains together.

Any placement of the split problem is one of the original. The quotas are one good choice among many (domains filled evenly, the roomiest
first), so an optimum of the split problem is an incumbent of the original and proves nothing about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from binpack.optimal.couplings import DomainCap, Spread
from binpack.optimal.legality import domain_counts, placed_of, placed_of_classes
from binpack.optimal.problem import PackingProblem, of_classes
from binpack.optimal.solution import Fill, gathered


@dataclass(frozen=True)
class Split:
    """A problem without spreads and caps, and the class of the original for each of its classes."""

    problem: PackingProblem
    origin: tuple[int, ...]

    def merge(self, fills: Iterable[Fill]) -> tuple[Fill, ...]:
        """Translate a placement back to the original's classes."""
        merged = []
        for fill in fills:
            pods: dict[int, int] = {}
            for pod_class, count in fill.pods:
                pods[self.origin[pod_class]] = pods.get(self.origin[pod_class], 0) + count
            merged.append(Fill(fill.node_class, fill.nodes, tuple(sorted(pods.items()))))
        return gathered(merged)

    def placed_only(self, fills: Sequence[Fill]) -> Split:
        """The same problem with only those pods that a placement of the original places, each in its domain."""
        placed = placed_of_classes(fills, max(self.origin, default=-1) + 1, self.problem.node_classes)
        counts = np.array([int(placed[old, self.problem.limit[new] > 0].sum()) for new, old in enumerate(self.origin)], np.int64)
        kept = np.flatnonzero(counts)
        return Split(of_classes(self.problem, kept, counts[kept]), tuple(self.origin[new] for new in kept.tolist()))


def split(problem: PackingProblem) -> Split:
    """Divide the classes of every spread and cap over its domains.

    Pods for which no domain is left stay in the problem as a class without an eligible node.
    """
    if not problem.spreads and not problem.caps:
        return Split(problem, tuple(range(problem.pod_classes)))
    counts = [list(spread.base) for spread in problem.spreads]
    rooms = [list(cap.room) for cap in problem.caps]
    origin: list[int] = []
    demand: list[int] = []
    masks: list[np.ndarray] = []
    load = np.zeros(problem.node_classes)
    for pod_class in np.lexsort((np.arange(problem.pod_classes), problem.rank)).tolist():
        for mask, pods in _shares(problem, pod_class, counts, rooms, load):
            origin.append(pod_class)
            demand.append(pods)
            masks.append(mask)
    chosen = np.array(origin)
    limit = np.where(np.array(masks), problem.limit[chosen], 0)
    pieces = of_classes(problem, chosen, np.array(demand, np.int64))
    pieces = replace(pieces, limit=limit, spreads=(), caps=())
    return Split(pieces, tuple(origin))


def trimmed(problem: PackingProblem, fills: tuple[Fill, ...]) -> tuple[Fill, ...]:
    """Take pods away where a spread is broken because not all pods of another domain found a place."""
    for spread in problem.spreads:
        for _ in range(len(spread.base) + 1):
            excess = _excess(problem, spread, fills)
            if not excess:
                break
            for domain, pods in excess.items():
                fills = _without(fills, spread, domain, pods)
    return fills


def _shares(
    problem: PackingProblem, pod_class: int, counts: list[list[int]], rooms: list[list[int]], load: np.ndarray
) -> list[tuple[np.ndarray, int]]:
    """Divide one class: (mask of node classes, pods). The counts, rooms and loads are updated."""
    tied_spreads = [(s, c) for s, c in zip(problem.spreads, counts, strict=True) if pod_class in s.classes]
    tied_caps = [(c, r) for c, r in zip(problem.caps, rooms, strict=True) if pod_class in c.classes]
    demand = int(problem.demand[pod_class])
    if not tied_spreads and not tied_caps:
        return [(np.ones(problem.node_classes, bool), demand)]
    domains = [spread.domain for spread, _ in tied_spreads] + [cap.domain for cap, _ in tied_caps]
    places: dict[tuple[int, ...], list[int]] = {}
    for node_class in np.flatnonzero(problem.most[pod_class]).tolist():
        key = tuple(domain[node_class] for domain in domains)
        if min(key) >= 0:
            places.setdefault(key, []).append(node_class)
    taken = dict.fromkeys(places, 0)
    weight = float(problem.size[pod_class].sum() + 1)
    for _ in range(demand):
        open_places = [key for key in places if _allows(key, tied_spreads, tied_caps)]
        if not open_places:
            break
        best = min(open_places, key=lambda key: (_crowd(key, tied_spreads), load[places[key]].min() / max(1, len(places[key])), key))
        taken[best] += 1
        load[places[best]] += weight / float(problem.supply[places[best]].sum())
        for (_, numbers), place in zip(tied_spreads, best, strict=False):
            numbers[place] += 1
        for (_, room), place in zip(tied_caps, best[len(tied_spreads) :], strict=True):
            room[place] -= 1
    shares = [(_mask(problem, places[key]), pods) for key, pods in taken.items() if pods]
    rest = demand - sum(taken.values())
    return shares + ([(np.zeros(problem.node_classes, bool), rest)] if rest else [])


def _allows(key: tuple[int, ...], spreads: list[tuple[Spread, list[int]]], caps: list[tuple[DomainCap, list[int]]]) -> bool:
    for (spread, numbers), place in zip(spreads, key, strict=False):
        least = 0 if spread.zero_minimum else min(numbers)
        if numbers[place] + 1 > least + spread.max_skew:
            return False
    return all(room[place] > 0 for (_, room), place in zip(caps, key[len(spreads) :], strict=True))


def _crowd(key: tuple[int, ...], spreads: list[tuple[Spread, list[int]]]) -> int:
    return sum(numbers[place] for (_, numbers), place in zip(spreads, key, strict=False))


def _mask(problem: PackingProblem, node_classes: list[int]) -> np.ndarray:
    mask = np.zeros(problem.node_classes, bool)
    mask[node_classes] = True
    return mask


def _excess(problem: PackingProblem, spread: Spread, fills: tuple[Fill, ...]) -> dict[int, int]:
    moved = domain_counts(placed_of(problem, fills), spread.classes, spread.domain, len(spread.base))
    counts = [base + count for base, count in zip(spread.base, moved, strict=True)]
    least = 0 if spread.zero_minimum else min(counts, default=0)
    return {
        d: min(count - least - spread.max_skew, moved[d]) for d, count in enumerate(counts) if count > least + spread.max_skew and moved[d]
    }


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
            kept = tuple((i, count) for i, count in sorted(content.items()) if count > 0)
            if kept:
                result.append(Fill(fill.node_class, 1, kept))
    return gathered(result)
