"""What a node has left, resource by resource: the vectors that packing heuristics compare.

A pod is a vector of requests, a node a vector of free amounts, both in fractions of a reference capacity, so that cores and bytes
can be added. The dimensions are cpu and memory, and whatever else the pod requests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.model.pod import Pod
from binpack.model.requests import CPU, MEMORY
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

SCALE = 1 << 40
"""Raw scores are whole multiples of 1/SCALE: a byte of a tebibyte still tells two nodes apart, and rounding errors do not."""

_LIMIT = 1 << 14


@dataclass(frozen=True, slots=True)
class Dimension:
    """One resource of a pod.

    Parameters
    ----------
    position : int
        Its place on the resource axis.
    amount : int
        What the pod requests, in milli-cores, bytes or units.
    """

    position: int
    amount: int


@dataclass(frozen=True, slots=True)
class Residual:
    """One resource over rows, before the pod is placed.

    Parameters
    ----------
    demand : NDArray[np.float64]
        The pod's request as a fraction of the capacity, shape [n].
    free : NDArray[np.float64]
        What is free as a fraction of the capacity, shape [n].
    """

    demand: NDArray[np.float64]
    free: NDArray[np.float64]


def dimensions(pod: Pod, cluster: Cluster) -> tuple[Dimension, ...]:
    """Return the dimensions of a pod: cpu and memory in any case, the others that it requests by name."""
    requests = cluster.classes.of(pod).requests
    others = sorted(name for name, amount in requests.items() if amount and name not in (CPU, MEMORY))
    found = ((cluster.resources.index(name), requests.get(name, 0)) for name in (CPU, MEMORY, *others))
    return tuple(Dimension(position, amount) for position, amount in found if position is not None)


def total(
    of: tuple[Dimension, ...],
    rows: NodeRows,
    term: Callable[[Residual], NDArray[np.float64]],
    capacities: tuple[int, ...] | None = None,
) -> NDArray[np.int64]:
    """Sum a term over the dimensions, in units of 1/SCALE.

    Parameters
    ----------
    of : tuple[Dimension, ...]
    rows : NodeRows
    term : callable
        From one resource's fractions to its part of the sum, shape [n].
    capacities : tuple[int, ...], optional
        What fractions refer to, by dimension; each node's own allocatable by default. Where there is no capacity, all fractions are 0.

    Returns
    -------
    NDArray[np.int64]
        Shape [n].
    """
    values = np.zeros(len(rows))
    for index, dimension in enumerate(of):
        allocatable = rows.take(rows.cluster.allocatable[dimension.position])
        free = allocatable - rows.take(rows.cluster.requested[dimension.position])
        capacity = allocatable if capacities is None else np.full(len(rows), capacities[index])
        divisor = np.where(capacity > 0, capacity, np.inf)
        values += term(Residual(dimension.amount / divisor, free / divisor))
    # Only where no filter looks at resources can a node be so overcommitted that this matters.
    return np.rint(np.clip(values, -_LIMIT, _LIMIT) * SCALE).astype(np.int64)
