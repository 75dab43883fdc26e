from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from binpack.framework.events import Action, EventHint, Resource
from binpack.framework.merge import ExpandedPlugins
from binpack.framework.points import POINTS, Point
from binpack.framework.profile import Profile
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.plugins.priority_sort import PrioritySort
from binpack.scheduler.event_handlers import EventHandlers
from binpack.scheduler.queue import SchedulingQueue
from binpack.state.cluster import Cluster
from binpack.testing import PodBuilder, claim, node, pod
from binpack.units import US_PER_MINUTE

A = Action
R = Resource


@dataclass(frozen=True)
class Plugin:
    """Rejects pods, and is woken by one sort of event."""

    name: str
    events: tuple[EventHint, ...] = field(default=())


REJECTERS = tuple(
    Plugin(name, (EventHint(resource, action),))
    for name, resource, action in [
        ("pod added", R.ASSIGNED_POD, A.ADD),
        ("pod deleted", R.ASSIGNED_POD, A.DELETE),
        ("pod labels", R.ASSIGNED_POD, A.UPDATE_POD_LABEL),
        ("node deleted", R.NODE, A.DELETE),
        ("node taint", R.NODE, A.ADD | A.UPDATE_NODE_TAINT),
        ("node label", R.NODE, A.UPDATE_NODE_LABEL),
        ("claim added", R.PERSISTENT_VOLUME_CLAIM, A.ADD),
    ]
)


def waiting(name: str = "p") -> PodBuilder:
    return pod(name).scheduler("default-scheduler")


def scheduler(*, priority: int = 0) -> EventHandlers:
    """A scheduler with the nodes n1 and n2, and one waiting pod for each plugin, rejected by it and named after it."""
    plugins = {plugin.name: plugin for plugin in (PrioritySort(), *REJECTERS)}
    order = dict.fromkeys(POINTS, ()) | {Point.QUEUE_SORT: ("PrioritySort",)}
    queue = SchedulingQueue({"default-scheduler": Profile("default-scheduler", plugins, ExpandedPlugins(order, {}))})
    handlers = EventHandlers(Cluster(), queue)
    for name in ("n1", "n2"):
        handlers.handle(None, node(name).build(), 0)
    for plugin in REJECTERS:
        handlers.handle(None, waiting(plugin.name).priority(priority).build(), 0)
        queued = queue.pop()
        assert queued is not None
        queue.requeue_unschedulable(queued, (plugin.name,), 0, handlers.cluster)
    return handlers


def woken(handlers: EventHandlers) -> list[str]:
    return [key.removeprefix("default/") for key in handlers.queue.pending().active]


@pytest.mark.parametrize(
    ("why", "before", "after", "who"),
    [
        ("a node comes", None, node("n3").build(), ["node taint"]),
        ("a node is labelled", node("n1").build(), node("n1").label(disk="ssd").build(), ["node label"]),
        ("a node is tainted", node("n1").build(), node("n1").taint("gpu").build(), ["node taint"]),
        ("a node goes", node("n1").build(), None, ["node deleted"]),
        ("a bound pod comes", None, pod("b").on("n1").build(), ["pod added"]),
        ("a claim comes", None, claim("data"), ["claim added"]),
        ("a claim changes", claim("data"), claim("data"), []),
        ("a pod of another scheduler comes", None, pod("b").scheduler("other").build(), []),
        ("a pod that has run to its end comes", None, pod("b").on("n1").phase("Succeeded").build(), []),
    ],
)
def test_who_is_woken(why: str, before: object, after: object, who: list[str]) -> None:
    handlers = scheduler()
    handlers.handle(before, after, US_PER_MINUTE)
    assert woken(handlers) == who, why


def bound(handlers: EventHandlers) -> Pod:
    """Let a bound pod come before anything is watched."""
    a_pod = waiting("b").on("n1").build()
    handlers.cluster.add_pod(a_pod, "n1")
    return a_pod


@pytest.mark.parametrize(
    ("why", "after", "who", "stays"),
    [
        ("it is labelled", waiting("b").on("n1").label(app="web").build(), ["pod labels"], True),
        ("it is deleted", None, ["pod deleted"], False),
        ("it has run to its end", waiting("b").on("n1").phase("Succeeded").build(), ["pod deleted"], False),
        ("it is being deleted, and still holds its place", waiting("b").on("n1").terminating().build(), [], True),
    ],
)
def test_a_bound_pod(why: str, after: Pod | None, who: list[str], stays: bool) -> None:
    handlers = scheduler()
    handlers.handle(bound(handlers), after, US_PER_MINUTE)
    assert woken(handlers) == who, why
    assert (handlers.cluster.node_of("default/b") is not None) is stays, why


def test_a_waiting_pod_comes_changes_and_goes() -> None:
    handlers = scheduler()
    first, second = waiting().build(), waiting().label(app="web").build()
    handlers.handle(None, first, US_PER_MINUTE)
    assert woken(handlers) == ["p"]
    handlers.handle(first, second, US_PER_MINUTE)
    queued = handlers.queue.get("default/p")
    assert queued is not None
    assert queued.pod == second
    handlers.handle(second, None, US_PER_MINUTE)
    assert woken(handlers) == []


def test_a_bind_observed_takes_the_pod_out_of_the_queue_and_wakes_others() -> None:
    handlers = scheduler()
    handlers.handle(None, waiting().nominated("n1").build(), US_PER_MINUTE)
    handlers.handle(waiting().nominated("n1").build(), waiting().on("n2").build(), US_PER_MINUTE)
    assert woken(handlers) == ["pod added"]
    assert handlers.cluster.node_of("default/p") == "n2"
    assert handlers.queue.nominator.node_of("default/p") is None


def test_the_bind_of_an_assumed_pod_is_no_second_pod() -> None:
    handlers = scheduler()
    handlers.cluster.add_pod(waiting().on("n1").build(), "n1")
    handlers.handle(waiting().build(), waiting().on("n1").build(), US_PER_MINUTE)
    assert woken(handlers) == ["pod added"]
    assert handlers.cluster.pod_counts.sum() == 1


def test_an_update_of_an_assumed_pod_does_not_queue_it() -> None:
    handlers = scheduler()
    handlers.cluster.add_pod(waiting().on("n1").build(), "n1")
    handlers.handle(waiting().build(), waiting().label(app="web").build(), US_PER_MINUTE)
    assert woken(handlers) == []


def test_an_assumed_pod_that_is_deleted_frees_its_place() -> None:
    handlers = scheduler()
    handlers.cluster.add_pod(waiting().on("n1").build(), "n1")
    handlers.handle(waiting().build(), None, US_PER_MINUTE)
    assert woken(handlers) == ["pod deleted"]
    assert handlers.cluster.node_of("default/p") is None


@pytest.mark.parametrize(
    ("why", "priority", "after", "who"),
    [
        ("it is deleted", 5, None, ["pod deleted"]),
        ("its place is given up", 5, waiting().priority(5).build(), ["p", "pod deleted"]),
        ("its place is exchanged", 5, waiting().priority(5).nominated("n2").build(), ["p", "pod deleted"]),
        ("it keeps its place", 5, waiting().priority(5).nominated("n1").label(app="web").build(), ["p"]),
        ("the others are of higher priority: it held nothing against them", 9, None, []),
    ],
)
def test_a_nominated_pod(why: str, priority: int, after: Pod | None, who: list[str]) -> None:
    handlers = scheduler(priority=priority)
    before = waiting().priority(5).nominated("n1").build()
    handlers.handle(None, before, US_PER_MINUTE)
    handlers.handle(before, after, US_PER_MINUTE)
    assert woken(handlers) == who, why


def test_the_cluster_follows() -> None:
    handlers = scheduler()
    changed: Node = node("n1").cpu("64").build()
    handlers.handle(node("n1").build(), changed, 0)
    handlers.handle(node("n2").build(), None, 0)
    handlers.handle(None, claim("data"), 0)
    row = handlers.cluster.row_of("n1")
    assert row is not None
    assert handlers.cluster.node(row) == changed
    assert handlers.cluster.row_of("n2") is None
    assert handlers.cluster.catalog.list("PersistentVolumeClaim") == [claim("data")]
    handlers.handle(claim("data"), None, 0)
    assert handlers.cluster.catalog.list("PersistentVolumeClaim") == []
