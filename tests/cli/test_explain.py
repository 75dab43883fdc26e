"""`binpack explain`: the decision about one pod, for reading and for working on."""

from __future__ import annotations

import csv
import io
import json

import pytest

from binpack.testing import node, pod

KEYS = [
    "pod",
    "scheduler",
    "ties",
    "percentageOfNodesToScore",
    "presentNode",
    "node",
    "score",
    "failed",
    "message",
    "preemption",
    "notes",
    "nodes",
    "rejected",
    "shortages",
    "rows",
]
ROW_KEYS = ["node", "state", "plugin", "verdict", "code", "reasons", "decided", "weight", "score"]
"""As docs/reference/json-output.md lists them."""


@pytest.fixture
def cluster(dump):
    """Two roomy nodes, one that is small and tainted, one cordoned; a pod that fits, one that does not, one that runs."""
    return dump(
        node("big-1").cpu("8").zone("a"),
        node("big-2").cpu("6").zone("b"),
        node("small").cpu("1").taint("gpu", "true"),
        node("closed").cordon(),
        pod("fits").request(cpu="2"),
        pod("huge").request(cpu="64"),
        pod("runs").request(cpu="1").on("big-2"),
        pod("twin", namespace="one"),
        pod("twin", namespace="two"),
    )


def test_a_pod_that_fits_is_shown_with_scores_and_rejections(binpack, cluster):
    ran = binpack("explain", "fits", "--cluster", cluster)
    assert ran.code == 0
    assert "Decision    big-1, score" in ran.out
    assert "2 of 4 nodes are feasible" in ran.out
    assert "(chosen)" in ran.out
    assert "TaintToleration: node(s) had untolerated taint(s) (preemption cannot help)" in ran.out
    assert "Nodes that each plugin rejects when asked alone: NodeUnschedulable 1, TaintToleration 1, NodeResourcesFit 1." in " ".join(
        ran.out.split()
    )
    assert max(map(len, ran.out.splitlines())) <= 100


def test_a_pod_that_fits_nowhere_is_shown_with_the_message_of_kubectl(binpack, cluster):
    ran = binpack("explain", "huge", "--cluster", cluster)
    told = " ".join(ran.out.split())
    assert ran.code == 0
    assert "Decision unschedulable" in told
    assert "0/4 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 2 Insufficient cpu." in told
    assert "preemption: 0/4 nodes are available:" in told


def test_a_bound_pod_is_explained_against_the_cluster_without_it(binpack, cluster):
    ran = binpack("explain", "default/runs", "--cluster", cluster)
    assert "Now on      big-2, rank 2 of 2, score" in ran.out
    document = binpack("explain", "default/runs", "--cluster", cluster, "--json").json
    assert (document["presentNode"], document["node"]) == ("big-2", "big-1")


def test_a_bound_pod_that_its_node_would_now_reject(binpack, dump):
    cluster = dump(node("a").cordon(), node("b"), pod("p").on("a"))
    assert (
        "Now on      a, which NodeUnschedulable would now reject: node(s) were unschedulable"
        in binpack("explain", "p", "--cluster", cluster).out
    )


def test_the_node_that_a_pod_runs_on_is_shown_beside_the_best(binpack, dump):
    nodes = [node(f"n{i}").cpu(str(i + 2)) for i in range(9)]
    ran = binpack("explain", "p", "--cluster", dump(*nodes, pod("p").request(cpu="1").on("n0")), "--top", "3")
    assert "Feasible: 9 of 9 nodes; the best 3, and where the pod is now:" in ran.out
    assert "n0 (now)" in ran.out
    assert "n5" not in ran.out


def test_what_preemption_would_do_is_told(binpack, dump):
    cluster = dump(node("a").cpu("2"), pod("low").request(cpu="2").on("a"), pod("high").request(cpu="2").priority(9))
    assert "Preemption  would nominate a and evict default/low" in binpack("explain", "high", "--cluster", cluster).out
    document = binpack("explain", "high", "--cluster", cluster, "--json").json
    assert document["preemption"] == {"nominatedNode": "a", "victims": ["default/low"]}
    assert document["message"] == "0/1 nodes are available: 1 Insufficient cpu."


def test_json_has_the_documented_keys_and_one_row_a_node_and_plugin(binpack, cluster):
    document = binpack("explain", "fits", "--cluster", cluster, "--json").json
    assert list(document) == KEYS
    assert [list(row) for row in document["rows"]] == [ROW_KEYS] * len(document["rows"])
    plugins = {row["plugin"] for row in document["rows"]}
    assert len(document["rows"]) == 4 * len(plugins)
    assert {row["node"] for row in document["rows"]} == {"big-1", "big-2", "small", "closed"}
    assert document["nodes"][0] == {"node": "big-1", "state": "feasible", "rank": 1, "total": document["score"]}
    scores = [row["score"] for row in document["rows"] if row["node"] == "big-1" and row["score"] is not None]
    assert sum(scores) == document["score"]


def test_what_is_lacking_is_told_in_numbers(binpack, dump):
    nodes = [node("a").cpu("4").memory("1Gi"), node("b").cpu("3").memory("8Gi"), node("c").cpu("9").cordon()]
    cluster = dump(*nodes, pod("there").request(cpu="1500m").on("a"), pod("p").request(cpu="3500m", memory="2Gi"))
    out = binpack("explain", "p", "--cluster", cluster).out
    assert "Of cpu it asks for 3.5; the most that is free where it lacks resources is 3 (b)." in out
    assert "Of memory it asks for 2 GiB; the most that is free where it lacks resources is 8 GiB (b)." in out
    shortages = binpack("explain", "p", "--cluster", cluster, "--json").json["shortages"]
    assert shortages[0] == {"resource": "cpu", "requested": 3500, "mostFree": 3000, "node": "b"}


def test_each_plugin_has_its_own_verdict_of_a_node_that_another_rejected(binpack, cluster):
    rows = binpack("explain", "fits", "--cluster", cluster, "--json").json["rows"]
    small = {row["plugin"]: row for row in rows if row["node"] == "small"}
    taint, fit = small["TaintToleration"], small["NodeResourcesFit"]
    assert (taint["verdict"], taint["code"], taint["decided"]) == ("rejects", "UnschedulableAndUnresolvable", True)
    assert (fit["verdict"], fit["code"], fit["decided"], fit["reasons"]) == (
        "rejects",
        "UnschedulableAndUnresolvable",
        False,
        ["Insufficient cpu"],
    )
    assert small["NodePorts"]["verdict"] == "skips"


def test_csv_has_the_rows_of_json(binpack, cluster):
    rows = list(csv.DictReader(io.StringIO(binpack("explain", "fits", "--cluster", cluster, "-o", "csv").out)))
    assert list(rows[0]) == ROW_KEYS
    assert len(rows) == len(binpack("explain", "fits", "--cluster", cluster, "--json").json["rows"])


def test_wide_shows_every_node_with_all_reasons(binpack, cluster):
    lines = binpack("explain", "fits", "--cluster", cluster, "-o", "wide").out.splitlines()
    small = next(line for line in lines if line.startswith("small"))
    assert small.endswith("TaintToleration: node(s) had untolerated taint(s); NodeResourcesFit: Insufficient cpu")
    assert any(line.startswith("closed") for line in lines)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("twin", 'error: pod "twin" is there 2 times (accepted: one/twin, two/twin)'),
        ("fit", "default/fits"),
        ("nothing-like-it", "(accepted: namespace/name"),
    ],
)
def test_names_that_mean_no_pod_or_several(binpack, cluster, name, message):
    ran = binpack("explain", name, "--cluster", cluster)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_namespace_makes_a_name_unique(binpack, cluster):
    assert "Pod         two/twin" in binpack("explain", "twin", "-n", "two", "--cluster", cluster).out


def test_a_pod_from_a_manifest_is_a_dry_run(binpack, cluster, file):
    new = file("new.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: new}, spec: {containers: [{name: main, image: i}]}}")
    assert "Decision    big-1" in binpack("explain", "new", "--cluster", cluster, "--pods", new).out


@pytest.mark.parametrize(
    ("builder", "note"),
    [
        (pod("p").gate("example.com/wait"), "not tried as long as it has scheduling gates: example.com/wait"),
        (pod("p").scheduler("volcano"), 'the pod names scheduler "volcano", which the configuration does not have'),
        (pod("p").on("a").phase("Succeeded"), "the pod has ended (Succeeded) and takes no room"),
        (pod("p").on("a").annotate({"kubernetes.io/config.mirror": "x"}), "a static pod: its kubelet started it"),
        (pod("p").terminating(), "the pod is being deleted"),
    ],
)
def test_what_keeps_a_scheduler_from_deciding_is_noted(binpack, dump, builder, note):
    told = " ".join(binpack("explain", "p", "--cluster", dump(node("a"), builder)).out.split())
    assert note in told
    assert "Decision a, score" in told


def test_nodes_that_were_not_looked_at(binpack, dump, file):
    config = file("s.yaml", "{apiVersion: kubescheduler.config.k8s.io/v1, kind: KubeSchedulerConfiguration}")
    cluster = dump(*[node(f"n{i:03}") for i in range(130)], pod("p"))
    ran = binpack("explain", "p", "--cluster", cluster, "--config", config)
    assert "30 nodes were not looked at (percentageOfNodesToScore: adaptive)" in ran.out
    states = [one["state"] for one in binpack("explain", "p", "--cluster", cluster, "--config", config, "--json").json["nodes"]]
    assert states.count("unseen") == 30


def test_a_common_domain_is_left_out_of_the_names(binpack, dump):
    cluster = dump(*[node(f"ip-{i}.west.internal").cpu("1") for i in range(3)], pod("p").request(cpu="2"))
    out = binpack("explain", "p", "--cluster", cluster).out
    assert "Names       of nodes are shown without .west.internal" in out
    assert "ip-[0-2]" in out


def test_out_and_verbose(binpack, cluster, tmp_path):
    ran = binpack("explain", "fits", "--cluster", cluster, "--json", "--out", tmp_path / "e.json", "-v")
    assert ran.out == ""
    assert list(json.loads((tmp_path / "e.json").read_text())) == KEYS
    assert "filters with nothing to do for this pod: " in ran.err


def test_a_nominated_node_that_fits_is_taken_unseen(binpack, dump):
    ran = binpack("explain", "p", "--cluster", dump(node("a"), node("b"), node("c"), pod("p").nominated("b")))
    assert "Decision    b, score" in ran.out
    assert "its nominated node fits, and is taken without a look at the others" in ran.out
