"""Which events may make room for a pod that InterPodAffinity rejected.

The anti-affinity of another pod is no reason to wake when that pod goes: upstream has the same gap.
Source: interpodaffinity/plugin.go, v1.35.
"""

from __future__ import annotations

from binpack.framework.events import Action, ClusterEvent, EventHint, Resource
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.selectors import SelectorError
from binpack.plugins.affinity_terms import AffinityTerm, incoming_terms
from binpack.state.cluster import Cluster


def _after_pod_change(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    before: Pod | None = event.before
    after: Pod | None = event.after
    if any(other is not None and other.spec.node_name == "" for other in (before, after)):
        return False
    try:
        terms = incoming_terms(pod)
    except SelectorError:
        # A hint that fails upstream wakes the pod.
        return True
    wanted = after is not None and _matches_all(terms.affinity, after)
    was_unwanted = before is not None and _matches_all(terms.anti_affinity, before)
    if before is None:
        return wanted
    if after is None:
        return was_unwanted
    return (wanted and not _matches_all(terms.affinity, before)) or (was_unwanted and not _matches_all(terms.anti_affinity, after))


def _matches_all(terms: tuple[AffinityTerm, ...], other: Pod) -> bool:
    return bool(terms) and all(term.matches_unseen_namespace(other) for term in terms)


def _after_node_change(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    before: Node | None = event.before
    after: Node = event.after
    try:
        terms = incoming_terms(pod)
    except SelectorError:
        return True
    if before is None:
        return bool(terms.anti_affinity) or any(term.topology_key in after.metadata.labels for term in terms.affinity)
    had, has = before.metadata.labels, after.metadata.labels
    gained = any(t.topology_key in has and has[t.topology_key] != had.get(t.topology_key) for t in terms.affinity)
    return gained or any(t.topology_key in had and had[t.topology_key] != has.get(t.topology_key) for t in terms.anti_affinity)


AFFINITY_EVENTS = (
    EventHint(Resource.POD, Action.ADD | Action.UPDATE_POD_LABEL | Action.DELETE, _after_pod_change),
    EventHint(Resource.NODE, Action.ADD | Action.UPDATE_NODE_LABEL, _after_node_change),
)
