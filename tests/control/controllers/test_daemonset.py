"""DaemonSet: a pod on every node that fits, through cordons and pressure, replaced node by node.

Documented: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset; the rest after pkg/controller/daemon/*_test.go, v1.35.
"""

from __future__ import annotations

import pytest

from binpack.control.controllers.daemonset import DaemonSetController
from binpack.control.controllers.daemonset.nodes import fitness, target_of, with_daemon_tolerations
from binpack.model.base import replace
from binpack.model.meta import LabelSelector, ObjectMeta
from binpack.model.node import Node, NodeSpec, Taint
from binpack.model.pod import Container, Pod, PodSpec, PodTemplateSpec, Toleration
from binpack.model.workloads import DaemonSet, DaemonSetSpec, RollingUpdate, WorkloadUpdateStrategy


def template(image: str = "v1", **spec) -> PodTemplateSpec:
    return PodTemplateSpec(ObjectMeta(labels={"app": "agent"}), PodSpec(containers=(Container(name="c", image=image),), **spec))


def daemon_set(surge: int | str | None = None, unavailable: int | str | None = None, **spec) -> DaemonSet:
    strategy = WorkloadUpdateStrategy("RollingUpdate", RollingUpdate(surge, unavailable))
    selector = LabelSelector(match_labels={"app": "agent"})
    fields = {"selector": selector, "template": template(), "update_strategy": strategy, **spec}
    return DaemonSet(metadata=ObjectMeta(name="agent"), spec=DaemonSetSpec(**fields))


def add_nodes(bench, *names: str) -> None:
    for name in names:
        bench.store.load(Node(metadata=ObjectMeta(name=name)))


def place(bench, *, ready: bool = True) -> None:
    for pod in bench.pods():
        if not pod.spec.node_name:
            bench.edit_pod(pod, node=target_of(pod), phase="Running", ready=ready)
    bench.settle()


def vanish(bench) -> None:
    for pod in bench.pods():
        if pod.is_terminating:
            bench.store.delete(Pod, pod.metadata.name, pod.metadata.namespace, grace_seconds=0)
    bench.settle()


def targets(bench) -> list[str]:
    return sorted(target_of(pod) for pod in bench.pods())


@pytest.mark.parametrize(
    ("why", "taint", "runs", "stays"),
    [
        ("no taint", None, True, True),
        ("a cordon", Taint("node.kubernetes.io/unschedulable", effect="NoSchedule"), True, True),
        ("a node that is lost", Taint("node.kubernetes.io/unreachable", effect="NoExecute"), True, True),
        ("a preference", Taint("gpu", effect="PreferNoSchedule"), True, True),
        ("kept for others", Taint("gpu", effect="NoSchedule"), False, True),
        ("cleared for others", Taint("gpu", effect="NoExecute"), False, False),
    ],
)
def test_where_it_runs(why, taint, runs, stays):
    node = Node(metadata=ObjectMeta(name="n"), spec=NodeSpec(taints=() if taint is None else (taint,)))
    assert fitness(with_daemon_tolerations(PodSpec()), node) == (runs, stays)


def test_a_toleration_that_is_there_already_loses_its_seconds():
    own = Toleration("node.kubernetes.io/not-ready", "Exists", effect="NoExecute", toleration_seconds=30)
    tolerations = with_daemon_tolerations(PodSpec(tolerations=(own,))).tolerations
    assert [one.toleration_seconds for one in tolerations if one.key == own.key] == [None]


def test_every_node_and_every_new_node(bench):
    add_nodes(bench, "n1", "n2")
    bench.store.create(daemon_set())
    bench.start(DaemonSetController)
    assert targets(bench) == ["n1", "n2"]
    add_nodes(bench, "n3")
    bench.settle()
    assert targets(bench) == ["n1", "n2", "n3"]
    place(bench)
    status = bench.store.get(DaemonSet, "agent", "default").status
    assert (status.desired_number_scheduled, status.number_ready, status.number_unavailable) == (3, 3, 0)


def test_a_pending_pod_of_a_vanished_node_goes(bench):
    add_nodes(bench, "n1", "n2")
    bench.store.create(daemon_set())
    bench.start(DaemonSetController)
    bench.store.delete(Node, "n2")
    bench.settle()
    assert targets(bench) == ["n1"]


def test_rolling_update_in_place(bench):
    add_nodes(bench, "n1", "n2", "n3")
    bench.store.create(daemon_set(unavailable=1))
    bench.start(DaemonSetController)
    place(bench)
    current = bench.store.get(DaemonSet, "agent", "default")
    bench.store.update(replace(current, spec=replace(current.spec, template=template("v2"))))
    bench.settle()
    assert sum(pod.is_terminating for pod in bench.pods()) == 1
    for _ in range(4):
        vanish(bench)
        place(bench)
    assert [pod.spec.containers[0].image for pod in bench.pods()] == ["v2"] * 3


def test_rolling_update_with_surge(bench):
    add_nodes(bench, "n1", "n2")
    bench.store.create(daemon_set(surge=1, unavailable=0))
    bench.start(DaemonSetController)
    place(bench)
    current = bench.store.get(DaemonSet, "agent", "default")
    bench.store.update(replace(current, spec=replace(current.spec, template=template("v2"))))
    bench.settle()
    assert len(bench.pods()) == 3
    for _ in range(4):
        place(bench)
        vanish(bench)
    assert [pod.spec.containers[0].image for pod in bench.pods()] == ["v2"] * 2


def test_failed_pods_are_replaced_with_growing_delays(bench):
    add_nodes(bench, "n1")
    bench.store.create(daemon_set())
    bench.start(DaemonSetController)
    replaced = []
    for _ in range(3):
        place(bench)
        (pod,) = bench.pods()
        bench.edit_pod(pod, phase="Failed")
        began_us = bench.store.clock.now_us
        bench.settle()
        while pod.metadata.uid in {one.metadata.uid for one in bench.pods()}:
            bench.wait(0.5)
        replaced.append((bench.store.clock.now_us - began_us) / 1_000_000)
    assert replaced == [0, 1, 2]


def test_an_empty_selector_is_refused(bench):
    add_nodes(bench, "n1")
    bench.store.load(daemon_set(selector=LabelSelector()))
    bench.start(DaemonSetController)
    assert bench.pods() == []
    assert [one.partition(":")[0] for one in bench.told()] == ["SelectingAll"]


def test_a_controller_that_forgets_creates_nothing_twice(bench):
    add_nodes(bench, "n1", "n2")
    bench.store.create(daemon_set())
    bench.start(DaemonSetController)
    for _ in range(3):
        bench.plane.clients[0].forget()
        bench.plane.relist(0)
        bench.settle()
    assert targets(bench) == ["n1", "n2"]
