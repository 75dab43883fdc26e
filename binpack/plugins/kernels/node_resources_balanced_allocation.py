"""NodeResourcesBalancedAllocation for one row, double by double as the plugin."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def balanced_score(row: int, scored: Any, resources: int, allocatable: Any, requested: Any) -> int:
    """Score a row; `scored` holds position and amount of each resource. Resources of which the node has none do not count."""
    counted, first, second, total = 0, 0.0, 0.0, 0.0
    for resource in range(resources):
        position = scored[2 * resource]
        there = allocatable[position, row]
        if there != 0:
            fraction = min(1.0, (requested[position, row] + scored[2 * resource + 1]) / there)
            first, second = (fraction, second) if counted == 0 else (first, fraction)
            total += fraction
            counted += 1
    if counted < 2:
        return 100
    if counted == 2:
        # Half the difference differs from the general formula in the last bit.
        return int((1.0 - abs((first - second) / 2)) * 100)
    mean, squares = total / counted, 0.0
    for resource in range(resources):
        position = scored[2 * resource]
        there = allocatable[position, row]
        if there != 0:
            fraction = min(1.0, (requested[position, row] + scored[2 * resource + 1]) / there)
            squares += (fraction - mean) * (fraction - mean)
    return int((1.0 - math.sqrt(squares / counted)) * 100)


def balanced_of_two(first: float, first_there: float, second: float, second_there: float) -> float:
    """Return the score of two resources that every node has: `first` and `second` are what is requested of them."""
    return np.floor((1.0 - abs((min(1.0, first / first_there) - min(1.0, second / second_there)) / 2)) * 100)  # type: ignore[no-any-return]
