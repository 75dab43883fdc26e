"""A problem with fewer classes and nothing that ties domains together, whose placements are placements of the original.

Spreads and caps become quotas: each class gets so many pods for each domain. The quotas are one good choice among many (domains filled
evenly, the roomiest first), so an optimum of the split problem is an incumbent of the original and proves nothing about it. Classes that
nothing tells apart any more are merged: services that differ in the labels of their spread alone become one class a zone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.couplings import DomainCap, Exclusion, Spread
from binpack.optimal.legality import placed_of_classes
from binpack.optimal.problem import Integers, PackingProblem
from binpack.optimal.solution import Fill, gathered

Members = tuple[tuple[int, int], ...]

Shares = Mapping[int, Sequence[tuple[NDArray[np.bool_], int]]]
"""For a class how its pods are divided: (mask of node classes, pods)."""


@dataclass(frozen=True)
class Split:
    """A problem without spreads and caps, and for each of its classes the (class, pods) of the original that it stands for."""

    problem: PackingProblem
    members: tuple[Members, ...]

    def merge(self, fills: Iterable[Fill]) -> tuple[Fill, ...]:
        """Translate a placement back to the original's classes."""
        queues = [deque([origin, pods] for origin, pods in members) for members in self.members]
        nodes = []
        for fill in fills:
            for _ in range(fill.nodes):
                pods: dict[int, int] = {}
                for piece, count in fill.pods:
                    for origin, taken in _take(queues[piece], count):
                        pods[origin] = pods.get(origin, 0) + taken
                nodes.append(Fill(fill.node_class, 1, tuple(sorted(pods.items()))))
        return gathered(nodes)

    def divide(self, fills: Iterable[Fill]) -> tuple[Fill, ...]:
        """Translate a placement of the original to these classes; pods beyond a quota are left out."""
        pieces_of: dict[int, list[int]] = {}
        for piece, members in enumerate(self.members):
            for origin, _ in members:
                pieces_of.setdefault(origin, []).append(piece)
        quota = {(piece, origin): pods for piece, members in enumerate(self.members) for origin, pods in members}
        nodes = []
        for fill in fills:
            for _ in range(fill.nodes):
                here: dict[int, int] = {}
                for origin, pods in fill.pods:
                    for piece in pieces_of.get(origin, ()):
                        most = int(self.problem.limit[piece, fill.node_class]) - here.get(piece, 0)
                        taken = min(pods, quota[piece, origin], max(most, 0))
                        quota[piece, origin] -= taken
                        pods -= taken
                        if taken:
                            here[piece] = here.get(piece, 0) + taken
                nodes.append(Fill(fill.node_class, 1, tuple(sorted(here.items()))))
        return gathered(nodes)

    def placed_only(self, fills: Sequence[Fill]) -> Split:
        """The same problem with only those pods that a placement of the original places, each in its domain."""
        origins = 1 + max((origin for members in self.members for origin, _ in members), default=-1)
        placed = placed_of_classes(fills, origins, self.problem.node_classes)
        members = []
        for piece, pieces in enumerate(self.members):
            here = self.problem.limit[piece] > 0
            counts = [(origin, int(placed[origin, here].sum())) for origin, _ in pieces]
            members.append(tuple((origin, count) for origin, count in counts if count))
        kept = [piece for piece, pieces in enumerate(members) if pieces]
        demand = [sum(count for _, count in members[piece]) for piece in kept]
        smaller = of_classes(self.problem, np.array(kept, np.int64), np.array(demand, np.int64))
        return Split(smaller, tuple(members[piece] for piece in kept))

    def weights(self, weights: Sequence[int], classes: int) -> tuple[int, ...]:
        """Give each class of the original the weight of what stands for it."""
        of_origin = [0] * classes
        for weight, members in zip(weights, self.members, strict=True):
            for origin, _ in members:
                of_origin[origin] = weight
        return tuple(of_origin)


def split(problem: PackingProblem, *, ranked: bool, quotas: Shares | None = None) -> Split:
    """Divide the classes of every spread and cap over its domains, and merge what is equal then.

    Parameters
    ----------
    ranked : bool
        Whether the tiers still matter; where all pods are placed they do not, and classes that differ only in their tier are merged.
    quotas : mapping, optional
        How to divide classes with spreads or caps, see `guided_quotas`; without it each domain is filled evenly.

    Notes
    -----
    Pods for which no domain is left stay in the problem as a class without an eligible node.
    """
    counts = [list(spread.base) for spread in problem.spreads]
    rooms = [list(cap.room) for cap in problem.caps]
    load = np.zeros(problem.node_classes)
    merged: dict[tuple[bytes, ...], list[tuple[int, int]]] = {}
    limits: dict[tuple[bytes, ...], Integers] = {}
    for pod_class in np.lexsort((np.arange(problem.pod_classes), problem.rank)).tolist():
        given = None if quotas is None else quotas.get(pod_class)
        for mask, pods in _shares(problem, pod_class, counts, rooms, load) if given is None else given:
            limit = np.where(mask, np.minimum(problem.limit[pod_class], pods), 0)
            key = _key(problem, pod_class, limit, pods, ranked=ranked)
            merged.setdefault(key, []).append((pod_class, pods))
            limits[key] = limits[key] + limit if key in limits else limit
    return _of_pieces(problem, merged.values(), list(limits.values()), ranked=ranked)


def merged(problem: PackingProblem, *, ranked: bool) -> Split:
    """Merge what is equal, and keep spreads and caps: a class that has any stays by itself. What is optimal here is optimal there."""
    tied = tied_classes(problem)
    members: dict[tuple[bytes, ...], list[tuple[int, int]]] = {}
    limits: dict[tuple[bytes, ...], Integers] = {}
    for pod_class in np.lexsort((np.arange(problem.pod_classes), problem.rank)).tolist():
        pods, limit = int(problem.demand[pod_class]), problem.limit[pod_class]
        key = (str(pod_class).encode(),) if pod_class in tied else _key(problem, pod_class, limit, pods, ranked=ranked)
        members.setdefault(key, []).append((pod_class, pods))
        limits[key] = limits[key] + limit if key in limits else limit
    pieces = _of_pieces(problem, members.values(), list(limits.values()), ranked=ranked)
    where = {items[0][0]: piece for piece, items in enumerate(members.values())}
    return replace(
        pieces,
        problem=replace(
            pieces.problem,
            spreads=tuple(replace(spread, classes=tuple(where[i] for i in spread.classes)) for spread in problem.spreads),
            caps=tuple(replace(cap, classes=tuple(where[i] for i in cap.classes)) for cap in problem.caps),
        ),
    )


def tied_classes(problem: PackingProblem) -> list[int]:
    """The classes that have a spread or a cap."""
    members = [*(spread.classes for spread in problem.spreads), *(cap.classes for cap in problem.caps)]
    return sorted({pod_class for classes in members for pod_class in classes})


def _of_pieces(problem: PackingProblem, merged: Iterable[Sequence[tuple[int, int]]], limits: list[Integers], *, ranked: bool) -> Split:
    members = tuple(tuple(items) for items in merged)
    first = np.array([items[0][0] for items in members], np.int64)
    demand = np.array([sum(pods for _, pods in items) for items in members], np.int64)
    pieces = replace(of_classes(problem, first, demand), limit=np.array(limits, np.int64).reshape(first.size, problem.node_classes))
    if not ranked:
        alike = np.ones(first.size, np.int64)
        pieces = replace(pieces, tier=0 * alike, must_place=np.zeros(first.size, bool), value=alike, base=0)
    return Split(replace(pieces, exclusions=_exclusions(problem, members)), members)


def _key(problem: PackingProblem, pod_class: int, limit: Integers, pods: int, *, ranked: bool) -> tuple[bytes, ...]:
    """Equal for classes that may be merged. One whose limit binds (some pods on a node, but not all) stays by itself."""
    apart = any(pod_class in side for exclusion in problem.exclusions for side in (exclusion.left, exclusion.right))
    if apart or ((limit > 0) & (limit < pods)).any():
        return (str(pod_class).encode(), (limit > 0).tobytes())
    rank = f"{int(problem.rank[pod_class])} {int(problem.value[pod_class])}".encode() if ranked else b""
    return (b"", (limit > 0).tobytes(), problem.size[pod_class].tobytes(), rank)


def of_classes(problem: PackingProblem, kept: Integers, demand: Integers) -> PackingProblem:
    """Return the problem of some pod classes with other demands, without spreads, caps and today's placement."""
    return replace(
        problem,
        size=problem.size[kept],
        demand=demand,
        limit=problem.limit[kept],
        tier=problem.tier[kept],
        must_place=problem.must_place[kept],
        value=problem.value[kept],
        exclusions=_exclusions(problem, tuple(((int(old), 1),) for old in kept)),
        spreads=(),
        caps=(),
        present=np.zeros((0, 4), np.int64),
        class_names=(),
    )


def _exclusions(problem: PackingProblem, members: tuple[Members, ...]) -> tuple[Exclusion, ...]:
    where: dict[int, list[int]] = {}
    for new, pieces in enumerate(members):
        for old, _ in pieces:
            where.setdefault(old, []).append(new)
    sides = [
        tuple(tuple(new for old in side for new in where.get(old, ())) for side in (exclusion.left, exclusion.right))
        for exclusion in problem.exclusions
    ]
    return tuple(Exclusion(left, right) for left, right in sides if left and right)


def _take(queue: deque[list[int]], count: int) -> list[tuple[int, int]]:
    taken = []
    while count and queue:
        origin, there = queue[0]
        pods = min(there, count)
        taken.append((origin, pods))
        count -= pods
        queue[0][1] -= pods
        if queue[0][1] == 0:
            queue.popleft()
    return taken


def _shares(
    problem: PackingProblem, pod_class: int, counts: list[list[int]], rooms: list[list[int]], load: NDArray[np.float64]
) -> list[tuple[NDArray[np.bool_], int]]:
    """Divide one class: (mask of node classes, pods). The counts, rooms and loads are updated."""
    tied_spreads = [(s, c) for s, c in zip(problem.spreads, counts, strict=True) if pod_class in s.classes]
    tied_caps = [(c, r) for c, r in zip(problem.caps, rooms, strict=True) if pod_class in c.classes]
    demand = int(problem.demand[pod_class])
    if not tied_spreads and not tied_caps:
        return [(np.ones(problem.node_classes, bool), demand)]
    places = places_of(problem, pod_class, [spread for spread, _ in tied_spreads], [cap for cap, _ in tied_caps])
    taken = dict.fromkeys(places, 0)
    share = float((problem.size[pod_class] / np.maximum(problem.capacity.max(axis=0, initial=1), 1)).max(initial=0.0))
    for _ in range(demand):
        open_places = [key for key in places if allows(key, tied_spreads, tied_caps)]
        if not open_places:
            break
        best = min(open_places, key=lambda key: (_crowd(key, tied_spreads), float(load[places[key]].mean()), key))
        taken[best] += 1
        load[places[best]] += share / float(problem.supply[places[best]].sum())
        take_place(best, tied_spreads, tied_caps)
    return masked(problem, places, taken, demand)


def places_of(
    problem: PackingProblem, pod_class: int, spreads: Sequence[Spread], caps: Sequence[DomainCap]
) -> dict[tuple[int, ...], list[int]]:
    """Where a class can go: its node classes by their domains, one for each spread and cap; none that lacks a domain."""
    domains = [*(spread.domain for spread in spreads), *(cap.domain for cap in caps)]
    places: dict[tuple[int, ...], list[int]] = {}
    for node_class in np.flatnonzero(problem.most[pod_class]).tolist():
        key = tuple(domain[node_class] for domain in domains)
        if min(key) >= 0:
            places.setdefault(key, []).append(node_class)
    return places


def masked(
    problem: PackingProblem, places: Mapping[tuple[int, ...], list[int]], taken: Mapping[tuple[int, ...], int], demand: int
) -> list[tuple[NDArray[np.bool_], int]]:
    """Give each place a mask of its node classes; pods for which there is none have an empty one."""
    shares = [(_mask(problem, places[key]), pods) for key, pods in taken.items() if pods]
    rest = demand - sum(taken.values())
    return shares + ([(np.zeros(problem.node_classes, bool), rest)] if rest else [])


def take_place(key: tuple[int, ...], spreads: list[tuple[Spread, list[int]]], caps: list[tuple[DomainCap, list[int]]]) -> None:
    """Count one pod in its domains."""
    for (_, numbers), place in zip(spreads, key, strict=False):
        numbers[place] += 1
    for (_, room), place in zip(caps, key[len(spreads) :], strict=True):
        room[place] -= 1


def allows(key: tuple[int, ...], spreads: list[tuple[Spread, list[int]]], caps: list[tuple[DomainCap, list[int]]]) -> bool:
    """Whether one more pod may go to a place, given the pods in each domain and the room left."""
    for (spread, numbers), place in zip(spreads, key, strict=False):
        least = 0 if spread.zero_minimum else min(numbers)
        if numbers[place] + 1 > least + spread.max_skew:
            return False
    return all(room[place] > 0 for (_, room), place in zip(caps, key[len(spreads) :], strict=True))


def _crowd(key: tuple[int, ...], spreads: list[tuple[Spread, list[int]]]) -> int:
    return sum(numbers[place] for (_, numbers), place in zip(spreads, key, strict=False))


def _mask(problem: PackingProblem, node_classes: list[int]) -> NDArray[np.bool_]:
    mask = np.zeros(problem.node_classes, bool)
    mask[node_classes] = True
    return mask
