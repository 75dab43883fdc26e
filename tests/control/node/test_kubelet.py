from __future__ import annotations

import pickle

import pytest

from binpack.control.conditions import find_condition
from binpack.control.heartbeats import LEASE_NAMESPACE, is_steady
from binpack.control.node.workload_model import RunModel, workload_model
from binpack.errors import ManifestError
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.pod import Container, Pod, Probe
from binpack.model.policy import Lease
from binpack.testing import node, pod
from binpack.units import US_PER_S


@pytest.fixture
def floor(ward_of):
    return ward_of(node("n1").build())


def test_a_node_reports_and_is_ready(floor):
    conditions = {one.type: one.status for one in floor.store.get(Node, "n1").status.conditions}
    assert conditions == {"MemoryPressure": "False", "DiskPressure": "False", "PIDPressure": "False", "Ready": "True"}
    assert is_steady(floor.store.get(Lease, "n1", LEASE_NAMESPACE))


def test_heartbeats_cost_nothing(floor):
    revision = floor.store.revision
    floor.wait(24 * 3600)
    assert floor.store.revision == revision


def test_a_pod_starts_within_two_seconds(floor):
    floor.bind(pod("web"))
    web = floor.get()
    assert (web.status.phase, web.status.container_statuses[0].state.waiting.reason) == ("Pending", "ContainerCreating")
    assert web.status.start_time == floor.store.clock.timestamp
    floor.wait(2)
    assert (floor.phase(), floor.ready()) == ("Running", "True")
    assert floor.get().status.container_statuses[0].ready
    assert all(find_condition(floor.get().status.conditions, kind).status == "True" for kind in ("Initialized", "ContainersReady"))


@pytest.mark.parametrize(
    ("policy", "code", "expected"),
    [("Never", 0, "Succeeded"), ("OnFailure", 0, "Succeeded"), ("Never", 3, "Failed")],
)
def test_a_pod_ends_when_its_duration_is_over(floor, policy, code, expected):
    floor.bind(pod("web").restarts(policy).lasts(30).annotate({"binpack.dev/exit-code": str(code)}))
    floor.wait(31.9)
    assert floor.phase() == "Running"
    floor.wait(0.1)
    assert floor.phase() == expected
    state = floor.get().status.container_statuses[0].state.terminated
    assert (state.exit_code, state.reason) == (code, "Completed" if code == 0 else "Error")
    assert floor.ready() == "False"


def test_a_crash_loop(floor):
    floor.bind(pod("web").restarts("Always").lasts(5).annotate({"binpack.dev/exit-code": "1"}))
    floor.wait(7)
    status = floor.get().status.container_statuses[0]
    assert (floor.phase(), status.restart_count) == ("Running", 1), "the first restart is immediate"
    floor.wait(5)
    status = floor.get().status.container_statuses[0]
    assert (floor.phase(), status.state.waiting.reason, status.last_state.terminated.exit_code) == ("Running", "CrashLoopBackOff", 1)
    assert floor.ready() == "False"
    assert floor.sink.recorded[-1].reason == "BackOff"
    floor.wait(10)
    assert (floor.get().status.container_statuses[0].restart_count, floor.ready()) == (2, "True")
    floor.wait(5 + 19.9)
    assert floor.get().status.container_statuses[0].restart_count == 2
    floor.wait(0.1)
    assert floor.get().status.container_statuses[0].restart_count == 3


@pytest.mark.parametrize(
    ("why", "stop", "grace", "seconds", "phase"),
    [
        ("a well-behaved server", None, None, 1, "Succeeded"),
        ("one that takes its time", "12s", None, 12, "Succeeded"),
        ("one that does not stop is killed", "10m", None, 30, "Failed"),
        ("with a shorter grace period sooner", "10m", 5, 5, "Failed"),
    ],
)
def test_termination(floor, why, stop, grace, seconds, phase):
    floor.bind(pod("web").annotate({"binpack.dev/stop-duration": stop} if stop else {}))
    floor.wait(5)
    floor.store.delete(Pod, "web", "default", grace_seconds=grace)
    floor.settle().wait(seconds - 0.1)
    assert (floor.phase(), floor.get().is_terminating) == ("Running", True), why
    floor.wait(0.1)
    assert floor.get() is None
    last = [event.object for event in floor.store.watch(0) if event.resource == "Pod"][-1]
    assert last.status.phase == phase


def test_a_pod_deleted_before_it_runs_goes_at_once(floor):
    floor.bind(pod("web"))
    floor.store.delete(Pod, "web", "default")
    floor.settle()
    assert floor.get() is None


def test_init_containers_and_sidecars(floor):
    built = pod("web").build()
    init = (Container(name="first"), Container(name="proxy", restart_policy="Always"), Container(name="second"))
    built = replace(built, spec=replace(built.spec, init_containers=init))
    floor.store.bind(floor.store.create(built), "n1")
    floor.settle().wait(1)
    states = {one.name: one.state for one in floor.get().status.init_container_statuses}
    assert states["first"].running is not None
    assert states["proxy"].waiting is not None
    floor.wait(1)
    states = {one.name: one.state for one in floor.get().status.init_container_statuses}
    assert states["first"].terminated is not None
    assert states["proxy"].running is not None
    assert states["second"].running is not None
    assert (floor.phase(), find_condition(floor.get().status.conditions, "Initialized").status) == ("Pending", "False")
    floor.wait(2)
    assert (floor.phase(), floor.ready()) == ("Running", "True")


def test_a_readiness_probe_delays_ready(floor):
    built = pod("web").build()
    container = replace(built.spec.containers[0], readiness_probe=Probe(initial_delay_seconds=7, period_seconds=5, success_threshold=3))
    floor.store.bind(floor.store.create(replace(built, spec=replace(built.spec, containers=(container,)))), "n1")
    floor.settle().wait(2)
    assert (floor.phase(), floor.ready()) == ("Running", "False")
    floor.wait(16.9)
    assert floor.ready() == "False"
    floor.wait(0.1)
    assert floor.ready() == "True"


def test_a_duration_can_change_while_the_pod_runs(floor):
    floor.bind(pod("web").restarts("Never"))
    floor.wait(10)
    web = floor.get()
    floor.store.update(replace(web, metadata=replace(web.metadata, annotations={"binpack.dev/duration": "20s"})))
    floor.settle().wait(11.9)
    assert floor.phase() == "Running"
    floor.wait(0.1)
    assert floor.phase() == "Succeeded"


def test_a_dead_node_reports_nothing(floor):
    floor.bind(pod("web").restarts("Never").lasts(60))
    floor.wait(25)
    floor.kubelets.fail("n1")
    floor.settle()
    lease = floor.store.get(Lease, "n1", LEASE_NAMESPACE)
    assert not is_steady(lease)
    assert lease.spec.renew_time.second == 20
    floor.store.delete(Pod, "web", "default")
    floor.settle().wait(3600)
    assert (floor.phase(), floor.get().is_terminating) == ("Running", True)


@pytest.mark.parametrize(("policy", "phase", "restarts"), [("Always", "Running", 1), ("OnFailure", "Running", 1), ("Never", "Failed", 0)])
def test_a_machine_that_comes_back_starts_its_pods_anew(floor, policy, phase, restarts):
    floor.bind(pod("web").restarts(policy))
    floor.wait(10)
    floor.kubelets.fail("n1")
    floor.settle().wait(100)
    floor.kubelets.recover("n1")
    floor.settle().wait(2)
    assert floor.phase() == phase
    if restarts:
        assert (floor.get().status.container_statuses[0].restart_count, floor.ready()) == (restarts, "True")
    assert is_steady(floor.store.get(Lease, "n1", LEASE_NAMESPACE))


def test_what_was_deleted_meanwhile_goes_when_the_machine_comes_back(floor):
    floor.bind(pod("web"))
    floor.wait(10)
    floor.kubelets.fail("n1")
    floor.settle()
    floor.store.delete(Pod, "web", "default")
    floor.settle().wait(100)
    floor.kubelets.recover("n1")
    floor.settle()
    assert floor.get() is None


def test_running_pods_of_a_loaded_cluster_are_taken_over(store, ward_of):
    store.load(node("n2").not_ready().build())
    store.load(pod("web").on("n1").lasts(50).restarts("Never").build())
    store.load(pod("lost").on("n2").lasts(50).restarts("Never").build())
    floor = ward_of(node("n1").ready().build()).wait(50)
    assert floor.phase() == "Succeeded"
    assert floor.get("lost").status.phase == "Running", "its node is down"


def test_a_pickled_floor_goes_on_alike(floor):
    floor.bind(pod("web").restarts("Always").lasts(5))
    floor.wait(9)
    copy = pickle.loads(pickle.dumps(floor))
    for one in (floor, copy):
        one.wait(300)
    assert floor.store.watch(0) == copy.store.watch(0)


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({}, RunModel()),
        ({"binpack.dev/duration": "1m30s"}, RunModel(duration_us=90 * US_PER_S)),
        ({"binpack.dev/duration": "0s", "binpack.dev/exit-code": "2"}, RunModel(0, 2)),
        ({"binpack.dev/stop-duration": "500ms"}, RunModel(stop_us=500_000)),
    ],
)
def test_workload_models(annotations, expected):
    assert workload_model(pod("web").annotate(annotations).build()).main.runs == (expected,)


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ({"binpack.dev/duration": "soon"}, r'Pod default/web, metadata.annotations\[binpack.dev/duration\]: "soon" is not a duration'),
        ({"binpack.dev/duration": "-3s"}, '"-3s" is negative'),
        ({"binpack.dev/exit-code": "256"}, 'exit-code\\]: "256" is not an exit code'),
    ],
)
def test_annotations_that_cannot_be_understood(annotations, message):
    with pytest.raises(ManifestError, match=message):
        workload_model(pod("web").annotate(annotations).build())
