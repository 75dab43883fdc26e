"""From what happened to an object to the events that kube-scheduler's handlers tell the queue.

Source: pkg/scheduler/framework/events.go, v1.35.
"""

from __future__ import annotations

from typing import Any

from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.requests import placed_requests

_OF_KIND = {
    resource.value: resource
    for resource in Resource
    if resource not in (Resource.ASSIGNED_POD, Resource.UNSCHEDULED_POD, Resource.WILDCARD)
}


def node_update_events(before: Node, after: Node) -> tuple[ClusterEvent, ...]:
    """Split a node's update into the properties that changed: one event each, none if the scheduler reads none of them."""
    actions: list[Action] = []
    # A cordon wakes nobody; its end counts as a change of taints.
    if before.spec.unschedulable and not after.spec.unschedulable:
        actions.append(Action.UPDATE_NODE_TAINT)
    if (before.status.allocatable or {}) != (after.status.allocatable or {}):
        actions.append(Action.UPDATE_NODE_ALLOCATABLE)
    if before.metadata.labels != after.metadata.labels:
        actions.append(Action.UPDATE_NODE_LABEL)
    if before.spec.taints != after.spec.taints:
        actions.append(Action.UPDATE_NODE_TAINT)
    if _condition_statuses(before) != _condition_statuses(after):
        actions.append(Action.UPDATE_NODE_CONDITION)
    if before.metadata.annotations != after.metadata.annotations:
        actions.append(Action.UPDATE_NODE_ANNOTATION)
    return tuple(ClusterEvent(Resource.NODE, action, before, after) for action in actions)


def pod_update_events(before: Pod, after: Pod) -> tuple[ClusterEvent, ...]:
    """Classify a pod's update: one event a property that changed, or one general update. Assigned and waiting pods alike."""
    resource = Resource.ASSIGNED_POD if after.spec.node_name else Resource.UNSCHEDULED_POD
    actions: list[Action] = []
    if before.metadata.labels != after.metadata.labels:
        actions.append(Action.UPDATE_POD_LABEL)
    if _asks_less(before, after):
        actions.append(Action.UPDATE_POD_SCALE_DOWN)
    if before.spec.scheduling_gates and not after.spec.scheduling_gates:
        actions.append(Action.UPDATE_POD_SCHEDULING_GATES_ELIMINATED)
    # The API lets tolerations be added and nothing else.
    if len(before.spec.tolerations) != len(after.spec.tolerations):
        actions.append(Action.UPDATE_POD_TOLERATION)
    return tuple(ClusterEvent(resource, action, before, after) for action in actions or [Action.UPDATE])


def object_events(before: Any | None, after: Any | None) -> tuple[ClusterEvent, ...]:
    """Return the event of a volume, a claim, a class or the like; none for a kind that no plugin can register."""
    present: Any = after if after is not None else before
    resource = _OF_KIND.get(present.kind)
    if resource is None:
        return ()
    action = Action.ADD if before is None else Action.DELETE if after is None else Action.UPDATE
    return (ClusterEvent(resource, action, before, after),)


def _condition_statuses(node: Node) -> dict[str, str]:
    return {condition.type: condition.status for condition in node.status.conditions}


def _asks_less(before: Pod, after: Pod) -> bool:
    """Tell whether any request vanished or shrank."""
    if before.spec is after.spec and not (before.status.container_statuses or after.status.container_statuses):
        return False
    now = placed_requests(after)
    return any(name not in now or amount > now[name] for name, amount in placed_requests(before).items())
