"""Nodes that go silent. Documented: https://kubernetes.io/docs/concepts/architecture/nodes (node controller, rate limits on eviction)."""

from __future__ import annotations

import pytest

from binpack.control.clock import timestamp_of
from binpack.control.conditions import find_condition
from binpack.control.controllers.node_lifecycle import NodeLifecycleController
from binpack.control.controllers.node_lifecycle.taints import with_no_schedule_taints
from binpack.control.controllers.node_lifecycle.zones import Zone, interval_of, zone_of, zone_state
from binpack.control.heartbeats import LEASE_NAMESPACE, renewed_at_us
from binpack.control.node.node_status import last_lease, steady_lease
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.policy import Lease
from binpack.testing import node, pod
from binpack.units import US_PER_S


def add(bench, name: str, *, zone: str = ""):
    built = node(name).ready()
    bench.store.load((built.zone(zone) if zone else built).build())
    bench.store.create(steady_lease(name, bench.store.clock.timestamp))


def stop(bench, *names: str):
    """Let kubelets renew their Lease for the last time now."""
    for name in names:
        lease = bench.store.get(Lease, name, LEASE_NAMESPACE)
        bench.store.update(last_lease(lease, bench.store.clock.timestamp))
    return bench.settle()


def back(bench, *names: str):
    for name in names:
        lease = bench.store.get(Lease, name, LEASE_NAMESPACE)
        fresh = steady_lease(name, bench.store.clock.timestamp)
        bench.store.update(replace(lease, metadata=replace(lease.metadata, annotations=fresh.metadata.annotations), spec=fresh.spec))
        one = bench.store.get(Node, name)
        bench.store.update_status(replace(one, status=node(name).ready().build().status))
    return bench.settle()


def ready(bench, name: str) -> str:
    return find_condition(bench.store.get(Node, name).status.conditions, "Ready").status


def taints(bench, name: str) -> list[str]:
    return sorted(f"{one.key.removeprefix('node.kubernetes.io/')}:{one.effect}" for one in bench.store.get(Node, name).spec.taints)


def tainted(bench, names) -> list[str]:
    return [name for name in names if "unreachable:NoExecute" in taints(bench, name)]


def test_a_lease_that_is_renewed_steadily_needs_no_writes():
    lease = steady_lease("n1", timestamp_of(5 * US_PER_S))
    assert [renewed_at_us(lease, seconds * US_PER_S) // US_PER_S for seconds in (5, 14, 15, 99)] == [5, 5, 15, 95]
    assert renewed_at_us(last_lease(lease, timestamp_of(25 * US_PER_S)), 99 * US_PER_S) == 25 * US_PER_S


def test_silence_is_seen_at_the_first_pass_after_the_grace_period(bench):
    for name in ("n1", "n2", "n3"):
        add(bench, name)
    bench.store.load(pod("web").on("n1").condition("Ready", "True").build())
    bench.start(NodeLifecycleController)
    bench.wait(12)
    stop(bench, "n1")
    bench.wait(57)
    assert ready(bench, "n1") == "True", "renewed at 12 s, seen in the pass at 15 s, and 50 s later is not yet over"
    bench.wait(1)
    assert ready(bench, "n1") == "Unknown"
    assert taints(bench, "n1") == ["unreachable:NoExecute", "unreachable:NoSchedule"]
    assert find_condition(bench.store.get(Node, "n1").status.conditions, "MemoryPressure").reason == "NodeStatusNeverUpdated"
    web = bench.store.get(Pod, "web", "default")
    assert (web.status.phase, find_condition(web.status.conditions, "Ready").status) == ("Running", "False")
    assert bench.told() == ["NodeNotReady: Node n1 status is now: NodeNotReady", "NodeNotReady: Node is not ready"]
    assert taints(bench, "n2") == []


def test_a_node_that_returns_loses_its_taints(bench):
    for name in ("n1", "n2"):
        add(bench, name)
    bench.start(NodeLifecycleController)
    stop(bench, "n1").wait(60)
    assert taints(bench, "n1") != []
    back(bench, "n1").wait(5)
    assert (ready(bench, "n1"), taints(bench, "n1")) == ("True", [])


def test_a_quiet_cluster_costs_no_syncs(bench):
    for name in ("n1", "n2"):
        add(bench, name)
    bench.start(NodeLifecycleController)
    syncs = bench.plane.client("node-lifecycle-controller").syncs
    bench.wait(24 * 3600)
    assert bench.plane.client("node-lifecycle-controller").syncs == syncs


def test_nodes_of_a_zone_are_tainted_one_by_one(bench):
    names = [f"n{number}" for number in range(10)]
    for name in names:
        add(bench, name)
    bench.start(NodeLifecycleController)
    stop(bench, *names[:3]).wait(55)
    assert [ready(bench, name) for name in names[:3]] == ["Unknown"] * 3
    assert tainted(bench, names) == names[:1]
    bench.wait(9.9)
    assert tainted(bench, names) == names[:1]
    bench.wait(0.1)
    assert tainted(bench, names) == names[:2]
    bench.wait(10)
    assert tainted(bench, names) == names[:3]


def test_a_small_zone_that_is_badly_hit_is_left_alone(bench):
    names = [f"n{number}" for number in range(5)]
    for name in names:
        add(bench, name)
    bench.start(NodeLifecycleController)
    stop(bench, *names[:3]).wait(600)
    assert tainted(bench, names) == []
    assert all("unreachable:NoSchedule" in taints(bench, name) for name in names[:3])


def test_with_all_zones_down_no_node_is_tainted_and_afterwards_grace_is_fresh(bench):
    names = ["a1", "a2", "b1"]
    for name in names:
        add(bench, name, zone=name[0])
    bench.start(NodeLifecycleController)
    stop(bench, "a1").wait(60)
    assert tainted(bench, names) == ["a1"]
    stop(bench, "a2", "b1").wait(60)
    assert tainted(bench, names) == []
    bench.wait(3600)
    assert tainted(bench, names) == []
    back(bench, "b1").wait(9)
    assert tainted(bench, names) == []
    bench.wait(1)
    assert tainted(bench, names) == ["a1"], "a zone that is down beside one that is up goes on at the normal pace"
    bench.wait(10)
    assert tainted(bench, names) == ["a1", "a2"]


@pytest.mark.parametrize(
    ("why", "built", "expected"),
    [
        ("healthy", node("n").ready(), []),
        ("not ready", node("n").not_ready(), ["not-ready"]),
        ("silent", node("n").condition("Ready", "Unknown"), ["unreachable"]),
        ("cordoned", node("n").ready().cordon(), ["unschedulable"]),
        ("under pressure", node("n").ready().condition("MemoryPressure", "True"), ["memory-pressure"]),
        ("recovered", node("n").ready().taint("node.kubernetes.io/not-ready"), []),
        ("others are not ours", node("n").ready().taint("gpu", "true"), ["gpu"]),
    ],
)
def test_no_schedule_taints_follow_the_conditions(why, built, expected):
    result = with_no_schedule_taints(built.build(), timestamp_of(0))
    assert [one.key.removeprefix("node.kubernetes.io/") for one in result.spec.taints] == expected, why
    assert with_no_schedule_taints(result, timestamp_of(9)) is result


@pytest.mark.parametrize(
    ("is_ready", "not_ready", "expected"),
    [
        (1, 0, "Normal"),
        (0, 1, "FullDisruption"),
        (1, 3, "PartialDisruption"),
        (3, 2, "Normal"),
        (9, 11, "PartialDisruption"),
        (1, 2, "Normal"),
    ],
)
def test_zone_states(is_ready, not_ready, expected):
    assert zone_state(is_ready, not_ready) == expected


def test_zone_pace():
    assert interval_of("Normal", 10) == interval_of("FullDisruption", 10) == 10 * US_PER_S
    assert (interval_of("PartialDisruption", 51), interval_of("PartialDisruption", 50)) == (100 * US_PER_S, None)
    zone = Zone()
    assert zone.take_token(0)
    assert not zone.take_token(9 * US_PER_S)
    zone.pace(100 * US_PER_S, 9 * US_PER_S)
    assert not zone.take_token(50 * US_PER_S), "an empty bucket is not filled by a change of pace"
    assert zone_of(node("n").zone("a").build()) != zone_of(node("n").zone("a").region("r").build())
