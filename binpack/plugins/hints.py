"""Questions that the queueing hints of several plugins ask."""

from __future__ import annotations

from binpack.framework.events import ClusterEvent
from binpack.model.pod import Pod
from binpack.state.cluster import Cluster


def is_own(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    """Tell whether the event is a change of the waiting pod itself. A hint function as it stands."""
    return isinstance(event.after, Pod) and event.after.key == pod.key


def held_a_place(pod: Pod) -> bool:
    """Tell whether a pod that is gone was assigned to a node, or nominated to one."""
    return bool(pod.spec.node_name or pod.status.nominated_node_name)
