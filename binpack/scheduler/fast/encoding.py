"""Plans as numbers for kernels; None for what kernels do not cover."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from binpack.scheduler.fast.geometry import Geometry
from binpack.scheduler.fast.plan import Plan
from binpack.scheduler.fast.shape_codes import position, write
from binpack.scheduler.kernels import layout as at
from binpack.state.cluster import Cluster


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
    write(code, 1, [(position(cluster, name), amount) for name, amount in amounts.items()])
    code[at.PLACED_WIDTH - 2 :] = plan.pod_class.nonzero
    return code
