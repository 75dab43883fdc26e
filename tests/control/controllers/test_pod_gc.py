"""Pods that nobody else removes.

Documented: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle (garbage collection of pods).
"""

from __future__ import annotations

from binpack.control.clock import timestamp_of
from binpack.control.conditions import find_condition
from binpack.control.controllers import pod_gc
from binpack.control.controllers.pod_gc import PodGarbageCollector, is_out_of_service
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.testing import node, pod
from binpack.units import US_PER_S


def test_pods_of_a_vanished_node_go_after_a_quarantine(bench):
    bench.store.load(node("n1").build())
    bench.store.load(pod("running").on("n1").build())
    bench.store.load(pod("ended").on("n1").phase("Succeeded").build())
    bench.start(PodGarbageCollector)
    bench.wait(7)
    bench.store.delete(Node, "n1")
    bench.settle()
    bench.wait(52)
    assert len(bench.pods()) == 2, "seen missing at 20 s, quarantined until 60 s"
    bench.wait(1)
    assert bench.pods() == []
    last = {one.object.metadata.name: one.object for one in bench.store.watch(0) if one.type == "DELETED"}
    assert last["running"].status.phase == "Failed"
    assert find_condition(last["running"].status.conditions, "DisruptionTarget").reason == "DeletionByPodGC"
    assert last["ended"].status.phase == "Succeeded"


def test_a_node_that_comes_back_in_time_keeps_its_pods(bench):
    bench.store.load(node("n1").build())
    bench.store.load(pod("web").on("n1").build())
    bench.start(PodGarbageCollector)
    bench.store.delete(Node, "n1")
    bench.settle().wait(30)
    bench.store.load(node("n1").build())
    bench.settle().wait(600)
    assert len(bench.pods()) == 1


def test_a_terminating_pod_without_a_node_goes(bench):
    waiting = bench.store.create(replace(pod("web").build(), metadata=replace(pod("web").build().metadata, finalizers=("mine",))))
    bench.start(PodGarbageCollector)
    bench.store.delete(Pod, "web", "default")
    bench.settle().wait(20)
    left = bench.store.get(Pod, "web", "default")
    assert (left.status.phase, left.metadata.uid) == ("Failed", waiting.metadata.uid)


def test_a_quiet_cluster_costs_no_passes(bench):
    bench.store.load(node("n1").build())
    bench.store.load(pod("web").on("n1").build())
    bench.start(PodGarbageCollector)
    bench.wait(24 * 3600)
    assert bench.plane.client("pod-garbage-collector-controller").syncs == 0


def test_more_than_the_allowed_number_of_ended_pods_go_at_the_next_pass(bench, monkeypatch):
    monkeypatch.setattr(pod_gc, "MAX_TERMINATED_PODS", 2)
    bench.store.load(node("n1").build())
    bench.start(PodGarbageCollector).wait(7)
    for number in range(4):
        bench.store.load(pod(f"p{number}").on("n1").created(timestamp_of((9 - number) * US_PER_S)).phase("Succeeded").build())
    revived = bench.store.get(Pod, "p3", "default")
    bench.settle()
    bench.store.update_status(replace(revived, status=replace(revived.status, phase="Running")))
    bench.settle().wait(20)
    assert [one.metadata.name for one in bench.pods()] == ["p0", "p1", "p3"], "p2 is the oldest of three that have ended"


def test_out_of_service():
    broken = node("n1").not_ready().taint("node.kubernetes.io/out-of-service").build()
    assert is_out_of_service(pod("a").on("n1").terminating().build(), broken)
    assert not is_out_of_service(pod("a").on("n1").build(), broken)
    assert not is_out_of_service(pod("a").on("n1").terminating().build(), node("n1").ready().build())
