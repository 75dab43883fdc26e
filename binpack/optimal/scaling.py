"""Smaller integers for the same problem: exact division by common divisors, and stated rounding where that is not enough."""

from __future__ import annotations

from dataclasses import replace
from math import gcd
from typing import Literal

import numpy as np

from binpack.optimal.problem import Integers, PackingProblem

LARGEST_ENTRY = 1 << 31

Direction = Literal["restrict", "relax"]


def divide_exactly(size: Integers, demand: Integers, capacity: Integers) -> tuple[Integers, Integers, tuple[int, ...]]:
    """Divide each resource by the greatest common divisor of what pods ask for; nothing changes but the units.

    A sum of sizes is a multiple of their divisor, so the part of a capacity below the next multiple can never be used: rounding
    capacities down loses nothing. A capacity beyond what all pods ask for together is cut to that.

    Parameters
    ----------
    size : int64[m, R]
    demand : int64[m]
    capacity : int64[K, R]

    Returns
    -------
    size, capacity, unit
        The divided arrays and the divisor of each resource.
    """
    divisors = [gcd(*column) if len(column) else 1 for column in size.T.tolist()]
    unit = tuple(max(divisor, 1) for divisor in divisors)
    units = np.array(unit, np.int64)
    divided = size // units
    asked = [sum(a * d for a, d in zip(column, demand.tolist(), strict=True)) for column in divided.T.tolist()]
    return divided, np.minimum(capacity // units, np.array(asked, np.int64)), unit


def is_small(problem: PackingProblem) -> bool:
    """Whether every size and capacity is at most 2^31, so that no solver needs rounding."""
    return max(_largest(problem.size), _largest(problem.capacity)) <= LARGEST_ENTRY


def rounded(problem: PackingProblem, direction: Direction) -> PackingProblem:
    """Return the problem with every entry at most 2^31, rounded to the safe side of a stated direction.

    Parameters
    ----------
    direction : {"restrict", "relax"}
        `restrict` rounds sizes up and capacities down: each of its placements is one of the exact problem.
        `relax` rounds sizes down and capacities up: each of its bounds is one of the exact problem.

    Returns
    -------
    PackingProblem
        The same object where nothing needs rounding. `unit` tells the coarser units.
    """
    if is_small(problem):
        return problem
    largest = np.maximum(problem.size.max(axis=0, initial=0), problem.capacity.max(axis=0, initial=0))
    divisor = np.maximum(-(-largest // LARGEST_ENTRY), 1)
    up_size, up_capacity = -(-problem.size // divisor), -(-problem.capacity // divisor)
    down_size, down_capacity = problem.size // divisor, problem.capacity // divisor
    restrict = direction == "restrict"
    return replace(
        problem,
        size=up_size if restrict else down_size,
        capacity=down_capacity if restrict else up_capacity,
        unit=tuple(int(u * d) for u, d in zip(problem.unit, divisor, strict=True)),
    )


def _largest(array: Integers) -> int:
    return int(array.max()) if array.size else 0
