"""Shapes as numbers: what the Fit filter, its score and BalancedAllocation ask of each resource."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from binpack.plugins.kernels.node_resources_fit import LEAST_ALLOCATED, MOST_ALLOCATED, REQUESTED_TO_CAPACITY_RATIO
from binpack.plugins.least_allocated import least_allocated
from binpack.plugins.most_allocated import most_allocated
from binpack.plugins.requested_to_capacity_ratio import RequestedToCapacityRatio
from binpack.plugins.resource_allocation import ScoredRequest
from binpack.scheduler.kernels import layout as at
from binpack.state.cluster import Cluster

_STRATEGIES = {least_allocated: LEAST_ALLOCATED, most_allocated: MOST_ALLOCATED}
_EXACT = (1 << 53) // 100
"""Up to here a hundredfold is exact as a float."""


class ShapeSource(Protocol):
    """What shapes are read from: `binpack.scheduler.fast.shapes.ShapeSlots`."""

    shapes: list[Any]
    fit_filter: Any
    fit_score: Any
    fit_weight: int
    balanced: Any
    balanced_weight: int


def encode_shape(cluster: Cluster, slots: ShapeSource, number: int) -> NDArray[np.int64] | None:
    """Return a shape slot's parameters, shape [SHAPE_WIDTH]."""
    wanted, scored, balanced = slots.shapes[number]
    code = np.zeros(at.SHAPE_WIDTH, np.int64)
    code[[at.WANTED, at.SCORED, at.BALANCED]] = at.OFF
    code[at.FIT_WEIGHT], code[at.BALANCED_WEIGHT] = slots.fit_weight, slots.balanced_weight
    for name in [each.name for part in (wanted, scored, balanced) for each in part or ()]:
        # A resource that no node knows gets its line now; it is 0 everywhere.
        cluster.resource_vector({name: 0})
    if slots.fit_filter is not None and wanted is not None:
        if len(wanted) > at.MAX_WANTED:
            return None
        code[at.WANTED] = len(wanted)
        write(code, at.WANTED_AT, [(position(cluster, each.name), each.amount) for each in wanted])
    if slots.fit_score is not None and scored is not None:
        by_ratio = isinstance(slots.fit_score.strategy, RequestedToCapacityRatio)
        strategy = REQUESTED_TO_CAPACITY_RATIO if by_ratio else _STRATEGIES.get(slots.fit_score.strategy)
        if strategy is None or len(scored) > at.MAX_SCORED:
            return None
        code[at.STRATEGY], code[at.SCORED] = strategy, len(scored)
        write(code, at.SCORED_AT, [_scored(cluster, each) for each in scored])
    if slots.balanced is not None and balanced is not None:
        if len(balanced) > at.MAX_BALANCED:
            return None
        code[at.BALANCED] = len(balanced)
        write(code, at.BALANCED_AT, [(position(cluster, each.name), each.amount) for each in balanced])
    code[at.USUAL] = _is_usual(code)
    return code


def is_exact(cluster: Cluster) -> bool:
    """Tell whether percentages of every node's amounts are exact as floats."""
    return bool(cluster.allocatable.max(initial=0) <= _EXACT)


def _is_usual(code: NDArray[np.int64]) -> bool:
    """Tell whether cpu and memory alone are compared and scored, by LeastAllocated with the defaults for missing requests."""
    wanted = code[at.WANTED_AT : at.SCORED_AT : 2][: max(int(code[at.WANTED]), 0)]
    scored = code[at.SCORED_AT : at.BALANCED_AT].reshape(-1, 4)[:2]
    balanced = code[at.BALANCED_AT : at.BALANCED_AT + 4 : 2]
    return bool(
        code[at.WANTED] != at.OFF
        and (wanted < 2).all()
        and (code[at.SCORED], code[at.BALANCED], code[at.STRATEGY]) == (2, 2, LEAST_ALLOCATED)
        and sorted(scored[:, 1]) == [0, 1]
        and (scored[:, 0] == scored[:, 1]).all()
        and scored[:, 2].sum() > 0
        and sorted(balanced) == [0, 1]
    )


def position(cluster: Cluster, name: str) -> int:
    """Return the line of a resource that has one."""
    line = cluster.resources.index(name)
    assert line is not None, f"{name} has no line"
    return line


def _scored(cluster: Cluster, request: ScoredRequest) -> tuple[int, ...]:
    line = -1 if request.nonzero_line is None else request.nonzero_line
    return line, position(cluster, request.name), request.weight, request.amount


def write(code: NDArray[np.int64], begin: int, rows: list[tuple[int, ...]]) -> None:
    """Write rows of numbers one after another into a code."""
    flat = [number for row in rows for number in row]
    code[begin : begin + len(flat)] = flat
