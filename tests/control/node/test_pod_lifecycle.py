"""Pods through a kubelet: init containers, sidecars, probes, back-off, deadlines, termination; virtual time, no scheduler."""

from __future__ import annotations

import itertools
import pickle
from dataclasses import dataclass

import pytest

from binpack.control.apiserver.store import Store
from binpack.control.conditions import find_condition
from binpack.control.node.configuration import KubeletConfiguration
from binpack.control.node.kubelet import Kubelets
from binpack.control.plane import ControlPlane
from binpack.control.records import EventSink
from binpack.model.base import replace
from binpack.model.node import ContainerImage, Node
from binpack.model.pod import (
    Container,
    ContainerRestartRule,
    ContainerRestartRuleOnExitCodes,
    Pod,
    PodReadinessGate,
    Probe,
    ResourceRequirements,
)
from binpack.model.quantity import Quantity
from binpack.testing import node, pod
from binpack.units import US_PER_S

GI = 1 << 30


@dataclass
class Ward:
    """One node, its kubelet, and a clock that the test turns."""

    store: Store
    sink: EventSink
    plane: ControlPlane

    @property
    def kubelets(self) -> Kubelets:
        return self.plane.clients[0]

    def settle(self) -> Ward:
        self.plane.refresh()
        self.plane.settle()
        return self

    def until(self, seconds: float) -> Ward:
        end_us = int(seconds * US_PER_S)
        while (wake_us := self.plane.next_wake_us) is not None and wake_us <= end_us:
            self.store.clock.now_us = max(wake_us, self.store.clock.now_us)
            self.settle()
        self.store.clock.now_us = end_us
        return self.settle()

    def run(self, built: Pod) -> Ward:
        if built.spec.priority:
            # Without a PriorityClass: as if it had been there when the class was.
            self.store.load(replace(built, spec=replace(built.spec, node_name="n1"), status=replace(built.status, phase="Pending")))
        else:
            self.store.bind(self.store.create(built), "n1")
        return self.settle()

    def get(self, name: str = "web") -> Pod | None:
        return self.store.find(Pod, name, "default")

    def state(self, container: str, name: str = "web"):
        status = self.get(name).status
        return next(one for one in (*status.container_statuses, *status.init_container_statuses) if one.name == container)

    def condition(self, kind: str, name: str = "web"):
        return find_condition(self.get(name).status.conditions, kind)

    def reasons(self) -> list[str]:
        return [one.reason for one in self.sink.recorded]


def ward_of(store: Store, a_node: Node, **configuration) -> Ward:
    sink = EventSink()
    kubelets = Kubelets(store, sink, configuration=KubeletConfiguration(**configuration))
    built = Ward(store, sink, ControlPlane(store, [kubelets]))
    store.load(a_node)
    return built.settle()


def machine(**labels) -> Node:
    built = node("n1").cpu("4").memory("8Gi").label(**labels).build()
    capacity = {**built.status.capacity, "ephemeral-storage": Quantity.of(100 * GI)}
    return replace(built, status=replace(built.status, capacity=capacity, allocatable=capacity))


@pytest.fixture
def ward(store) -> Ward:
    return ward_of(store, machine())


def built(
    *containers: Container, init: tuple[Container, ...] = (), policy: str = "Always", workload: str = "", name: str = "web", **spec
) -> Pod:
    one = pod(name).restarts(policy).annotate({"binpack.dev/workload": workload} if workload else {}).build()
    return replace(one, spec=replace(one.spec, containers=containers or (Container(name="main"),), init_containers=init, **spec))


# Init containers and sidecars (10.2)


def test_init_containers_run_in_order_for_as_long_as_the_model_says(ward):
    workload = "containers: {first: {duration: 5s}, second: {duration: 3s}}"
    ward.run(built(init=(Container(name="first"), Container(name="second")), workload=workload)).until(5.9)
    assert ward.state("first").state.running is not None
    assert ward.state("main").state.waiting.reason == "PodInitializing"
    ward.until(6)
    assert ward.state("second").state.running is not None
    ward.until(9)
    assert ward.condition("Initialized").status == "True"
    assert ward.get().status.phase == "Pending", "the main container is being started"
    ward.until(10)
    assert ward.get().status.phase == "Running"


def test_an_init_container_that_fails_is_tried_again(ward):
    workload = "containers: {first: {runs: [{duration: 1s, exitCode: 3}, {duration: 1s, exitCode: 3}, {duration: 1s}]}}"
    ward.run(built(init=(Container(name="first"),), workload=workload)).until(3)
    assert ward.state("first").state.waiting.reason == "CrashLoopBackOff"
    assert (ward.get().status.phase, ward.state("first").restart_count) == ("Pending", 1)
    ward.until(15)
    assert (ward.get().status.phase, ward.state("first").restart_count) == ("Running", 2)


def test_an_init_container_that_fails_for_good_fails_the_pod(ward):
    ward.run(built(init=(Container(name="first"),), policy="Never", workload="containers: {first: {duration: 1s, exitCode: 3}}")).until(2)
    assert ward.get().status.phase == "Failed"
    assert ward.state("main").state.waiting.reason == "PodInitializing"


def test_the_next_container_waits_until_a_sidecar_has_started(ward):
    proxy = Container(name="proxy", restart_policy="Always", startup_probe=Probe(period_seconds=2, failure_threshold=5))
    ward.run(built(init=(proxy,), workload="containers: {proxy: {startDuration: 7s}}")).until(8.9)
    assert ward.state("proxy").state.running is not None
    assert (ward.state("proxy").started, ward.condition("Initialized").status) == (False, "False")
    ward.until(9)
    assert (ward.state("proxy").started, ward.condition("Initialized").status) == (True, "True")
    ward.until(10)
    assert ward.get().status.phase == "Running"


def test_sidecars_do_not_keep_a_finished_pod_and_stop_last_in_reverse_order(ward):
    sidecars = tuple(Container(name=name, restart_policy="Always") for name in ("one", "two"))
    workload = "{duration: 10s, containers: {one: {stopDuration: 2s}, two: {stopDuration: 3s}}}"
    ward.run(built(init=sidecars, policy="Never", workload=workload)).until(16.9)
    assert ward.get().status.phase == "Running", "sidecars are being stopped"
    ward.until(17)
    assert ward.get().status.phase == "Succeeded"
    ends = {name: ward.state(name).state.terminated.finished_at.second for name in ("main", "one", "two")}
    assert ends == {"main": 12, "two": 15, "one": 17}


def test_a_sidecar_that_exits_is_started_again_whatever_the_policy(ward):
    proxy = Container(name="proxy", restart_policy="Always")
    ward.run(built(init=(proxy,), policy="Never", workload="containers: {proxy: {runs: [{duration: 5s}, {}]}}")).until(10)
    assert (ward.state("proxy").restart_count, ward.state("proxy").state.running is not None) == (1, True)
    assert ward.get().status.phase == "Running"


# Restarts (10.3, 10.4)


def test_containers_restart_one_by_one(ward):
    workload = "containers: {bad: {duration: 5s, exitCode: 1}}"
    ward.run(built(Container(name="good"), Container(name="bad"), workload=workload)).until(12.5)
    assert ward.state("good").state.running is not None
    waiting = ward.state("bad").state.waiting
    assert waiting.reason == "CrashLoopBackOff"
    assert waiting.message.startswith("back-off 10s restarting failed container=bad pod=web_default(")
    assert ward.condition("ContainersReady").message == "containers with unready status: [bad]"
    assert ward.get().status.phase == "Running"


def test_crashes_are_forgotten_after_ten_minutes_of_running(ward):
    runs = "runs: [{duration: 1s, exitCode: 1}, {duration: 1s, exitCode: 1}, {duration: 11m, exitCode: 1}, {}]"
    ward.run(built(workload=runs)).until(14 + 660)
    assert (ward.state("main").restart_count, ward.state("main").state.running is not None) == (3, True)


def test_the_longest_back_off_is_configurable(store):
    ward = ward_of(store, machine(), max_restart_backoff_us=4 * US_PER_S)
    ward.run(built(workload="{duration: 1s, exitCode: 1}")).until(4)
    assert ward.state("main").state.waiting.message.startswith("back-off 4s ")


@pytest.mark.parametrize(
    ("why", "policy", "container", "code", "phase"),
    [
        ("its own policy goes before the pod's", "Never", Container(name="main", restart_policy="OnFailure"), 1, "Running"),
        ("and may forbid", "Always", Container(name="main", restart_policy="Never"), 1, "Failed"),
        (
            "a rule goes before its policy",
            "Always",
            Container(
                name="main",
                restart_policy="Never",
                restart_policy_rules=(ContainerRestartRule("Restart", ContainerRestartRuleOnExitCodes("In", (42,))),),
            ),
            42,
            "Running",
        ),
        (
            "a rule for other codes does not apply",
            "Always",
            Container(
                name="main",
                restart_policy="Never",
                restart_policy_rules=(ContainerRestartRule("Restart", ContainerRestartRuleOnExitCodes("NotIn", (42,))),),
            ),
            42,
            "Failed",
        ),
    ],
)
def test_restart_policies_of_containers(ward, why, policy, container, code, phase):
    ward.run(built(container, policy=policy, workload=f"{{duration: 5s, exitCode: {code}}}")).until(8)
    assert ward.get().status.phase == phase, why


def test_a_container_beyond_its_memory_limit_is_killed(ward):
    limited = Container(name="main", resources=ResourceRequirements(limits={"memory": Quantity.parse("200Mi")}))
    usage = "usage: {memory: [{amount: 100Mi}, {after: 30s, amount: 201Mi}]}"
    ward.run(built(limited, policy="Never", workload=usage)).until(31.9)
    assert ward.get().status.phase == "Running"
    ward.until(32)
    ended = ward.state("main").state.terminated
    assert (ward.get().status.phase, ended.reason, ended.exit_code) == ("Failed", "OOMKilled", 137)


# Probes (10.6)


def test_a_startup_probe_that_fails_three_times_restarts_the_container(ward):
    probed = Container(name="main", startup_probe=Probe(period_seconds=10, failure_threshold=3))
    ward.run(built(probed, workload="runs: [{startDuration: 1m}, {startDuration: 15s}]")).until(22)
    assert ward.reasons()[-2:] == ["Unhealthy", "Killing"]
    ward.until(23)
    assert (ward.state("main").restart_count, ward.state("main").started) == (1, False)
    ward.until(43)
    assert (ward.state("main").restart_count, ward.state("main").started, ward.state("main").ready) == (1, True, True)


def test_a_liveness_probe_that_fails_kills_within_the_grace_period_of_the_probe(ward):
    probed = Container(name="main", liveness_probe=Probe(period_seconds=5, failure_threshold=2, termination_grace_period_seconds=4))
    workload = "runs: [{probeFailures: [{probe: liveness, after: 20s}], stopDuration: 1m}, {}]"
    ward.run(built(probed, workload=workload)).until(27 + 3.9)
    assert ward.state("main").state.running is not None
    ward.until(27 + 4)
    assert (ward.state("main").restart_count, ward.state("main").last_state.terminated.exit_code) == (1, 137)
    assert "Container main failed liveness probe, will be restarted" in [one.message for one in ward.sink.recorded]


def test_a_container_that_is_never_restarted_stays_killed(ward):
    probed = Container(name="main", liveness_probe=Probe(period_seconds=5, failure_threshold=1))
    ward.run(built(probed, policy="Never", workload="probeFailures: [{probe: liveness, after: 20s}]")).until(60)
    assert ward.get().status.phase == "Succeeded", "it exits with 0 on SIGTERM"


def test_readiness_comes_and_goes(ward):
    probed = Container(name="main", readiness_probe=Probe(period_seconds=10, failure_threshold=3, success_threshold=2))
    ward.run(built(probed, workload="probeFailures: [{probe: readiness, after: 1m, until: 2m}]"))
    flips = [0.0, 12.0, 82.0, 132.0]
    for ready, (begin, end) in zip(("False", "True", "False"), itertools.pairwise(flips), strict=True):
        ward.until(max(begin, 2))
        assert ward.condition("Ready").status == ready, begin
        ward.until(end - 0.1)
        assert ward.condition("Ready").status == ready, end
    ward.until(132)
    assert ward.condition("Ready").status == "True"
    revision = ward.store.revision
    ward.until(24 * 3600)
    assert ward.store.revision == revision, "steady probes cost nothing"


def test_readiness_gates(ward):
    ward.run(built(readiness_gates=(PodReadinessGate("example.com/ready"),))).until(5)
    assert ward.condition("ContainersReady").status == "True"
    assert ward.condition("Ready").reason == "ReadinessGatesNotReady"


# The end (10.9)


def test_a_pod_is_active_for_no_longer_than_its_deadline(ward):
    ward.run(built(active_deadline_seconds=60, workload="stopDuration: 3s")).until(62.9)
    assert ward.get().status.phase == "Running", "its containers are being stopped"
    ward.until(63)
    status = ward.get().status
    assert (status.phase, status.reason) == ("Failed", "DeadlineExceeded")
    assert status.message == "Pod was active on the node longer than the specified deadline"


@pytest.mark.parametrize(
    ("why", "workload", "grace", "seconds", "code"),
    [
        ("the hook comes before SIGTERM", "{preStopDuration: 5s, stopDuration: 3s}", 30, 8, 0),
        ("and is part of the grace period", "{preStopDuration: 8s, stopDuration: 10s}", 10, 10, 137),
        ("after it there are two seconds at least", "{preStopDuration: 1m, stopDuration: 10s}", 10, 12, 137),
        ("however short the period", "{stopDuration: 10s}", 1, 2, 137),
    ],
)
def test_termination(ward, why, workload, grace, seconds, code):
    ward.run(built(workload=workload)).until(10)
    ward.store.delete(Pod, "web", "default", grace_seconds=grace)
    ward.settle().until(10 + seconds - 0.1)
    assert ward.get() is not None, why
    ward.until(10 + seconds)
    assert ward.get() is None, why
    last = [event.object for event in ward.store.watch(0) if event.resource == "Pod"][-1]
    assert last.status.container_statuses[0].state.terminated.exit_code == code


def test_a_grace_period_that_is_over_when_it_is_shortened(ward):
    # The API server makes 1 s of it (registry/rest/delete.go), and the kubelet gives two at least.
    ward.run(built(workload="stopDuration: 1h", termination_grace_period_seconds=100)).until(10)
    ward.store.delete(Pod, "web", "default")
    ward.settle().until(20)
    ward.store.delete(Pod, "web", "default", grace_seconds=5)
    ward.settle().until(21.9)
    assert ward.get() is not None
    ward.until(22)
    assert ward.get() is None


def test_a_pod_removed_by_force_holds_its_resources_until_it_has_stopped(ward):
    ward.run(pod("web").request(cpu="3").annotate({"binpack.dev/stop-duration": "1h"}).build()).until(10)
    ward.store.delete(Pod, "web", "default", grace_seconds=0)
    ward.run(pod("next").request(cpu="3").build()).until(11)
    status = ward.get("next").status
    assert (status.phase, status.reason) == ("Failed", "OutOfcpu")
    assert status.message == "Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 3000, capacity: 4000"
    ward.until(12)
    ward.run(pod("third").request(cpu="3").build()).until(15)
    assert ward.get("third").status.phase == "Running"


# Kubelets that stop, and nodes that are cut off (10.12)


def test_without_a_kubelet_containers_run_on_and_nobody_starts_them_again(ward):
    ward.run(built(workload="{duration: 30s, exitCode: 1}")).until(10)
    ward.kubelets.stop_kubelet("n1")
    ward.settle().until(100)
    assert ward.state("main").state.running is not None, "what was reported last"
    ward.kubelets.start_kubelet("n1")
    ward.settle()
    assert (ward.state("main").restart_count, ward.state("main").last_state.terminated.finished_at.second) == (1, 32)
    assert ward.condition("Ready").status == "True"


def test_a_node_that_is_cut_off_goes_on_and_tells_later(ward):
    ward.run(built(policy="Never", workload="duration: 30s"))
    ward.run(built(name="gone")).until(10)
    ward.kubelets.disconnect("n1")
    ward.settle()
    ward.store.delete(Pod, "gone", "default")
    ward.settle().until(100)
    assert (ward.get().status.phase, ward.get("gone").is_terminating) == ("Running", True)
    ward.kubelets.reconnect("n1")
    ward.settle().until(102)
    assert (ward.get().status.phase, ward.get("gone")) == ("Succeeded", None)
    assert ward.state("main").state.terminated.finished_at.second == 32


def test_after_a_reboot_init_containers_run_again(ward):
    ward.run(built(init=(Container(name="first"),), workload="containers: {first: {duration: 20s}}")).until(30)
    ward.kubelets.fail("n1")
    ward.settle().until(40)
    ward.kubelets.recover("n1")
    ward.settle().until(60)
    assert ward.state("first").state.running is not None
    ward.until(63)
    assert (ward.state("first").restart_count, ward.state("main").restart_count, ward.condition("Ready").status) == (1, 1, "True")


# Images (10.5)


def image(name: str, **more) -> Container:
    return Container(name="main", image=name, **more)


def test_an_image_is_pulled_once_and_shown_by_the_node(ward):
    workload = "image: {size: 1000Mi}"
    ward.run(built(image("web:1"), workload=workload)).until(10.9)
    assert (ward.get().status.phase, ward.state("main").state.waiting.reason) == ("Pending", "ContainerCreating")
    assert ward.condition("PodReadyToStartContainers").status == "True"
    ward.until(12)
    assert ward.get().status.phase == "Running", "1 s of sandbox, 10 s of pulling, 1 s of starting"
    ward.until(20)
    assert ward.store.get(Node, "n1").status.images == (ContainerImage(("web:1",), 1000 << 20),)
    ward.run(built(image("web:1"), workload=workload, name="again")).until(22)
    assert ward.get("again").status.phase == "Running"
    assert ward.reasons().count("Pulling") == 1


@pytest.mark.parametrize(("serial", "second"), [(True, 22), (False, 12)])
def test_pulls_of_a_node(store, serial, second):
    ward = ward_of(store, machine(), serialize_image_pulls=serial)
    for number in (1, 2):
        ward.run(built(image(f"web:{number}"), workload="image: {size: 1000Mi}", name=f"web-{number}"))
    ward.until(11.9)
    assert ward.get("web-1").status.phase == "Pending"
    ward.until(second - 0.1)
    assert ward.get("web-2").status.phase == "Pending"
    ward.until(second)
    assert ward.get("web-2").status.phase == "Running"


def test_sizes_are_learnt_from_other_nodes_and_a_node_may_be_slow(store):
    other = replace(machine(), metadata=replace(machine().metadata, name="n2"))
    store.load(replace(other, status=replace(other.status, images=(ContainerImage(("web:1",), 100 << 20),))))
    slow = machine()
    ward = ward_of(store, replace(slow, metadata=replace(slow.metadata, annotations={"binpack.dev/pull-bandwidth": "1Mi"})))
    ward.run(built(image("web:1"))).until(101.9)
    assert ward.get().status.phase == "Pending"
    ward.until(102)
    assert ward.get().status.phase == "Running"


def test_pulls_that_fail_are_tried_again_after_a_growing_time(ward):
    ward.run(built(image("web:1"), workload="image: {size: 100Mi, pullFailures: 3}")).until(1)
    assert ward.state("main").state.waiting.reason == "ErrImagePull"
    ward.until(11 + 10)
    waiting = ward.state("main").state.waiting
    assert (waiting.reason, waiting.message) == ("ImagePullBackOff", 'Back-off pulling image "web:1"')
    assert ward.get().status.phase == "Pending"
    ward.until(1 + 10 + 20 + 40 + 1.9)
    assert ward.get().status.phase == "Pending"
    ward.until(1 + 10 + 20 + 40 + 2)
    assert ward.get().status.phase == "Running"


@pytest.mark.parametrize(
    ("why", "container", "workload", "reason"),
    [
        ("never pulled, not there", image("web:1", image_pull_policy="Never"), "image: {size: 1Mi}", "ErrImageNeverPull"),
        ("no image of that name", image("WEB:1"), "", "InvalidImageName"),
        ("never there", image("web:1"), "image: {pullFailures: always}", "ImagePullBackOff"),
    ],
)
def test_images_that_cannot_be_had(ward, why, container, workload, reason):
    ward.run(built(container, workload=workload)).until(290)
    assert ward.state("main").state.waiting.reason == reason, why


def test_unused_images_go_when_the_disk_is_full(store):
    ward = ward_of(store, machine(), eviction=())
    workload = "{duration: 1m, image: {size: 30Gi}}"
    for number in (1, 2, 3):
        ward.run(built(image(f"web:{number}"), policy="Never", workload=workload, name=f"web-{number}")).until(600 * number)
    held = ward.store.get(Node, "n1").status.images
    assert [one.names for one in held] == [("web:2",), ("web:3",)], "the one that was used the longest ago is gone"


# Node pressure (10.10)


def hungry(name: str, memory: str, *, request: str = "", after: str = "0s", priority: int = 0) -> Pod:
    resources = ResourceRequirements(requests={"memory": Quantity.parse(request)} if request else {})
    workload = f"usage: {{memory: [{{after: {after}, amount: {memory}}}]}}"
    return built(Container(name="main", resources=resources), workload=workload, name=name, priority=priority)


def test_a_pod_is_evicted_when_memory_runs_out(ward):
    ward.run(hungry("modest", "5Gi", request="5Gi"))
    ward.run(hungry("greedy", "3000Mi", request="1Gi", after="58s")).until(59)
    assert ward.get("greedy").status.phase == "Running"
    ward.until(61)
    assert "EvictionThresholdMet" in ward.reasons()
    ward.until(62)
    status = ward.get("greedy").status
    assert (status.phase, status.reason) == ("Failed", "Evicted")
    assert status.message == (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 72Mi. "
        "Container main was using 3000Mi, request is 1Gi, has larger consumption of memory. "
    )
    assert ward.condition("DisruptionTarget", "greedy").reason == "TerminationByKubelet"
    assert ward.get("modest").status.phase == "Running"
    pressure = find_condition(ward.store.get(Node, "n1").status.conditions, "MemoryPressure")
    assert (pressure.status, pressure.reason) == ("True", "KubeletHasInsufficientMemory")
    ward.run(built(name="best-effort")).until(63)
    assert ward.get("best-effort").status.reason == "Evicted"
    assert ward.get("best-effort").status.message == "Pod was rejected: The node had condition: [MemoryPressure]. "
    ward.until(359.9)
    assert find_condition(ward.store.get(Node, "n1").status.conditions, "MemoryPressure").status == "True"
    ward.until(360)
    pressure = find_condition(ward.store.get(Node, "n1").status.conditions, "MemoryPressure")
    assert (pressure.status, pressure.reason) == ("False", "KubeletHasSufficientMemory")


def test_pods_beyond_their_request_go_first_whatever_their_priority(ward):
    ward.run(hungry("within", "4000Mi", request="4Gi", priority=-1))
    ward.run(hungry("beyond", "4100Mi", request="3Gi", priority=1)).until(12)
    assert (ward.get("within").status.phase, ward.get("beyond").status.phase) == ("Running", "Failed")


def test_critical_pods_stay(ward):
    ward.run(hungry("critical", "8Gi", priority=2_000_000_000))
    ward.run(hungry("small", "1Mi")).until(60)
    assert (ward.get("critical").status.phase, ward.get("small").status.reason) == ("Running", "Evicted")


def test_a_pod_beyond_its_limit_of_storage_is_evicted(ward):
    limits = ResourceRequirements(limits={"ephemeral-storage": Quantity.parse("1Gi")})
    workload = "usage: {ephemeral-storage: [{amount: 1Gi}, {after: 1m, amount: 1025Mi}]}"
    ward.run(built(Container(name="main", resources=limits), workload=workload)).until(75)
    assert ward.get().status.message == "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. "


def test_steady_use_costs_nothing(ward):
    ward.run(hungry("modest", "5Gi", request="5Gi")).until(20)
    revision, steps = ward.store.revision, ward.plane.steps
    ward.until(24 * 3600)
    assert (ward.store.revision, ward.plane.steps - steps <= 2) == (revision, True)


def test_a_pickled_node_under_pressure_goes_on_alike(ward):
    ward.run(hungry("modest", "5Gi", request="5Gi"))
    ward.run(hungry("greedy", "4Gi", after="1m"))
    ward.run(built(image("web:1"), workload="image: {size: 1000Mi}")).until(8)
    copy = pickle.loads(pickle.dumps(ward))
    for one in (ward, copy):
        one.until(1000)
    assert ward.store.watch(0) == copy.store.watch(0)


# Admission (10.1)


def test_a_critical_pod_pushes_others_off(ward):
    ward.run(pod("guaranteed").request(cpu="1").build())
    ward.run(pod("burstable").request(cpu="2").build()).until(5)
    critical = pod("critical").request(cpu="3").build()
    ward.run(replace(critical, spec=replace(critical.spec, priority=2_000_000_000))).until(5)
    assert ward.get("critical").status.phase == "Pending"
    ward.until(8)
    status = ward.get("burstable").status
    assert (status.phase, status.reason, status.message) == ("Failed", "Preempting", "Preempted in order to admit critical pod")
    assert (ward.get("guaranteed").status.phase, ward.get("critical").status.phase) == ("Running", "Running")
