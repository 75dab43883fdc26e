"""NodeResourcesFit for one row: whether the pod fits, and the score by any of the three strategies.

Quotients of floats are exact here: 100 × allocatable stays below 2^53, else the kernels are not used.
"""

from __future__ import annotations

from typing import Any

import numpy as np

LEAST_ALLOCATED = 0
MOST_ALLOCATED = 1
REQUESTED_TO_CAPACITY_RATIO = 2


def fits(row: int, wanted: Any, resources: int, allocatable: Any, requested: Any, allowed_pods: Any, pod_counts: Any) -> bool:
    """Tell whether a pod fits; `wanted` holds position and amount of each resource."""
    if pod_counts[row] >= allowed_pods[row]:
        return False
    for resource in range(resources):
        position = wanted[2 * resource]
        if wanted[2 * resource + 1] > allocatable[position, row] - requested[position, row]:
            return False
    return True


def allocation_score(
    row: int, scored: Any, resources: int, strategy: int, allocatable: Any, requested: Any, nonzero_requested: Any, ratios: Any
) -> int:
    """Score a row; `scored` holds line of `nonzero_requested` (-1: `requested` says), position, weight and amount of each resource.

    `ratios` has the score of each percentage in use, for RequestedToCapacityRatio.
    """
    total, weights = 0, 0
    for resource in range(resources):
        line, position = scored[4 * resource], scored[4 * resource + 1]
        weight = scored[4 * resource + 2]
        there = allocatable[position, row]
        if there == 0:
            continue
        used = (nonzero_requested[line, row] if line >= 0 else requested[position, row]) + scored[4 * resource + 3]
        part = max(there - used, 0) if strategy == 0 else min(used, there)
        score = int(100.0 * part / there)
        if strategy == 2:
            # A resource that scores 0 leaves both sums.
            score = ratios[min(max(score, 0), 100)]
            weight = weight if score > 0 else 0
        total += score * weight
        weights += weight
    if strategy == 2:
        return (2 * total + weights) // max(2 * weights, 1)
    return int(total / weights) if weights > 0 else 0


def least_allocated_of_two(
    first: float, first_there: float, first_weight: float, second: float, second_there: float, second_weight: float
) -> float:
    """Return the LeastAllocated score of two resources that every node has: `first` and `second` are what is used of them."""
    free = np.floor(max(first_there - first, 0.0) * 100.0 / first_there) * first_weight
    free += np.floor(max(second_there - second, 0.0) * 100.0 / second_there) * second_weight
    return np.floor(free / (first_weight + second_weight))  # type: ignore[no-any-return]
