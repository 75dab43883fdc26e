"""Empty some nodes and fit their pods in among those of the others: what needs no more moves than there are pods on the emptied nodes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.legality import domain_counts, spread_counts
from binpack.optimal.migration.today import Today
from binpack.optimal.packing import Packing
from binpack.optimal.problem import Integers, PackingProblem

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]
EJECTIONS = 40
"""Most pods that are pushed out of their place, one after the other, to make room for one that found none."""


def packing_without(today: Today, keep: Mask) -> Packing:
    """The packing in which the nodes that are not kept are empty and their pods without a place."""
    packing = Packing(today.problem)
    packing.held = np.where(keep[None, :], today.held, 0)
    packing.free -= today.problem.size.T @ packing.held
    return packing


def emptied(today: Today, keep: Mask, begun: Packing | None = None) -> Packing:
    """Find places on the kept nodes for the pods of the others, by several orders; return what leaves the fewest pods without one.

    Parameters
    ----------
    keep : bool[N]
        Nodes to keep; those that are not may not take pods.
    begun : Packing, optional
        What the kept nodes hold; what they hold today if it is left out.
    """
    start = packing_without(today, keep)
    if begun is not None:
        start = begun.copy()
        for node in np.flatnonzero(~keep).tolist():
            start.clear(node)
    nodes = np.flatnonzero(keep)
    best = start
    for order, weight in _orders(today, start, nodes):
        packing = start.copy()
        for pod_class in order.tolist():
            place_pods(packing, pod_class, int(packing.missing[pod_class]), nodes, weight)
        if not packing.missing.any():
            return packing
        if packing.missing.sum() < best.missing.sum():
            best = packing
    if best.missing.sum() <= EJECTIONS:
        _make_room(today, best, nodes)
    return best


def place_pods(packing: Packing, pod_class: int, pods: int, nodes: Integers, weight: Numbers) -> int:
    """Place pods of a class on the fullest of some nodes that take them, one at a time where rules tie domains; return how many."""
    if pods <= 0 or nodes.size == 0:
        return 0
    if not is_tied(packing.problem, pod_class):
        order = nodes[np.argsort(weight @ packing.free[:, nodes], kind="stable")]
        return packing.fill(pod_class, pods, order)
    placed = 0
    while placed < pods:
        open_nodes = nodes[(packing.room(pod_class) * domains_open(packing, pod_class))[nodes] > 0]
        if open_nodes.size == 0:
            break
        best = open_nodes[np.argmin(weight @ packing.free[:, open_nodes])]
        counts = np.zeros(packing.kind.size, np.int64)
        counts[best] = 1
        packing.add(pod_class, counts)
        placed += 1
    return placed


def domains_open(packing: Packing, pod_class: int) -> Mask:
    """bool[N]: nodes on which one more pod of a class keeps every spread and cap that it is part of."""
    problem = packing.problem
    is_open = np.ones(problem.node_classes, bool)
    tied = [spread for spread in problem.spreads if pod_class in spread.classes]
    capped = [cap for cap in problem.caps if pod_class in cap.classes]
    if not tied and not capped:
        return np.ones(packing.kind.size, bool)
    kinds = packing.kind[None, :] == np.arange(problem.node_classes)[:, None]
    placed: Integers = packing.held @ kinds.T.astype(np.int64)
    for spread in tied:
        counts = spread_counts(spread, placed)
        least = 0 if spread.zero_minimum else min(counts, default=0)
        for node_class, domain in enumerate(spread.domain):
            is_open[node_class] &= domain >= 0 and counts[domain] + 1 <= least + spread.max_skew
    for cap in capped:
        counts = domain_counts(placed, cap.classes, cap.domain, len(cap.room))
        for node_class, domain in enumerate(cap.domain):
            is_open[node_class] &= domain < 0 or counts[domain] < cap.room[domain]
    return np.asarray(is_open[packing.kind])


def is_tied(problem: PackingProblem, pod_class: int) -> bool:
    """Whether a spread or a cap ties the class's pods in one domain to those in others."""
    spreads = any(pod_class in spread.classes for spread in problem.spreads)
    return spreads or any(pod_class in cap.classes for cap in problem.caps)


def _orders(today: Today, packing: Packing, nodes: Integers) -> Iterator[tuple[Integers, Numbers]]:
    """Orders of the pod classes, large ones first, each with the weights by which a node counts as full."""
    problem = today.problem
    asked = (problem.size * packing.missing[:, None]).sum(axis=0).astype(float)
    free = np.maximum(packing.free[:, nodes].sum(axis=1), 1).astype(float)
    scarce = asked / free / free
    equal = 1.0 / free
    measures = [scarce, equal, *(equal * (np.arange(free.size) == resource) for resource in range(free.size))]
    eligible = (problem.most > 0)[:, np.unique(packing.kind[nodes])].sum(axis=1)
    places = np.arange(problem.pod_classes)
    seen: set[bytes] = set()
    for few_first in (False, True):
        for measure in measures:
            sizes = problem.size @ measure
            order = np.lexsort((places, -sizes, eligible)) if few_first else np.lexsort((places, -sizes))
            order = order[packing.missing[order] > 0]
            if order.tobytes() not in seen:
                seen.add(order.tobytes())
                yield order, scarce
                yield order, equal


def _make_room(today: Today, packing: Packing, nodes: Integers) -> None:
    """Find room for the pods that have none: put one in the place of a smaller one that fits elsewhere."""
    weight = 1.0 / np.maximum(packing.free[:, nodes].sum(axis=1), 1)
    left = EJECTIONS
    for pod_class in np.flatnonzero(packing.missing).tolist():
        while packing.missing[pod_class] > 0:
            if place_pods(packing, pod_class, 1, nodes, weight):
                continue
            if left == 0 or not _push_out(today, packing, pod_class, nodes, weight):
                break
            left -= 1


def _push_out(today: Today, packing: Packing, pod_class: int, nodes: Integers, weight: Numbers) -> bool:
    """Put a pod where one of another class is, which goes elsewhere; a pod that has to move anyhow is pushed rather than one that stays."""
    problem = packing.problem
    wanted = problem.size[pod_class]
    limit = problem.limit[pod_class][packing.kind]
    best: tuple[tuple[bool, float], int, int] | None = None
    for other in range(problem.pod_classes):
        if other == pod_class:
            continue
        fits = (packing.free + problem.size[other][:, None] >= wanted[:, None]).all(axis=0)
        fits &= (packing.held[other] > 0) & (packing.held[pod_class] < limit)
        candidates = nodes[fits[nodes]]
        if candidates.size == 0:
            continue
        elsewhere = np.flatnonzero((packing.room(other) * domains_open(packing, other)) > 0)
        elsewhere = elsewhere[np.isin(elsewhere, nodes)]
        for node in candidates.tolist():
            if elsewhere.size == 0 or (elsewhere.size == 1 and elsewhere[0] == node):
                continue
            stays = bool(packing.held[other, node] <= today.held[other, node])
            key = (stays, -float(problem.size[other] @ weight))
            if best is None or key < best[0]:
                best = (key, other, node)
    if best is None:
        return False
    _, other, node = best
    return _swapped(packing, pod_class, other, node, nodes[nodes != node], weight)


def _swapped(packing: Packing, pod_class: int, other: int, node: int, elsewhere: Integers, weight: Numbers) -> bool:
    one = np.zeros(packing.kind.size, np.int64)
    one[node] = 1
    packing.add(other, -one)
    if packing.room(pod_class)[node] > 0 and domains_open(packing, pod_class)[node]:
        packing.add(pod_class, one)
        if place_pods(packing, other, 1, elsewhere, weight):
            return True
        packing.add(pod_class, -one)
    packing.add(other, one)
    return False
