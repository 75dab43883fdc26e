"""Placing what waits, pod after pod: what is committed, what comes second, what preemption leaves behind."""

from __future__ import annotations

import pytest

from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.plugins import in_tree
from binpack.scheduler.cached_cycle import CachedCycle
from binpack.scheduler.cycle import SchedulingCycle
from binpack.scheduler.needs import needed_plugins
from binpack.scheduler.placement import nominations, place_waiting
from binpack.scheduler.schedule import PodState, Schedule
from binpack.scheduler.snapshot import build_cluster, waiting_pods
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.testing import NodeBuilder, PodBuilder, node, pod


def placed(*builders: NodeBuilder | PodBuilder, preemption: bool = False, evict: bool = False) -> Schedule:
    objects = [one.build() for one in builders]
    profiles = build_profiles(Registry(in_tree()))
    schedules = []
    for kind in (SchedulingCycle, CachedCycle):
        cycle = kind(build_cluster(objects), profiles, tie_breaker=TieBreaker(), preemption=preemption)
        schedules.append(place_waiting(cycle, waiting_pods(objects, profiles), ties=Ties.FIRST, evict=evict))
    # What was asked for is told by either, to the last score.
    assert schedules[0].rows() == schedules[1].rows()
    return schedules[1]


def states(schedule: Schedule) -> dict[str, tuple[str, str | None]]:
    return {one.pod.metadata.name: (str(one.state), one.node) for one in schedule.placements}


def test_each_placement_takes_its_room_before_the_next():
    schedule = placed(node("a").cpu("2"), pod("p1").request(cpu="2"), pod("p2").request(cpu="2"))
    assert states(schedule) == {"p1": ("placed", "a"), "p2": ("unschedulable", None)}
    assert schedule.cluster.node_of("default/p1") == "a"
    assert schedule.cluster.node_of("default/p2") is None


def test_the_runner_up_is_the_best_of_the_others():
    schedule = placed(node("a").cpu("8"), node("b").cpu("6"), node("c").cpu("4"), pod("p").request(cpu="2"))
    (one,) = schedule.placements
    assert (one.node, one.runner_up, one.feasible_nodes, one.evaluated_nodes) == ("a", "b", 3, 3)
    assert one.score is not None
    assert one.runner_up_score is not None
    assert one.score > one.runner_up_score


def test_equal_runners_up_are_told_by_name():
    (one,) = placed(node("c"), node("a"), node("b"), pod("p")).placements
    assert (one.node, one.runner_up) == ("a", "b")
    assert one.score == one.runner_up_score


def test_an_only_feasible_node_has_no_score():
    (one,) = placed(node("a").cordon(), node("b"), pod("p")).placements
    assert (one.node, one.score, one.runner_up) == ("b", None, None)


def test_gated_and_foreign_pods_are_listed_and_not_tried():
    schedule = placed(node("a"), pod("g").gate("x"), pod("f").scheduler("volcano"), pod("p"))
    assert states(schedule) == {"p": ("placed", "a"), "g": ("gated", None), "f": ("foreign", None)}
    assert [one.message for one in schedule.placements[1:]] == ["waits for scheduling gates: x", 'waits for scheduler "volcano"']
    assert schedule.counts()[PodState.GATED] == 1


def test_pods_that_are_going_or_gone_do_not_wait():
    assert placed(node("a"), pod("t").terminating(), pod("s").phase("Succeeded")).placements == ()


def test_a_nomination_holds_its_place():
    schedule = placed(
        node("a").cpu("2"),
        pod("low").request(cpu="2").on("a"),
        pod("first").request(cpu="2").priority(10),
        pod("second").request(cpu="2").priority(5),
        preemption=True,
    )
    assert states(schedule) == {"first": ("nominated", None), "second": ("unschedulable", None)}
    assert schedule.placements[0].victims == ("default/low",)
    assert schedule.cluster.node_of("default/low") == "a"


def test_a_pod_that_a_dump_nominates_is_placed_there_and_frees_its_nomination():
    schedule = placed(
        node("a").cpu("2"), node("b").cpu("8"), pod("n").nominated("a").priority(5).request(cpu="1"), pod("p").request(cpu="1")
    )
    assert states(schedule) == {"n": ("placed", "a"), "p": ("placed", "b")}


def test_evicted_victims_leave_and_the_pod_is_placed():
    schedule = placed(
        node("a").cpu("2"), pod("low").request(cpu="2").on("a"), pod("high").request(cpu="2").priority(10), preemption=True, evict=True
    )
    (one,) = schedule.placements
    assert (one.state, one.node, one.victims, one.evicted) == (PodState.PLACED, "a", ("default/low",), True)
    assert schedule.cluster.node_of("default/low") is None


def test_nominations_by_node():
    pods = [pod("p").nominated("a").build(), pod("q").build(), pod("r").nominated("a").build()]
    assert {name: [one.metadata.name for one in listed] for name, listed in nominations(pods).items()} == {"a": ["p", "r"]}


def test_a_plugin_that_is_not_there_is_told_with_the_pods_that_need_it():
    objects = [node("a").build(), pod("plain").build(), pod("disk").claim("data").build()]
    registry = Registry({name: plugin for name, plugin in in_tree().items() if not name.startswith("Volume")})
    profiles = build_profiles(registry)
    cycle = SchedulingCycle(build_cluster(objects), profiles, tie_breaker=TieBreaker())
    schedule = place_waiting(cycle, waiting_pods(objects, profiles), ties=Ties.FIRST)
    assert schedule.missing["VolumeBinding"] == ("default/disk",)


@pytest.mark.parametrize(
    ("why", "builder", "needs"),
    [
        ("a plain pod", pod(), False),
        ("a claim", pod().claim("data"), True),
    ],
)
def test_needed_plugins(why, builder, needs):
    assert ("VolumeBinding" in needed_plugins(builder.build())) is needs


def test_the_summary_tells_a_shared_message_once():
    text = str(placed(node("a").cpu("1"), *[pod(f"p{i}").request(cpu="2") for i in range(5)]))
    assert text.splitlines() == [
        "5 waiting pods: 5 unschedulable.",
        "  default/p[0-4]",
        "    0/1 nodes are available: 1 Insufficient cpu.",
        "Ties: first. percentageOfNodesToScore: 100.",
    ]
