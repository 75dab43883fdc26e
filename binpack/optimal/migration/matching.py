"""Which of today's nodes gets which content: the match at which most pods stay, exact within each node class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from binpack.optimal.migration.today import Today
from binpack.optimal.packing import Packing
from binpack.optimal.problem import Integers
from binpack.optimal.solution import Fill


def matched(today: Today, fills: Sequence[Fill]) -> Packing:
    """Put the contents of a placement on today's nodes."""
    contents = [(fill.node_class, pods) for fill in fills for pods in [_vector(today.problem.pod_classes, fill)] for _ in range(fill.nodes)]
    return _placed(today, contents)


def rematched(today: Today, packing: Packing) -> Packing:
    """Exchange the contents of nodes of a class so that most pods stay."""
    used = np.flatnonzero(packing.used).tolist()
    return _placed(today, [(int(packing.kind[node]), packing.held[:, node].copy()) for node in used])


def _placed(today: Today, contents: list[tuple[int, Integers]]) -> Packing:
    from scipy.optimize import linear_sum_assignment

    packing = Packing(today.problem)
    for node_class in sorted({node_class for node_class, _ in contents}):
        nodes = np.flatnonzero(today.node_class == node_class)
        held = [pods for kind, pods in contents if kind == node_class]
        overlap = np.array([np.minimum(pods[:, None], today.held[:, nodes]).sum(axis=0) for pods in held])
        for number, place in zip(*linear_sum_assignment(-overlap), strict=True):
            packing.put(int(nodes[place]), held[number])
    return packing


def _vector(pod_classes: int, fill: Fill) -> Integers:
    pods = np.zeros(pod_classes, np.int64)
    for pod_class, count in fill.pods:
        pods[pod_class] = count
    return pods
