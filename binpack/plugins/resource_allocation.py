"""What of each scored resource would be requested on a row with the pod on it: the common part of the resource scores.

Source: noderesources/resource_allocation.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.framework.arguments import ResourceSpec
from binpack.model.requests import CPU, MEMORY, is_accounted, is_scalar
from binpack.state.node_rows import NodeRows
from binpack.units import MAX_NODE_SCORE

_NONZERO_LINES = {CPU: 0, MEMORY: 1}


@dataclass(frozen=True, slots=True)
class ScoredRequest:
    """What a pod asks of one scored resource.

    Parameters
    ----------
    name : str
    weight : int
    amount : int
        Milli-cores, bytes or units.
    nonzero_line : int or None
        The line of `nonzero_requested` that says what the row's pods use; None: `requested` does.
    """

    name: str
    weight: int
    amount: int
    nonzero_line: int | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """One resource over rows, the pod included.

    Parameters
    ----------
    weight : int
    requested : NDArray[np.int64]
        By the pods there and the incoming one, shape [n].
    allocatable : NDArray[np.int64]
        Shape [n], 1 where there is none.
    counted : NDArray[np.bool_] or None
        Where the resource counts, that is where the node has any of it, shape [n]; None: everywhere.
    """

    weight: int
    requested: NDArray[np.int64]
    allocatable: NDArray[np.int64]
    counted: NDArray[np.bool_] | None

    def utilization(self) -> NDArray[np.int64]:
        """Return what is requested in percent of allocatable, truncated, at most 100; shape [n]."""
        return percentage(np.minimum(self.requested, self.allocatable), self.allocatable)


def scored_requests(resources: Iterable[ResourceSpec], amounts: Mapping[str, int], *, nonzero: bool) -> tuple[ScoredRequest, ...]:
    """Choose the configured resources that count for a pod.

    Parameters
    ----------
    resources : iterable of ResourceSpec
        As configured. Names that the scheduler does not account for are left out, and scalars of which the pod asks for nothing.
    amounts : Mapping[str, int]
        The pod's requests.
    nonzero : bool
        Count the pods on the node with the defaults for missing requests of cpu and memory.
    """
    lines = _NONZERO_LINES if nonzero else {}
    return tuple(
        ScoredRequest(spec.name, spec.weight, amounts.get(spec.name, 0), lines.get(spec.name))
        for spec in resources
        if is_accounted(spec.name) and (not is_scalar(spec.name) or amounts.get(spec.name, 0) != 0)
    )


def uses(requests: Iterable[ScoredRequest], rows: NodeRows) -> list[Use]:
    """Look up each resource's use over rows; a resource that no node knows is left out."""
    found = ((request, rows.cluster.resources.index(request.name)) for request in requests)
    return [_use(request, position, rows) for request, position in found if position is not None]


def weighted_mean(of: Sequence[Use], scores: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Average the resources' scores by weight, truncated; what does not count on a row counts in neither sum; 0 if nothing does.

    Parameters
    ----------
    of : sequence of Use
        At least one.
    scores : sequence of NDArray[np.int64]
        Of each resource, shape [n].
    """
    total = np.zeros_like(scores[0])
    weights: NDArray[np.int64] | int = 0
    for use, score in zip(of, scores, strict=True):
        weight = use.weight if use.counted is None else use.weight * use.counted
        total += score * weight
        weights = weights + weight
    return total // np.maximum(weights, 1)


def percentage(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return `part × 100 div whole` as Go computes it: truncated toward zero.

    From 2^63/100 on (92 PB of memory) the product wraps around, as it does upstream, and may be negative.
    """
    product = part * MAX_NODE_SCORE
    quotient: NDArray[np.int64] = product // whole
    if quotient.min(initial=0) < 0:
        quotient = np.where(product < 0, -(-product // whole), quotient)
    return quotient


def _use(request: ScoredRequest, position: int, rows: NodeRows) -> Use:
    cluster, line = rows.cluster, request.nonzero_line
    allocatable = rows.take(cluster.allocatable[position])
    requested = rows.take(cluster.requested[position] if line is None else cluster.nonzero_requested[line]) + request.amount
    if allocatable.all():
        return Use(request.weight, requested, allocatable, None)
    return Use(request.weight, requested, np.maximum(allocatable, 1), allocatable != 0)
