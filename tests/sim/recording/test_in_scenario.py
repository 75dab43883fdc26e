"""A recording as part of a scenario: its own steps, faults and files on top."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from binpack.errors import ConfigurationError
from binpack.sim.scenario import load_scenario, run_scenario
from binpack.sim.timeline import FailNode, Scale
from binpack.units import US_PER_S

DATA = Path(__file__).parent / "data"


def scenario(folder: Path, text: str):
    (folder / "recorded").symlink_to(DATA / "watch")
    (folder / "audit.log").symlink_to(DATA / "audit.log")
    (folder / "dump.json").symlink_to(DATA / "audited-cluster.json")
    path = folder / "s.yaml"
    path.write_text(text)
    return load_scenario(path)


def test_steps_come_on_top_of_what_was_recorded(tmp_path):
    loaded = scenario(
        tmp_path,
        """
replay: {recordings: [recorded]}
timeline:
  - {at: 350s, scale: [{kind: Deployment, name: web, namespace: shop, replicas: 1}]}
  - {at: 400s, failNodes: [n4]} # that joined in the recording
""",
    )
    assert loaded.until_us == 760 * US_PER_S
    assert [event.time_us // US_PER_S for event in loaded.events if isinstance(event, Scale | FailNode)] == [120, 660, 350, 400]
    run = run_scenario(loaded)
    assert sum(row.deleted_us is None and row.owner_kind == "ReplicaSet" for row in run.pod_rows) == 1


def test_the_duration_may_be_another_one(tmp_path):
    run = run_scenario(scenario(tmp_path, "{duration: 100s, replay: {recordings: [recorded]}}"))
    assert (run.until_us, len(run.pod_rows)) == (100 * US_PER_S, 3)


def test_what_the_clusters_files_hold_is_there_too(tmp_path):
    (tmp_path / "more.json").write_text(
        json.dumps({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "gold"}, "value": 1000})
    )
    loaded = scenario(tmp_path, "{cluster: {files: [more.json]}, replay: {recordings: [recorded]}}")
    assert [one.value for one in loaded.objects if one.kind == "PriorityClass"] == [1000]


def test_nodes_of_a_pool_besides_the_recorded_ones(tmp_path):
    pool = "nodePools: [{name: more, count: 2, capacity: {cpu: '4', memory: 8Gi}}]"
    loaded = scenario(tmp_path, f"{{cluster: {{{pool}}}, replay: {{recordings: [recorded], ownedPods: bare}}}}")
    assert len(loaded.nodes) == 5
    assert run_scenario(loaded).breakdowns == ()


def test_an_audit_log_with_the_cluster_as_it_was(tmp_path):
    run = run_scenario(scenario(tmp_path, "{cluster: {files: [dump.json]}, replay: {auditLogs: [audit.log]}}"))
    assert run.cluster.columns["nodes_count"][-1] == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{replay: {}}", "replay: neither recordings nor auditLogs (accepted: one of them)"),
        ("{replay: {recordings: [recorded], auditLogs: [audit.log]}}", "replay: both recordings and auditLogs"),
        ("{replay: {recordings: [recorded], ownedPods: some}}", "replay.ownedPods: "),
        ("{replay: {auditLogs: [audit.log]}}", "cluster: no nodes (accepted: files or a recording that hold nodes, or nodePools)"),
        ("{replay: {recordings: [recorded]}, timeline: [{at: 1h}]}", 'timeline[0].at: "1h" (accepted: times up to the duration)'),
        (
            "{replay: {recordings: [recorded]}, timeline: [{at: 370s, failNodes: [n3]}]}",  # it has been removed
            'timeline[0].failNodes: no node "n3" (accepted: n1, n2)',
        ),
        ("{cluster: {files: [dump.json]}}", "duration: Required value"),
    ],
)
def test_what_is_wrong_is_said_with_its_path(tmp_path, text, message):
    with pytest.raises(ConfigurationError) as caught:
        scenario(tmp_path, text)
    assert f"s.yaml: {message}" in str(caught.value)
