"""`binpack optimize --objective evictions`: who would have to go for a pod that fits nowhere."""

from __future__ import annotations

import csv
import io
import json

import pytest

from binpack.testing import node, pod

KEYS = [
    *("status", "objective", "bound", "gap", "seconds", "method", "repeatable", "certificate", "baselines", "goal", "levels"),
    *("pod", "priority", "node", "victims", "message", "reason", "closedNodes", "relaxed", "digest", "shortages"),
]
"""As docs/reference/json-output.md lists them."""


@pytest.fixture
def full(dump):
    """One node full of four small pods and one large one; a pod that fits after one eviction, one that never does, one that fits."""
    return dump(
        node("n1").cpu("8"),
        node("t").cpu("32").taint("gpu", "true"),
        node("free").cpu("1"),
        *[pod(f"a{i}").request(cpu="1").on("n1") for i in range(4)],
        pod("b1").request(cpu="4").priority(5).on("n1"),
        pod("new").request(cpu="4").priority(100),
        pod("huge").request(cpu="40").priority(100),
        pod("tiny").request(cpu="500m"),
    )


def test_one_pod_as_json(binpack, full):
    ran = binpack("optimize", "-c", full, "--objective", "evictions", "--pod", "default/new", "--json")
    assert ran.code == 0
    assert list(ran.json) == KEYS
    assert (ran.json["status"], ran.json["objective"], ran.json["bound"], ran.json["gap"]) == ("optimal", [0, 1, 5], [0, 1, 5], 0.0)
    assert ran.json["certificate"] == {"kind": "search", "verified": True}
    assert [victim["pod"] for victim in ran.json["victims"]] == ["default/b1"]
    (baseline,) = ran.json["baselines"]
    assert (baseline["name"], baseline["objective"], baseline["gap"]) == ("kube-scheduler", [0, 4, 0], 0.75)
    assert ran.json["closedNodes"] == [{"node": "t", "reason": "TaintToleration: node(s) had untolerated taint(s)"}]


def test_one_pod_in_words(binpack, full):
    ran = binpack("optimize", "-c", full, "--objective", "evictions", "--pod", "new", "-v")
    assert "Best        fits on n1 after 1 eviction, within every disruption budget" in ran.out
    assert "kube-scheduler's preemption: 4 evictions" in ran.out
    assert "optimal: no set breaks fewer budgets" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100


def test_every_pod_that_waits(binpack, full):
    ran = binpack("optimize", "-c", full, "--objective", "evictions", "-o", "csv")
    rows = {row["pod"]: row for row in csv.DictReader(io.StringIO(ran.out))}
    assert ran.code == 1
    assert {name: row["status"] for name, row in rows.items()} == {
        "default/new": "optimal",
        "default/huge": "infeasible",
        "default/tiny": "optimal",
    }
    assert (rows["default/new"]["evictions"], rows["default/new"]["preemption"], rows["default/tiny"]["evictions"]) == ("1", "4", "0")
    documents = binpack("optimize", "-c", full, "--objective", "evictions", "--json").json
    assert [document["pod"] for document in documents] == ["default/new", "default/huge", "default/tiny"]
    assert documents[1]["reason"].startswith("default/huge asks for 40000 of cpu, no eligible node offers more than 8000")
    (shortage,) = documents[1]["shortages"]
    assert (shortage["resource"], shortage["asked"], shortage["offered"]) == ("cpu", 40000, 8000)
    assert "KUBE-SCHEDULER" in binpack("optimize", "-c", full, "--objective", "evictions").out


@pytest.mark.parametrize("name", ["new", "huge", "tiny"])
def test_the_certificate_is_one_of_this_cluster(binpack, full, tmp_path, name):
    binpack("optimize", "-c", full, "--objective", "evictions", "--pod", name, "--certificate", tmp_path / "proof.json")
    ran = binpack("verify", tmp_path / "proof.json", "--cluster", full, "--json")
    assert (ran.code, ran.json["problems"], ran.json["notes"], ran.json["verified"]) == (0, [], [], True)
    document = json.loads((tmp_path / "proof.json").read_text())
    document["evicted"] = ["default/a0"]
    (tmp_path / "false.json").write_text(json.dumps(document))
    assert binpack("verify", tmp_path / "false.json", "--cluster", full).code == 1


def test_a_pod_of_a_manifest(binpack, full, file):
    manifest = file(
        "new.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: fresh}\nspec:\n  priorityClassName: system-cluster-critical\n"
        '  containers: [{name: c, image: x, resources: {requests: {cpu: "8"}}}]\n',
    )
    document = binpack("optimize", "-c", full, "--objective", "evictions", "--pod-file", manifest, "--json").json
    assert (document["pod"], document["objective"]) == ("default/fresh", [0, 5, 5])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--pod", "a1"], 'pod "default/a1" is on node n1 (accepted: a pod that waits: default/huge, default/new, default/tiny)'),
        (["--pod", "nwe"], 'no pod "nwe"'),
        (["--pod", "new", "--gap", "0.1"], "takes no --deterministic-limit, no --gap"),
        (["--certificate", "x.json"], "--certificate is about one pod, 3 were asked for"),
    ],
)
def test_what_does_not_go(binpack, full, options, message):
    ran = binpack("optimize", "-c", full, "--objective", "evictions", *options)
    assert ran.code == 2
    assert message in ran.err


def test_pods_are_for_evictions_alone(binpack, full):
    ran = binpack("optimize", "-c", full, "--pod", "new")
    assert ran.code == 2
    assert "--pod and --pod-file are for --objective evictions" in ran.err


def test_nothing_waits(binpack, dump):
    ran = binpack("optimize", "-c", dump(node("n")), "--objective", "evictions")
    assert (ran.code, ran.out) == (0, "No pod waits.\n")


def test_replicas_have_the_same_answer_under_their_own_names(binpack, dump):
    waiting = [pod(f"new-{i}").label(app="new").request(cpu="2").priority(9).owner("ReplicaSet", "new") for i in range(3)]
    cluster = dump(node("n").cpu("2"), pod("low").request(cpu="1").on("n"), *waiting)
    documents = binpack("optimize", "-c", cluster, "--objective", "evictions", "--json").json
    assert [document["pod"] for document in documents] == [f"default/new-{i}" for i in range(3)]
    assert {str(document["objective"]) for document in documents} == {"[0, 1, 0]"}


def test_a_time_limit_is_enough_for_most(binpack, full):
    ran = binpack("optimize", "-c", full, "--objective", "evictions", "--pod", "new", "--time-limit", "30", "--json")
    assert (ran.json["objective"], ran.json["repeatable"]) == ([0, 1, 5], True)
