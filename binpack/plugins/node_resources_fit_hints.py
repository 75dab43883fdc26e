"""Which events may make a pod fit that NodeResourcesFit rejected.

Source: noderesources/fit.go (isSchedulableAfterPodEvent, isSchedulableAfterNodeChange), v1.35.
"""

from __future__ import annotations

from collections.abc import Mapping

from binpack.framework.events import ClusterEvent
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.requests import PODS, fit_requests, placed_requests, resource_list
from binpack.plugins.hints import held_a_place, is_own
from binpack.state.cluster import Cluster


def freed_its_place(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    """A pod is gone that was on a node, or nominated to one."""
    return held_a_place(event.before)


def scaled_down(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    """The waiting pod itself asks for less, or a pod on a node gave back something that the waiting one requests."""
    if is_own(pod, event, cluster):
        return True
    if not event.after.spec.node_name:
        return False
    before, after = placed_requests(event.before), placed_requests(event.after)
    return _any_lower(placed_requests(pod), than=before, now=after)


def grew(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    """The pod fits the empty node, which is new, takes more pods than before, or has more of something that the pod requests.

    Ignored resources are not ignored here.
    """
    requests, now = fit_requests(pod), _allocatable(event.after)
    if now.get(PODS, 0) < 1 or any(amount > now.get(name, 0) for name, amount in requests.items() if amount > 0):
        return False
    if event.before is None:
        return True
    before = _allocatable(event.before)
    return now.get(PODS, 0) > before.get(PODS, 0) or _any_lower(requests, than=now, now=before)


def _any_lower(requests: Mapping[str, int], *, than: Mapping[str, int], now: Mapping[str, int]) -> bool:
    return any(now.get(name, 0) < than.get(name, 0) for name, amount in requests.items() if amount > 0)


def _allocatable(node: Node) -> dict[str, int]:
    status = node.status
    return resource_list(status.capacity if status.allocatable is None else status.allocatable)
