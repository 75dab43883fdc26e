"""What every plugin promises, each promise a function that raises AssertionError and says which one was broken, and how.

`binpack.testing.checks.check_plugin` runs them all over generated clusters; with a cluster and a pod at hand they can be called directly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.errors import SchedulingError
from binpack.framework.answers import declaration_problem
from binpack.framework.interface import Incremental, Reads, Shortlist, Skip
from binpack.framework.status import Code, Status
from binpack.model.pod import Pod
from binpack.state.classes import FEATURES
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows
from binpack.units import MAX_NODE_SCORE, MIN_NODE_SCORE

COLUMNS = ("allocatable", "requested", "nonzero_requested", "allowed_pods", "pod_counts", "unschedulable", "taint_set", "active")


def check_declaration(plugin: Any) -> None:
    """Check what a plugin says about itself: name, extension points, what it reads, its part of the class key, its events."""
    problem = declaration_problem(plugin)
    name = getattr(plugin, "name", None) or type(plugin).__name__
    _hold(problem is None, name, problem or "")
    _hold(isinstance(getattr(plugin, "reads", None), Reads), name, "`reads` is missing (accepted: Reads)")
    class_key = getattr(plugin, "class_key", None)
    _hold(isinstance(class_key, tuple), name, f"`class_key` is {class_key!r} (accepted: a tuple of texts)")
    for entry in plugin.class_key:
        known = entry in FEATURES or entry == "labels" or entry.startswith("annotations:")
        _hold(known, name, f"`class_key` names {entry!r} (accepted: {', '.join(FEATURES)}, labels, annotations:KEY)")
    events = getattr(plugin, "events", ())  # Without any, every event may make a pod that it rejected schedulable.
    _hold(isinstance(events, tuple), name, f"`events` is {events!r} (accepted: a tuple of EventHint)")


def verdicts(plugin: Any, pod: Pod, cluster: Cluster) -> NDArray[np.uint32] | Status | Skip | None:
    """Return the plugin's codes for the nodes in order of row; its answer for all nodes; or None if the cycle fails."""
    prepared = _prepared(plugin, pod, cluster)
    if prepared is None or isinstance(prepared, Skip | Status):
        return prepared
    codes: NDArray[np.uint32] = plugin.filter(prepared, NodeRows(cluster, np.flatnonzero(cluster.active)))
    return codes


def check_filter(plugin: Any, pod: Pod, cluster: Cluster) -> None:
    """Check a filter: uint32 codes, the same for a row whatever the other rows are, each with a status; nothing in the cluster changed."""
    before = _image(cluster)
    prepared = _prepared(plugin, pod, cluster)
    if isinstance(prepared, Status):
        _check_status(plugin, prepared)
    if prepared is None or isinstance(prepared, Skip | Status):
        return
    codes = _over_all_rows(plugin.name, lambda rows: plugin.filter(prepared, rows), cluster, np.uint32, "filter")
    for code in np.unique(codes[cluster.active]):
        if code:
            _check_status(plugin, plugin.status(prepared, int(code)))
    _hold(np.array_equal(plugin.filter(prepared, cluster.rows()), codes), plugin.name, "`filter` asked twice gives two answers")
    _check_dry_run(plugin, prepared, pod, cluster, codes)
    _check_unchanged(plugin.name, before, _image(cluster))


def check_score(plugin: Any, pod: Pod, cluster: Cluster) -> None:
    """Check a score: int64, the same for a row whatever the other rows are, normalised to 0..100; nothing in the cluster changed."""
    before = _image(cluster)
    feasible = NodeRows(cluster, np.flatnonzero(cluster.active))
    try:
        prepared = _prepared_score(plugin, pod, cluster, feasible)
    except SchedulingError:
        return
    if isinstance(prepared, Skip):
        return
    _over_all_rows(plugin.name, lambda rows: plugin.score(prepared, rows), cluster, np.int64, "score")
    raw = plugin.score(prepared, feasible)
    kept = raw.copy()
    normalized = plugin.normalize(prepared, raw, feasible)
    _check_array(plugin.name, normalized, np.int64, len(feasible), "normalize")
    _hold(np.array_equal(raw, kept), plugin.name, "`normalize` changed the raw scores that it was given (accepted: a new array)")
    outside = normalized[(normalized < MIN_NODE_SCORE) | (normalized > MAX_NODE_SCORE)]
    _hold(not outside.size, plugin.name, f"a normalised score is {outside[:1]} (accepted: {MIN_NODE_SCORE} to {MAX_NODE_SCORE})")
    again = _prepared_score(plugin, pod, cluster, feasible)
    _hold(np.array_equal(plugin.score(again, feasible), kept), plugin.name, "`score`, prepared anew, gives another answer")
    _check_unchanged(plugin.name, before, _image(cluster))


def check_class_key(plugin: Any, pod: Pod, other: Pod, cluster: Cluster) -> None:
    """Check that two pods which the class key cannot tell apart are judged alike by the filter.

    The pods may differ in anything; where the key tells them apart, nothing is checked.
    """
    if class_of(plugin, pod) != class_of(plugin, other):
        return
    mine, theirs = verdicts(plugin, pod, cluster), verdicts(plugin, other, cluster)
    same = np.array_equal(mine, theirs) if isinstance(mine, np.ndarray) and isinstance(theirs, np.ndarray) else type(mine) is type(theirs)
    _hold(same, plugin.name, f"judges two pods differently ({mine} and {theirs}) that its class_key {plugin.class_key} cannot tell apart")


def class_of(plugin: Any, pod: Pod) -> tuple[Any, ...]:
    """Return what the plugin's class key reads of a pod; labels whole."""
    parts: list[Any] = []
    for entry in plugin.class_key:
        if entry == "labels":
            parts.append(sorted(pod.metadata.labels.items()))
        elif entry.startswith("annotations:"):
            parts.append(pod.metadata.annotations.get(entry.partition(":")[2]))
        else:
            parts.append(FEATURES[entry](pod))
    return tuple(parts)


def _prepared(plugin: Any, pod: Pod, cluster: Cluster) -> Any:
    """Run PreFilter; None where the cycle would fail with an error."""
    try:
        answer = plugin.prepare(pod, cluster)
    except SchedulingError:
        return None
    return answer.prepared if isinstance(answer, Shortlist) else answer


def _prepared_score(plugin: Any, pod: Pod, cluster: Cluster, feasible: NodeRows) -> Any:
    if Reads.DECISION in plugin.reads:
        return plugin.prepare_random_score(pod, cluster, feasible, np.random.default_rng(7))
    return plugin.prepare_score(pod, cluster, feasible)


def _over_all_rows(name: str, ask: Any, cluster: Cluster, dtype: type[np.generic], method: str) -> NDArray[Any]:
    """Ask about all rows, and hold the answer against those for single rows, for every other row, and for the rows backwards."""
    everything: NDArray[Any] = ask(cluster.rows())
    _check_array(name, everything, dtype, cluster.capacity, method)
    nodes = np.flatnonzero(cluster.active)
    subsets = [nodes[::-1], nodes[::2], nodes[:0], *(nodes[place : place + 1] for place in range(len(nodes)))]
    for subset in subsets:
        answer = ask(NodeRows(cluster, subset))
        _check_array(name, answer, dtype, len(subset), method)
        same = np.array_equal(answer, everything[subset])
        _hold(same, name, f"`{method}` of rows {subset.tolist()} is {answer.tolist()}, and {everything[subset].tolist()} among all rows")
    return everything


def _check_array(name: str, answer: Any, dtype: type[np.generic], length: int, method: str) -> None:
    good = isinstance(answer, np.ndarray) and answer.dtype == dtype and answer.shape == (length,)
    seen = f"{answer.dtype}{list(answer.shape)}" if isinstance(answer, np.ndarray) else type(answer).__name__
    _hold(good, name, f"`{method}` returns {seen} (accepted: {np.dtype(dtype)}[{length}])")


def _check_status(plugin: Any, status: Any) -> None:
    good = isinstance(status, Status) and status.code is not Code.SUCCESS
    _hold(good, plugin.name, f"a rejection's status is {status!r} (accepted: a Status that is no success)")
    texts = bool(status.reasons) and all(isinstance(reason, str) and reason for reason in status.reasons)
    _hold(texts, plugin.name, f"a rejection has the reasons {status.reasons!r} (accepted: one or more texts)")


def _check_dry_run(plugin: Any, prepared: Any, pod: Pod, cluster: Cluster, codes: NDArray[np.uint32]) -> None:
    """Add a pod to the prepared state and take it out again: the verdicts are what they were."""
    incremental = plugin if isinstance(plugin, Incremental) else None
    if incremental is None:
        return
    for row in np.flatnonzero(cluster.active).tolist():
        incremental.add_pod(prepared, pod, row, cluster)
        incremental.remove_pod(prepared, pod, row, cluster)
    after = plugin.filter(prepared, cluster.rows())
    same = np.array_equal(after[cluster.active], codes[cluster.active])
    _hold(same, plugin.name, "`remove_pod` after `add_pod` leaves other verdicts than before")


def _image(cluster: Cluster) -> dict[str, Any]:
    columns = {column: getattr(cluster, column).copy() for column in COLUMNS}
    return {**columns, "journal": cluster.journal.position, "pods": [(pod.key, name) for pod, name in cluster.pods()]}


def _check_unchanged(name: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    changed = [column for column, value in before.items() if not np.array_equal(value, after[column])]
    _hold(not changed, name, f"changed the cluster while it judged: {', '.join(changed)}")


def _hold(true: bool, name: str | None, problem: str) -> None:
    if not true:
        raise AssertionError(f"plugin {name}: {problem}")
