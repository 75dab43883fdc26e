"""From fills to pods and nodes: which node gets which content, and which pod of a class goes where.

Equal nodes are interchangeable, so contents go where most of their pods are today; then every pod that can stay does, running pods
take the next places, and pending ones the rest. The same solution always gives the same map.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from binpack.optimal.build import BuiltProblem
from binpack.optimal.mobility import Movable
from binpack.optimal.problem import Integers
from binpack.optimal.solution import Fill, gathered


@dataclass(frozen=True)
class Move:
    """A pod that changes its place: `origin` None while pending, `target` None where it finds none."""

    pod: str
    origin: str | None
    target: str | None


def assign(built: BuiltProblem, fills: Sequence[Fill]) -> dict[str, str]:
    """Return the node of every pod (`namespace/name`) that the fills place, sorted by pod."""
    contents = _contents_of_nodes(built, fills)
    placed: dict[str, str] = {}
    places: list[list[str]] = [[] for _ in built.pods]
    for (node_class, position), pods in sorted(contents.items()):
        node = built.nodes[node_class][position]
        for pod_class in np.flatnonzero(pods).tolist():
            here = [item.pod.key for item in built.pods[pod_class] if item.node == node][: int(pods[pod_class])]
            placed.update(dict.fromkeys(here, node))
            places[pod_class] += [node] * (int(pods[pod_class]) - len(here))
    for pod_class, free in enumerate(places):
        waiting = [item for item in built.pods[pod_class] if item.pod.key not in placed]
        waiting.sort(key=_running_first)
        placed.update({item.pod.key: node for item, node in zip(waiting, free, strict=False)})
    return dict(sorted(placed.items()))


def fills_of(built: BuiltProblem, placed: Mapping[str, str]) -> tuple[Fill, ...]:
    """The fills that a map from pod to node amounts to; pods that are no part of the problem are left out."""
    where = {node: number for number, nodes in enumerate(built.nodes) for node in nodes}
    contents: dict[str, dict[int, int]] = {}
    for pod_class, pods in enumerate(built.pods):
        for item in pods:
            node = placed.get(item.pod.key)
            if node is not None:
                held = contents.setdefault(node, {})
                held[pod_class] = held.get(pod_class, 0) + 1
    return gathered(Fill(where[node], 1, tuple(sorted(held.items()))) for node, held in sorted(contents.items()))


def moves(built: BuiltProblem, placed: dict[str, str]) -> tuple[Move, ...]:
    """Return every movable pod whose place changes, by name."""
    items = sorted((item for pods in built.pods for item in pods), key=lambda item: item.pod.key)
    changes = (Move(item.pod.key, item.node, placed.get(item.pod.key)) for item in items)
    return tuple(move for move in changes if move.origin != move.target)


def _running_first(item: Movable) -> tuple[bool, str]:
    return item.node is None, item.pod.key


def _contents_of_nodes(built: BuiltProblem, fills: Sequence[Fill]) -> dict[tuple[int, int], Integers]:
    """What each single node holds, int64[m], by (node class, position)."""
    by_class: dict[int, list[Integers]] = {}
    for fill in fills:
        pods = np.zeros(len(built.pods), np.int64)
        for pod_class, count in fill.pods:
            pods[pod_class] = count
        by_class.setdefault(fill.node_class, []).extend([pods] * fill.nodes)
    today: dict[int, Integers] = {}
    for node_class, position, pod_class, count in built.problem.present.tolist():
        if node_class not in today:
            today[node_class] = np.zeros((len(built.nodes[node_class]), len(built.pods)), np.int64)
        today[node_class][position, pod_class] = count
    result = {}
    for node_class, contents in by_class.items():
        for content, position in zip(contents, _positions(contents, today.get(node_class)), strict=True):
            result[node_class, position] = content
    return result


def _positions(contents: list[Integers], today: Integers | None) -> list[int]:
    """The positions at which most pods stay where they are (an assignment problem, solved exactly)."""
    if today is None:
        return list(range(len(contents)))
    from scipy.optimize import linear_sum_assignment

    overlap = np.array([np.minimum(content, today).sum(axis=1) for content in contents])
    order, positions = linear_sum_assignment(-overlap)
    return [int(position) for _, position in sorted(zip(order.tolist(), positions.tolist(), strict=True))]
