"""Filling up what other pods leave free: beside today's placement, or beside patterns that are decided.

What counts most for its size comes first within its rank; how size is measured is tried in several ways, for what counts most is not
what fits best.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from binpack.optimal.methods.greedy import score
from binpack.optimal.packing import Packing, packing_of
from binpack.optimal.problem import Integers, PackingProblem
from binpack.optimal.solution import Fill


def filling_orders(problem: PackingProblem) -> list[list[int]]:
    """Orders of the pod classes: by rank, then by what they count for a share of their size, measured in several ways, or by size."""
    offered = np.maximum((problem.capacity * problem.supply[:, None]).sum(axis=0), 1).astype(float)
    asked = (problem.size * problem.demand[:, None]).sum(axis=0) / offered
    shares = problem.size / offered
    measures = [shares @ asked, shares.max(axis=1, initial=0.0), shares.sum(axis=1)]
    keys = [-problem.value / np.maximum(measure, 1e-300) for measure in measures]
    keys += [-measure for measure in measures[:2]]
    found = {tuple(np.lexsort((np.arange(problem.pod_classes), key, problem.rank)).tolist()): None for key in keys}
    return [list(order) for order in found]


def filled_up(problem: PackingProblem, fills: Sequence[Fill], orders: Sequence[Sequence[int]]) -> Packing:
    """Place what still fits beside some fills, and return the best of several orders: of pods, and by which nodes come first."""
    start = packing_of(problem, fills)
    if not start.missing.any():
        return start
    weight = 1.0 / np.maximum(problem.capacity.max(axis=0, initial=1), 1)
    best = start
    for order in orders:
        packing = start.copy()
        missing: Integers = packing.missing
        for pod_class in order:
            if missing[pod_class]:
                packing.fill(pod_class, int(missing[pod_class]), np.argsort(weight @ packing.free, kind="stable"))
        best = min(best, packing, key=score)
    return best
