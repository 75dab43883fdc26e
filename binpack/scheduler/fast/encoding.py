"""Plans and shapes as numbers for kernels; None for what kernels do not cover."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from binpack.plugins.kernels.node_resources_fit import LEAST_ALLOCATED, MOST_ALLOCATED
from binpack.plugins.least_allocated import least_allocated
from binpack.plugins.most_allocated import most_allocated
from binpack.plugins.resource_allocation import ScoredRequest
from binpack.scheduler.fast.geometry import Geometry
from binpack.scheduler.fast.plan import Plan
from binpack.scheduler.fast.shapes import ShapeSlots
from binpack.scheduler.kernels import layout as at
from binpack.state.cluster import Cluster

_STRATEGIES = {least_allocated: LEAST_ALLOCATED, most_allocated: MOST_ALLOCATED}
_EXACT = (1 << 53) // 100
"""Up to here a hundredfold is exact as a float."""


def encode_shape(cluster: Cluster, slots: ShapeSlots, number: int) -> NDArray[np.int64] | None:
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
        _write(code, at.WANTED_AT, [(_position(cluster, each.name), each.amount) for each in wanted])
    if slots.fit_score is not None and scored is not None:
        strategy = _STRATEGIES.get(slots.fit_score.strategy)
        if strategy is None or len(scored) > at.MAX_SCORED:
            return None
        code[at.STRATEGY], code[at.SCORED] = strategy, len(scored)
        _write(code, at.SCORED_AT, [_scored(cluster, each) for each in scored])
    if slots.balanced is not None and balanced is not None:
        if len(balanced) > at.MAX_BALANCED:
            return None
        code[at.BALANCED] = len(balanced)
        _write(code, at.BALANCED_AT, [(_position(cluster, each.name), each.amount) for each in balanced])
    code[at.USUAL] = _is_usual(code)
    return code


def encode_operations(plan: Plan, geometry: Geometry, keys: dict[str, int]) -> NDArray[np.int64] | None:
    """Return a plan's operations, shape [MAX_OPS, OP_WIDTH], the unused ones 0.

    Parameters
    ----------
    plan : Plan
    geometry : Geometry
    keys : dict[str, int]
        Numbers of topology keys; new ones are added.
    """
    names = [hard.key for hard in plan.hard]
    names += [term.key for term in (*plan.attract, *plan.repel, *plan.prefer)]
    names += [soft.key for soft in plan.soft if soft.key is not None]
    if plan.filters or plan.scores or plan.pod_class.host_ports or not all(geometry.shape(name).uniform for name in names):
        return None
    key = {name: keys.setdefault(name, len(keys)) for name in names}
    rows: list[tuple[int, ...]] = []
    rows += [(at.HARD, key[t.key], t.sum, t.vector, t.max_skew, t.self_match, t.min_domains) for t in plan.hard]
    rows += [(at.ATTRACT, key[t.key], t.sum) for t in plan.attract]
    rows += [(at.REPEL, key[t.key], t.sum) for t in plan.repel]
    for soft in plan.soft:
        if soft.key is None:
            rows.append((at.SOFT_HOST, soft.number, 0, 0, int(soft.added)))
        else:
            rows.append((at.SOFT_ZONE, key[soft.key], soft.number, 0, int(soft.added)))
    rows += [(at.PREFER, key[t.key], t.sum, t.factor) for t in plan.prefer]
    rows += [(at.CLEAR, column) for column in plan.clear]
    if len(rows) > at.MAX_OPS or len(plan.soft) > at.MAX_SOFT:
        return None
    code = np.zeros((at.MAX_OPS, at.OP_WIDTH), np.int64)
    for number, row in enumerate(rows):
        code[number, : len(row)] = row
    return code


def encode_class(plan: Plan, operations: NDArray[np.int64], static_kind: int) -> NDArray[np.int64]:
    """Return a class's parameters, shape [CLASS_WIDTH]."""
    code = np.zeros(at.CLASS_WIDTH, np.int64)
    code[at.SHAPE], code[at.STATIC], code[at.STATIC_KIND] = plan.shape, plan.static, static_kind
    code[at.OPS] = np.count_nonzero(operations[:, 0])
    code[at.FIRST_OF_GROUP] = plan.first_of_group
    code[at.HOST] = next((term.number for term in plan.soft if term.key is None), -1)
    code[at.CLEARS], code[at.SOFTS] = len(plan.clear), len(plan.soft)
    return code


def encode_placed(cluster: Cluster, plan: Plan) -> NDArray[np.int64] | None:
    """Return what a pod of the class adds to its node, shape [PLACED_WIDTH]."""
    amounts = {name: amount for name, amount in plan.pod_class.placed.items() if amount}
    if len(amounts) > at.MAX_PLACED:
        return None
    code = np.zeros(at.PLACED_WIDTH, np.int64)
    code[0] = len(amounts)
    cluster.resource_vector(plan.pod_class.placed)
    _write(code, 1, [(_position(cluster, name), amount) for name, amount in amounts.items()])
    code[at.PLACED_WIDTH - 2 :] = plan.pod_class.nonzero
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


def _position(cluster: Cluster, name: str) -> int:
    position = cluster.resources.index(name)
    assert position is not None
    return position


def _scored(cluster: Cluster, request: ScoredRequest) -> tuple[int, ...]:
    line = -1 if request.nonzero_line is None else request.nonzero_line
    return line, _position(cluster, request.name), request.weight, request.amount


def _write(code: NDArray[np.int64], begin: int, rows: list[tuple[int, ...]]) -> None:
    flat = [number for row in rows for number in row]
    code[begin : begin + len(flat)] = flat
