"""What kube-scheduler does when it sees an object come, change or go: update its view of the cluster, tell the queue.

Source: pkg/scheduler/eventhandlers.go, v1.35.
"""

from __future__ import annotations

from typing import Any

from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.scheduler.cluster_events import node_update_events, object_events, pod_update_events
from binpack.scheduler.queue.scheduling_queue import SchedulingQueue
from binpack.state.cluster import Cluster


class EventHandlers:
    """One scheduler's view: its cluster and its queue.

    Parameters
    ----------
    cluster : Cluster
    queue : SchedulingQueue
    """

    def __init__(self, cluster: Cluster, queue: SchedulingQueue) -> None:
        self.cluster = cluster
        self.queue = queue

    def handle(self, before: Any | None, after: Any | None, now_us: int) -> None:
        """Follow the change of one object.

        Parameters
        ----------
        before, after : object or None
            None where it did not exist.
        now_us : int
            Virtual time in microseconds.
        """
        kind = after if after is not None else before
        if isinstance(kind, Node):
            self._node(before, after, now_us)
        elif isinstance(kind, Pod):
            self._pod(_living(before), _living(after), now_us)
        else:
            self._object(before, after, now_us)

    def _node(self, before: Node | None, after: Node | None, now_us: int) -> None:
        if after is None:
            assert before is not None
            self._notify(ClusterEvent(Resource.NODE, Action.DELETE, before, None), now_us)
            self.cluster.remove_node(before.name)
        elif before is None:
            self.cluster.add_node(after)
            self._notify(ClusterEvent(Resource.NODE, Action.ADD, None, after), now_us)
        else:
            self.cluster.update_node(after)
            for event in node_update_events(before, after):
                self._notify(event, now_us)

    def _pod(self, before: Pod | None, after: Pod | None, now_us: int) -> None:
        bound_before = before is not None and bool(before.spec.node_name)
        if after is None:
            if before is not None and bound_before:
                self._assigned_pod_deleted(before, now_us)
            elif before is not None:
                self._waiting_pod_deleted(before, now_us)
        elif not after.spec.node_name:
            self._waiting_pod(before, after, now_us)
        elif before is not None and bound_before:
            self.cluster.update_pod(after)
            for event in pod_update_events(before, after) if self.queue.is_listening else ():
                self._notify(event, now_us)
        else:
            self.queue.delete(after.key)
            self._assigned_pod_added(after, now_us)

    def _assigned_pod_added(self, pod: Pod, now_us: int) -> None:
        """Count a bound pod. The one that this scheduler has just placed is on its node already, and bound as expected."""
        assumed_on = self.cluster.node_of(pod.key)
        if assumed_on == pod.spec.node_name:
            self.cluster.update_pod(pod)
        else:
            if assumed_on is not None:
                self.cluster.remove_pod(pod.key)
            self.cluster.add_pod(pod, pod.spec.node_name)
        self._notify(ClusterEvent(Resource.ASSIGNED_POD, Action.ADD, None, pod), now_us)

    def _assigned_pod_deleted(self, pod: Pod, now_us: int) -> None:
        if self.cluster.node_of(pod.key) is not None:
            self.cluster.remove_pod(pod.key)
        self._notify(ClusterEvent(Resource.ASSIGNED_POD, Action.DELETE, pod, None), now_us)

    def _waiting_pod(self, before: Pod | None, after: Pod, now_us: int) -> None:
        if self.cluster.node_of(after.key) is not None or not self.queue.is_responsible_for(after):
            return
        if before is None:
            self.queue.add(after, now_us)
            return
        self.queue.update(before, after, now_us, self.cluster)
        if before.status.nominated_node_name not in ("", after.status.nominated_node_name):
            self._place_given_up(before, now_us)

    def _waiting_pod_deleted(self, pod: Pod, now_us: int) -> None:
        self.queue.delete(pod.key)
        if self.cluster.node_of(pod.key) is not None:
            # Assumed on a node and deleted before it was bound: its place is free again.
            self._assigned_pod_deleted(pod, now_us)
        elif pod.status.nominated_node_name:
            self._place_given_up(pod, now_us)

    def _place_given_up(self, pod: Pod, now_us: int) -> None:
        """A nominated pod held its place only against pods of no higher priority: they alone hear of it."""
        self.queue.notify(ClusterEvent(Resource.ASSIGNED_POD, Action.DELETE, pod, None), now_us, self.cluster, max_priority=pod.priority)

    def _object(self, before: Any | None, after: Any | None, now_us: int) -> None:
        if after is not None:
            self.cluster.put(after)
        elif before is not None:
            self.cluster.delete(before.kind, before.metadata.name, before.metadata.namespace)
        for event in object_events(before, after):
            self._notify(event, now_us)

    def _notify(self, event: ClusterEvent, now_us: int) -> None:
        self.queue.notify(event, now_us, self.cluster)


def _living(pod: Pod | None) -> Pod | None:
    """A pod that has run to its end occupies nothing: the scheduler's watch leaves it out."""
    return None if pod is None or pod.is_terminal else pod
