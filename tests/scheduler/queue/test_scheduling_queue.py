from __future__ import annotations

import pytest

from binpack.errors import SchedulingError
from binpack.framework.arguments import NodeResourcesFitArgs
from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.merge import ExpandedPlugins
from binpack.framework.points import POINTS, Point
from binpack.framework.profile import Profile
from binpack.plugins.node_resources_fit import NodeResourcesFit
from binpack.plugins.priority_sort import PrioritySort
from binpack.plugins.scheduling_gates import SchedulingGates
from binpack.plugins.taint_toleration import TaintToleration
from binpack.scheduler.queue import PendingPods, QueuedPod, SchedulingQueue
from binpack.state.cluster import Cluster
from binpack.testing import PodBuilder, node, pod
from binpack.units import US_PER_MS, US_PER_S

CLUSTER = Cluster()
FIT = "NodeResourcesFit"
TAINTS = "TaintToleration"
ROOM = ClusterEvent(Resource.ASSIGNED_POD, Action.DELETE, pod("gone").on("n1").build(), None)
"""Wakes what NodeResourcesFit rejected."""
NEWCOMER = ClusterEvent(Resource.ASSIGNED_POD, Action.ADD, None, pod("new").on("n1").build())
"""Wakes nobody here."""


def new_queue() -> SchedulingQueue:
    plugins = (PrioritySort(), SchedulingGates(), NodeResourcesFit(NodeResourcesFitArgs()), TaintToleration())
    order = dict.fromkeys(POINTS, ()) | {Point.QUEUE_SORT: ("PrioritySort",), Point.PRE_ENQUEUE: ("SchedulingGates",)}
    profile = Profile("default-scheduler", {plugin.name: plugin for plugin in plugins}, ExpandedPlugins(order, {}))
    return SchedulingQueue({"default-scheduler": profile})


def waiting(name: str) -> PodBuilder:
    return pod(name).scheduler("default-scheduler")


def ms(milliseconds: float) -> int:
    return round(milliseconds * US_PER_MS)


def pop(queue: SchedulingQueue) -> QueuedPod:
    queued = queue.pop()
    assert queued is not None
    return queued


def reject(queue: SchedulingQueue, at_ms: float, *plugins: str) -> QueuedPod:
    """Try the next pod, in vain."""
    queued = pop(queue)
    queue.requeue_unschedulable(queued, plugins or (FIT,), ms(at_ms), CLUSTER)
    return queued


def places(queue: SchedulingQueue) -> dict[str, list[str]]:
    """Names by place, empty places left out."""
    pending = queue.pending()
    by_place = {
        "active": pending.active,
        "backoff": pending.backoff,
        "unschedulable": pending.unschedulable,
        "in flight": pending.in_flight,
    }
    return {place: [key.removeprefix("default/") for key in keys] for place, keys in by_place.items() if keys}


# Order


def test_higher_priority_first_then_who_came_first() -> None:
    queue = new_queue()
    for at_ms, (name, priority) in enumerate([("b", 0), ("a", 0), ("urgent", 10), ("idle", -1), ("c", 0)]):
        queue.add(waiting(name).priority(priority).build(), ms(at_ms))
    assert [pop(queue).pod.metadata.name for _ in range(5)] == ["urgent", "b", "a", "c", "idle"]
    assert queue.pop() is None


def test_equal_instants_keep_the_order_of_coming() -> None:
    queue = new_queue()
    for name in ("z", "y", "a"):
        queue.add(waiting(name).build(), 0)
    assert [pop(queue).pod.metadata.name for _ in range(3)] == ["z", "y", "a"]


def test_a_failed_attempt_puts_a_pod_behind_its_equals() -> None:
    queue = new_queue()
    queue.add(waiting("first").build(), 0)
    queue.add(waiting("second").build(), ms(1))
    reject(queue, 2)
    queue.activate(["default/first"], ms(3))
    assert pop(queue).pod.metadata.name == "second"


def test_attempts_are_counted_and_who_rejected_is_forgotten_at_pop() -> None:
    queue = new_queue()
    queue.add(waiting("p").build(), 0)
    reject(queue, 1)
    held = queue.get("default/p")
    assert held is not None
    assert (held.attempts, held.unschedulable_count, held.rejection.plugins) == (1, 1, {FIT})
    queue.activate(["default/p"], ms(2))
    again = pop(queue)
    assert (again.attempts, again.unschedulable_count, again.rejection.plugins) == (2, 1, frozenset())
    queue.requeue_error(again, ms(3), CLUSTER)
    failed = queue.get("default/p")
    assert failed is not None
    assert (failed.unschedulable_count, failed.error_count, failed.added_us, failed.timestamp_us) == (1, 1, 0, ms(3))


# Backoff


def test_a_woken_pod_waits_for_its_backoff_while_others_are_active() -> None:
    queue = new_queue()
    queue.add(waiting("p").build(), 0)
    reject(queue, 10_300)
    queue.add(waiting("other").build(), ms(10_400))
    queue.notify(ROOM, ms(10_500), CLUSTER)
    assert places(queue) == {"active": ["other"], "backoff": ["p"]}
    assert queue.next_flush_us(ms(10_500)) == 12 * US_PER_S
    for second, place in ((11, "backoff"), (12, "active")):
        queue.flush(second * US_PER_S, CLUSTER)
        assert "p" in places(queue)[place]


def test_an_idle_scheduler_does_not_wait_for_a_backoff() -> None:
    queue = new_queue()
    queue.add(waiting("p").build(), 0)
    reject(queue, 10_300)
    assert queue.pop() is None
    queue.notify(ROOM, ms(10_500), CLUSTER)
    assert places(queue) == {"backoff": ["p"]}
    assert pop(queue).key == "default/p"


def test_a_pod_that_has_waited_long_enough_goes_straight_to_active() -> None:
    queue = new_queue()
    queue.add(waiting("p").build(), 0)
    reject(queue, 10_300)
    queue.notify(ROOM, ms(12_000), CLUSTER)
    assert places(queue) == {"active": ["p"]}


def test_an_error_waits_even_when_the_scheduler_is_idle() -> None:
    queue = new_queue()
    queue.add(waiting("p").build(), 0)
    queue.requeue_error(pop(queue), ms(10_300), CLUSTER)
    assert places(queue) == {"backoff": ["p"]}
    assert queue.pop() is None
    queue.flush_backoff(11 * US_PER_S)
    assert queue.pop() is None
    queue.flush_backoff(12 * US_PER_S)
    assert pop(queue).attempts == 2


def test_a_rejection_by_nobody_is_an_error() -> None:
    queue = new_queue()
    queue.add(waiting("p").build(), 0)
    queue.requeue_unschedulable(pop(queue), (), ms(1), CLUSTER)
    assert places(queue) == {"backoff": ["p"]}
    assert queue.pop() is None


def test_a_rejection_ends_a_row_of_errors() -> None:
    queue = new_queue()
    queue.add(waiting("p").build(), 0)
    for second in (10, 20):
        queue.requeue_error(pop(queue), second * US_PER_S, CLUSTER)
        queue.flush_backoff((second + 9) * US_PER_S)
    reject(queue, 30_000)
    held = queue.get("default/p")
    assert held is not None
    assert (held.error_count, held.unschedulable_count) == (0, 1)


# Waking


@pytest.mark.parametrize(
    ("why", "plugins", "event", "place"),
    [
        ("a hint says yes", (FIT,), ROOM, "active"),
        ("no hint says yes", (FIT,), NEWCOMER, "unschedulable"),
        ("who did not reject it is not asked", (TAINTS,), ROOM, "unschedulable"),
        ("one of two says yes", (TAINTS, FIT), ROOM, "active"),
        ("an event that nobody registered", (FIT,), ClusterEvent(Resource.STORAGE_CLASS, Action.ADD), "unschedulable"),
        ("a change of taints wakes who registered new nodes", (FIT,), ClusterEvent(Resource.NODE, Action.UPDATE_NODE_TAINT), "active"),
    ],
)
def test_events_wake_by_hints(why: str, plugins: tuple[str, ...], event: ClusterEvent, place: str) -> None:
    queue = new_queue()
    queue.add(waiting("p").build(), 0)
    reject(queue, 1, *plugins)
    queue.notify(event, ms(60_000), CLUSTER)
    assert places(queue) == {place: ["p"]}, why


def test_an_event_may_be_for_low_priorities_only() -> None:
    queue = new_queue()
    for name, priority in (("high", 10), ("low", 1)):
        queue.add(waiting(name).priority(priority).build(), 0)
        reject(queue, 1)
    queue.notify(ROOM, ms(60_000), CLUSTER, max_priority=5)
    assert places(queue) == {"active": ["low"], "unschedulable": ["high"]}


def test_a_pending_plugin_wakes_without_backoff() -> None:
    queue = new_queue()
    queue.add(waiting("p").build(), 0)
    queue.requeue_unschedulable(pop(queue), (), ms(1), CLUSTER, pending_plugins=(FIT,))
    assert places(queue) == {"unschedulable": ["p"]}
    queue.notify(ROOM, ms(2), CLUSTER)
    assert places(queue) == {"active": ["p"]}


# In flight


@pytest.mark.parametrize(
    ("why", "plugins", "event", "back_ms", "place"),
    [
        ("the event during the attempt wakes it, after its backoff", (FIT,), ROOM, 10_301, "backoff"),
        ("the event means nothing to who rejected it", (TAINTS,), ROOM, 10_301, "unschedulable"),
        ("the event means nothing to anybody", (FIT,), NEWCOMER, 10_301, "unschedulable"),
    ],
)
def test_events_during_an_attempt_are_not_lost(why: str, plugins: tuple[str, ...], event: ClusterEvent, back_ms: int, place: str) -> None:
    queue = new_queue()
    queue.add(waiting("p").build(), 0)
    queued = pop(queue)
    assert places(queue) == {"in flight": ["p"]}
    queue.notify(event, ms(10_300), CLUSTER)
    queue.requeue_unschedulable(queued, plugins, ms(back_ms), CLUSTER)
    assert places(queue) == {place: ["p"]}, why


def test_events_before_the_attempt_do_not_count() -> None:
    queue = new_queue()
    queue.add(waiting("other").build(), 0)
    other = pop(queue)
    queue.add(waiting("p").build(), 0)
    queue.notify(ROOM, ms(1), CLUSTER)
    reject(queue, 2)
    assert places(queue) == {"unschedulable": ["p"], "in flight": ["other"]}
    queue.requeue_unschedulable(other, (FIT,), ms(3), CLUSTER)
    assert places(queue) == {"backoff": ["other"], "unschedulable": ["p"]}


def test_a_forced_activation_during_an_attempt_counts() -> None:
    queue = new_queue()
    queue.add(waiting("p").build(), 0)
    queued = pop(queue)
    queue.activate(["default/p"], ms(1))
    queue.requeue_unschedulable(queued, (TAINTS,), ms(2), CLUSTER)
    assert places(queue) == {"backoff": ["p"]}


def test_an_own_update_during_an_attempt_counts_and_comes_back_with_it() -> None:
    queue = new_queue()
    before, after = waiting("p").build(), waiting("p").tolerates("spot").build()
    queue.add(before, 0)
    queued = pop(queue)
    queue.update(before, after, ms(1), CLUSTER)
    queue.requeue_unschedulable(queued, (TAINTS,), ms(2), CLUSTER)
    held = queue.get("default/p")
    assert held is not None
    assert held.pod == after
    assert places(queue) == {"backoff": ["p"]}


def test_a_pod_deleted_during_its_attempt_does_not_come_back() -> None:
    queue = new_queue()
    queue.add(waiting("p").build(), 0)
    queued = pop(queue)
    queue.delete("default/p")
    queue.requeue_unschedulable(queued, (FIT,), ms(1), CLUSTER)
    assert places(queue) == {}
    assert len(queue) == 0


def test_a_pod_that_is_recreated_during_its_attempt_is_another_pod() -> None:
    queue = new_queue()
    queue.add(waiting("p").build(), 0)
    queued = pop(queue)
    queue.delete("default/p")
    queue.add(waiting("p").label(version="2").build(), ms(1))
    queue.requeue_unschedulable(queued, (FIT,), ms(2), CLUSTER)
    assert places(queue) == {"active": ["p"]}
    again = pop(queue)
    assert (again.attempts, again.pod.metadata.labels) == (1, {"version": "2"})


def test_done_ends_an_attempt_and_its_nomination() -> None:
    queue = new_queue()
    queue.add(waiting("p").nominated("n1").build(), 0)
    assert queue.nominator.node_of("default/p") == "n1"
    queue.done(pop(queue))
    assert places(queue) == {}
    assert queue.nominator.node_of("default/p") is None
    assert "default/p" not in queue


def test_a_pod_that_is_being_deleted_is_not_tried() -> None:
    queue = new_queue()
    queue.add(waiting("p").terminating().build(), 0)
    assert queue.pop() is None
    assert places(queue) == {}


# Own updates


OWN_UPDATES = {
    "labels": lambda p: p.label(app="web"),
    "tolerations": lambda p: p.tolerates("spot"),
    "requests": lambda p: p.request(cpu="1"),
    "nothing that matters": lambda p: p.annotate({"note": "seen"}),
}


@pytest.mark.parametrize(
    ("why", "plugins", "change", "place"),
    [
        ("the change resolves the rejection", (TAINTS,), "tolerations", "active"),
        ("it asks for less", (FIT,), "requests", "active"),
        ("the change is of another sort", (FIT,), "tolerations", "unschedulable"),
        ("labels mean nothing to resources", (FIT,), "labels", "unschedulable"),
        ("no change that anybody reads", (FIT, TAINTS), "nothing that matters", "unschedulable"),
    ],
)
def test_own_update_in_the_pool(why: str, plugins: tuple[str, ...], change: str, place: str) -> None:
    queue = new_queue()
    before = waiting("p").request(cpu="2")
    after = OWN_UPDATES[change](before).build()
    queue.add(before.build(), 0)
    reject(queue, 1, *plugins)
    queue.update(before.build(), after, ms(60_000), CLUSTER)
    assert places(queue) == {place: ["p"]}, why
    held = queue.get("default/p")
    assert held is not None
    assert (held.pod, held.timestamp_us) == (after, ms(1))


@pytest.mark.parametrize("place", ["active", "backoff"])
def test_own_update_elsewhere_changes_the_object_and_nothing_else(place: str) -> None:
    queue = new_queue()
    before, after = waiting("p").build(), waiting("p").tolerates("spot").build()
    queue.add(before, 0)
    if place == "backoff":
        reject(queue, 1)
        queue.notify(ROOM, ms(2), CLUSTER)
    queue.update(before, after, ms(3), CLUSTER)
    assert places(queue) == {place: ["p"]}
    assert pop(queue).pod == after
    assert queue.pop() is None


def test_own_update_wakes_only_that_pod() -> None:
    queue = new_queue()
    before = waiting("a").build()
    for a_pod in (before, waiting("b").build()):
        queue.add(a_pod, 0)
        reject(queue, 1, TAINTS)
    queue.update(before, waiting("a").tolerates("spot").build(), ms(60_000), CLUSTER)
    assert places(queue) == {"active": ["a"], "unschedulable": ["b"]}


def test_an_update_of_a_pod_that_is_nowhere_takes_it_in() -> None:
    queue = new_queue()
    queue.update(waiting("p").build(), waiting("p").label(app="web").build(), ms(5), CLUSTER)
    assert places(queue) == {"active": ["p"]}


# Gates


def test_a_gated_pod_waits_for_the_last_gate_to_go() -> None:
    queue = new_queue()
    two, one, none = waiting("p").gate("a").gate("b").build(), waiting("p").gate("a").build(), waiting("p").build()
    queue.add(two, 0)
    assert places(queue) == {"unschedulable": ["p"]}
    held = queue.get("default/p")
    assert held is not None
    assert held.is_gated
    queue.notify(ROOM, ms(1), CLUSTER)
    queue.update(two, one, ms(2), CLUSTER)
    assert places(queue) == {"unschedulable": ["p"]}
    queue.update(one, none, ms(3), CLUSTER)
    assert places(queue) == {"active": ["p"]}
    assert pop(queue).attempts == 1


def test_a_gated_pod_is_not_flushed_nor_activated() -> None:
    queue = new_queue()
    queue.add(waiting("p").gate("a").build(), 0)
    assert queue.next_flush_us(0) is None
    queue.flush(600 * US_PER_S, CLUSTER)
    queue.activate(["default/p"], 600 * US_PER_S)
    assert places(queue) == {"unschedulable": ["p"]}


# Waiting for too long


@pytest.mark.parametrize(
    ("why", "failed_ms", "flush_s", "place"),
    [
        ("five minutes exactly are not more than five minutes", 30_000, 330, "unschedulable"),
        ("a little more", 29_999, 330, "active"),
        ("no multiple of 30 s", 1_000, 345, "unschedulable"),
        ("the next multiple", 30_001, 360, "active"),
    ],
)
def test_timeout(why: str, failed_ms: int, flush_s: int, place: str) -> None:
    queue = new_queue()
    queue.add(waiting("p").build(), 0)
    reject(queue, failed_ms)
    queue.flush(flush_s * US_PER_S, CLUSTER)
    assert places(queue) == {place: ["p"]}, why


@pytest.mark.parametrize(("failed_ms", "now_ms", "next_s"), [(29_999, 40_000, 330), (30_000, 40_000, 360), (1_000, 400_000, 420)])
def test_the_next_flush_is_when_the_oldest_has_waited_for_too_long(failed_ms: int, now_ms: int, next_s: int) -> None:
    queue = new_queue()
    for name, after_ms in (("p", 0), ("younger", 5_000)):
        queue.add(waiting(name).build(), 0)
        reject(queue, failed_ms + after_ms)
    assert queue.next_flush_us(ms(now_ms)) == next_s * US_PER_S


# Nominations


def test_a_nomination_follows_the_pod_until_it_is_gone() -> None:
    queue = new_queue()
    before = waiting("p").build()
    queue.add(before, 0)
    queue.requeue_unschedulable(pop(queue), (FIT,), ms(1), CLUSTER, nominated_node="n1")
    queue.update(before, waiting("p").label(seen="yes").build(), ms(2), CLUSTER)
    assert [held.metadata.labels for held in queue.nominator.pods_for("n1")] == [{"seen": "yes"}]
    queue.delete("default/p")
    assert queue.nominator.pods_for("n1") == []


def test_a_pod_that_comes_with_a_nomination_has_it() -> None:
    queue = new_queue()
    queue.add(waiting("p").nominated("n1").build(), 0)
    assert queue.nominator.node_of("default/p") == "n1"


# The whole


def test_names_are_sorted_and_responsibility_is_by_scheduler_name() -> None:
    queue = new_queue()
    for name in ("b", "a"):
        queue.add(waiting(name).build(), 0)
    assert queue.pending() == PendingPods(("default/a", "default/b"), (), (), ())
    assert queue.is_responsible_for(waiting("p").build())
    assert queue.is_responsible_for(pod("a pod that names no scheduler").build())
    another = pod("p").scheduler("another").build()
    assert not queue.is_responsible_for(another)
    with pytest.raises(SchedulingError, match=r'no profile for scheduler "another" \(accepted: default-scheduler\)'):
        queue.add(another, 0)


def test_a_fork_goes_its_own_way() -> None:
    queue = new_queue()
    queue.add(waiting("tried").build(), 0)
    tried = pop(queue)
    for name in ("a", "b"):
        queue.add(waiting(name).build(), ms(1))
    reject(queue, 2)
    twin = queue.fork()
    twin.notify(ROOM, ms(60_000), CLUSTER)
    twin.requeue_unschedulable(tried, (FIT,), ms(60_001), CLUSTER)
    twin.delete("default/b")
    assert places(twin) == {"active": ["a"], "backoff": ["tried"]}
    assert places(queue) == {"active": ["b"], "unschedulable": ["a"], "in flight": ["tried"]}
    queue.requeue_unschedulable(tried, (FIT,), ms(60_001), CLUSTER)
    assert places(queue) == {"active": ["b"], "unschedulable": ["a", "tried"]}


def test_a_node_that_fits_wakes_and_one_that_does_not_does_not() -> None:
    queue = new_queue()
    queue.add(waiting("p").request(cpu="8").build(), 0)
    reject(queue, 1)
    for cores, place in (("4", "unschedulable"), ("16", "active")):
        queue.notify(ClusterEvent(Resource.NODE, Action.ADD, None, node("n").cpu(cores).build()), ms(60_000), CLUSTER)
        assert places(queue) == {place: ["p"]}
