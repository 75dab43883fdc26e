"""Plans as numbers for kernels; None for what kernels do not cover."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from binpack.plugins.spread_constraints import HOSTNAME
from binpack.scheduler.fast.geometry import Geometry
from binpack.scheduler.fast.plan import Plan
from binpack.scheduler.fast.shape_codes import position, write
from binpack.scheduler.kernels import layout as at
from binpack.state.cluster import Cluster

_MAX_KEYS = 60


def encode_operations(plan: Plan, keys: dict[str, int]) -> NDArray[np.int64] | None:
    """Return a plan's operations, shape [MAX_OPS, OP_WIDTH], the unused ones 0.

    Parameters
    ----------
    plan : Plan
    keys : dict[str, int]
        Numbers of topology keys; new ones are added.
    """
    key = {name: keys.setdefault(name, len(keys)) for name in (*_keys(plan), HOSTNAME)}
    rows: list[tuple[int, ...]] = []
    rows += [(at.HARD, key[t.key], t.sum, t.vector, t.max_skew, t.self_match, t.min_domains) for t in plan.hard]
    rows += [
        (at.HARD_HOST, t.column, 0, -1 if t.vector is None else t.vector, t.max_skew, t.self_match, t.min_domains) for t in plan.hard_hosts
    ]
    rows += [(at.ATTRACT, key[t.key], t.sum) for t in plan.attract]
    rows += [(at.NEAR, plan.near)] if plan.near is not None else []
    rows += [(at.REPEL, key[t.key], t.sum) for t in plan.repel]
    for soft in plan.soft:
        if soft.key is None:
            rows.append((at.SOFT_HOST, soft.number, key[HOSTNAME], 0, int(soft.added)))
        else:
            rows.append((at.SOFT_ZONE, key[soft.key], soft.number, 0, int(soft.added)))
    rows += [(at.PREFER, key[t.key], t.sum, t.factor) for t in plan.prefer]
    rows += [(at.PREFER_HOST, column, 0, factor) for column, factor in plan.prefer_hosts]
    rows += [(at.CLEAR, column) for column in plan.clear]
    if len(rows) > at.MAX_OPS or len(plan.soft) > at.MAX_SOFT or len(keys) > _MAX_KEYS:
        return None
    code = np.zeros((at.MAX_OPS, at.OP_WIDTH), np.int64)
    for number, row in enumerate(rows):
        code[number, : len(row)] = row
    return code


def goes_row_by_row(plan: Plan, geometry: Geometry) -> bool:
    """Tell whether blocks cannot be bounded: domains cross zones, hosts are scored by more than one count, or Python has a say."""
    hosts = [term for term in plan.soft if term.key is None]
    return bool(
        plan.filters
        or plan.scores
        or plan.prefer_hosts
        or len(hosts) > 1
        or plan.soft_keys
        or (hosts and not geometry.shape(HOSTNAME).complete)
        or not all(geometry.shape(name).uniform for name in _keys(plan))
    )


def encode_class(plan: Plan, operations: NDArray[np.int64], keys: dict[str, int], static_kind: int, *, by_row: bool) -> NDArray[np.int64]:
    """Return a class's parameters, shape [CLASS_WIDTH]."""
    code = np.zeros(at.CLASS_WIDTH, np.int64)
    code[at.SHAPE], code[at.STATIC], code[at.STATIC_KIND] = plan.shape, plan.static, static_kind
    code[at.OPS] = np.count_nonzero(operations[:, 0])
    code[at.FIRST_OF_GROUP] = plan.first_of_group
    code[at.HOST] = next((term.number for term in plan.soft if term.key is None), -1)
    code[at.ROW_FILTERS], code[at.SOFTS] = len(plan.clear) + len(plan.hard_hosts) + (plan.near is not None), len(plan.soft)
    code[at.ROW_BY_ROW], code[at.EXTERNAL] = by_row, bool(plan.filters or plan.scores)
    code[at.SOFT_KEYS] = sum(1 << keys[name] for name in plan.soft_keys)
    return code


def encode_placed(cluster: Cluster, plan: Plan) -> NDArray[np.int64] | None:
    """Return what a pod of the class adds to its node, shape [PLACED_WIDTH]."""
    amounts = {name: amount for name, amount in plan.pod_class.placed.items() if amount}
    if len(amounts) > at.MAX_PLACED:
        return None
    code = np.zeros(at.PLACED_WIDTH, np.int64)
    code[0] = len(amounts)
    cluster.resource_vector(plan.pod_class.placed)
    write(code, 1, [(position(cluster, name), amount) for name, amount in amounts.items()])
    code[at.PLACED_WIDTH - 2 :] = plan.pod_class.nonzero
    return code


def _keys(plan: Plan) -> list[str]:
    """The topology keys by whose domains the plan counts."""
    names = [hard.key for hard in plan.hard] + [term.key for term in (*plan.attract, *plan.repel, *plan.prefer)]
    return [*names, *(soft.key for soft in plan.soft if soft.key is not None), *plan.soft_keys]
