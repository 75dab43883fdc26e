"""Pods through a kubelet: init containers, sidecars, probes, back-off, deadlines, termination; virtual time, no scheduler."""

from __future__ import annotations

import itertools

import pytest

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
from binpack.testing import pod
from binpack.units import US_PER_S

# Init containers and sidecars (10.2)


def test_init_containers_run_in_order_for_as_long_as_the_model_says(ward):
    workload = "containers: {first: {duration: 5s}, second: {duration: 3s}}"
    ward.run(ward.built(init=(Container(name="first"), Container(name="second")), workload=workload)).until(5.9)
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
    ward.run(ward.built(init=(Container(name="first"),), workload=workload)).until(3)
    assert ward.state("first").state.waiting.reason == "CrashLoopBackOff"
    assert (ward.get().status.phase, ward.state("first").restart_count) == ("Pending", 1)
    ward.until(15)
    assert (ward.get().status.phase, ward.state("first").restart_count) == ("Running", 2)


def test_an_init_container_that_fails_for_good_fails_the_pod(ward):
    workload = "containers: {first: {duration: 1s, exitCode: 3}}"
    ward.run(ward.built(init=(Container(name="first"),), policy="Never", workload=workload)).until(2)
    assert ward.get().status.phase == "Failed"
    assert ward.state("main").state.waiting.reason == "PodInitializing"


def test_the_next_container_waits_until_a_sidecar_has_started(ward):
    proxy = Container(name="proxy", restart_policy="Always", startup_probe=Probe(period_seconds=2, failure_threshold=5))
    ward.run(ward.built(init=(proxy,), workload="containers: {proxy: {startDuration: 7s}}")).until(8.9)
    assert ward.state("proxy").state.running is not None
    assert (ward.state("proxy").started, ward.condition("Initialized").status) == (False, "False")
    ward.until(9)
    assert (ward.state("proxy").started, ward.condition("Initialized").status) == (True, "True")
    ward.until(10)
    assert ward.get().status.phase == "Running"


def test_sidecars_do_not_keep_a_finished_pod_and_stop_last_in_reverse_order(ward):
    sidecars = tuple(Container(name=name, restart_policy="Always") for name in ("one", "two"))
    workload = "{duration: 10s, containers: {one: {stopDuration: 2s}, two: {stopDuration: 3s}}}"
    ward.run(ward.built(init=sidecars, policy="Never", workload=workload)).until(16.9)
    assert ward.get().status.phase == "Running", "sidecars are being stopped"
    ward.until(17)
    assert ward.get().status.phase == "Succeeded"
    ends = {name: ward.state(name).state.terminated.finished_at.second for name in ("main", "one", "two")}
    assert ends == {"main": 12, "two": 15, "one": 17}


def test_a_sidecar_that_exits_is_started_again_whatever_the_policy(ward):
    proxy = Container(name="proxy", restart_policy="Always")
    ward.run(ward.built(init=(proxy,), policy="Never", workload="containers: {proxy: {runs: [{duration: 5s}, {}]}}")).until(10)
    assert (ward.state("proxy").restart_count, ward.state("proxy").state.running is not None) == (1, True)
    assert ward.get().status.phase == "Running"


# Restarts (10.3, 10.4)


def test_containers_restart_one_by_one(ward):
    workload = "containers: {bad: {duration: 5s, exitCode: 1}}"
    ward.run(ward.built(Container(name="good"), Container(name="bad"), workload=workload)).until(12.5)
    assert ward.state("good").state.running is not None
    waiting = ward.state("bad").state.waiting
    assert waiting.reason == "CrashLoopBackOff"
    assert waiting.message.startswith("back-off 10s restarting failed container=bad pod=web_default(")
    assert ward.condition("ContainersReady").message == "containers with unready status: [bad]"
    assert ward.get().status.phase == "Running"


def test_crashes_are_forgotten_after_ten_minutes_of_running(ward):
    runs = "runs: [{duration: 1s, exitCode: 1}, {duration: 1s, exitCode: 1}, {duration: 11m, exitCode: 1}, {}]"
    ward.run(ward.built(workload=runs)).until(14 + 660)
    assert (ward.state("main").restart_count, ward.state("main").state.running is not None) == (3, True)


def test_the_longest_back_off_is_configurable(ward_of, machine):
    ward = ward_of(machine, max_restart_backoff_us=4 * US_PER_S)
    ward.run(ward.built(workload="{duration: 1s, exitCode: 1}")).until(4)
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
    ward.run(ward.built(container, policy=policy, workload=f"{{duration: 5s, exitCode: {code}}}")).until(8)
    assert ward.get().status.phase == phase, why


def test_a_container_beyond_its_memory_limit_is_killed(ward):
    limited = Container(name="main", resources=ResourceRequirements(limits={"memory": Quantity.parse("200Mi")}))
    usage = "usage: {memory: [{amount: 100Mi}, {after: 30s, amount: 201Mi}]}"
    ward.run(ward.built(limited, policy="Never", workload=usage)).until(31.9)
    assert ward.get().status.phase == "Running"
    ward.until(32)
    ended = ward.state("main").state.terminated
    assert (ward.get().status.phase, ended.reason, ended.exit_code) == ("Failed", "OOMKilled", 137)


def test_of_a_pod_beyond_its_own_memory_limit_the_largest_container_is_killed(ward):
    """The limit of the pod's cgroup: no container has one of its own."""
    usage = """
        containers:
          small: {usage: {memory: 100Mi}}
          large: {usage: {memory: [{amount: 150Mi}, {after: 30s, amount: 201Mi}]}}
    """
    limit = ResourceRequirements(limits={"memory": Quantity.parse("300Mi")})
    built = ward.built(Container(name="small"), Container(name="large"), policy="Never", workload=usage, resources=limit)
    ward.run(built).until(31.9)
    assert (ward.get().status.phase, ward.state("large").state.terminated) == ("Running", None)
    ward.until(32)
    ended = ward.state("large").state.terminated
    assert (ended.reason, ended.exit_code) == ("OOMKilled", 137)
    assert ward.state("small").state.running is not None
    ward.wait(3600)
    assert ward.state("small").state.running is not None, "alone it is within the limit"


def test_a_pod_that_starts_beyond_its_own_memory_limit_is_killed_again_and_again(ward):
    limit = ResourceRequirements(limits={"memory": Quantity.parse("300Mi")})
    usage = "usage: {memory: 301Mi}"
    ward.run(ward.built(Container(name="main"), workload=usage, resources=limit)).until(60)
    state = ward.state("main")
    assert (state.state.waiting.reason, state.last_state.terminated.reason) == ("CrashLoopBackOff", "OOMKilled")
    assert state.restart_count == 3, "at once, after 10 s, after 20 s more"


# Probes (10.6)


def test_a_startup_probe_that_fails_three_times_restarts_the_container(ward):
    probed = Container(name="main", startup_probe=Probe(period_seconds=10, failure_threshold=3))
    ward.run(ward.built(probed, workload="runs: [{startDuration: 1m}, {startDuration: 15s}]")).until(22)
    assert ward.reasons()[-2:] == ["Unhealthy", "Killing"]
    ward.until(23)
    assert (ward.state("main").restart_count, ward.state("main").started) == (1, False)
    ward.until(43)
    assert (ward.state("main").restart_count, ward.state("main").started, ward.state("main").ready) == (1, True, True)


def test_a_liveness_probe_that_fails_kills_within_the_grace_period_of_the_probe(ward):
    probed = Container(name="main", liveness_probe=Probe(period_seconds=5, failure_threshold=2, termination_grace_period_seconds=4))
    workload = "runs: [{probeFailures: [{probe: liveness, after: 20s}], stopDuration: 1m}, {}]"
    ward.run(ward.built(probed, workload=workload)).until(27 + 3.9)
    assert ward.state("main").state.running is not None
    ward.until(27 + 4)
    assert (ward.state("main").restart_count, ward.state("main").last_state.terminated.exit_code) == (1, 137)
    assert "Container main failed liveness probe, will be restarted" in [one.message for one in ward.sink.recorded]


def test_a_container_that_is_never_restarted_stays_killed(ward):
    probed = Container(name="main", liveness_probe=Probe(period_seconds=5, failure_threshold=1))
    ward.run(ward.built(probed, policy="Never", workload="probeFailures: [{probe: liveness, after: 20s}]")).until(60)
    assert ward.get().status.phase == "Succeeded", "it exits with 0 on SIGTERM"


def test_readiness_comes_and_goes(ward):
    probed = Container(name="main", readiness_probe=Probe(period_seconds=10, failure_threshold=3, success_threshold=2))
    ward.run(ward.built(probed, workload="probeFailures: [{probe: readiness, after: 1m, until: 2m}]"))
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
    ward.run(ward.built(readiness_gates=(PodReadinessGate("example.com/ready"),))).until(5)
    assert ward.condition("ContainersReady").status == "True"
    assert ward.condition("Ready").reason == "ReadinessGatesNotReady"


# The end (10.9)


def test_a_pod_is_active_for_no_longer_than_its_deadline(ward):
    ward.run(ward.built(active_deadline_seconds=60, workload="stopDuration: 3s")).until(62.9)
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
    ward.run(ward.built(workload=workload)).until(10)
    ward.store.delete(Pod, "web", "default", grace_seconds=grace)
    ward.settle().until(10 + seconds - 0.1)
    assert ward.get() is not None, why
    ward.until(10 + seconds)
    assert ward.get() is None, why
    last = [event.object for event in ward.store.watch(0) if event.resource == "Pod"][-1]
    assert last.status.container_statuses[0].state.terminated.exit_code == code


def test_a_grace_period_that_is_over_when_it_is_shortened(ward):
    # The API server makes 1 s of it (registry/rest/delete.go), and the kubelet gives two at least.
    ward.run(ward.built(workload="stopDuration: 1h", termination_grace_period_seconds=100)).until(10)
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
    ward.run(ward.built(workload="{duration: 30s, exitCode: 1}")).until(10)
    ward.kubelets.stop_kubelet("n1")
    ward.settle().until(100)
    assert ward.state("main").state.running is not None, "what was reported last"
    ward.kubelets.start_kubelet("n1")
    ward.settle()
    assert (ward.state("main").restart_count, ward.state("main").last_state.terminated.finished_at.second) == (1, 32)
    assert ward.condition("Ready").status == "True"


def test_a_node_that_is_cut_off_goes_on_and_tells_later(ward):
    ward.run(ward.built(policy="Never", workload="duration: 30s"))
    ward.run(ward.built(name="gone")).until(10)
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
    ward.run(ward.built(init=(Container(name="first"),), workload="containers: {first: {duration: 20s}}")).until(30)
    ward.kubelets.fail("n1")
    ward.settle().until(40)
    ward.kubelets.recover("n1")
    ward.settle().until(60)
    assert ward.state("first").state.running is not None
    ward.until(63)
    assert (ward.state("first").restart_count, ward.state("main").restart_count, ward.condition("Ready").status) == (1, 1, "True")
