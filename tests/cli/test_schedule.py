"""`binpack schedule`: what is printed, what is written, and how it exits."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
import yaml

from binpack.testing import node, pod

KEYS = [
    "namespace",
    "pod",
    "state",
    "node",
    "score",
    "feasibleNodes",
    "evaluatedNodes",
    "runnerUp",
    "runnerUpScore",
    "message",
    "nominatedNode",
    "victims",
    "evicted",
]
"""As docs/reference/json-output.md lists them."""


@pytest.fixture
def small(dump):
    """Two open nodes and a cordoned one; four pods wait, one of them for a gate and one for another scheduler."""
    return dump(
        node("a").cpu("4"),
        node("b").cpu("2"),
        node("c").cordon(),
        pod("old").request(cpu="100m").on("a"),
        pod("web", namespace="shop").request(cpu="1"),
        pod("huge").request(cpu="64"),
        pod("gated").gate("example.com/wait"),
        pod("strange").scheduler("volcano"),
    )


def test_the_table_names_pod_node_and_score(binpack, small):
    ran = binpack("schedule", "--cluster", small)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0].split() == ["NAMESPACE", "POD", "STATE", "NODE", "SCORE"]
    assert lines[1].split()[:4] == ["shop", "web", "placed", "a"]
    assert lines[1].split()[4].isdigit()
    assert "4 waiting pods: 1 placed on 1 of 3 nodes, 1 unschedulable, 1 gated, 1 of other schedulers." in ran.out
    assert "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu." in ran.out
    assert "Ties: first. percentageOfNodesToScore: 100." in ran.out
    assert ran.err == ""


def test_json_is_a_list_of_objects_with_the_documented_keys(binpack, small):
    ran = binpack("schedule", "--cluster", small, "--json")
    assert [list(row) for row in ran.json] == [KEYS] * 4
    states = {row["pod"]: row["state"] for row in ran.json}
    assert states == {"web": "placed", "huge": "unschedulable", "gated": "gated", "strange": "foreign"}
    web = ran.json[0]
    assert (web["node"], web["feasibleNodes"], web["evaluatedNodes"], web["runnerUp"]) == ("a", 2, 3, "b")
    assert web["score"] >= web["runnerUpScore"]
    assert "4 waiting pods" in ran.err


def test_all_formats_tell_the_same(binpack, small):
    from_json = binpack("schedule", "--cluster", small, "-o", "json").json
    assert yaml.safe_load(binpack("schedule", "--cluster", small, "-o", "yaml").out) == from_json
    rows = list(csv.DictReader(io.StringIO(binpack("schedule", "--cluster", small, "-o", "csv").out)))
    assert [row["node"] or None for row in rows] == [row["node"] for row in from_json]
    assert sorted(rows[0]) == sorted(KEYS)
    wide = binpack("schedule", "--cluster", small, "-o", "wide").out
    assert "RUNNER-UP" in wide.splitlines()[0]


def test_pods_that_stay_pending_are_a_failure_only_if_asked(binpack, small, dump):
    assert binpack("schedule", "--cluster", small, "--fail-on-pending").code == 1
    assert binpack("schedule", "--cluster", small, "--fail-on-pending", "-n", "shop").code == 0
    done = dump(node("a"), pod("p"), name="done.json")
    assert binpack("schedule", "--cluster", done, "--fail-on-pending").code == 0


def test_a_namespace_filters_what_is_shown_and_not_what_competes(binpack, dump):
    full = dump(
        node("a").cpu("1"), pod("first", namespace="other").priority(5).request(cpu="1"), pod("mine", namespace="shop").request(cpu="1")
    )
    ran = binpack("schedule", "--cluster", full, "-n", "shop", "--json")
    assert [(row["pod"], row["state"]) for row in ran.json] == [("mine", "unschedulable")]


def test_out_writes_the_file_and_leaves_standard_output_empty(binpack, small, tmp_path):
    ran = binpack("schedule", "--cluster", small, "--json", "--out", tmp_path / "result.json")
    assert ran.out == ""
    assert len(json.loads((tmp_path / "result.json").read_text())) == 4
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_ties_are_decided_by_the_rule_that_is_named(binpack, dump):
    cluster = dump(*[node(f"n{i}") for i in range(7)], *[pod(f"p{i}").gate("g") for i in range(2)], pod("p"))
    chosen = {
        rule: binpack("schedule", "--cluster", cluster, "--ties", rule, "--json").json[0]["node"]
        for rule in ("first", "kube", "rank", "random")
    }
    assert chosen["first"] == "n0"
    assert set(chosen.values()) <= {f"n{i}" for i in range(7)}
    assert "Ties: rank." in binpack("schedule", "--cluster", cluster, "--ties", "rank").out


def test_a_seed_repeats_what_is_drawn(binpack, dump):
    cluster = dump(*[node(f"n{i}") for i in range(30)], *[pod(f"p{i}") for i in range(5)])
    outputs = [binpack("schedule", "--cluster", cluster, "--ties", "random", "--seed", str(seed), "--json").out for seed in (1, 1, 2)]
    assert outputs[0] == outputs[1] != outputs[2]


def test_a_configuration_means_what_it_means_to_kube_scheduler(binpack, dump, file):
    config = file("s.yaml", "{apiVersion: kubescheduler.config.k8s.io/v1, kind: KubeSchedulerConfiguration}")
    ran = binpack("schedule", "--cluster", dump(node("a"), pod("p")), "--config", config)
    assert "Ties: kube. percentageOfNodesToScore: adaptive." in ran.out


@pytest.fixture
def contested(dump):
    """A full node, and a pod that is worth more than what runs there."""
    return dump(
        node("a").cpu("2"),
        pod("low").request(cpu="1").priority(1).on("a"),
        pod("lower").request(cpu="1").priority(0).on("a"),
        pod("high").request(cpu="1").priority(100),
    )


def test_preemption_names_its_victims_and_deletes_nothing(binpack, contested):
    plain = binpack("schedule", "--cluster", contested, "--json").json[0]
    assert (plain["state"], plain["nominatedNode"], plain["victims"]) == ("unschedulable", None, [])
    told = binpack("schedule", "--cluster", contested, "--preemption", "--json").json[0]
    assert (told["state"], told["node"], told["nominatedNode"], told["victims"]) == ("nominated", None, "a", ["default/lower"])
    assert "high: preemption on a would evict default/lower" in binpack("schedule", "--cluster", contested, "--preemption").out


def test_evict_places_the_pod(binpack, contested):
    done = binpack("schedule", "--cluster", contested, "--evict", "--json").json[0]
    assert (done["state"], done["node"], done["victims"], done["evicted"]) == ("placed", "a", ["default/lower"], True)
    assert "high: preemption on a evicting default/lower" in binpack("schedule", "--cluster", contested, "--evict").out


def test_a_nominated_pod_holds_its_place_against_lesser_ones(binpack, dump):
    cluster = dump(
        node("a").cpu("2"),
        pod("low").request(cpu="2").priority(1).on("a"),
        pod("high").request(cpu="2").priority(100),
        pod("middle").request(cpu="2").priority(50),
    )
    rows = {row["pod"]: row for row in binpack("schedule", "--cluster", cluster, "--preemption", "--json").json}
    assert rows["high"]["victims"] == ["default/low"]
    assert rows["middle"]["state"] == "unschedulable"


WORKLOADS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: main, image: web, resources: {requests: {cpu: 100m}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: alone}
spec:
  priorityClassName: high
  containers: [{name: main, image: alone}]
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: high}
value: 1000
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: main, image: agent}]}
"""


def test_manifests_are_admitted_and_expanded(binpack, dump, file):
    cluster = dump(*[node(f"n{i}").zone("ab"[i % 2]) for i in range(4)])
    ran = binpack("schedule", "--cluster", cluster, "--pods", file("new.yaml", WORKLOADS), "--json")
    assert [row["pod"].split("-")[0] for row in ran.json] == ["alone", "web", "web", "web", "agent", "agent", "agent", "agent"]
    # A pod of a DaemonSet for each node, and each on its own.
    assert sorted(row["node"] for row in ran.json if row["pod"].startswith("agent")) == ["n0", "n1", "n2", "n3"]
    # The pods of one ReplicaSet are spread by default, which takes the ReplicaSet to be there.
    assert len({row["node"] for row in ran.json if row["namespace"] == "shop"}) == 3


def test_a_directory_of_manifests_is_a_cluster(binpack, file, tmp_path):
    file("cluster/nodes.yaml", "{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {allocatable: {cpu: 4, pods: 10}}}")
    file("cluster/apps/web.yaml", WORKLOADS)
    ran = binpack("schedule", "--cluster", tmp_path / "cluster", "--json")
    assert [row["state"] for row in ran.json] == ["placed"] * 5


def test_workloads_of_a_dump_have_had_their_controllers(binpack, dump):
    from binpack.testing import deployment

    ran = binpack("schedule", "--cluster", dump(node("a"), deployment("web", pod(), replicas=3)), "--json")
    assert ran.json == []


def test_kinds_that_are_not_read_are_counted_once(binpack, file):
    kinds = (("Node", "a"), ("Secret", "s"), ("Secret", "t"))
    items = [{"apiVersion": "v1", "kind": kind, "metadata": {"name": name}} for kind, name in kinds]
    cluster = file("c.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    ran = binpack("schedule", "--cluster", cluster)
    assert ran.code == 0
    assert ran.err == "skipped 2 objects of kinds that are not read here: Secret 2\n"


def test_verbose_says_more_on_standard_error(binpack, dump):
    ran = binpack("schedule", "--cluster", dump(node("a"), pod("p")), "-v")
    assert "profile default-scheduler: percentageOfNodesToScore 100" in ran.err


def test_no_pod_waits(binpack, dump):
    ran = binpack("schedule", "--cluster", dump(node("a"), pod("p").on("a")))
    assert (ran.code, ran.out) == (0, "No pod waits; 1 nodes.\nTies: first. percentageOfNodesToScore: 100.\n")


def test_the_order_is_priority_then_age_then_place_in_the_file(binpack, dump):
    cluster = dump(node("a"), pod("late").created(9), pod("early").created(1), pod("ageless"), pod("high").priority(1).created(10))
    rows = binpack("schedule", "--cluster", cluster, "--json").json
    assert [row["pod"] for row in rows] == ["high", "early", "late", "ageless"]


def test_paths_can_be_given_several_times(binpack, dump):
    nodes, pods = dump(node("a"), name="nodes.json"), dump(pod("p"), name="pods.json")
    assert binpack("schedule", "--cluster", nodes, "--cluster", pods, "--json").json[0]["node"] == "a"


def test_out_of_a_missing_directory_is_refused(binpack, small, tmp_path):
    ran = binpack("schedule", "--cluster", small, "--out", Path(tmp_path) / "no" / "file")
    assert (ran.code, ran.out) == (2, "")
    assert "cannot be written" in ran.err


def test_what_a_dump_refers_to_and_lacks_is_warned_of(binpack, dump):
    cluster = dump(node("a"), pod("disk").claim("data"), pod("stray").on("gone"))
    ran = binpack("schedule", "--cluster", cluster)
    assert ran.code == 0
    assert ran.err.splitlines() == [
        "warning: 1 node that pods are bound to is not in the input (gone): those pods take no room anywhere",
        "warning: 1 persistentvolumeclaim that pods use is not in the input (default/data): such pods cannot be scheduled",
    ]


def test_the_lack_of_budgets_is_warned_of_where_pods_may_be_evicted(binpack, contested):
    ran = binpack("schedule", "--cluster", contested, "--preemption")
    assert ran.err == "warning: no poddisruptionbudgets in the input: evictions are taken to be unlimited\n"


def test_a_namespace_in_which_no_pod_waits_is_named(binpack, small):
    result = binpack("schedule", "--cluster", small, "-n", "nosuch")
    assert 'no pod waits in namespace "nosuch" (pods wait in: default, shop)' in result.err
