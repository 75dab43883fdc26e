"""Recordings of `kubectl get --watch`: what was there, what changed, when, and what becomes of it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from binpack.errors import ManifestError
from binpack.sim.recording.comparison import compare
from binpack.sim.recording.replay import replay_of
from binpack.sim.recording.watch_events import read_recordings
from binpack.sim.scenario import run_scenario, scenario_of_recording
from binpack.sim.scenario_format import ReplayOf
from binpack.sim.timeline import Apply, Cordon, Delete, Disconnect, Drain, FailNode, Reconnect, RecoverNode
from binpack.units import US_PER_S

DATA = Path(__file__).parent / "data" / "watch"
S = US_PER_S


def event(what: str, kind: str, name: str, revision: int, *, meta: dict | None = None, **rest) -> dict:
    version = {"Pod": "v1", "Node": "v1", "Deployment": "apps/v1"}.get(kind, "v1")
    metadata = {"name": name, "uid": f"uid-{kind}-{name}", "resourceVersion": str(revision), **(meta or {})}
    if kind == "Pod":
        metadata.setdefault("namespace", "default")
        rest.setdefault("spec", {"containers": [{"name": "c", "image": "i"}]})
    return {"type": what, "object": {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}}


def at(second: int) -> str:
    return f"2026-11-03T09:{second // 60:02d}:{second % 60:02d}Z"


def write(path: Path, events: list[dict]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in events))
    return path


def node(what: str, name: str, revision: int, *, ready: str = "True", boot: str = "b1", seen: int = 0) -> dict:
    conditions = [{"type": "Ready", "status": ready, "lastHeartbeatTime": at(seen)}]
    size = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    status = {"conditions": conditions, "capacity": size, "allocatable": size, "nodeInfo": {"bootID": boot}}
    return event(what, "Node", name, revision, status=status)


def test_what_was_there_and_what_came():
    history = read_recordings([DATA])
    assert [value["metadata"]["name"] for _, value in history.initial] == [
        "web",
        "n1",
        "n2",
        "n3",
        "web-7c5ddbdf54-aaaaa",
        "web-7c5ddbdf54-bbbbb",
        "web-7c5ddbdf54",
    ]
    # The newest time in what was listed is that of a heartbeat, a minute before the rest.
    assert (history.end_us - history.start_us) // S == 760
    # By resourceVersion, over all files.
    first = [(write.what, write.object["kind"], write.object["metadata"]["name"]) for write in history.writes[:4]]
    assert first == [("ADDED", "Pod", "batch"), *[("MODIFIED", "Pod", "batch")] * 2, ("MODIFIED", "Deployment", "web")]
    times = [write.time_us for write in history.writes]
    assert times == sorted(times)
    assert history.notes == ("2 of 36 recorded changes left no time in their object: they take that of the change after them",)


def test_what_somebody_did_is_the_timeline_and_what_controllers_did_is_not():
    replay = replay_of(read_recordings([DATA]))
    told = [(type(one).__name__, one.time_us // S, getattr(one, "name", "")) for one in replay.events]
    assert told == [
        ("Apply", 90, ""),
        ("Scale", 120, "web"),
        ("Delete", 180, "batch"),
        ("Apply", 210, ""),
        ("Cordon", 300, "n3"),
        ("Drain", 301, ""),
        ("Delete", 360, "n3"),  # a removal leaves no time: that of what came next
        ("Apply", 390, ""),  # n4, when it was Ready
        ("FailNode", 660, "n1"),  # 50 s before it was noticed
        ("RecoverNode", 760, "n1"),
    ]
    batch, job = replay.events[0].object, replay.events[3].object
    assert (batch.spec.node_name, batch.spec.priority_class_name, batch.metadata.uid) == ("", "gold", "")
    assert batch.metadata.annotations == {"binpack.dev/duration": "60000000us"}
    assert job.spec.template.metadata.annotations == {"binpack.dev/duration": "45000000us"}
    assert (job.spec.selector, job.spec.template.metadata.labels) == (None, {})
    assert [one.metadata.name for one in replay.objects if one.kind == "PriorityClass"] == ["gold"]
    n4 = replay.events[7].object
    assert n4.metadata.labels["pool"] == "new"


def test_bare_pods_come_and_go_as_recorded():
    replay = replay_of(read_recordings([DATA]), owned="bare")
    assert {one.kind for one in replay.objects} == {"Node", "Pod", "PriorityClass", "Deployment", "ReplicaSet"}
    created = [one.object.metadata.name for one in replay.events if isinstance(one, Apply) and one.object.kind == "Pod"]
    assert created == ["batch", *(f"web-7c5ddbdf54-{tail}" for tail in ("ccccc", "ddddd")), "report-x7k2p"] + [
        f"web-7c5ddbdf54-{tail}" for tail in ("eeeee", "fffff")
    ]
    deleted = [(one.name, one.time_us // S) for one in replay.events if isinstance(one, Delete) and one.kind == "Pod"]
    assert deleted == [("batch", 180), ("web-7c5ddbdf54-ccccc", 301), ("web-7c5ddbdf54-ddddd", 301)]
    assert not any(isinstance(one, Drain) for one in replay.events)
    # The scheduler looks at who owns a pod; nobody else does.
    owners = [one.object.metadata.owner_references for one in replay.events if isinstance(one, Apply) and one.object.kind == "Pod"]
    assert [reference.name for one in owners for reference in one] == [*["web-7c5ddbdf54"] * 2, "report", *["web-7c5ddbdf54"] * 2]


@pytest.mark.parametrize("owned", ["controllers", "bare"])
def test_a_replay_runs_and_is_compared(owned):
    scenario = scenario_of_recording(ReplayOf(recordings=(str(DATA),), owned_pods=owned))
    run = run_scenario(scenario)
    assert run.breakdowns == ()
    compared = compare(scenario.recorded, run.pod_rows, run.until_us)
    # Only one pod of ours had to leave the drained node, and so fewer were made anew.
    expected = (5, 1, 0) if owned == "controllers" else (6, 0, 0)
    assert (compared.decisions_count, compared.only_recorded_count, compared.only_replayed_count) == expected
    assert compared.recorded.pending_count == compared.replayed.pending_count == 0
    assert compared.recorded.bound_count == 6
    # Two nodes until `batch` shares one of them; n3 from 120 s to 303 s, n1 until the end.
    assert compared.recorded.nodes_in_use_mean == pytest.approx((2 * 760 + 183) / 760, abs=0.01)
    assert len(compared.table.columns["recorded_pod"]) == len(compared.pairs) == 8
    rows = {row.pod: row for row in run.pod_rows}
    assert rows["batch"].finished_us - rows["batch"].started_us == 60 * S
    if owned == "controllers":
        assert sum(row.owner_kind == "ReplicaSet" and row.deleted_us is None for row in run.pod_rows) == 4
        (job,) = [row for row in run.pod_rows if row.owner_kind == "Job"]
        assert job.finished_us - job.started_us == 45 * S


def test_the_order_of_files_and_compression_do_not_matter(tmp_path):
    whole = read_recordings([DATA])
    for path in DATA.iterdir():
        (tmp_path / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    again = read_recordings(sorted(tmp_path.iterdir(), reverse=True))
    assert [one.object for one in again.writes] == [one.object for one in whole.writes]
    assert [one.time_us for one in again.writes] == [one.time_us for one in whole.writes]


def test_several_kinds_in_one_file(tmp_path):
    lines = [line for path in sorted(DATA.iterdir()) if path.name != "nodes.json" for line in path.read_text().splitlines()]
    # Interleaved as several watches that write to one file would be.
    ordered = sorted(lines, key=lambda line: int(json.loads(line)["object"]["metadata"]["resourceVersion"]))
    (tmp_path / "all.json").write_text("\n".join(ordered))
    mixed = read_recordings([tmp_path / "all.json", DATA / "nodes.json"])
    assert [one.object for one in mixed.writes] == [one.object for one in read_recordings([DATA]).writes]


def test_a_watch_that_begins_anew_lists_what_is_there(tmp_path):
    events = [
        event("ADDED", "Pod", "a", 1, meta={"creationTimestamp": at(0)}),
        event("ADDED", "Pod", "b", 2, meta={"creationTimestamp": at(1)}),
        event("MODIFIED", "Pod", "b", 3, meta={"creationTimestamp": at(1)}, status={"startTime": at(5)}),
        # Again from here: a is gone, c is new, b is as it was.
        event("ADDED", "Pod", "b", 3, meta={"creationTimestamp": at(1)}, status={"startTime": at(5)}),
        event("ADDED", "Pod", "c", 9, meta={"creationTimestamp": at(60)}),
        event("DELETED", "Pod", "c", 12, meta={"creationTimestamp": at(60)}),
        {"type": "BOOKMARK", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": {"resourceVersion": "13"}}},
        {"type": "ERROR", "object": {"kind": "Status", "apiVersion": "v1", "code": 410}},
    ]
    history = read_recordings([write(tmp_path / "pods.json", events)])
    assert [value["metadata"]["name"] for _, value in history.initial] == ["a", "b"]
    assert [(one.what, one.object["metadata"]["name"]) for one in history.writes] == [
        ("MODIFIED", "b"),
        ("DELETED", "a"),
        ("ADDED", "c"),
        ("DELETED", "c"),
    ]
    assert any("began anew 1 times" in note for note in history.notes)
    assert any("1 watches ended with an error" in note for note in history.notes)


def test_pods_whose_owner_is_not_recorded_are_bare(tmp_path):
    events = [node("ADDED", "n1", 1)]
    events += [event("ADDED", "Pod", "p", 2, meta={"ownerReferences": [{"kind": "Workflow", "name": "w", "controller": True}]})]
    replay = replay_of(read_recordings([write(tmp_path / "all.json", events)]))
    assert [(one.kind, one.metadata.owner_references) for one in replay.objects] == [("Node", ()), ("Pod", ())]


def test_a_node_that_falls_silent_and_comes_back_without_a_new_boot_was_cut_off(tmp_path):
    events = [node("ADDED", "n1", 1), node("ADDED", "n2", 2)]
    events += [node("MODIFIED", "n1", 3, ready="Unknown", seen=100), node("MODIFIED", "n1", 4, seen=160)]
    events += [node("MODIFIED", "n2", 5, ready="Unknown", seen=200)]
    replay = replay_of(read_recordings([write(tmp_path / "nodes.json", events)]))
    assert replay.events == (Disconnect(50 * S, "n1"), FailNode(150 * S, "n2"), Reconnect(160 * S, "n1"))
    assert RecoverNode not in {type(one) for one in replay.events}


def test_labels_of_a_node_that_go_are_gone(tmp_path):
    labelled = node("ADDED", "n1", 1)
    labelled["object"]["metadata"]["labels"] = {"pool": "old", "keep": "yes"}
    changed = node("MODIFIED", "n1", 2, seen=60)
    changed["object"]["metadata"]["labels"] = {"keep": "yes"}
    cordoned = node("MODIFIED", "n1", 3, seen=70)
    cordoned["object"] |= {"spec": {"unschedulable": True}}
    cordoned["object"]["metadata"]["labels"] = {"keep": "yes"}
    selects = event("ADDED", "Pod", "p", 5, meta={"creationTimestamp": at(80)})
    selects["object"]["spec"] |= {"nodeSelector": {"pool": "old"}}
    path = write(tmp_path / "all.json", [labelled, changed, cordoned, selects])
    scenario = scenario_of_recording(ReplayOf(recordings=(str(path),)), duration="2m")
    assert [type(one) for one in scenario.events] == [Apply, Cordon, Apply]
    assert run_scenario(scenario).pods.columns["node"] == [None]


def test_replica_sets_that_were_not_recorded(tmp_path):
    paths = [str(DATA / f"{name}.json") for name in ("nodes", "pods", "deployments")]
    with pytest.raises(
        ManifestError, match=r"pods\.json, line 1: Pod shop/web-7c5ddbdf54-aaaaa is of ReplicaSet .*recording of replicasets, too"
    ):
        scenario_of_recording(ReplayOf(recordings=tuple(paths)))
    assert scenario_of_recording(ReplayOf(recordings=tuple(paths), owned_pods="bare")).recorded[0].owner == "web"


def test_what_would_wait_for_ever_is_told(tmp_path):
    other = event("ADDED", "Pod", "a", 2, meta={"creationTimestamp": at(1)})
    other["object"]["spec"]["schedulerName"] = "volcano"
    claims = event("ADDED", "Pod", "b", 3, meta={"creationTimestamp": at(2)})
    claims["object"]["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data-b"}}]
    notes = replay_of(read_recordings([write(tmp_path / "all.json", [node("ADDED", "n1", 1), other, claims])])).notes
    assert "pods of other schedulers wait for ever unless a profile has that name: volcano (1)" in notes
    assert "1 pods have volumes whose claims are not recorded: those not bound at the start find no node" in notes


GOOD = event("ADDED", "Pod", "p", 1)


@pytest.mark.parametrize(
    ("why", "text", "message"),
    [
        ("no JSON", json.dumps(GOOD) + "\n{", "line 2, column 2: expecting property name enclosed in double quotes, in the document that"),
        ("cut short", json.dumps(GOOD) + '\n{"type": "ADD', "line 2, column 10: unterminated string"),
        ("a list", "[]", "line 1: '[]' is no mapping"),
        ("nothing", " \n", "is empty"),
        ("a dump", json.dumps(GOOD["object"]), "line 1, type: missing, this is a Pod p (accepted: an event of a watch"),
        ("an unknown type", json.dumps({**GOOD, "type": "GONE"}), 'line 1, type: "GONE" (accepted: ADDED, MODIFIED, DELETED, BOOKMARK)'),
        ("no object", '{"type": "ADDED", "object": 3}', "line 1, object: 3 is no object"),
        ("no kind", '{"type": "ADDED", "object": {"apiVersion": "v1"}}', "line 1, object.kind: null (accepted: text, like Pod)"),
        ("no name", '\n\n{"type": "ADDED", "object": {"apiVersion": "v1", "kind": "Pod"}}', "line 3, object.metadata.name: null"),
        ("no revision", json.dumps(event("ADDED", "Pod", "p", 1, meta={"resourceVersion": "x"})), 'object.metadata.resourceVersion: "x"'),
        (
            "no time",
            json.dumps(event("ADDED", "Pod", "p", 1, meta={"creationTimestamp": "soon"})),
            'line 1, object.metadata.creationTimestamp: "soon" is not a time (accepted: RFC 3339',
        ),
        (
            "a wrong field",
            json.dumps(event("ADDED", "Pod", "p", 1, spec={"containers": 3})),
            "line 1, spec.containers: 3 is not a list",
        ),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_field(tmp_path, why, text, message):
    path = tmp_path / "pods.json"
    path.write_text(text)
    with pytest.raises(ManifestError) as caught:
        scenario_of_recording(ReplayOf(recordings=(str(path),)))
    assert str(caught.value).startswith(str(path)), why
    assert message in str(caught.value), why


def test_an_empty_directory(tmp_path):
    with pytest.raises(ManifestError, match="holds no recording"):
        read_recordings([tmp_path])
