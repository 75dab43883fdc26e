"""The files in examples/ are what their script makes, and show what they say they show."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from binpack.api import load, schedule
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.requests import fit_requests, resource_list
from binpack.model.workloads import DaemonSet, Deployment, Job, ReplicaSet
from binpack.state.invariants import check_placement

CORDON = "node.kubernetes.io/unschedulable"
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def objects():
    return load(EXAMPLES / "cluster.json")


def test_the_files_are_what_the_script_makes(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from make_example_cluster import files

    for name, text in files().items():
        assert (EXAMPLES / name).read_text() == text, f"{name}: run python examples/make_example_cluster.py"


def test_about_forty_nodes_and_four_hundred_pods(objects):
    assert len(objects.of(Node)) == 40
    assert 350 <= len(objects.of(Pod)) <= 450
    assert sum(node.spec.unschedulable for node in objects.of(Node)) == 1
    assert len({node.metadata.labels["topology.kubernetes.io/zone"] for node in objects.of(Node)}) == 3
    assert len({node.metadata.labels["node.kubernetes.io/instance-type"] for node in objects.of(Node)}) == 4


def test_half_of_it_is_requested(objects):
    allocatable, requested = Counter(), Counter()
    for node in objects.of(Node):
        allocatable.update(resource_list(node.status.allocatable))
    for pod in objects.of(Pod):
        if pod.spec.node_name and not pod.is_terminal:
            requested.update(fit_requests(pod))
    assert 0.4 < requested["memory"] / allocatable["memory"] < 0.6
    assert 0.4 < requested["cpu"] / allocatable["cpu"] < 0.6


def test_the_placement_is_legal(objects):
    # The kubelet runs static pods without asking; they do not tolerate the control plane's taint.
    placed = [pod for pod in objects.of(Pod) if "kubernetes.io/config.mirror" not in pod.metadata.annotations]
    # Those on the cordoned node were there before.
    open_nodes = [
        replace(node, spec=replace(node.spec, taints=tuple(t for t in node.spec.taints if t.key != CORDON))) for node in objects.of(Node)
    ]
    assert check_placement(open_nodes, placed) == []


def test_every_owner_is_there(objects):
    owners = {
        (type(owner).__name__, owner.metadata.namespace, owner.metadata.name): owner.metadata.uid
        for kind in (Deployment, ReplicaSet, DaemonSet, Job)
        for owner in objects.of(kind)
    }
    for item in (*objects.of(Pod), *objects.of(ReplicaSet)):
        for reference in item.metadata.owner_references:
            if reference.kind != "Node":
                assert owners[reference.kind, item.metadata.namespace, reference.name] == reference.uid


def test_the_counts_of_owners_are_those_of_their_pods(objects):
    running = Counter(pod.metadata.labels.get("app") for pod in objects.of(Pod) if pod.status.phase == "Running")
    for deployment in objects.of(Deployment):
        assert deployment.status.ready_replicas == running[deployment.metadata.name]


def test_one_deployment_cannot_be_scheduled_and_the_other_pods_can():
    result = schedule(load(EXAMPLES / "cluster.json"))
    waiting = {placement.pod.metadata.labels["app"] for placement in result.pending}
    assert waiting == {"transcoder"}
    assert len(result.pending) == 3
    assert len(result.placed) == 5
    message = result.pending[0].message
    for reason in (
        "Insufficient cpu",
        "Insufficient memory",
        "didn't match Pod's node affinity/selector",
        "untolerated taint",
        "unschedulable",
    ):
        assert reason in message


def test_new_pods_to_try():
    result = schedule(load(EXAMPLES / "cluster.json", EXAMPLES / "pods.yaml"))
    assert {placement.pod.metadata.name for placement in result.pending} >= {"huge"}
    assert {placement.pod.metadata.name for placement in result.placed} >= {
        "crawl-once",
        "query-canary",
        "packet-capture",
        "report-one-off",
    }


def test_manifests_without_pods_find_room():
    result = schedule(load(EXAMPLES / "manifests"))
    assert len(result.placed) == 27
    assert result.pending == ()
