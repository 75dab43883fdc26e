"""Explains a decision: decides once more, and asks every filter about every node alone.

In the decision itself a node's first rejection ends its case; asked alone, the other plugins tell what would still stand in the way
if that obstacle were gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.errors import SchedulingError
from binpack.framework.interface import Shortlist, Skip
from binpack.framework.profile import Profile
from binpack.framework.status import Status, unresolvable
from binpack.model.pod import Pod
from binpack.model.requests import fit_requests
from binpack.results.name_list import natural_key
from binpack.scheduler.cycle import Decision, SchedulingCycle
from binpack.scheduler.explanation import Explanation, FilterColumn, NodeState, RejectedGroup, ScoreColumn, Shortage
from binpack.scheduler.filtering import UNLISTED, unlisted_reason
from binpack.scheduler.ties import Ties
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

_FIT = "NodeResourcesFit"


def explain_pod(
    cycle: SchedulingCycle, pod: Pod, *, ties: Ties, present_node: str | None = None, notes: tuple[str, ...] = ()
) -> Explanation:
    """Decide about a pod and lay out why.

    Parameters
    ----------
    cycle : SchedulingCycle
        Over the cluster without the pod; made with `score_single`, so that an only feasible node has scores, too.
    pod : Pod
        Unbound.
    ties : Ties
        The rule of the cycle's tie-breaker.
    present_node : str, optional
        Where the pod runs in truth.
    notes : tuple[str, ...]
        Passed on.

    Raises
    ------
    SchedulingError
        If the cycle has no profile for the pod.
    """
    cluster, profile = cycle.cluster, cycle.profile_of(pod)
    decision = cycle.decide(pod)
    rows = np.array(sorted(np.flatnonzero(cluster.active), key=lambda row: natural_key(cluster.node(int(row)).name)), np.intp)
    names = tuple(cluster.node(int(row)).name for row in rows)
    rejected = _rejected_rows(decision, rows)
    totals, ranks = _totals(decision, rows)
    states = [
        NodeState.FEASIBLE if rank else NodeState.REJECTED if row in rejected else NodeState.UNSEEN
        for row, rank in zip(rows.tolist(), ranks, strict=True)
    ]
    groups = _groups(decision, cluster, np.array([row for row in rows if row in rejected], np.intp))
    return Explanation(
        pod=pod,
        profile=profile,
        ties=ties,
        decision=decision,
        nodes=names,
        states=tuple(states),
        totals=totals,
        ranks=ranks,
        filters=tuple(_ask(plugin, pod, cluster.rows(rows)) for plugin in profile.filters),
        scores=_score_columns(decision, profile, rows),
        groups=groups,
        shortages=tuple(_shortages(pod, cluster, groups)),
        present_node=present_node,
        notes=notes,
    )


def _rejected_rows(decision: Decision, rows: NDArray[np.intp]) -> frozenset[int]:
    """The rows that the decision rejects: at PreFilter all, else those with a recorded rejection and those off the shortlist."""
    if decision.filtering is None:
        return frozenset()
    if decision.filtering.preparation.rejection is not None or decision.search is None:
        return frozenset(rows.tolist())
    rejected = set(decision.search.rejected.tolist())
    if decision.filtering.preparation.shortlist is not None:
        rejected |= set(rows[decision.filtering.verdicts[rows] == UNLISTED].tolist())
    return frozenset(rejected - set(decision.feasible.tolist()))


def _totals(decision: Decision, rows: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    totals, ranks = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    if len(decision.feasible) == 0:
        return totals, ranks
    feasible = np.isin(rows, decision.feasible)
    if decision.scoring is not None:
        totals = _spread(decision.scoring.rows, decision.scoring.totals, rows)
    best_first = np.sort(-totals[feasible])
    ranks[feasible] = np.searchsorted(best_first, -totals[feasible], side="left") + 1
    return totals, ranks


def _spread(scored: NDArray[np.intp], values: NDArray[np.int64], rows: NDArray[np.intp]) -> NDArray[np.int64]:
    """Bring values of some rows into the order of all; 0 elsewhere."""
    by_row = np.zeros(int(max(rows.max(), scored.max())) + 1, np.int64)
    by_row[scored] = values
    return by_row[rows]


def _score_columns(decision: Decision, profile: Profile, rows: NDArray[np.intp]) -> tuple[ScoreColumn, ...]:
    scoring = decision.scoring
    columns = []
    for plugin, weight in profile.scores:
        skipped = scoring is None or plugin.name not in scoring.scores
        scores = np.zeros(len(rows), np.int64) if scoring is None or skipped else _spread(scoring.rows, scoring.scores[plugin.name], rows)
        columns.append(ScoreColumn(plugin.name, weight, scores, skipped))
    return tuple(columns)


def _groups(decision: Decision, cluster: Cluster, rejected: NDArray[np.intp]) -> tuple[RejectedGroup, ...]:
    if decision.filtering is None or len(rejected) == 0:
        return ()
    if decision.filtering.preparation.rejection is not None:
        plugin, status = decision.filtering.preparation.rejection
        return (RejectedGroup(plugin, status, tuple(cluster.node(int(row)).name for row in rejected)),)
    merged: dict[tuple[str, Status], list[int]] = {}
    for plugin, status, rows in decision.filtering.groups(rejected):
        merged.setdefault((plugin, status), []).extend(rows.tolist())
    groups = [
        RejectedGroup(plugin, status, tuple(sorted((cluster.node(row).name for row in rows), key=natural_key)))
        for (plugin, status), rows in merged.items()
    ]
    return tuple(sorted(groups, key=lambda group: (-len(group.nodes), group.plugin, group.status.reasons)))


def _shortages(pod: Pod, cluster: Cluster, groups: tuple[RejectedGroup, ...]) -> Iterator[Shortage]:
    """Compare what the pod asks for with what is free where it is rejected for that."""
    rows = np.array([cluster.row_of(node) for group in groups if group.plugin == _FIT for node in group.nodes], np.intp)
    if len(rows) == 0:
        return
    for resource, requested in fit_requests(pod).items():
        index = cluster.resources.index(resource)
        free = np.zeros(len(rows), np.int64) if index is None else cluster.allocatable[index, rows] - cluster.requested[index, rows]
        if (free < requested).any():
            most = int(free.argmax())
            yield Shortage(resource, requested, int(free[most]), cluster.node(int(rows[most])).name)


def _ask(plugin: Any, pod: Pod, rows: NodeRows) -> FilterColumn:
    """Ask one filter alone about rows."""
    passes = np.zeros(len(rows), np.uint32)
    try:
        answer = plugin.prepare(pod, rows.cluster)
    except SchedulingError as error:
        return FilterColumn(plugin.name, False, passes, error=str(error))
    if isinstance(answer, Skip):
        return FilterColumn(plugin.name, True, passes)
    if isinstance(answer, Status):
        return FilterColumn(plugin.name, False, passes + 1, {1: answer})
    prepared = answer.prepared if isinstance(answer, Shortlist) else answer
    codes = plugin.filter(prepared, rows).copy()
    statuses = {code: plugin.status(prepared, code) for code in np.unique(codes).tolist() if code}
    if isinstance(answer, Shortlist):
        listed = np.zeros(rows.cluster.capacity, np.bool_)
        listed[[row for name in answer.node_names if (row := rows.cluster.row_of(name)) is not None]] = True
        unlisted = ~listed[rows.numbers] & (codes == 0)
        own = max(statuses, default=0) + 1
        codes[unlisted] = own
        statuses[own] = unresolvable(unlisted_reason((plugin.name,)))
    return FilterColumn(plugin.name, False, codes, statuses)
