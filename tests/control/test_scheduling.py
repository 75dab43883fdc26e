from __future__ import annotations

import pytest

from binpack.control.apiserver.errors import ConflictError
from binpack.control.conditions import find_condition
from binpack.control.plane import ControlPlane
from binpack.control.records import EventSink
from binpack.control.scheduling import Scheduler
from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.plugins import in_tree
from binpack.scheduler.ties import TieBreaker
from binpack.state.invariants import check_placement
from binpack.testing import node, pod, priority_class
from binpack.units import US_PER_S


class Desk:
    """A store with a scheduler and nobody else."""

    def __init__(self, store) -> None:
        self.store, self.sink = store, EventSink()
        profiles = build_profiles(Registry(in_tree()))
        self.scheduler = Scheduler(store, self.sink, profiles, tie_breaker=TieBreaker())
        self.plane = ControlPlane(store, [self.scheduler])

    def settle(self, *, at_s: float | None = None) -> Desk:
        if at_s is not None:
            self.store.clock.now_us = int(at_s * US_PER_S)
            self.plane.refresh()
        self.plane.settle()
        return self

    def node_of(self, name: str) -> str:
        return self.store.get(Pod, name, "default").spec.node_name

    def told(self) -> list[tuple[str, str]]:
        return [(one.reason, one.message) for one in self.sink.recorded]


@pytest.fixture
def desk(store) -> Desk:
    return Desk(store)


def test_it_binds_pods_by_priority_and_says_so(desk):
    desk.store.load(node("n1").cpu(2).build())
    desk.store.create(priority_class("high", 100))
    desk.store.create(pod("low").request(cpu="2").build())
    desk.store.create(pod("high").request(cpu="2").priority_class("high").build())
    desk.settle()
    assert (desk.node_of("high"), desk.node_of("low")) == ("n1", "")
    assert desk.told()[0] == ("Scheduled", "Successfully assigned default/high to n1")


def test_a_pod_that_fits_nowhere_waits_for_an_event_that_may_help(desk):
    desk.store.load(node("n1").cpu(1).build())
    desk.store.create(pod("web").request(cpu="2").build())
    desk.settle()
    condition = find_condition(desk.store.get(Pod, "web", "default").status.conditions, "PodScheduled")
    assert (condition.status, condition.reason) == ("False", "Unschedulable")
    assert condition.message.startswith("0/1 nodes are available: 1 Insufficient cpu.")
    assert desk.told() == [("FailedScheduling", condition.message)]
    revision = desk.store.revision
    desk.store.load(node("n2").cpu(1).build())
    desk.settle(at_s=20)
    assert desk.scheduler.counters.attempts == 1, "a node that is as small wakes nobody"
    desk.store.load(node("n3").cpu(4).build())
    desk.settle(at_s=40)
    assert desk.node_of("web") == "n3"
    assert desk.store.revision == revision + 3, "two nodes and one binding"


def test_after_five_minutes_it_is_tried_again_anyway(desk):
    desk.store.load(node("n1").cpu(1).build())
    desk.store.create(pod("web").request(cpu="2").build())
    desk.settle()
    assert desk.plane.next_wake_us == 330 * US_PER_S
    desk.settle(at_s=330)
    assert desk.scheduler.counters.attempts == 2
    assert len(desk.told()) == 2
    assert desk.store.get(Pod, "web", "default").metadata.resource_version == "3", "the same verdict is not written twice"


def test_nodes_that_come_and_go_are_seen(desk):
    desk.store.load(node("n1").build())
    desk.settle()
    desk.store.delete(Node, "n1")
    desk.store.create(pod("web").build())
    desk.settle()
    assert desk.told() == [("FailedScheduling", "no nodes available to schedule pods")]
    desk.store.load(node("n2").build())
    desk.settle(at_s=30)
    assert desk.node_of("web") == "n2"


def test_ended_pods_free_their_place(desk):
    desk.store.load(node("n1").cpu(1).build())
    desk.store.load(pod("old").request(cpu="1").on("n1").build())
    desk.store.create(pod("new").request(cpu="1").build())
    desk.settle()
    assert desk.node_of("new") == ""
    old = desk.store.get(Pod, "old", "default")
    desk.store.update_status(replace(old, status=replace(old.status, phase="Succeeded")))
    desk.settle(at_s=20)
    assert desk.node_of("new") == "n1"


def test_preemption_makes_room(desk):
    desk.store.load(node("n1").cpu(1).build())
    desk.store.create(priority_class("high", 100))
    desk.store.load(pod("victim").request(cpu="1").on("n1").build())
    desk.store.create(pod("urgent").request(cpu="1").priority_class("high").build())
    desk.settle()
    victim, urgent = desk.store.get(Pod, "victim", "default"), desk.store.get(Pod, "urgent", "default")
    assert victim.is_terminating
    condition = find_condition(victim.status.conditions, "DisruptionTarget")
    assert (condition.reason, condition.message) == (
        "PreemptionByScheduler",
        "default-scheduler: preempting to accommodate a higher priority pod",
    )
    assert (urgent.status.nominated_node_name, urgent.spec.node_name) == ("n1", "")
    assert ("Preempted", f"Preempted by pod {urgent.metadata.uid} on node n1") in desk.told()
    desk.store.delete(Pod, "victim", "default", grace_seconds=0)
    desk.settle(at_s=30)
    assert desk.node_of("urgent") == "n1"
    assert desk.store.get(Pod, "urgent", "default").status.nominated_node_name == ""
    assert desk.scheduler.counters.victims == 1


def test_a_binding_that_fails_is_undone_and_tried_again(desk, monkeypatch):
    desk.store.load(node("n1").cpu(1).build())
    desk.store.create(pod("web").request(cpu="1").build())
    original, calls = type(desk.store).bind, []

    def bind(self, *arguments):
        calls.append(1)
        if len(calls) == 1:
            raise ConflictError("pods/binding", "web", "try again")
        return original(self, *arguments)

    monkeypatch.setattr(type(desk.store), "bind", bind)
    desk.settle()
    assert desk.node_of("web") == ""
    assert desk.told()[0][0] == "FailedScheduling"
    assert int(desk.scheduler.cluster.requested.sum()) == 0
    assert desk.plane.next_wake_us == 2 * US_PER_S, "an error's backoff of 1 s ends with the first whole second after it"
    desk.settle(at_s=2)
    assert desk.node_of("web") == "n1"


def test_long_messages_are_cut(desk):
    for number in range(40):
        desk.store.load(node(f"n{number}").taint(f"a-rather-long-taint-{number:060d}").resource(f"example.com/x{number}", 1).build())
    desk.store.create(pod("web").request({"cpu": "99"}).label({"n": "x"}).build())
    desk.settle()
    assert all(len(message.encode()) <= 1024 for _, message in desk.told())


def test_what_it_places_is_legal(desk):
    for number in range(4):
        desk.store.load(node(f"n{number}").cpu(4).zone("ab"[number % 2]).build())
    for number in range(20):
        desk.store.create(pod(f"p{number}").request(cpu="700m").label(app="web").build())
    desk.settle()
    bound = [one for one in desk.store.scan(Pod) if one.spec.node_name]
    assert len(bound) == 20
    assert check_placement(desk.store.scan(Node), bound) == []
