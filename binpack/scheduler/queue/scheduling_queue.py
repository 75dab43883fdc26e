"""The scheduling queue: activeQ, backoffQ and the unschedulable pool, and what moves a pod between them.

It has no clock and holds no closure: every call says what time it is, and the whole queue can be copied, pickled and compared.
Source: pkg/scheduler/backend/queue/scheduling_queue.go and active_queue.go, v1.35 with its default feature gates (queueing hints,
an idle scheduler pops from backoffQ).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from binpack.errors import SchedulingError
from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.scheduler.cluster_events import pod_update_events
from binpack.scheduler.queue.backoff_queue import BackoffQueue
from binpack.scheduler.queue.flushing import (
    BACKOFF_FLUSH_PERIOD_US,
    MAX_IN_UNSCHEDULABLE_US,
    UNSCHEDULABLE_FLUSH_PERIOD_US,
    next_flush_us,
)
from binpack.scheduler.queue.in_flight import InFlight
from binpack.scheduler.queue.nominator import Nominator
from binpack.scheduler.queue.pending_pods import PendingPods
from binpack.scheduler.queue.pod_heap import PodHeap
from binpack.scheduler.queue.queued_pod import QueuedPod, Rejection, scheduler_name
from binpack.scheduler.queue.queueing_hints import QueueingHints, Strategy
from binpack.scheduler.queue.unschedulable_pods import UnschedulablePods
from binpack.state.cluster import Cluster
from binpack.units import US_PER_S

_EVERYTHING = Action.ADD | Action.DELETE | Action.UPDATE
UNSCHEDULABLE_TIMEOUT = ClusterEvent(Resource.WILDCARD, _EVERYTHING)
"""A pod has waited for too long; no hint is asked."""
FORCE_ACTIVATE = ClusterEvent(Resource.WILDCARD, _EVERYTHING)
"""Somebody asked for a pod to be tried; no hint is asked."""


class SchedulingQueue:
    """Pods without a node, each in exactly one place, or in flight while it is being tried.

    Parameters
    ----------
    profiles : Mapping[str, Profile]
        By scheduler name: their PreEnqueue plugins gate pods, their plugins' events wake them, the QueueSort plugin of the first
        (it is the same in all) orders them.
    initial_backoff_us, max_backoff_us : int
        `podInitialBackoffSeconds` and `podMaxBackoffSeconds` in microseconds.

    Attributes
    ----------
    nominator : Nominator
        Which pods are nominated to which nodes.
    """

    def __init__(self, profiles: Mapping[str, Profile], *, initial_backoff_us: int = US_PER_S, max_backoff_us: int = 10 * US_PER_S) -> None:
        self.nominator = Nominator()
        self._profiles = dict(profiles)
        self._hints = QueueingHints(self._profiles)
        self._active = PodHeap()
        self._backoff = BackoffQueue(initial_backoff_us, max_backoff_us)
        self._unschedulable = UnschedulablePods()
        self._in_flight = InFlight()
        self._entries = 0

    # Reading

    def __len__(self) -> int:
        """How many pods wait, those in flight not counted."""
        return len(self._active) + len(self._backoff) + len(self._unschedulable)

    def __contains__(self, key: str) -> bool:
        """Tell whether a pod waits or is in flight."""
        return self.get(key) is not None or key in self._in_flight

    def get(self, key: str) -> QueuedPod | None:
        """Return a waiting pod by `namespace/name`; None if there is none, or if it is in flight."""
        return self._active.get(key) or self._backoff.get(key) or self._unschedulable.get(key)

    def pending(self) -> PendingPods:
        """Return which pods are where."""
        return PendingPods(
            active=tuple(sorted(self._active)),
            backoff=tuple(sorted(self._backoff.keys())),
            unschedulable=tuple(sorted(self._unschedulable)),
            in_flight=tuple(sorted(self._in_flight.keys())),
        )

    def is_responsible_for(self, pod: Pod) -> bool:
        """Tell whether a profile has the pod's scheduler name: other pods are none of this scheduler's business."""
        return scheduler_name(pod) in self._profiles

    def next_flush_us(self, now_us: int) -> int | None:
        """Return the next instant after now at which `flush` can change something; None if there is none.

        It is a lower bound: an event that comes before may change the answer, in both directions.
        """
        return next_flush_us(self._backoff, self._unschedulable, now_us)

    def next_active(self, count: int) -> list[Pod]:
        """Return at most so many pods of activeQ, in the order in which `pop` takes them if nothing happens in between."""
        return [queued.pod for queued in self._active.first(count)]

    # Pods that come, change and go

    def add(self, pod: Pod, now_us: int) -> None:
        """Take in a pod that is seen for the first time; if it waits already, it begins anew.

        Raises
        ------
        SchedulingError
            If the queue is not responsible for it.
        """
        if not self.is_responsible_for(pod):
            raise SchedulingError(
                f'pod "{pod.key}": no profile for scheduler "{pod.spec.scheduler_name}" (accepted: {", ".join(sorted(self._profiles))})'
            )
        self._take_out(pod.key)
        self._entries += 1
        queued = QueuedPod(pod, Rejection(scheduler_name(pod)), now_us, self._entries, now_us)
        if self._move_to_active(queued):
            self.nominator.add(pod)

    def update(self, before: Pod, after: Pod, now_us: int, cluster: Cluster) -> None:
        """Follow an update of a pod without a node.

        A pod in activeQ or backoffQ stays there. One in the unschedulable pool may be woken by its own change. One in flight comes
        back as what it is now, and is asked then. One that is nowhere is taken in.
        """
        events = pod_update_events(before, after)
        key = after.key
        if key in self._in_flight:
            self._in_flight.update(after)
            self._in_flight.record(events)
            return
        queued = self.get(key)
        if queued is None:
            self.add(after, now_us)
            return
        self.nominator.update(before, after)
        queued = queued.with_pod(after)
        if key in self._active:
            self._active.add(queued, self._order(queued))
        elif key in self._backoff:
            self._backoff.add(queued, self._sort_key(queued))
        else:
            self._unschedulable.put(queued)
            self._ask_of_own_update(queued, events, now_us, cluster)

    def delete(self, key: str) -> None:
        """Drop a pod (`namespace/name`) that is gone, or that is found bound. From flight it will not come back."""
        self.nominator.remove(key)
        self._in_flight.delete(key)
        self._take_out(key)

    # Attempts

    def pop(self) -> QueuedPod | None:
        """Take out the pod to be tried next; None if there is none.

        It is in flight until `done`, `requeue_unschedulable` or `requeue_error` is called with what this returned. With an empty
        activeQ the head of backoffQ is taken although it still backs off, unless its last attempt failed with an error. A pod that
        is being deleted is dropped.
        """
        while True:
            queued = self._active.pop() or self._backoff.pop_early()
            if queued is None:
                return None
            if not queued.pod.is_terminating:
                break
        queued = queued.popped()
        self._in_flight.start(queued.pod, queued.sequence)
        return queued

    def done(self, queued: QueuedPod) -> None:
        """End an attempt that placed its pod: the pod is no longer the queue's. Its nomination ends with it."""
        self.nominator.remove(queued.key)
        self._in_flight.finish(queued.key, queued.sequence)

    def requeue_unschedulable(
        self,
        queued: QueuedPod,
        plugins: Iterable[str],
        now_us: int,
        cluster: Cluster,
        *,
        pending_plugins: Iterable[str] = (),
        nominated_node: str | None = None,
    ) -> None:
        """End an attempt in which plugins rejected the pod, and bring the pod back.

        The hints are asked about everything that happened since its `pop`: it goes to the unschedulable pool, or, if one of them
        says so, to backoffQ or activeQ.

        Parameters
        ----------
        queued : QueuedPod
            What `pop` returned.
        plugins : iterable of str
            Who rejected it on at least one node. None: as after an error.
        now_us : int
        cluster : Cluster
        pending_plugins : iterable of str
            Who answered with the status `Pending`.
        nominated_node : str, optional
            The node that PostFilter nominated, "" if it took the nomination away; by default the pod's own status counts.
        """
        rejection = Rejection(queued.rejection.scheduler_name, frozenset(plugins), frozenset(pending_plugins))
        self._bring_back(queued, rejection, now_us, cluster, nominated_node)

    def requeue_error(self, queued: QueuedPod, now_us: int, cluster: Cluster) -> None:
        """End an attempt that failed with an error; the pod is tried again after a backoff of its own, which nothing cuts short."""
        self._bring_back(queued, Rejection(queued.rejection.scheduler_name), now_us, cluster, None)

    # Waking up

    @property
    def is_listening(self) -> bool:
        """Whether an event can make a difference: a pod is in the unschedulable pool, or in flight."""
        return len(self._unschedulable) > 0 or len(self._in_flight) > 0

    def notify(self, event: ClusterEvent, now_us: int, cluster: Cluster, *, max_priority: int | None = None) -> None:
        """Tell the waiting pods of an event, and record it for those in flight.

        Parameters
        ----------
        event : ClusterEvent
        now_us : int
        cluster : Cluster
            As it is after the event.
        max_priority : int, optional
            Tell only pods of at most this priority.
        """
        if not self.is_listening or not self._hints.is_of_interest(event):
            return
        for rejection in self._unschedulable.groups():
            if self._hints.concerns(rejection, event):
                for queued in self._unschedulable.of(rejection):
                    if max_priority is None or queued.pod.priority <= max_priority:
                        self._requeue(queued, self._hints.strategy(queued, event, cluster), now_us)
        self._in_flight.record((event,))

    def activate(self, keys: Iterable[str], now_us: int) -> None:
        """Have pods (`namespace/name`) tried at once, whatever they wait for; gated ones stay."""
        for key in keys:
            if key in self._unschedulable or key in self._backoff:
                queued = self._take_out(key)
                assert queued is not None
                self._move_to_active(queued)
            elif key in self._in_flight:
                self._in_flight.record((FORCE_ACTIVATE,))

    def flush_backoff(self, now_us: int) -> None:
        """Move the pods whose backoff is over to activeQ. Upstream does so at every whole second."""
        for queued in self._backoff.pop_completed(now_us):
            # PreEnqueue ran when the pod came into backoffQ and is not asked again.
            self._active.add(queued, self._order(queued))

    def flush_unschedulable(self, now_us: int, cluster: Cluster) -> None:
        """Wake the pods, but for gated ones, that have waited for more than 5 minutes. Upstream does so every 30 seconds."""
        for queued in self._unschedulable.older_than(now_us - MAX_IN_UNSCHEDULABLE_US):
            self._requeue(queued, self._hints.strategy(queued, UNSCHEDULABLE_TIMEOUT, cluster), now_us)

    def flush(self, now_us: int, cluster: Cluster) -> None:
        """Do what is due at an instant: backoffs at whole seconds, long waits at multiples of 30 s."""
        if now_us % BACKOFF_FLUSH_PERIOD_US == 0:
            self.flush_backoff(now_us)
        if now_us % UNSCHEDULABLE_FLUSH_PERIOD_US == 0:
            self.flush_unschedulable(now_us, cluster)

    # Copies

    def fork(self) -> SchedulingQueue:
        """Return an independent queue in the same state."""
        twin = object.__new__(SchedulingQueue)
        twin.__dict__.update(self.__dict__)
        twin.nominator = self.nominator.copy()
        twin._active, twin._backoff = self._active.copy(), self._backoff.copy()
        twin._unschedulable, twin._in_flight = self._unschedulable.copy(), self._in_flight.copy()
        return twin

    def __getstate__(self) -> dict[str, Any]:
        # Hints are functions that the plugins hand out; whoever loads the queue gets them from the plugins again.
        return {name: value for name, value in self.__dict__.items() if name != "_hints"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._hints = QueueingHints(self._profiles)

    # Moves

    def _sort_key(self, queued: QueuedPod) -> tuple[Any, ...]:
        key: tuple[Any, ...] = next(iter(self._profiles.values())).queue_sort.sort_key(queued.pod, queued.timestamp_us)
        return key

    def _order(self, queued: QueuedPod) -> tuple[Any, ...]:
        return (*self._sort_key(queued), queued.sequence)

    def _ask_of_own_update(self, queued: QueuedPod, events: Iterable[ClusterEvent], now_us: int, cluster: Cluster) -> None:
        for event in events:
            self._requeue(queued, self._hints.strategy(queued, event, cluster), now_us)
            if queued.key not in self._unschedulable:
                return

    def _bring_back(self, queued: QueuedPod, rejection: Rejection, now_us: int, cluster: Cluster, nominated_node: str | None) -> None:
        pod = self._in_flight.current(queued.key, queued.sequence)
        if pod is not None and self.get(queued.key) is None:
            self._entries += 1
            back = queued.failed(rejection, pod, now_us=now_us, sequence=self._entries)
            self._requeue(back, self._strategy_of_missed_events(back, cluster), now_us)
            self.nominator.add(pod, nominated_node)
        self._in_flight.finish(queued.key, queued.sequence)

    def _strategy_of_missed_events(self, queued: QueuedPod, cluster: Cluster) -> Strategy:
        if queued.rejection.is_error:
            return Strategy.AFTER_BACKOFF
        events = self._in_flight.events_since_start(queued.key)
        return max((self._hints.strategy(queued, event, cluster) for event in events), default=Strategy.SKIP)

    def _requeue(self, queued: QueuedPod, strategy: Strategy, now_us: int) -> None:
        """Put a pod, which is in the unschedulable pool or nowhere, where a strategy sends it."""
        if strategy is Strategy.SKIP:
            self._unschedulable.put(queued)
        elif strategy is Strategy.AFTER_BACKOFF and self._backoff.is_backing_off(queued, now_us):
            self._move_to_backoff(queued)
        else:
            self._move_to_active(queued)

    def _move_to_active(self, queued: QueuedPod) -> bool:
        """Run PreEnqueue, and put the pod into activeQ, or gated into the pool. Return whether activeQ took it."""
        judged = self._pre_enqueue(queued)
        if judged.is_gated:
            self._unschedulable.put(judged)
            return False
        self._unschedulable.remove(judged.key)
        self._active.add(judged, self._order(judged))
        return True

    def _move_to_backoff(self, queued: QueuedPod) -> None:
        judged = self._pre_enqueue(queued)
        if judged.is_gated:
            self._unschedulable.put(judged)
        else:
            self._unschedulable.remove(judged.key)
            self._backoff.add(judged, self._sort_key(judged))

    def _pre_enqueue(self, queued: QueuedPod) -> QueuedPod:
        profile = self._profiles[queued.rejection.scheduler_name]
        refusing = next((plugin.name for plugin in profile.pre_enqueues if plugin.pre_enqueue(queued.pod) is not None), None)
        return queued.gated_by(refusing)

    def _take_out(self, key: str) -> QueuedPod | None:
        return self._active.remove(key) or self._backoff.remove(key) or self._unschedulable.remove(key)
