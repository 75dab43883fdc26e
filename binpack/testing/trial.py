"""One plugin, one pod, some nodes: what the plugin says. For tests of a single plugin, without a scheduler around it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from binpack.framework.events import ClusterEvent
from binpack.framework.interface import Reads, Shortlist, Skip
from binpack.framework.status import Status, unresolvable
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.scheduler.queue.queueing_hints import matches, registered_events
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows
from binpack.testing.nodes import NodeBuilder
from binpack.testing.pods import PodBuilder


def cluster_of(nodes: Iterable[Node | NodeBuilder], placed: Iterable[Pod | PodBuilder] = ()) -> Cluster:
    """Build a cluster.

    Parameters
    ----------
    nodes : iterable of Node or NodeBuilder
    placed : iterable of Pod or PodBuilder
        Pods on nodes, each with its `spec.nodeName`.
    """
    cluster = Cluster()
    for node in nodes:
        cluster.add_node(node.build() if isinstance(node, NodeBuilder) else node)
    for item in placed:
        pod = item.build() if isinstance(item, PodBuilder) else item
        cluster.add_pod(pod, pod.spec.node_name)
    return cluster


def judge(plugin: Any, a_pod: Pod | PodBuilder, cluster: Cluster) -> dict[str, Status | None]:
    """Return a filter's verdict for each node: None where the pod passes.

    Examples
    --------
    >>> from binpack.plugins.taint_toleration import TaintToleration
    >>> from binpack.testing import node, pod
    >>> judge(TaintToleration(), pod("p"), cluster_of([node("n").taint("gpu")]))["n"].reasons
    ('node(s) had untolerated taint(s)',)
    """
    pod = a_pod.build() if isinstance(a_pod, PodBuilder) else a_pod
    rows = _active(cluster)
    names = [cluster.node(int(row)).name for row in rows]
    answer = plugin.prepare(pod, cluster)
    if isinstance(answer, Skip | Status):
        return dict.fromkeys(names, None if isinstance(answer, Skip) else answer)
    prepared = answer.prepared if isinstance(answer, Shortlist) else answer
    codes = plugin.filter(prepared, NodeRows(cluster, rows))
    verdicts = {name: plugin.status(prepared, int(code)) if code else None for name, code in zip(names, codes, strict=True)}
    if isinstance(answer, Shortlist):
        unlisted = unresolvable(f"node(s) didn't satisfy plugin(s) [{plugin.name}]")
        verdicts = {name: verdict if name in answer.node_names else unlisted for name, verdict in verdicts.items()}
    return verdicts


def rate(
    plugin: Any, a_pod: Pod | PodBuilder, cluster: Cluster, *, raw: bool = False, generator: np.random.Generator | None = None
) -> dict[str, int]:
    """Return a plugin's score of each node, as if all were feasible, without its weight; empty if the plugin skips.

    Parameters
    ----------
    plugin, a_pod, cluster
    raw : bool
        The scores before normalisation.
    generator : numpy.random.Generator, optional
        For a plugin that draws.
    """
    pod = a_pod.build() if isinstance(a_pod, PodBuilder) else a_pod
    rows = NodeRows(cluster, _active(cluster))
    if Reads.DECISION in plugin.reads:
        prepared = plugin.prepare_random_score(pod, cluster, rows, generator)
    else:
        prepared = plugin.prepare_score(pod, cluster, rows)
    if isinstance(prepared, Skip):
        return {}
    scores = plugin.score(prepared, rows)
    if not raw:
        scores = plugin.normalize(prepared, scores, rows)
    return {cluster.node(int(row)).name: int(score) for row, score in zip(rows.numbers, scores, strict=True)}


def wakes(plugin: Any, a_pod: Pod | PodBuilder, event: ClusterEvent, cluster: Cluster | None = None) -> bool:
    """Tell whether an event wakes a waiting pod that this plugin rejected.

    Parameters
    ----------
    plugin, a_pod, event
    cluster : Cluster, optional
        As it is after the event; an empty one by default.
    """
    pod = a_pod.build() if isinstance(a_pod, PodBuilder) else a_pod
    present = Cluster() if cluster is None else cluster
    registered = [candidate for candidate in registered_events(plugin) if matches(candidate, event)]
    return any(candidate.hint is None or candidate.hint(pod, event, present) for candidate in registered)


def _active(cluster: Cluster) -> Any:
    return np.flatnonzero(cluster.active)
