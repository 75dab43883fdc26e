"""From an instance file to a packing problem: equal items are one pod class, all bins one node class.

The file offers bins without limit. The problem has as many as first fit by decreasing size needs: no best placement takes more.
"""

from __future__ import annotations

from math import gcd

import numpy as np

from binpack.errors import InstanceError
from binpack.optimal.instances.instance import Instance
from binpack.optimal.problem import LARGEST_TOTAL, Integers, PackingProblem, problem_of


def problem_from(instance: Instance) -> PackingProblem:
    """Build the problem of fewest bins.

    Each dimension is divided by the common divisor of its sizes (the capacity rounded down, which loses nothing: sums of sizes are
    multiples of it), and a capacity beyond what all items ask for is cut to that.

    Raises
    ------
    InstanceError
        If a sum of sizes does not fit 62 bits after that division.
    """
    demand: dict[tuple[int, ...], int] = {}
    named: dict[tuple[int, ...], str] = {}
    for number, item in enumerate(instance.items, 1):
        demand[item.sizes] = demand.get(item.sizes, 0) + item.demand
        named.setdefault(item.sizes, f"item {number} (line {item.line})")
    classes = sorted(demand, reverse=True)
    count = [demand[sizes] for sizes in classes]
    units = [gcd(*column) or 1 for column in zip(*classes, strict=True)]
    sizes = [[size // unit for size, unit in zip(row, units, strict=True)] for row in classes]
    asked = [sum(size * pods for size, pods in zip(column, count, strict=True)) for column in zip(*sizes, strict=True)]
    capacity = [min(room // unit, total) for room, unit, total in zip(instance.capacity, units, asked, strict=True)]
    names = ["size"] if len(units) == 1 else [f"dimension {number}" for number in range(1, len(units) + 1)]
    for name, unit, total, room in zip(names, units, asked, capacity, strict=True):
        # No more bins than items: then no sum of sizes or of capacities overflows.
        if max(total, room * sum(count)) >= LARGEST_TOTAL:
            raise InstanceError(
                f"{instance.title}: {name}: {sum(count)} items with a sum of {total} in bins of {room} (after division by {unit}) overflow"
                " (accepted: the sum, and items × capacity, below 2^62; measure in larger units)"
            )
    size, bins = np.array(sizes, np.int64), np.array(count, np.int64)
    needed = first_fit(size, bins, np.array(capacity, np.int64))
    return problem_of(
        size=size,
        demand=bins,
        capacity=[capacity],
        supply=[needed],
        resources=tuple(names),
        unit=tuple(units),
        class_names=tuple(named[row] for row in classes),
        node_class_names=("bin",),
    )


def first_fit(size: Integers, demand: Integers, capacity: Integers) -> int:
    """Return how many bins first fit by decreasing size opens; a class at a time, which gives the same.

    Parameters
    ----------
    size : int64[m, R]
        Each fits a bin.
    demand : int64[m]
    capacity : int64[R]
    """
    weights = 1.0 / np.maximum(capacity, 1)
    free = np.zeros((0, capacity.size), np.int64)
    for pod_class in np.lexsort((np.arange(demand.size), -(size @ weights))).tolist():
        sizes, missing = size[pod_class], int(demand[pod_class])
        asks = sizes > 0
        fits = (free[:, asks] // sizes[asks]).min(axis=1) if asks.any() else np.full(len(free), missing)
        taken = np.diff(np.minimum(np.cumsum(fits), missing), prepend=0)
        free = free - taken[:, None] * sizes
        missing -= int(taken.sum())
        most = int((capacity[asks] // sizes[asks]).min()) if asks.any() else max(missing, 1)
        whole, rest = divmod(missing, most)
        opened = [capacity - most * sizes] * whole + ([capacity - rest * sizes] if rest else [])
        if opened:
            free = np.vstack([free, *opened])
    return len(free)
