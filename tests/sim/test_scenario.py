from __future__ import annotations

from pathlib import Path

import pytest

from binpack.errors import ConfigurationError, ManifestError
from binpack.scheduler.ties import Ties
from binpack.sim.metrics import metrics_of
from binpack.sim.scenario import load_scenario, run_scenario
from binpack.sim.simulation import simulate
from binpack.sim.timeline import Apply, Cordon, Delete, FailNode, RecoverNode, Scale
from binpack.testing import node, pod
from binpack.units import US_PER_S

S = US_PER_S

HEAD = """
apiVersion: binpack.dev/v1
kind: Scenario
duration: 2h
cluster:
  nodePools: [{name: small, count: 3, capacity: {cpu: "4", memory: 8Gi}, zones: [a, b]}]
"""

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {binpack.dev/stop-duration: 3s}}
    spec: {containers: [{name: c, image: "web:1", resources: {requests: {cpu: "1", memory: 1Gi}}}]}
"""


def write(folder: Path, text: str, **files: str) -> Path:
    """Write a scenario, and the files that it names (a double underscore stands for the dot)."""
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)
    path = folder / "scenario.yaml"
    path.write_text(text)
    return path


def test_a_whole_scenario(tmp_path):
    text = (
        HEAD
        + """
seed: 3
ties: random
scheduler: most.yaml
timeline:
  - at: 10s
    apply: [web.yaml, {apiVersion: v1, kind: Pod, metadata: {name: bare}, spec: {containers: [{name: c}]}}]
  - at: 1h
    delete: [{kind: Pod, name: bare}, {kind: Node, name: small-002}]
    scale: [{kind: Deployment, name: web, replicas: 6}]
    cordon: [small-000]
  - at: 90m
    uncordon: [small-000]
    failNodes: [small-001]
    recoverNodes: [small-001]
samples: {every: 30m, at: [5s]}
"""
    )
    most = """
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - plugins: {multiPoint: {enabled: [{name: NodeResourcesFit, weight: 100}]}}
    pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 1}]}}}]
"""
    scenario = load_scenario(write(tmp_path, text, web__yaml=WEB, most__yaml=most))
    assert [(one.name, one.metadata.labels["topology.kubernetes.io/zone"]) for one in scenario.nodes] == [
        ("small-000", "a"),
        ("small-001", "b"),
        ("small-002", "a"),
    ]
    assert str(scenario.nodes[0].status.allocatable["pods"]) == "110"
    assert (scenario.seed, scenario.ties, scenario.until_us) == (3, Ties.RANDOM, 7200 * S)
    assert scenario.sample_at_us == (5 * S, 1800 * S, 3600 * S, 5400 * S, 7200 * S)
    assert [type(event) for event in scenario.events] == [Apply, Apply, Delete, Delete, Scale, Cordon, Cordon, FailNode, RecoverNode]
    assert (scenario.events[2].namespace, scenario.events[3].namespace) == ("default", "")
    run = run_scenario(scenario)
    assert run.samples[1].nodes_in_use < 3, "the configuration packs"
    assert run.pods.columns["pod"].count("bare") == 1
    assert run_scenario(load_scenario(tmp_path / "scenario.yaml")).log() == run.log()
    assert run_scenario(scenario.with_seed(4)).log() != run.log()


def test_a_cluster_from_files(tmp_path):
    cluster = """
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Node, metadata: {name: n1}, status: {allocatable: {cpu: "4", memory: 8Gi, pods: "110"}}}
  - {apiVersion: v1, kind: Pod, metadata: {name: there}, spec: {nodeName: n1, containers: [{name: c}]}, status: {phase: Running}}
  - {apiVersion: example.com/v1, kind: Widget, metadata: {name: w}}
"""
    scenario = load_scenario(write(tmp_path, "{duration: 1m, cluster: {files: [cluster.yaml]}}", cluster__yaml=cluster))
    assert (len(scenario.nodes), len(scenario.objects), scenario.skipped) == (1, 1, {"Widget": 1})
    assert run_scenario(scenario).pods.columns["phase"] == ["Running"]


def test_random_failures(tmp_path):
    text = HEAD + "faults: {randomFailures: {meanTimeBetweenFailures: 20m, meanTimeToRepair: 5m, nodes: [small-001]}}"
    run = run_scenario(load_scenario(write(tmp_path, text)))
    down = [line for line in run.log().decode().splitlines() if '"event":"NodeNotReady"' in line]
    assert down
    assert all("small-001" in line for line in down)


@pytest.mark.parametrize(
    ("why", "text", "message"),
    [
        ("a misspelt field", HEAD + "timelin: []", "timelin: unknown field (did you mean timeline?)"),
        ("no duration", "{cluster: {files: []}}", "duration: Required value"),
        ("a wrong type", HEAD + "seed: many", "seed: "),
        ("another version", HEAD.replace("/v1", "/v9"), 'apiVersion: "binpack.dev/v9" (accepted: "binpack.dev/v1")'),
        ("a wrong duration", HEAD + "timeline: [{at: soon}]", 'timeline[0].at: "soon" is not a duration'),
        ("a negative time", HEAD + "timeline: [{at: -5s}]", 'timeline[0].at: "-5s" (accepted: durations from 0s)'),
        ("after the end", HEAD + "timeline: [{at: 3h}]", 'timeline[0].at: "3h" (accepted: times up to the duration)'),
        ("an unknown node", HEAD + "timeline: [{at: 1m, failNodes: [x]}]", 'timeline[0].failNodes: no node "x" (accepted: small-000, '),
        (
            "what cannot be scaled",
            HEAD + "timeline: [{at: 1m, scale: [{kind: Pod, name: p, replicas: 1}]}]",
            'timeline[0].scale[0].kind: "Pod" (accepted: Deployment, ReplicaSet, StatefulSet, Job)',
        ),
        (
            "fewer than none",
            HEAD + "timeline: [{at: 1m, scale: [{kind: Deployment, name: d, replicas: -1}]}]",
            "timeline[0].scale[0].replicas: -1 (accepted: whole numbers from 0)",
        ),
        ("a required field", HEAD + "timeline: [{at: 1m, scale: [{kind: Deployment}]}]", "timeline[0].scale[0].name: Required value"),
        ("an unknown rule", HEAD + "ties: best", "ties: "),
        ("no nodes", "duration: 1m", "cluster: no nodes"),
        ("an empty pool", HEAD.replace("count: 3", "count: 0"), "cluster.nodePools[0].count: 0 (accepted: whole numbers from 1)"),
        ("a quantity", HEAD.replace('cpu: "4"', 'cpu: "1O"'), "cluster.nodePools[0].capacity[cpu]"),
        ("samples at every nothing", HEAD + "samples: {every: 0s}", 'samples.every: "0s" (accepted: durations above 0)'),
        ("a negative seed", HEAD + "seed: -1", "seed: -1 (accepted: whole numbers from 0)"),
        (
            "failures of nobody",
            HEAD + "faults: {randomFailures: {meanTimeBetweenFailures: 1h, meanTimeToRepair: 0s, nodes: [none]}}",
            'faults.randomFailures.nodes: no node "none"',
        ),
    ],
)
def test_what_is_wrong_is_said_with_file_and_path(tmp_path, why, text, message):
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load_scenario(path)
    assert any(line.startswith(f"{path}: ") and message in line for line in str(caught.value).splitlines()), str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path):
    path = write(tmp_path, HEAD + "seed: -1\ntimeline: [{at: 3h}, {at: x}]")
    with pytest.raises(ConfigurationError) as caught:
        load_scenario(path)
    assert len(caught.value.problems) == 3


def test_a_wrong_duration_is_told_once(tmp_path):
    failures = "faults: {randomFailures: {meanTimeBetweenFailures: x, meanTimeToRepair: 1m}}"
    path = write(tmp_path, HEAD.replace("duration: 2h", "duration: long") + f"timeline: [{{at: 3h}}]\n{failures}")
    with pytest.raises(ConfigurationError) as caught:
        load_scenario(path)
    assert [problem.split(": ")[1] for problem in caught.value.problems] == ["duration", "faults.randomFailures.meanTimeBetweenFailures"]


def test_what_cannot_be_done_when_its_time_has_come(tmp_path):
    # That its controller removes the Job once it has ended is only found out by running it.
    job = """
apiVersion: batch/v1
kind: Job
metadata: {name: gone}
spec:
  ttlSecondsAfterFinished: 0
  template:
    metadata: {annotations: {binpack.dev/duration: 10s}}
    spec: {restartPolicy: Never, containers: [{name: c, image: "j:1"}]}
"""
    steps = "timeline: [{at: 0s, apply: [job.yaml]}, {at: 1m, scale: [{kind: Job, name: gone, replicas: 1}]}]"
    scenario = load_scenario(write(tmp_path, HEAD + steps, job__yaml=job))
    with pytest.raises(ManifestError, match=r'^scenario.yaml: at 60 s of the timeline, Scale: jobs.batch "gone" not found'):
        run_scenario(scenario)


SCALE_WEB = "scale: [{kind: Deployment, name: web, replicas: 1}]"


@pytest.mark.parametrize(
    ("why", "steps", "message"),
    [
        ("never", f"{{at: 1m, {SCALE_WEB}}}", 'timeline[0].scale[0].name: no Deployment "web" in namespace "default" at that time'),
        ("only later", f"{{at: 1m, {SCALE_WEB}}}, {{at: 2m, apply: [web.yaml]}}", "(accepted: one that is applied before)"),
        (
            "no more",
            f"{{at: 1m, apply: [web.yaml]}}, {{at: 3m, {SCALE_WEB}}}, {{at: 2m, delete: [{{kind: Deployment, name: web}}]}}",
            'timeline[1].scale[0].name: no Deployment "web"',
        ),
        (
            "gone with its namespace",
            f"{{at: 1m, apply: [web.yaml]}}, {{at: 2m, delete: [{{kind: Namespace, name: default}}]}}, {{at: 3m, {SCALE_WEB}}}",
            'timeline[2].scale[0].name: no Deployment "web"',
        ),
        (
            "of another kind",
            "{at: 1m, apply: [web.yaml], scale: [{kind: StatefulSet, name: web, replicas: 1}]}",
            'timeline[0].scale[0].name: no StatefulSet "web"',
        ),
        (
            "in another namespace",
            "{at: 1m, apply: [web.yaml], setImage: [{kind: Deployment, name: web, namespace: shop, container: c, image: i}]}",
            'timeline[0].setImage[0].name: no Deployment "web" in namespace "shop" at that time (accepted: default/web)',
        ),
        (
            "another container",
            "{at: 1m, apply: [web.yaml], setImage: [{kind: Deployment, name: web, container: x, image: i}]}",
            'timeline[0].setImage[0].container: no container "x" in Deployment web (accepted: c)',
        ),
    ],
)
def test_a_step_on_a_workload_that_is_not_there_is_found_before_anything_runs(tmp_path, why, steps, message):
    with pytest.raises(ConfigurationError) as caught:
        load_scenario(write(tmp_path, HEAD + f"timeline: [{steps}]", web__yaml=WEB))
    assert message in str(caught.value), why


@pytest.mark.parametrize(
    "steps",
    [
        f"{{at: 1m, apply: [web.yaml], {SCALE_WEB}}}",
        "{at: 1m, apply: [web.yaml]}, {at: 2m, scale: [{kind: ReplicaSet, name: web-5d4f8c, replicas: 1}]}",
        f"{{at: 2m, {SCALE_WEB}}}, {{at: 1m, apply: [web.yaml]}}",
    ],
)
def test_a_step_on_what_is_or_may_be_there_is_taken(tmp_path, steps):
    assert load_scenario(write(tmp_path, HEAD + f"timeline: [{steps}]", web__yaml=WEB)).events


def test_where_others_make_workloads_nothing_is_found_missing(tmp_path):
    others = "workloads: [{source: 'workloads.as_source:preset', arguments: {preset: small}}]"
    assert load_scenario(write(tmp_path, HEAD + f"timeline: [{{at: 1m, {SCALE_WEB}}}]\n{others}")).events


def test_annotations_of_nodes_are_read_before_anything_runs(tmp_path):
    node_text = "{apiVersion: v1, kind: Node, metadata: {name: slow, annotations: {binpack.dev/pull-bandwidth: fast}}}"
    message = r'Node slow, metadata\.annotations\[binpack\.dev/pull-bandwidth\]: "fast"'
    with pytest.raises(ManifestError, match=message):
        load_scenario(write(tmp_path, "{duration: 1m, cluster: {files: [n.yaml]}}", n__yaml=node_text))
    with pytest.raises(ManifestError, match=message):
        load_scenario(write(tmp_path, HEAD + f"timeline: [{{at: 1m, apply: [{node_text}]}}]"))


def test_a_tab_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"scenario\.yaml, line 3, column 1: a tab indents this line \(accepted: spaces\)"):
        load_scenario(write(tmp_path, "duration: 1m\ncluster:\n\tfiles: []\n"))


@pytest.mark.parametrize(
    ("why", "step", "message"),
    [
        ("a file that is not there", "{at: 1m, apply: [none.yaml]}", "none.yaml: no such file"),
        ("a manifest that is none", "{at: 1m, apply: [{kind: Pod}]}", "timeline[0].apply[0]: apiVersion None"),
        (
            "a wrong field",
            "{at: 1m, apply: [{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: 3}}]}",
            "timeline[0].apply[0], spec.containers: 3 is not a list",
        ),
        (
            "a wrong annotation",
            "{at: 1m, apply: [{apiVersion: v1, kind: Pod, metadata: {name: p, annotations: {binpack.dev/duration: x}}}]}",
            'Pod default/p, metadata.annotations[binpack.dev/duration]: "x" is not a duration',
        ),
    ],
)
def test_manifests_of_the_timeline_are_read_before_anything_runs(tmp_path, why, step, message):
    with pytest.raises(ManifestError) as caught:
        load_scenario(write(tmp_path, HEAD + f"timeline: [{step}]"))
    assert message in str(caught.value), why


def test_a_scenario_that_is_not_there(tmp_path):
    with pytest.raises(ConfigurationError, match=r"none\.yaml"):
        load_scenario(tmp_path / "none.yaml")


def test_metrics_weigh_values_by_the_time_that_they_held():
    events = [
        Apply(0, pod("a").request(cpu="2", memory="4Gi").build()),
        Apply(50 * S, pod("b").request(cpu="3").build()),
        Apply(50 * S, pod("c").request(cpu="8").build()),
        Delete(74 * S, "Pod", "a"),
        Delete(74 * S, "Pod", "a", "default"),
    ]
    metrics = metrics_of(simulate([node("n1").cpu(4).build()], events, seed=1, until_us=100 * S))
    assert (metrics.pods_count, metrics.bound_count, metrics.pending_count) == (3, 2, 1)
    assert metrics.nodes_in_use_mean == 1.0
    assert metrics.cpu_utilisation_mean == pytest.approx((75 * 2 + 25 * 3) / 400)
    assert metrics.memory_utilisation_mean == pytest.approx(75 * 4 / 1600)
    assert (metrics.pending_max, metrics.pending_mean) == (2, pytest.approx((25 * 2 + 25) / 100))
    assert (metrics.waiting_median_s, metrics.waiting_max_s) == (0, 25)


def test_metrics_of_an_empty_run():
    metrics = metrics_of(simulate([node("n1").build()], [], seed=1, until_us=0))
    assert (metrics.pods_count, metrics.nodes_count, metrics.waiting_p95_s, metrics.nodes_in_use_mean) == (0, 1, 0, 0)
