"""What the steps of a timeline do: drains, images, pools, zones, kubelets that stop, networks that part."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from binpack.errors import ConfigurationError, ManifestError
from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.plugins import in_tree
from binpack.sim.drain import RETRY_US
from binpack.sim.scenario import load_scenario, run_scenario
from binpack.sim.simulation import Simulation

HEAD = """
duration: 40m
cluster:
  nodePools: [{name: m, count: 4, capacity: {cpu: "4", memory: 8Gi}, zones: [a, b], labels: {pool: old}}]
"""

WEB = """
  - at: 0s
    apply:
      - apiVersion: apps/v1
        kind: KIND
        metadata: {name: web}
        spec:
          replicas: 4
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: c, image: "web:1", resources: {requests: {cpu: "1", memory: 1Gi}}}]}
"""

BUDGET = """
      - apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web}
        spec: {MINIMUM, selector: {matchLabels: {app: web}}}
"""


def run(folder: Path, steps: str, kind: str = "Deployment", budget: str = ""):
    path = folder / "s.yaml"
    timeline = "timeline:" + WEB.replace("KIND", kind) + (BUDGET.replace("MINIMUM", budget).lstrip("\n") if budget else "") + steps
    path.write_text(HEAD + timeline)
    return run_scenario(load_scenario(path))


def on(done, node: str) -> list[dict]:
    return [row for row in done.pods.to_pandas().to_dict("records") if row["node"] == node]


def removed(done) -> list[int]:
    return sorted(int(row) for row in done.pods.to_pandas()["deleted_us"].dropna())


def test_a_drain_empties_a_node_and_leaves_it_cordoned(tmp_path):
    done = run(tmp_path, "  - {at: 5m, drain: [{nodes: [m-000, m-001]}]}")
    assert done.counters["drain_evicted"] >= 2
    assert done.counters["drain_refused"] == done.counters["drain_timed_out"] == 0
    assert done.cluster.columns["pods_running_count"][-1] == 4
    assert done.cluster.columns["nodes_in_use_count"][-1] == 2
    assert '"unschedulable":true' in done.log().decode()


def test_a_drain_waits_for_the_budget_and_tries_again_every_five_seconds(tmp_path):
    done = run(tmp_path, "  - {at: 5m, drain: [{nodes: [{matchLabels: {pool: old}}]}]}\n", budget="minAvailable: 4")
    # Nothing may go: four of four are needed.
    assert done.counters["drain_evicted"] == 0
    assert done.counters["drain_refused"] == 35 * 60_000_000 // RETRY_US + 1
    assert removed(done) == []


def test_a_drain_gives_up_after_its_timeout(tmp_path):
    done = run(tmp_path, "  - {at: 5m, drain: [{nodes: [m-000, m-001], timeout: 1m}]}", budget="minAvailable: 4")
    assert done.counters["drain_timed_out"] == 2
    assert done.counters["drain_refused"] <= 2 * 13


def test_pods_of_daemon_sets_stay(tmp_path):
    done = run(tmp_path, "  - {at: 5m, drain: [{nodes: [m-000]}]}", kind="DaemonSet")
    assert done.counters["drain_evicted"] == 0
    assert removed(done) == []


def test_pods_without_a_controller_are_refused_unless_forced(tmp_path):
    bare = """
  - {at: 1m, apply: [{apiVersion: v1, kind: Pod, metadata: {name: bare}, spec: {nodeName: m-000, containers: [{name: c}]}}]}
  - {at: 5m, drain: [{nodes: [m-000], gracePeriodSeconds: 0FORCE}]}
"""
    with pytest.raises(ManifestError, match=r"s\.yaml: at 300 s of the timeline, Drain of node m-000: pods default/bare: .*force: true"):
        run(tmp_path, bare.replace("FORCE", ""))
    done = run(tmp_path, bare.replace("FORCE", ", force: true"))
    (row,) = [one for one in on(done, "m-000") if one["pod"] == "bare"]
    assert row["deleted_us"] > 0


def test_a_new_image_rolls_all_pods(tmp_path):
    done = run(tmp_path, '  - {at: 5m, setImage: [{kind: Deployment, name: web, container: c, image: "web:2"}]}')
    assert len(done.pod_rows) == 8
    assert done.cluster.columns["pods_running_count"][-1] == 4
    with pytest.raises(ConfigurationError, match=r'setImage\[0\]\.container: no container "x" in Deployment web \(accepted: c\)'):
        run(tmp_path, '  - {at: 5m, setImage: [{kind: Deployment, name: web, container: x, image: "web:2"}]}')


def test_a_stateful_set_is_scaled(tmp_path):
    done = run(tmp_path, "  - {at: 10m, scale: [{kind: StatefulSet, name: web, replicas: 6}]}", kind="StatefulSet")
    assert done.cluster.columns["pods_running_count"][-1] == 6


def test_nodes_join_and_leave(tmp_path):
    pool = '{name: new, count: 2, capacity: {cpu: "8", memory: 8Gi}}'
    done = run(tmp_path, f"  - {{at: 5m, addNodes: [{pool}]}}\n  - {{at: 10m, removeNodes: [{{matchLabels: {{pool: old}}}}]}}")
    assert done.cluster.columns["nodes_count"][-1] == 2
    assert done.cluster.columns["pods_running_count"][-1] == 4
    assert {row["node"] for row in done.pods.to_pandas().to_dict("records")} > {"new-000", "new-001"}


def test_a_zone_fails_and_heals(tmp_path):
    done = run(tmp_path, "  - {at: 5m, failZones: [a]}\n  - {at: 30m, healZones: [a]}")
    ready = done.cluster.columns["nodes_ready_count"]
    assert (min(ready[2:]), ready[-1]) == (2, 4)
    log = done.log().decode().splitlines()
    silent = {line.split('"object":"Node ')[1].split('"')[0] for line in log if "NodeNotReady" in line and '"object":"Node ' in line}
    assert silent == {"m-000", "m-002"}


@pytest.mark.parametrize(("down", "up"), [("stopKubelets", "startKubelets"), ("partition", "heal"), ("failNodes", "recoverNodes")])
def test_only_a_machine_that_fails_loses_its_containers(tmp_path, down, up):
    # Two minutes: the node is noticed as silent, its pods are not evicted yet.
    done = run(tmp_path, f"  - {{at: 5m, {down}: [m-000]}}\n  - {{at: 7m, {up}: [m-000]}}")
    assert (min(done.cluster.columns["nodes_ready_count"][2:]), done.cluster.columns["nodes_ready_count"][-1]) == (3, 4)
    # The pods are the same; those of a machine that failed are started anew, which takes two seconds, the others have run on.
    assert len(done.pod_rows) == 4
    back = [json.loads(line) for line in done.log().decode().splitlines() if '"object":"Pod' in line and '"ready":true' in line]
    assert back[-1]["node"] == "m-000"
    assert back[-1]["timeUs"] == 7 * 60_000_000 + (2_000_000 if down == "failNodes" else 0)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("failZones: [c]", "timeline[0].failZones[0]: no node with topology.kubernetes.io/zone=c at that time (accepted: topology"),
        ("failNodes: [{matchLabels: {rack: r}}]", "timeline[0].failNodes[0]: no node with rack=r at that time"),
        ("failNodes: [{labels: {pool: old}}]", "timeline[0].failNodes[0]: {'labels': {'pool': 'old'}} (accepted: a node's name, or"),
        ("partition: [x]", 'timeline[0].partition: no node "x" (accepted: m-000, m-001, m-002, m-003)'),
        ("drain: [{nodes: []}]", "timeline[0].drain[0].nodes: [] (accepted: at least one node)"),
        ("drain: [{nodes: [m-000], timeout: 0s}]", 'timeline[0].drain[0].timeout: "0s" (accepted: durations above 0)'),
        ("drain: [{nodes: [m-000], gracePeriodSeconds: -2}]", "timeline[0].drain[0].gracePeriodSeconds: -2 (accepted"),
        ("setImage: [{kind: Job, name: j, container: c, image: i}]", 'timeline[0].setImage[0].kind: "Job" (accepted: Deployment, S'),
        ('addNodes: [{name: m, count: 1, capacity: {cpu: "1"}}]', 'timeline[0].addNodes[0].name: node "m-000" is there already'),
        ('addNodes: [{name: k, count: 0, capacity: {cpu: "1"}}]', "timeline[0].addNodes[0].count: 0 (accepted: whole numbers from 1)"),
    ],
)
def test_what_is_wrong_is_said_with_its_path(tmp_path, step, message):
    path = tmp_path / "s.yaml"
    path.write_text(HEAD + f"timeline: [{{at: 1m, {step}}}]")
    with pytest.raises(ConfigurationError) as caught:
        load_scenario(path)
    assert f"{path}: {message}" in str(caught.value)


def test_nodes_are_chosen_among_those_that_are_there_at_the_time(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(HEAD + "timeline: [{at: 9m, failNodes: [{matchLabels: {pool: old}}]}, {at: 1m, removeNodes: [m-001]}]")
    assert [event.name for event in load_scenario(path).events] == ["m-000", "m-002", "m-003", "m-001"]


def test_a_branch_in_the_middle_of_a_drain_goes_on_alike(tmp_path):
    path = tmp_path / "s.yaml"
    drain = "  - {at: 5m, drain: [{nodes: [m-000, m-001, m-002]}]}"
    path.write_text(
        HEAD + "timeline:" + WEB.replace("KIND", "Deployment") + BUDGET.replace("MINIMUM", "minAvailable: 3").lstrip("\n") + drain
    )
    scenario = load_scenario(path)
    simulation = Simulation(build_profiles(Registry(in_tree())), seed=1)
    simulation.load([*scenario.nodes, *scenario.objects])
    simulation.extend(scenario.events)
    simulation.run(until_us=303_000_000)
    branch = simulation.branch()
    whole, branched = simulation.run(until_us=scenario.until_us), branch.run(until_us=scenario.until_us)
    assert whole.counters["drain_refused"] > 0
    assert whole.counters["drain_evicted"] >= 3
    assert whole.log() == branched.log()
    assert whole.counters == branched.counters
