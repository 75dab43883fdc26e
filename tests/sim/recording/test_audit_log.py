"""Audit logs: which requests count, what they changed, and what says too little."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from binpack.errors import ManifestError
from binpack.sim.recording.audit_log import read_audit_logs
from binpack.sim.recording.audited_objects import merged
from binpack.sim.recording.replay import replay_of
from binpack.sim.scenario import run_scenario, scenario_of_recording
from binpack.sim.scenario_format import ReplayOf
from binpack.units import US_PER_S

DATA = Path(__file__).parent / "data"
LOG, CLUSTER = DATA / "audit.log", DATA / "audited-cluster.json"
S = US_PER_S


def request(second: int, verb: str, resource: str, name: str, **more) -> dict:
    """Write an event as the API server does; `more` replaces its fields, None removes them."""
    group = {"deployments": "apps", "jobs": "batch"}.get(resource, "")
    target = {"resource": resource, "namespace": "default", "name": name, "apiVersion": "v1"} | ({"apiGroup": group} if group else {})
    event = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "RequestResponse",
        "stage": "ResponseComplete",
        "requestURI": f"/api/v1/namespaces/default/{resource}/{name}",
        "verb": verb,
        "objectRef": target | ({"subresource": more.pop("subresource")} if "subresource" in more else {}),
        "responseStatus": {"metadata": {}, "code": 200},
        "requestReceivedTimestamp": f"2026-11-03T09:{second // 60:02d}:{second % 60:02d}.250000Z",
        **more,
    }
    return {key: value for key, value in event.items() if value is not None}


def pod(name: str, *, created: str = "2026-11-03T09:00:30Z", **spec) -> dict:
    meta = {"name": name, "namespace": "default", "uid": f"uid-{name}", "creationTimestamp": created}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [{"name": "c", "image": "i"}], **spec}}


def read(folder: Path, *events: dict, present: tuple = ()):
    path = folder / "audit.log"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return read_audit_logs([path], present)


def told(history) -> list[tuple]:
    return [(one.what, one.object["metadata"]["name"], (one.time_us - history.start_us) // S) for one in history.writes]


def test_what_users_did_is_the_timeline():
    scenario = scenario_of_recording(ReplayOf(audit_logs=(str(LOG),)), cluster=[CLUSTER])
    assert [(type(one).__name__, one.time_us // S, getattr(one, "name", "")) for one in scenario.events] == [
        ("Apply", 0, ""),
        ("Apply", 10, ""),
        ("Scale", 60, "api"),
        ("Cordon", 90, "n1"),
        ("Drain", 91, ""),
        ("Apply", 120, ""),
        ("Delete", 150, "tool"),
    ]
    tool = scenario.events[1].object
    assert tool.metadata.annotations == {"binpack.dev/duration": "40000000us", "binpack.dev/exit-code": "3"}
    assert scenario.events[5].object.spec.template.spec.containers[0].image == "api:2"
    assert [(pod.name, pod.node, pod.bound_us) for pod in scenario.recorded] == [
        ("api-6f7d9c8b5-aaaaa", "n1", S),
        ("api-6f7d9c8b5-bbbbb", "n1", S),
        ("tool", "n2", 10 * S),
    ]
    run = run_scenario(scenario)
    assert run.cluster.columns["pods_running_count"][-1] == 3
    assert {row.node for row in run.pod_rows if row.deleted_us is None} == {"n2"}


def test_what_says_too_little_is_named():
    notes = scenario_of_recording(ReplayOf(audit_logs=(str(LOG),)), cluster=[CLUSTER]).notes
    needed = "says too little, left out (needed: level RequestResponse)"
    assert f"{LOG}, line 20: Deployment, patch of the object at level Metadata: {needed}" in notes
    assert f"{LOG}, line 21: Deployment, patch of the object at level Request: {needed}" in notes
    assert "changes of objects that neither the log nor the cluster shows are left out: 1 of a Deployment" in notes


def test_an_object_that_is_older_than_the_log_is_there_from_the_start(tmp_path):
    old, new = pod("old", created="2026-11-02T00:00:00Z", nodeName="n1"), pod("new")
    history = read(
        tmp_path,
        request(10, "patch", "pods", "old", sentObject={}, responseObject=old),
        request(30, "patch", "pods", "new", responseObject=new),
        request(40, "delete", "pods", "old", level="Metadata"),
        request(41, "patch", "pods", "old", subresource="status", responseObject=old),
    )
    assert [value["metadata"]["name"] for _, value in history.initial] == ["old"]
    assert told(history) == [("ADDED", "new", 20), ("DELETED", "old", 30)]
    assert any(note.startswith("1 objects are older than the audit log") for note in history.notes)


def test_a_collection_is_deleted(tmp_path):
    created = [request(0, "create", "pods", name, requestObject=pod(name), level="Request") for name in "abc"]
    everything = request(9, "deletecollection", "pods", "", level="Metadata")
    assert [one[:2] for one in told(read(tmp_path, *created, everything))[3:]] == [("DELETED", name) for name in "abc"]
    listed = request(9, "deletecollection", "pods", "", responseObject={"kind": "PodList", "items": [pod("b")]})
    assert [one[:2] for one in told(read(tmp_path, *created, listed))[3:]] == [("DELETED", "b")]
    chosen = request(9, "deletecollection", "pods", "", level="Metadata", requestURI="/api/v1/namespaces/default/pods?labelSelector=a%3Db")
    history = read(tmp_path, *created, chosen)
    assert len(history.writes) == 3
    assert "Pod, deletecollection of the object at level Metadata: says too little" in history.notes[0]


def test_what_a_kubelet_says_about_a_node_tells_when_it_was_silent(tmp_path):
    size = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    status = {"capacity": size, "allocatable": size, "conditions": [{"type": "Ready", "status": "True"}], "nodeInfo": {"bootID": "a"}}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "status": status}

    def reported(second: int, ready: str) -> dict:
        change = {"status": {"conditions": [{"type": "Ready", "status": ready}]}}
        event = request(second, "patch", "nodes", "n1", subresource="status", level="Request", requestObject=change)
        event["objectRef"].pop("namespace")
        return event

    history = read(tmp_path, reported(0, "True"), reported(100, "Unknown"), reported(160, "True"), present=(("dump", node),))
    replay = replay_of(history)
    assert [(type(one).__name__, one.time_us // S) for one in replay.events] == [("Disconnect", 50), ("Reconnect", 160)]


def test_an_event_list_of_a_webhook(tmp_path):
    events = [request(0, "create", "pods", "a", requestObject=pod("a")), request(1, "delete", "pods", "a")]
    (tmp_path / "hook.json").write_text(json.dumps({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": events}, indent=1))
    assert [one[:2] for one in told(read_audit_logs([tmp_path / "hook.json"]))] == [("ADDED", "a"), ("DELETED", "a")]


def test_requests_are_followed_in_the_order_in_which_they_were_received(tmp_path):
    history = read(tmp_path, request(9, "delete", "pods", "a"), request(2, "create", "pods", "a", requestObject=pod("a")))
    assert told(history) == [("ADDED", "a", 0), ("DELETED", "a", 7)]


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("a dry run", {"requestURI": "/api/v1/namespaces/default/pods/a?dryRun=All"}),
        ("refused", {"responseStatus": {"code": 409}}),
        ("not answered yet", {"stage": "RequestReceived"}),
        ("a read", {"verb": "get"}),
        ("no object", {"objectRef": None}),
        ("an unknown kind", {"objectRef": {"resource": "widgets", "apiGroup": "example.com", "name": "a"}}),
        ("the same name in another group", {"objectRef": {"resource": "pods", "apiGroup": "metrics.k8s.io", "name": "a"}}),
        ("another subresource", {"objectRef": {"resource": "pods", "name": "a", "namespace": "default", "subresource": "exec"}}),
    ],
)
def test_what_does_not_count(tmp_path, why, change):
    event = {**request(0, "create", "pods", "a", requestObject=pod("a")), **change}
    assert read(tmp_path, {key: value for key, value in event.items() if value is not None}).writes == (), why


@pytest.mark.parametrize(
    ("why", "change", "message"),
    [
        ("another kind", {"kind": "Pod"}, 'line 1, kind: "Pod" (accepted: "Event", events'),
        ("another version", {"apiVersion": "audit.k8s.io/v1beta1"}, 'line 1, apiVersion: "audit.k8s.io/v1beta1" (accepted: "audit'),
        ("no level", {"level": None}, "line 1, level: null (accepted: None, Metadata, Request, RequestResponse)"),
        ("an unknown stage", {"stage": "Done"}, 'line 1, stage: "Done" (accepted: RequestReceived'),
        ("no verb", {"verb": 3}, "line 1, verb: 3 (accepted: a verb of the API"),
        ("no time", {"requestReceivedTimestamp": "noon"}, 'line 1, requestReceivedTimestamp: "noon" is not a time'),
        ("no code", {"responseStatus": {}}, "line 1, responseStatus.code: null (accepted: a status of HTTP"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_file_line_and_field(tmp_path, why, change, message):
    with pytest.raises(ManifestError) as caught:
        read(tmp_path, {**request(0, "create", "pods", "a"), **change})
    assert str(caught.value).startswith(str(tmp_path / "audit.log")), why
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("why", "known", "change", "result"),
    [
        ("key by key", {"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3, "c": 2}}),
        ("null removes", {"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ("lists are replaced", {"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ("directives are none", {}, {"$retainKeys": ["x"], "a": 1}, {"a": 1}),
        (
            "conditions by type",
            {"conditions": [{"type": "A", "status": "x", "reason": "r"}, {"type": "B"}]},
            {"conditions": [{"type": "A", "status": "y"}]},
            {"conditions": [{"type": "A", "status": "y", "reason": "r"}, {"type": "B"}]},
        ),
    ],
)
def test_merging(why, known, change, result):
    assert merged(known, change) == result, why
