"""`binpack simulate`: a summary, and a directory that is there whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SCENARIO = """
apiVersion: binpack.dev/v1
kind: Scenario
duration: 10m
seed: 3
cluster:
  nodePools: [{name: general, count: 2, capacity: {cpu: 4, memory: 16Gi}}]
timeline:
  - at: 10s
    apply:
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 3
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: main, image: web, resources: {requests: {cpu: 3}}}]}
samples: {at: [5m]}
"""

KEYS = ["scenario", "seed", "ties", "untilUs", "metrics", "counters", "exceptions"]
METRIC_KEYS = [
    "spanS",
    "podsCount",
    "boundCount",
    "finishedCount",
    "pendingCount",
    "nodesCount",
    "nodesInUseMean",
    "nodesInUseMax",
    "cpuUtilisationMean",
    "memoryUtilisationMean",
    "pendingMean",
    "pendingMax",
    "waitingMedianS",
    "waitingP95S",
    "waitingMaxS",
]
"""As docs/reference/json-output.md lists them."""


@pytest.fixture
def scenario(file):
    return file("scenario.yaml", SCENARIO)


def test_the_summary(binpack, scenario):
    ran = binpack("simulate", scenario)
    assert (ran.code, ran.err) == (0, "")
    assert "scenario.yaml, seed 3, ties first: 10 min of virtual time" in ran.out
    assert "3 in all, 2 found a node, 0 finished, 1 wait at the end" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 110


def test_json_has_the_documented_keys(binpack, scenario):
    document = binpack("simulate", scenario, "--json").json
    assert list(document) == KEYS
    assert list(document["metrics"]) == METRIC_KEYS
    assert (document["seed"], document["metrics"]["pendingCount"]) == (3, 1)
    assert binpack("simulate", scenario, "-o", "csv").out.splitlines()[0] == ",".join(METRIC_KEYS)


def test_a_seed_and_a_rule_for_ties_take_the_place_of_the_files(binpack, scenario):
    document = binpack("simulate", scenario, "--seed", "7", "--ties", "random", "--json").json
    assert (document["seed"], document["ties"]) == (7, "random")


def test_two_runs_write_the_same_bytes(binpack, scenario, tmp_path):
    for name in ("one", "two"):
        ran = binpack("simulate", scenario, "--out", tmp_path / name)
        assert (ran.code, ran.err) == (0, f"written to {tmp_path / name}\n")
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == [
        "cluster.parquet",
        "events.jsonl",
        "nodes.parquet",
        "pods.parquet",
    ]
    logs = [(tmp_path / name / "events.jsonl").read_bytes() for name in ("one", "two")]
    assert logs[0] == logs[1]
    assert json.loads(logs[0].splitlines()[0])["seed"] == 3


def test_a_directory_that_is_there_is_not_touched(binpack, scenario, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine").write_text("")
    ran = binpack("simulate", scenario, "--out", tmp_path / "run")
    assert (ran.code, ran.out) == (2, "")
    assert "is there already (accepted: a new directory, or an empty one)" in ran.err
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine"]


def test_verbose_counts_the_work(binpack, scenario):
    assert "scheduler_bound: 2" in binpack("simulate", scenario, "-v").err


@pytest.mark.parametrize(
    ("why", "change", "messages"),
    [
        ("another kind", ("kind: Scenario", "kind: Scenery"), ['kind: "Scenery" (accepted: "Scenario")']),
        ("an unknown field", ("seed: 3", "sead: 3"), ["sead: unknown field (did you mean seed?)"]),
        ("no duration", ("duration: 10m", "duration: long"), ['duration: "long" is not a duration']),
        (
            "a node that is not there",
            ("    apply:", "    cordon: [general-9]\n    apply:"),
            ['timeline[0].cordon: no node "general-9" (accepted: '],
        ),
        ("no nodes", ("count: 2", "count: 0"), ["cluster.nodePools[0].count: 0 (accepted: ", "cluster: no nodes"]),
        ("no YAML", ("duration: 10m", "duration: 10m: x"), ["line 4"]),
    ],
)
def test_scenarios_that_cannot_be_run(binpack, file, tmp_path, why, change, messages):
    ran = binpack("simulate", file("scenario.yaml", SCENARIO.replace(*change)), "--out", tmp_path / "run")
    assert (ran.code, ran.out) == (2, "")
    for message in messages:
        assert message in ran.err
    assert all(line.startswith("error: ") and "scenario.yaml" in line for line in ran.err.splitlines())
    assert [path.name for path in tmp_path.iterdir()] == ["scenario.yaml"]


@pytest.fixture
def a_broken_controller(monkeypatch):
    """A Deployment controller that cannot stand Deployments."""
    from binpack.control.controllers.deployment import DeploymentController

    def reconcile(self, key, reader, memory, now_us):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(DeploymentController, "reconcile", reconcile)


def test_a_controller_that_raises_does_not_stop_the_run_and_is_told(binpack, scenario, a_broken_controller):
    ran = binpack("simulate", scenario)
    assert ran.code == 0
    said = "deployment-controller raised ZeroDivisionError: division by zero 16 times, first at 10 s over default/web"
    assert f"Exception   {said}" in ran.out
    document = binpack("simulate", scenario, "--json").json
    assert document["exceptions"] == [said]
    assert document["counters"]["deployment-controller_exceptions"] == 16


def test_strictly_it_ends_the_run(binpack, scenario, a_broken_controller):
    ran = binpack("simulate", scenario, "--strict")
    assert (ran.code, ran.out) == (2, "")
    assert "deployment-controller, default/web, at 10000000 us of virtual time: ZeroDivisionError: division by zero" in ran.err


def test_a_plot_lies_beside_the_tables(binpack, scenario, tmp_path):
    ran = binpack("simulate", scenario, "--out", tmp_path / "out", "--plot")
    assert ran.code == 0
    assert (tmp_path / "out" / "cluster.png").read_bytes().startswith(b"\x89PNG")
    refused = binpack("simulate", scenario, "--plot")
    assert (refused.code, refused.out) == (2, "")
    assert "--plot without --out (accepted: --out DIRECTORY --plot" in refused.err


def test_a_trace_lies_beside_the_tables(binpack, scenario, tmp_path):
    ran = binpack("simulate", scenario, "--out", tmp_path / "out", "--trace")
    assert ran.code == 0
    assert (tmp_path / "out" / "trace.json").read_text().startswith('{"traceEvents":[')
    refused = binpack("simulate", scenario, "--trace")
    assert refused.code == 2
    assert "--trace without --out (accepted: --out DIRECTORY --trace" in refused.err


RECORDED = Path(__file__).parents[1] / "sim" / "recording" / "data" / "watch"


def test_a_recording_is_replayed_and_compared(binpack, tmp_path):
    ran = binpack("simulate", "--recording", RECORDED, "--owned-pods", "bare", "--out", tmp_path / "out")
    assert ran.code == 0
    assert "6 pods placed by both schedulers" in ran.out
    assert "Recorded    2.24 nodes in use on average, 2 at the end" in ran.out
    assert "2 of 36 recorded changes left no time" in ran.err
    assert (tmp_path / "out" / "replayed_pods.parquet").is_file()
    document = binpack("simulate", "--recording", RECORDED, "--json").json
    assert list(document) == [*KEYS, "replay"]
    assert document["replay"]["recorded"]["boundCount"] == 6


def test_another_policy_for_a_recording(binpack, file):
    packs = file(
        "packs.yaml",
        """
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - plugins: {multiPoint: {enabled: [{name: NodeResourcesFit, weight: 100}]}}
    pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 1}]}}}]
""",
    )
    arguments = ("simulate", "--recording", RECORDED, "--owned-pods", "bare", "--json")
    means = [
        binpack(*arguments, *more).json["replay"]["replayed"]["nodesInUseMean"] for more in ((), ("--config", packs))
    ]  # fmt: skip
    assert means[1] < means[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no SCENARIO (accepted: a YAML file, or --recording PATH, or --audit-log PATH)"),
        (("s.yaml", "--recording", "r"), "--recording with a SCENARIO"),
        (("--recording", "r", "--audit-log", "a"), "--recording with --audit-log (accepted: one of them)"),
        (("--recording", "none.json"), "none.json: no such file or directory"),
        (("--recording", RECORDED, "--duration", "long"), 'watch: duration: "long" is not a duration'),
    ],
)
def test_what_does_not_go_together(binpack, arguments, message):
    ran = binpack("simulate", *arguments)
    assert ran.code == 2
    assert message in ran.err


def test_options_take_the_place_of_the_scenarios_configuration(binpack, scenario, file):
    kubelet = file(
        "kubelet.yaml",
        "{apiVersion: kubelet.config.k8s.io/v1beta1, kind: KubeletConfiguration, maxPods: 0, failSwapOn: false}",
    )
    ran = binpack("simulate", scenario, "--kubelet-config", kubelet, "--throttle", "kube-scheduler=50/100")
    assert "0 found a node" in ran.out
    assert "kubelet.yaml: fields that change nothing here: failSwapOn" in ran.err


@pytest.mark.parametrize("text", ["kube-scheduler", "kube-scheduler=fast/1", "kubelet=50/100", "kube-scheduler=50"])
def test_a_throttle_that_is_none(binpack, scenario, text):
    ran = binpack("simulate", scenario, "--throttle", text)
    assert ran.code == 2
    assert f'--throttle "{text}" (accepted: kube-controller-manager=QPS/BURST or kube-scheduler=QPS/BURST' in ran.err
