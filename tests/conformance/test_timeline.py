from __future__ import annotations

import copy
from typing import Any

import pytest

from binpack.conformance.scenario import Scenario
from binpack.conformance.timeline import Replay, compare, replay, run_timeline
from binpack.framework.registry import Registry
from binpack.plugins import in_tree


def a_pod(name: str, cpu: str, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "main", "resources": {"requests": {"cpu": cpu}}}]
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": containers, "preemptionPolicy": "Never", **spec},
    }


def a_node(name: str, cpu: str, **spec: Any) -> dict[str, Any]:
    amounts = {"cpu": cpu, "memory": "8Gi", "pods": "10"}
    return {"metadata": {"name": name}, "spec": spec, "status": {"allocatable": amounts, "capacity": amounts}}


def fits_nowhere(at_ms: int, name: str, *, nodes: int = 1) -> dict[str, Any]:
    message = f"0/{nodes} nodes are available: {nodes} Insufficient cpu."
    return {"at_ms": at_ms, "pod": f"default/{name}", "plugins": ["NodeResourcesFit"], "message": message}


def bound(at_ms: int, name: str, node: str) -> dict[str, Any]:
    return {"at_ms": at_ms, "pod": f"default/{name}", "node": node}


def a_queue(at_ms: int, *names: str) -> dict[str, Any]:
    return {"at_ms": at_ms, "active": [], "backoff": [], "unschedulable": [f"default/{name}" for name in names]}


# What kube-scheduler does with these events follows from its documentation; nothing here was recorded.
RECORD: dict[str, Any] = {
    "name": "by hand",
    "family": "timeline",
    "nodes": [a_node("n1", "2")],
    "namespaces": [{"metadata": {"name": "default"}}],
    "end_ms": 340_000,
    "events": [
        {"at_ms": 100, "op": "addPod", "pod": a_pod("first", "2")},
        {"at_ms": 200, "op": "addPod", "pod": a_pod("second", "1")},
        {"at_ms": 200, "op": "addPod", "pod": a_pod("huge", "8")},
        {"at_ms": 300, "op": "addPod", "pod": a_pod("gated", "1", schedulingGates=[{"name": "wait"}])},
        {"at_ms": 400, "op": "updatePod", "pod": a_pod("nowhere", "1")},
        # Its place is free: both that wait are tried again, though the second has not waited for long enough.
        {"at_ms": 2_500, "op": "deletePod", "name": "default/first"},
        {"at_ms": 10_000, "op": "updatePod", "pod": a_pod("gated", "1")},
        # Too small for the one that waits: nobody is woken.
        {"at_ms": 20_000, "op": "addNode", "node": a_node("n2", "4")},
        {"at_ms": 20_100, "op": "updateNode", "node": a_node("n2", "3")},
        {"at_ms": 20_200, "op": "updatePod", "pod": a_pod("second", "1")},
        {"at_ms": 30_000, "op": "deleteNode", "name": "n1"},
    ],
    "expected": {
        "attempts": [
            bound(100, "first", "n1"),
            fits_nowhere(200, "second"),
            fits_nowhere(201, "huge"),
            bound(2_500, "second", "n1"),
            fits_nowhere(2_501, "huge"),
            bound(10_000, "gated", "n1"),
            # More than five minutes after its last attempt, at a multiple of 30 s.
            fits_nowhere(330_000, "huge"),
        ],
        "queues": [
            a_queue(101),
            a_queue(201, "second"),
            a_queue(202, "huge", "second"),
            a_queue(300, "gated", "huge", "second"),
            a_queue(400, "gated", "huge", "second"),
            a_queue(2_502, "gated", "huge"),
            a_queue(10_001, "huge"),
            a_queue(20_000, "huge"),
            a_queue(20_100, "huge"),
            a_queue(20_200, "huge"),
            a_queue(30_000, "huge"),
            a_queue(340_000, "huge"),
        ],
    },
}


def scenario(record: dict[str, Any] = RECORD) -> Scenario:
    return Scenario(record["name"], record["family"], record)


def test_replays_a_timeline() -> None:
    ours = replay(scenario(), Registry(in_tree()))
    assert ours.attempts == RECORD["expected"]["attempts"]
    assert ours.queues == RECORD["expected"]["queues"]


def test_agreement_is_one_comparison_an_attempt() -> None:
    comparisons = run_timeline(scenario(), Registry(in_tree()))
    assert len(comparisons) == 7
    assert all(not comparison.differences for comparison in comparisons)
    assert comparisons[1].decision == "200 ms default/second"


def test_a_cluster_without_nodes_is_an_error_and_its_pods_wait_for_a_backoff() -> None:
    record = RECORD | {"nodes": [], "events": RECORD["events"][:1], "end_ms": 3_000}
    ours = replay(scenario(record), Registry(in_tree()))
    # Failing at 101 ms with a backoff of 1 s: the flush at 2 s takes it up, and then it waits until 2 + 2 + 1 s.
    assert [attempt["at_ms"] for attempt in ours.attempts] == [100, 2_000]
    assert ours.queues[-1] == {"at_ms": 3_000, "active": [], "backoff": ["default/first"], "unschedulable": []}


def test_an_event_that_is_not_known_is_an_error() -> None:
    record = RECORD | {"events": [{"at_ms": 1, "op": "renamePod"}]}
    with pytest.raises(ValueError, match="op 'renamePod' is not known"):
        replay(scenario(record), Registry(in_tree()))


def spoil(change: str) -> Replay:
    ours = Replay(copy.deepcopy(RECORD["expected"]["attempts"]), copy.deepcopy(RECORD["expected"]["queues"]))
    match change:
        case "time":
            ours.attempts[3]["at_ms"] += 1
        case "message":
            ours.attempts[4]["message"] += " Alas."
        case "plugins":
            ours.attempts[4]["plugins"] = []
        case "one too many":
            ours.attempts.append(fits_nowhere(339_000, "huge"))
        case "one too few":
            ours.attempts.pop()
        case "queue before any attempt is over":
            ours.queues[0]["active"] = ["default/first"]
        case "queue in between":
            ours.queues[7]["backoff"] = ["default/huge"]
        case "queue at the end":
            ours.queues.pop()
    return ours


@pytest.mark.parametrize(
    ("change", "decisions", "disagreements"),
    [
        ("nothing", 7, {}),
        ("time", 7, {3: ["attempts"]}),
        ("message", 7, {4: ["message"]}),
        ("plugins", 7, {4: ["attempts"]}),
        ("one too many", 8, {7: ["attempts"]}),
        ("one too few", 7, {6: ["attempts"]}),
        ("queue before any attempt is over", 7, {0: ["queues"]}),
        ("queue in between", 7, {5: ["queues"]}),
        ("queue at the end", 7, {6: ["queues"]}),
    ],
)
def test_compare(change: str, decisions: int, disagreements: dict[int, list[str]]) -> None:
    comparisons = compare("by hand", RECORD["expected"], spoil(change))
    assert len(comparisons) == decisions
    assert {number: list(c.differences) for number, c in enumerate(comparisons) if c.differences} == disagreements


def test_queues_that_differ_without_any_attempt_are_a_disagreement() -> None:
    expected = {"attempts": [], "queues": [a_queue(5)]}
    (comparison,) = compare("quiet", expected, Replay([], [a_queue(6)]))
    assert list(comparison.differences) == ["queues"]
