"""Which events may make room for a pod that PodTopologySpread rejected.

Source: podtopologyspread/plugin.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from binpack.errors import SchedulingError
from binpack.framework.arguments import PodTopologySpreadArgs
from binpack.framework.events import Action, ClusterEvent, EventHint, Resource
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.plugins.spread_constraints import HARD, SpreadConstraint, spread_constraints
from binpack.state.cluster import Cluster

_Constraints = tuple[SpreadConstraint, ...]
_Judge = Callable[[Pod, ClusterEvent, _Constraints], bool]


def spread_hints(arguments: PodTopologySpreadArgs) -> tuple[EventHint, ...]:
    """Return the events of the plugin with their hint functions, for a profile's default constraints."""

    def given_constraints(judge: _Judge) -> Callable[[Pod, ClusterEvent, Cluster], bool]:
        def hint(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
            try:
                return judge(pod, event, spread_constraints(pod, cluster, arguments, HARD))
            except SchedulingError:
                # A hint that fails upstream wakes the pod.
                return True

        return hint

    return (
        EventHint(
            Resource.POD,
            Action.ADD | Action.UPDATE_POD_LABEL | Action.DELETE | Action.UPDATE_POD_TOLERATION,
            given_constraints(_after_pod_change),
        ),
        EventHint(
            Resource.NODE,
            Action.ADD | Action.DELETE | Action.UPDATE_NODE_LABEL | Action.UPDATE_NODE_TAINT,
            given_constraints(_after_node_change),
        ),
    )


def _after_pod_change(pod: Pod, event: ClusterEvent, constraints: _Constraints) -> bool:
    before: Pod | None = event.before
    after: Pod | None = event.after
    if not all(_is_involved(other, pod) for other in (before, after) if other is not None):
        return False
    if before is None or after is None:
        labels = (after or before or pod).metadata.labels
        return any(constraint.selector.matches(labels) for constraint in constraints)
    own_tolerations_changed = after.key == pod.key and after.spec.tolerations != before.spec.tolerations
    if own_tolerations_changed and any(constraint.honors_taints for constraint in constraints):
        return True
    return any(c.selector.matches(before.metadata.labels) != c.selector.matches(after.metadata.labels) for c in constraints)


def _is_involved(other: Pod, pod: Pod) -> bool:
    """The waiting pod itself, or a pod that stands on a node of its namespace."""
    return other.key == pod.key or (other.spec.node_name != "" and other.metadata.namespace == pod.metadata.namespace)


def _after_node_change(pod: Pod, event: ClusterEvent, constraints: _Constraints) -> bool:
    before: Node | None = event.before
    after: Node | None = event.after
    if before is None or after is None:
        node = after or before
        return node is not None and _has_all_keys(node.metadata.labels, constraints)
    had, has = (_has_all_keys(node.metadata.labels, constraints) for node in (before, after))
    if had != has:
        return True
    return has and (_domains(before, constraints) != _domains(after, constraints) or before.spec.taints != after.spec.taints)


def _has_all_keys(labels: Mapping[str, str], constraints: _Constraints) -> bool:
    return all(constraint.topology_key in labels for constraint in constraints)


def _domains(node: Node, constraints: _Constraints) -> list[str | None]:
    return [node.metadata.labels.get(constraint.topology_key) for constraint in constraints]
