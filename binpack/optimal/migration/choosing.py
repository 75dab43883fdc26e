"""Which nodes to keep: those with most pods whose capacity suffices in total, with some to spare where pods do not fit together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.linear import LinearProgram
from binpack.optimal.migration.bound import Pooled
from binpack.optimal.migration.today import Today

Mask = NDArray[np.bool_]
MIP_NODES = 200
SPARE = (0.0, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06)
"""Parts of what is asked for in total that the kept nodes have beyond it, tried in turn."""
NOISE = 0.75


def choices(today: Today, target: int, found: Pooled, generator: np.random.Generator, *, count: int) -> Iterator[Mask]:
    """Yield sets of nodes to keep whose capacity suffices in total, the most promising first and no set twice.

    Parameters
    ----------
    target : int
        Most paid nodes.
    found : Pooled
        The pooled knapsack's solution, whose prices say what a node's capacity is worth.
    count : int
        Most sets that are drawn at random, after those of the pooled knapsack.
    """
    seen: set[bytes] = set()
    worth = today.pods + today.problem.capacity[today.node_class] @ found.prices
    wide = _fullest(today, target, worth)
    for spare in (None, *SPARE, *range(count)):
        if spare is None:
            keep: Mask | None = wide
        elif isinstance(spare, float):
            keep = _exact(today, target, spare)
        else:
            keep = _fullest(today, target, worth + generator.uniform(-NOISE, NOISE, today.pods.size) * (1 + spare // 4))
        if keep is not None and keep.tobytes() not in seen and _suffices(today, keep):
            seen.add(keep.tobytes())
            yield keep


def _fullest(today: Today, target: int, worth: NDArray[np.float64]) -> Mask:
    """All nodes that cost nothing, and the paid ones that are worth most."""
    keep = ~today.paid
    order = np.lexsort((np.arange(worth.size), -worth))
    keep[order[today.paid[order]][:target]] = True
    return keep


def _suffices(today: Today, keep: Mask) -> bool:
    problem = today.problem
    asked = (problem.size * problem.demand[:, None]).sum(axis=0)
    return bool((problem.capacity[today.node_class[keep]].sum(axis=0) >= asked).all())


def _exact(today: Today, target: int, spare: float) -> Mask | None:
    """The pooled knapsack in whole nodes, for somewhat more than is asked for; None if there is no such choice."""
    problem = today.problem
    asked = (problem.size * problem.demand[:, None]).sum(axis=0)
    count = len(problem.resources)
    program = LinearProgram([float(amount) * (1.0 + spare) for amount in asked] + [-np.inf], [np.inf] * count + [float(target)])
    for node, kind in enumerate(today.node_class.tolist()):
        rows = [*range(count), count] if today.paid[node] else list(range(count))
        values = [float(amount) for amount in problem.capacity[kind]] + ([1.0] if today.paid[node] else [])
        program.add_column(-float(today.pods[node]), rows, values, 1.0)
    columns = program.solve_whole(node_limit=MIP_NODES, seconds=None)
    return None if columns is None else np.asarray(columns > 0.5)
