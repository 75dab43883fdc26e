"""The scheduler as one more client of the store: it watches nodes and pods, decides, and writes bindings.

It keeps its own view of the cluster (`binpack.state`), which is a function of what it has watched: a copy of a run leaves it out and
builds it anew. Source: pkg/scheduler/schedule_one.go (scheduleOne, handleSchedulingFailure), v1.35.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from binpack.control.apiserver.errors import ApiError, NotFoundError
from binpack.control.apiserver.resources import ApiObject
from binpack.control.apiserver.store import Store
from binpack.control.apiserver.tables import ObjectTables
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.conditions import find_condition, transitioned
from binpack.control.records import EventSink, Record
from binpack.framework.interface import Allocation
from binpack.framework.profile import Profile
from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.node import Node
from binpack.model.pod import Pod, PodStatus
from binpack.model.workloads import ReplicaSet
from binpack.scheduler.cached_cycle import CachedCycle
from binpack.scheduler.cycle import Decision, Refusal
from binpack.scheduler.event_handlers import EventHandlers
from binpack.scheduler.lookahead import Lookahead
from binpack.scheduler.queue.queued_pod import QueuedPod
from binpack.scheduler.queue.scheduling_queue import SchedulingQueue
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.state.cluster import Cluster

MAX_MESSAGE_BYTES = 1024

_OTHER_KINDS = (
    "Namespace",
    "Service",
    "ReplicationController",
    "ReplicaSet",
    "StatefulSet",
    "PodDisruptionBudget",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "StorageClass",
    "CSINode",
    "CSIDriver",
    "CSIStorageCapacity",
    "VolumeAttachment",
)


class SchedulerWriter(Protocol):
    """What the scheduler's writes go to: the store, or what stands in for it."""

    def bind(self, pod: Pod, node_name: str) -> Pod:
        """Bind a pod to a node."""

    def update(self, changed: Pod) -> Pod:
        """Replace a pod's spec and metadata."""

    def update_status(self, changed: Pod) -> Pod:
        """Replace a pod's status."""

    def delete(self, kind: type[Pod], name: str, namespace: str = "", *, uid: str = "") -> ApiObject:
        """Delete a pod."""


@dataclass(slots=True)
class SchedulingCounters:
    """What the scheduler has done so far; the same on every machine.

    Parameters
    ----------
    attempts : int
        Pods tried, those that were tried again counted again.
    bound : int
        Pods placed.
    unschedulable : int
        Attempts in which no node was feasible.
    errors : int
        Attempts that failed with an error.
    evaluated_nodes : int
        Nodes looked at by filters.
    victims : int
        Pods deleted to make room for others.
    """

    attempts: int = 0
    bound: int = 0
    unschedulable: int = 0
    errors: int = 0
    evaluated_nodes: int = 0
    victims: int = 0


class Scheduler:
    """kube-scheduler as a client of the store.

    Parameters
    ----------
    store : Store
    sink : EventSink
    profiles : Mapping[str, Profile]
        By scheduler name.
    tie_breaker : TieBreaker
    generator : numpy.random.Generator, optional
        For policies that draw.
    kernels : bool or None
        Whether to decide with compiled kernels; None: if numba is installed. The decisions are the same.
    is_throttled : bool
        True to try one pod a step, so that whoever lets its client write so often and no oftener is asked before each binding.

    Attributes
    ----------
    counters : SchedulingCounters
    queue : SchedulingQueue
    """

    name = "default-scheduler"
    resources = frozenset({"Node", "Pod", *_OTHER_KINDS})
    pod_owners = None
    pod_changes = None

    def __init__(
        self,
        store: Store,
        sink: EventSink,
        profiles: Mapping[str, Profile],
        *,
        tie_breaker: TieBreaker,
        generator: np.random.Generator | None = None,
        kernels: bool | None = None,
        is_throttled: bool = False,
    ) -> None:
        self.counters = SchedulingCounters()
        self.queue = SchedulingQueue(profiles)
        self._store = store
        self._view: ObjectTables = store
        self._writer: SchedulerWriter = store
        self._sink = sink
        self._profiles = dict(profiles)
        self._tie_breaker = tie_breaker
        self._generator = generator
        self._kernels = kernels
        self._is_throttled = is_throttled
        self._is_idle = False
        self._flush_at_us: int | None = None
        self._open(Cluster(), next_start=0)

    @property
    def cluster(self) -> Cluster:
        """What the scheduler sees."""
        return self._cycle.cluster

    def observe(self, event: WatchEvent) -> bool:
        """Follow one change, and let the queue know."""
        before, after = event.previous, None if event.type == "DELETED" else event.object
        if before is not None and after is not None and _looks_the_same(before, after):
            return False
        if not _leaves_plans_alone(before, after):
            self._lookahead.give_up()
        self._handlers.handle(before, after, self._store.clock.now_us)
        self._is_idle = False
        return True

    def next_wake_us(self) -> int | None:
        """Return when there may be a pod to try."""
        now_us = self._store.clock.now_us
        if not self._is_idle or (self._flush_at_us is not None and self._flush_at_us <= now_us):
            return now_us
        # The queue tells what comes after now; what is due now was asked for earlier.
        self._flush_at_us = self.queue.next_flush_us(now_us)
        return self._flush_at_us

    def work(self) -> None:
        """Try the pods that wait, one after another, until one is not placed: then others act first, since it may have moved them to.

        An attempt takes milliseconds, a kubelet's answer to a binding far longer: at one instant of virtual time all that can be placed
        is placed before anybody answers.
        """
        now_us = self._store.clock.now_us
        self.queue.flush(now_us, self.cluster)
        self._flush_at_us = None
        self._is_idle = False
        self._cycle.now = self._store.clock.timestamp
        while (queued := self.queue.pop()) is not None:
            if not self._try(queued, now_us) or self._is_throttled:
                return
        self._lookahead.give_up()
        self._is_idle = True

    def _try(self, queued: QueuedPod, now_us: int) -> bool:
        """Try one pod, and tell whether it was bound."""
        self.counters.attempts += 1
        self._cycle.nominated = self.queue.nominator.by_node()
        outcome = self._lookahead.place(queued.pod)
        self.counters.evaluated_nodes += outcome.evaluated_nodes
        if outcome.node is not None:
            return self._bind(queued, outcome.node, outcome.allocations, now_us)
        if outcome.refusal is not None:
            self._refuse(queued, outcome.refusal, now_us)
        else:
            assert outcome.decision is not None, "a pod that was not placed has an explanation"
            self._put_back(queued, outcome.decision, now_us)
        return False

    def read_from(self, reader: ObjectTables) -> None:
        """Say where what the scheduler has seen can be looked up: in the store, unless it hears of writes late."""
        self._view = reader

    def write_through(self, writer: SchedulerWriter) -> None:
        """Let the scheduler's writes go through something else than the store itself."""
        self._writer = writer

    def forget(self) -> None:
        """Lose queue and view, as a scheduler does that crashes. Somebody has to show it all objects again, nodes first."""
        self.queue = SchedulingQueue(self._profiles)
        self._is_idle, self._flush_at_us = False, None
        self._open(Cluster(), next_start=0)

    # One attempt

    def _refuse(self, queued: QueuedPod, refusal: Refusal, now_us: int) -> None:
        """Let the pod wait: its node could not give what it should."""
        message = f"0/1 nodes are available: 1 {', '.join(refusal.status.reasons)}."
        self._fail(queued, "Unschedulable", message, now_us)
        self.queue.requeue_unschedulable(queued, (refusal.plugin,), now_us, self.cluster)

    def _bind(self, queued: QueuedPod, node_name: str, allocations: tuple[Allocation, ...], now_us: int) -> bool:
        """Bind a pod that is assumed on its node, and tell whether the API server did."""
        pod = queued.pod
        try:
            bound = self._writer.bind(pod, node_name)
            annotations = {key: value for allocation in allocations for key, value in allocation.annotations.items()}
            if annotations:
                meta = replace(bound.metadata, annotations={**bound.metadata.annotations, **annotations})
                self._writer.update(replace(bound, metadata=meta))
        except ApiError as error:
            self._forget(pod, allocations)
            self.queue.requeue_error(queued, now_us, self.cluster)
            self._fail(queued, "SchedulerError", str(error), now_us)
            return False
        self.queue.done(queued)
        self.counters.bound += 1
        message = f"Successfully assigned {pod.key} to {node_name}"
        self._sink.record(now_us, self.name, Record(pod, "Normal", "Scheduled", message))
        return True

    def _forget(self, pod: Pod, allocations: tuple[Allocation, ...]) -> None:
        for allocation in reversed(allocations):
            allocation.undo()
        self.cluster.remove_pod(pod.key)

    def _put_back(self, queued: QueuedPod, decision: Decision, now_us: int) -> None:
        """Let the pod wait, say why, and make room for it if preemption found where."""
        message = decision.message or ""
        if decision.failed:
            self.counters.errors += 1
            self.queue.requeue_error(queued, now_us, self.cluster)
            self._fail(queued, "SchedulerError", message, now_us)
            return
        self.counters.unschedulable += 1
        outcome = decision.post_filter
        nominated = None if outcome is None else outcome.nominated_node
        self.queue.requeue_unschedulable(queued, decision.rejecting_plugins, now_us, self.cluster, nominated_node=nominated)
        self._fail(queued, "Unschedulable", message, now_us, nominated_node=nominated)
        if outcome is not None and outcome.victims and nominated:
            self._preempt(queued.pod, nominated, outcome.victims, now_us)

    def _fail(self, queued: QueuedPod, reason: str, message: str, now_us: int, *, nominated_node: str | None = None) -> None:
        """Write why a pod was not placed: an Event each time, the condition PodScheduled when it says something new."""
        pod = self._store.find(Pod, queued.pod.metadata.name, queued.pod.metadata.namespace)
        if pod is None or pod.metadata.uid != queued.pod.metadata.uid or pod.spec.node_name:
            return
        self._sink.record(now_us, self.name, Record(pod, "Warning", "FailedScheduling", _cut(message)))
        status = pod.status
        old = find_condition(status.conditions, "PodScheduled")
        if old is None or (old.status, old.reason, old.message) != ("False", reason, message):
            condition = Condition("PodScheduled", "False", reason, message)
            status = replace(status, conditions=transitioned(status.conditions, condition, self._store.clock.timestamp))
        if nominated_node is not None and nominated_node != status.nominated_node_name:
            status = replace(status, nominated_node_name=nominated_node)
        if status is not pod.status:
            self._report(pod, status)

    def _report(self, pod: Pod, status: PodStatus) -> None:
        """Write a status that others read and nobody needs; one that is refused is left as it is."""
        with suppress(ApiError):
            self._writer.update_status(replace(pod, status=status))

    def _preempt(self, pod: Pod, node_name: str, victims: tuple[Pod, ...], now_us: int) -> None:
        """Delete the victims, and take away the nominations of less important pods to the same node.

        A pod whose victims cannot be deleted is tried again at once: nothing else would wake it (prepareCandidateAsync).
        """
        for other in self.queue.nominator.pods_for(node_name):
            current = self._store.find(Pod, other.metadata.name, other.metadata.namespace)
            if other.priority < pod.priority and current is not None and current.status.nominated_node_name:
                self._report(current, replace(current.status, nominated_node_name=""))
        try:
            for victim in victims:
                self._delete_victim(victim, pod, node_name, now_us)
        except ApiError:
            self.queue.activate((pod.key,), now_us)

    def _delete_victim(self, victim: Pod, pod: Pod, node_name: str, now_us: int) -> None:
        current = self._store.find(Pod, victim.metadata.name, victim.metadata.namespace)
        if current is None or current.metadata.uid != victim.metadata.uid or current.is_terminating:
            return
        message = f"{self.name}: preempting to accommodate a higher priority pod"
        condition = Condition("DisruptionTarget", "True", "PreemptionByScheduler", message)
        conditions = transitioned(current.status.conditions, condition, self._store.clock.timestamp)
        marked = self._writer.update_status(replace(current, status=replace(current.status, conditions=conditions)))
        meta = marked.metadata
        with suppress(NotFoundError):
            self._writer.delete(Pod, meta.name, meta.namespace, uid=meta.uid)
        self.counters.victims += 1
        told = f"Preempted by pod {pod.metadata.uid} on node {node_name}"
        self._sink.record(now_us, self.name, Record(marked, "Normal", "Preempted", told))

    # Copies

    def _open(self, cluster: Cluster, *, next_start: int) -> None:
        self._cycle = CachedCycle(
            cluster,
            self._profiles,
            tie_breaker=self._tie_breaker,
            generator=self._generator,
            preemption=True,
            kernels=self._kernels,
        )
        self._cycle.next_start = next_start
        self._handlers = EventHandlers(cluster, self.queue)
        draws_ties = self._tie_breaker.ties in (Ties.RANK, Ties.RANDOM)
        self._lookahead = Lookahead(self._cycle, self.queue, draws_ties=draws_ties)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the columns, which are a function of the objects and hold functions; keep the order in which they came."""
        # A throttled scheduler is copied in mid-queue; what it has only planned stands in no object.
        self._lookahead.give_up()
        state = {name: value for name, value in self.__dict__.items() if name not in ("_cycle", "_handlers", "_lookahead")}
        cluster = self.cluster
        state["next_start"] = self._cycle.next_start
        state["nodes"] = [cluster.node(int(row)).name for row in cluster.rows_in_order()]
        state["pods"] = [(pod.metadata.namespace, pod.metadata.name) for pod, _ in cluster.pods()]
        # Those that it has placed itself and not yet seen bound.
        lags = self._view is not self._store
        state["assumed"] = {pod.key: (pod, node) for pod, node in cluster.pods() if not self._is_seen(pod)} if lags else {}
        return state

    def _is_seen(self, pod: Pod) -> bool:
        seen = self._view.find(Pod, pod.metadata.name, pod.metadata.namespace)
        return seen is not None and seen.metadata.uid == pod.metadata.uid and bool(seen.spec.node_name)

    def __setstate__(self, state: dict[str, Any]) -> None:
        next_start, nodes, pods, assumed = (state.pop(name) for name in ("next_start", "nodes", "pods", "assumed"))
        self.__dict__.update(state)
        view, cluster = self._view, Cluster()
        for kind in _OTHER_KINDS:
            for value in view.scan(kind):
                cluster.put(value)
        for name in nodes:
            cluster.add_node(view.get(Node, name))
        for namespace, name in pods:
            if (key := f"{namespace}/{name}") in assumed:
                cluster.add_pod(*assumed[key])
                continue
            pod = view.get(Pod, name, namespace)
            cluster.add_pod(pod, pod.spec.node_name)
        for pod in view.scan(Pod):
            # Those of nodes that are gone.
            if pod.spec.node_name and not pod.is_terminal and cluster.node_of(pod.key) is None:
                cluster.add_pod(pod, pod.spec.node_name)
        self._open(cluster, next_start=next_start)


def _looks_the_same(before: ApiObject, after: ApiObject) -> bool:
    """Tell whether two states of an object differ in nothing that the scheduler reads: most writes of kubelets and controllers."""
    if isinstance(after, Pod) and isinstance(before, Pod):
        return (
            bool(after.spec.node_name)
            and after.spec is before.spec
            and (after.metadata.labels is before.metadata.labels or after.metadata.labels == before.metadata.labels)
            and after.metadata.deletion_timestamp == before.metadata.deletion_timestamp
            and after.status.start_time == before.status.start_time
            and after.is_terminal == before.is_terminal
            and all(status.resources is None for status in after.status.container_statuses)
        )
    if isinstance(after, ReplicaSet) and isinstance(before, ReplicaSet):
        return after.spec.selector == before.spec.selector
    return False


def _leaves_plans_alone(before: ApiObject | None, after: ApiObject | None) -> bool:
    """Tell whether an event cannot concern a pod that is decided ahead, nor what it asks: a pod that comes new, or one that is bound.

    Should a bound pod change more than its own state, the journal tells.
    """
    if not isinstance(after, Pod) or after.is_terminal:
        return False
    return before is None or bool(after.spec.node_name)


def _cut(message: str) -> str:
    """Cut an Event's message to 1024 bytes, the last of which say so."""
    encoded = message.encode()
    if len(encoded) <= MAX_MESSAGE_BYTES:
        return message
    return encoded[: MAX_MESSAGE_BYTES - 4].decode(errors="ignore") + " ..."
