"""Random lives of a few pods: nobody is lost or in two places, copies behave as originals, and skipping idle seconds changes nothing."""

from __future__ import annotations

import pickle
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from binpack.framework.arguments import NodeResourcesFitArgs
from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.merge import ExpandedPlugins
from binpack.framework.points import POINTS, Point
from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.plugins.node_resources_fit import NodeResourcesFit
from binpack.plugins.priority_sort import PrioritySort
from binpack.plugins.scheduling_gates import SchedulingGates
from binpack.plugins.taint_toleration import TaintToleration
from binpack.scheduler.queue import QueuedPod, SchedulingQueue
from binpack.scheduler.queue.queueing_hints import QueueingHints
from binpack.state.cluster import Cluster
from binpack.testing import node, pod
from binpack.units import US_PER_MS, US_PER_S

NAMES = tuple("abcde")
CLUSTER = Cluster()
EVENTS = (
    ClusterEvent(Resource.ASSIGNED_POD, Action.DELETE, pod("gone").on("n").build(), None),
    ClusterEvent(Resource.ASSIGNED_POD, Action.ADD, None, pod("new").on("n").build()),
    ClusterEvent(Resource.NODE, Action.ADD, None, node("n").cpu("1").build()),
    ClusterEvent(Resource.NODE, Action.ADD, None, node("n").taint("gpu").build()),
    ClusterEvent(Resource.NODE, Action.UPDATE_NODE_TAINT, node("n").taint("gpu").build(), node("n").build()),
    ClusterEvent(Resource.STORAGE_CLASS, Action.ADD),
)
PODS = {
    name: (
        pod(name).scheduler("default-scheduler").priority(number % 3).request(cpu=cpu).gate("wait").build(),
        pod(name).scheduler("default-scheduler").priority(number % 3).request(cpu=cpu).build(),
        pod(name).scheduler("default-scheduler").priority(number % 3).request(cpu="1").build(),
        pod(name).scheduler("default-scheduler").priority(number % 3).request(cpu="1").tolerates("gpu").build(),
        pod(name).scheduler("default-scheduler").priority(number % 3).terminating().build(),
    )
    for number, (name, cpu) in enumerate(zip(NAMES, ("1", "2", "4", "2", "1"), strict=True))
}
REJECTIONS = (("NodeResourcesFit",), ("TaintToleration",), ("NodeResourcesFit", "TaintToleration"), ())

NAME, VERSION = st.sampled_from(NAMES), st.integers(0, 4)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), NAME, VERSION),
        st.tuples(st.just("add"), NAME, st.just(1)),
        st.tuples(st.just("update"), NAME, VERSION),
        st.tuples(st.just("delete"), NAME),
        st.tuples(st.just("pop")),
        st.tuples(st.just("place"), st.integers(0, 2)),
        st.tuples(st.just("reject"), st.integers(0, 2), st.sampled_from(REJECTIONS)),
        st.tuples(st.just("reject"), st.integers(0, 2), st.sampled_from(REJECTIONS[:3])),
        st.tuples(st.just("notify"), st.integers(0, len(EVENTS) - 1)),
        st.tuples(st.just("activate"), NAME),
        st.tuples(st.just("wait"), st.integers(1, 20_000)),
        st.tuples(st.just("wait"), st.integers(1, 400_000)),
    ),
    max_size=60,
)


def new_queue() -> SchedulingQueue:
    plugins = (PrioritySort(), SchedulingGates(), NodeResourcesFit(NodeResourcesFitArgs()), TaintToleration())
    order = dict.fromkeys(POINTS, ()) | {Point.QUEUE_SORT: ("PrioritySort",), Point.PRE_ENQUEUE: ("SchedulingGates",)}
    profile = Profile("default-scheduler", {plugin.name: plugin for plugin in plugins}, ExpandedPlugins(order, {}))
    return SchedulingQueue({"default-scheduler": profile})


class Life:
    """A queue, the clock, the pods that exist and wait, and the attempts under way."""

    def __init__(self) -> None:
        self.queue = new_queue()
        self.now_us = 0
        self.pods: dict[str, Pod] = {}
        self.trying: list[QueuedPod] = []
        self.dropped: set[str] = set()

    def take(self, step: tuple[Any, ...]) -> tuple[Any, ...]:
        """Take a step; return what can be seen of it."""
        self.now_us += US_PER_MS
        seen = getattr(self, step[0])(*step[1:])
        return seen, self.queue.pending(), self.queue.get("default/a")

    def add(self, name: str, version: int) -> None:
        if name not in self.pods:
            self.pods[name] = PODS[name][version]
            self.queue.add(self.pods[name], self.now_us)

    def update(self, name: str, version: int) -> None:
        # A gate may go but never come.
        if name in self.pods and (version > 0 or self.pods[name].spec.scheduling_gates):
            before, self.pods[name] = self.pods[name], PODS[name][version]
            self.queue.update(before, self.pods[name], self.now_us, CLUSTER)
            self.dropped.discard(name)

    def delete(self, name: str) -> None:
        if self.pods.pop(name, None) is not None:
            self.dropped.discard(name)
            self.queue.delete(f"default/{name}")

    def pop(self) -> QueuedPod | None:
        # What is not tried because it is being deleted stays an object of the cluster until it is gone.
        pending = self.queue.pending()
        queued = self.queue.pop()
        for name in NAMES:
            key = f"default/{name}"
            if key in (*pending.active, *pending.backoff) and key not in self.queue and self.pods[name].is_terminating:
                self.dropped.add(name)
        if queued is not None:
            self.trying.append(queued)
        return queued

    def place(self, number: int) -> None:
        if number < len(self.trying):
            queued = self.trying.pop(number)
            self.queue.done(queued)
            if not any(other.key == queued.key for other in self.trying) and self.queue.get(queued.key) is None:
                self.pods.pop(queued.pod.metadata.name, None)

    def reject(self, number: int, plugins: tuple[str, ...]) -> None:
        if number < len(self.trying):
            self.queue.requeue_unschedulable(self.trying.pop(number), plugins, self.now_us, CLUSTER)

    def notify(self, number: int) -> None:
        self.queue.notify(EVENTS[number], self.now_us, CLUSTER)

    def activate(self, name: str) -> None:
        self.queue.activate([f"default/{name}"], self.now_us)

    def wait(self, milliseconds: int) -> None:
        """Flush at every whole second on the way."""
        until_us = self.now_us + milliseconds * US_PER_MS
        for second in range(self.now_us // US_PER_S + 1, until_us // US_PER_S + 1):
            self.queue.flush(second * US_PER_S, CLUSTER)
        self.now_us = until_us


class EventDrivenLife(Life):
    """Flushes only when the queue says that a flush may change something."""

    def wait(self, milliseconds: int) -> None:
        until_us = self.now_us + milliseconds * US_PER_MS
        while (flush_us := self.queue.next_flush_us(self.now_us)) is not None and flush_us <= until_us:
            self.now_us = flush_us
            self.queue.flush(flush_us, CLUSTER)
        self.now_us = until_us


class AskEverybody(QueueingHints):
    """The plain twin: no group of pods is passed over, no event is uninteresting, as far as that can be seen from outside."""

    def concerns(self, rejection: Any, event: ClusterEvent) -> bool:
        return rejection.gating_plugin is None or super().concerns(rejection, event)

    def is_of_interest(self, event: ClusterEvent) -> bool:
        return True


@given(STEPS)
def test_every_pod_is_in_one_place_and_none_is_lost(steps: list[tuple[Any, ...]]) -> None:
    life = Life()
    for step in steps:
        life.take(step)
        pending = life.queue.pending()
        keys = [*pending.active, *pending.backoff, *pending.unschedulable, *pending.in_flight]
        assert len(keys) == len(set(keys))
        assert len(life.queue) == len(keys) - len(pending.in_flight)
        assert set(keys) == {f"default/{name}" for name in life.pods if name not in life.dropped}


@given(STEPS, st.sets(st.integers(0, 60)))
def test_a_copy_lives_on_as_the_original(steps: list[tuple[Any, ...]], changeovers: set[int]) -> None:
    original, copied, forked = Life(), Life(), Life()
    for number, step in enumerate(steps):
        if number in changeovers:
            copied.queue, copied.trying = pickle.loads(pickle.dumps((copied.queue, copied.trying)))
            abandoned, forked.queue = forked.queue, forked.queue.fork()
            abandoned.pop()
            abandoned.delete("default/a")
            abandoned.flush_unschedulable(forked.now_us + 10**12, CLUSTER)
        seen = original.take(step)
        assert copied.take(step) == seen
        assert forked.take(step) == seen


@given(STEPS)
def test_skipping_idle_seconds_changes_nothing(steps: list[tuple[Any, ...]]) -> None:
    every_second, event_driven = Life(), EventDrivenLife()
    for step in steps:
        assert event_driven.take(step) == every_second.take(step)


@given(STEPS)
def test_passing_over_groups_changes_nothing(steps: list[tuple[Any, ...]]) -> None:
    grouped, plain = Life(), Life()
    plain.queue._hints = AskEverybody(plain.queue._profiles)
    for step in steps:
        assert grouped.take(step) == plain.take(step)
