"""What plugins without cached parts say about one pod: a user's own, worked out over all rows by their own code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from binpack.errors import SchedulingError
from binpack.framework.answers import checked_codes, checked_scores
from binpack.framework.interface import Shortlist, Skip
from binpack.framework.status import Status
from binpack.model.pod import Pod
from binpack.scheduler.fast.fallback import NotCachedError
from binpack.scheduler.fast.plan import Extra, Plan
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows
from binpack.units import MAX_NODE_SCORE, MIN_NODE_SCORE


def extra_mask(plan: Plan, pod: Pod, cluster: Cluster) -> NDArray[np.bool_]:
    """Return the rows that all of them accept, shape [capacity].

    Raises
    ------
    NotCachedError
        If a plugin has more to say than a verdict for each row, or fails the cycle.
    """
    accepted, rows = np.ones(cluster.capacity, np.bool_), cluster.rows()
    try:
        for extra in plan.filters:
            prepared = extra.plugin.prepare(pod, cluster)
            if isinstance(prepared, Status | Shortlist):
                raise NotCachedError(f"{extra.plugin.name} rejects or lists nodes")
            if not isinstance(prepared, Skip):
                accepted &= checked_codes(extra.plugin.name, extra.plugin.filter(prepared, rows), len(rows)) == 0
    except SchedulingError as error:
        raise NotCachedError(str(error)) from error
    return accepted


def extra_scores(plan: Plan, pod: Pod, cluster: Cluster, ordered: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return the weighted sum of what they score for the feasible rows in the order of the search, shape [len(ordered)].

    Raises
    ------
    NotCachedError
        If a score is outside its range, or a plugin raises an error, which fails the cycle.
    """
    feasible = NodeRows(cluster, ordered)
    totals = np.zeros(len(ordered), np.int64)
    try:
        for extra in plan.scores:
            totals += _score(extra, pod, cluster, feasible)
    except SchedulingError as error:
        raise NotCachedError(str(error)) from error
    return totals


def _score(extra: Extra, pod: Pod, cluster: Cluster, feasible: NodeRows) -> NDArray[np.int64]:
    plugin = extra.plugin
    prepared = plugin.prepare_score(pod, cluster, feasible)
    if isinstance(prepared, Skip):
        return np.zeros(len(feasible), np.int64)
    normalized = checked_scores(plugin.name, plugin.normalize(prepared, plugin.score(prepared, feasible), feasible), len(feasible))
    if len(normalized) and (normalized.min() < MIN_NODE_SCORE or normalized.max() > MAX_NODE_SCORE):
        raise NotCachedError(f"{plugin.name} scores outside its range, which fails the cycle")
    return normalized * extra.weight
