"""Whatever happens to watches, writes and controllers, a cluster ends where it would have ended anyway.

A random scenario is run twice: undisturbed, and with faults until some time before its end. Both must end in the same state up to names,
uids and times; nothing may be lost, nothing orphaned, no node hold more than it has.
"""

from __future__ import annotations

from collections import Counter

import pytest

from binpack.control.apiserver.resources import resource_of
from binpack.control.conditions import is_ready
from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.model.base import replace
from binpack.model.meta import ObjectMeta, controller_of
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.policy import PodDisruptionBudget
from binpack.model.requests import CPU, placed_requests
from binpack.model.storage import PersistentVolumeClaim
from binpack.model.workloads import (
    ClaimRetentionPolicy,
    ClaimTemplate,
    CronJob,
    DaemonSet,
    Deployment,
    Job,
    ReplicaSet,
    RollingUpdate,
    StatefulSet,
    WorkloadUpdateStrategy,
)
from binpack.plugins import in_tree
from binpack.sim.simulation import Simulation
from binpack.sim.streams import stream
from binpack.sim.timeline import Apply, Cordon, Delete, FailNode, RecoverNode, Scale, TimelineEvent
from binpack.testing import budget, claim, cron_job, daemon_set, deployment, job, node, pod, priority_class, stateful_set
from binpack.testing.faults import Faults, FaultyClient, disturb
from binpack.units import US_PER_S

S = US_PER_S
CHANGES_UNTIL_S, FAULTS_UNTIL_S, END_S = 600, 900, 4000
NODES = 5


def with_image(value, image):
    template = value.spec.template
    (container,) = template.spec.containers
    template = replace(template, spec=replace(template.spec, containers=(replace(container, image=image),)))
    return replace(value, spec=replace(value.spec, template=template))


class Scenario:
    """A timeline drawn at random: workloads of all kinds that come, change and go, and nodes that fail."""

    def __init__(self, seed: int) -> None:
        self._rng = stream(seed, "scenario")
        self.events: list[TimelineEvent] = []
        for number in range(self._rng.integers(2, 6)):
            getattr(self, self._rng.choice(["_deployment", "_stateful_set", "_daemon_set", "_job", "_cron_job"]))(number)
        if self._rng.random() < 0.5:
            self._node_fails()
        if self._rng.random() < 0.2:
            self.events.append(Delete(self._at(60, CHANGES_UNTIL_S), "Node", f"n{NODES - 1}"))
        if self._rng.random() < 0.3:
            name = f"n{self._rng.integers(NODES - 1)}"
            self.events += [Cordon(self._at(0, 300), name), Cordon(self._at(301, CHANGES_UNTIL_S), name, unschedulable=False)]

    def _at(self, first_s: int, last_s: int) -> int:
        return int(self._rng.integers(first_s * S, last_s * S))

    def _template(self, cpu: str = "100m"):
        return pod().request(cpu=cpu)

    def _deployment(self, number: int) -> None:
        name = f"web{number}"
        made = deployment(name, self._template(), replicas=int(self._rng.integers(1, 7)))
        if self._rng.random() < 0.3:
            made = replace(made, spec=replace(made.spec, strategy=replace(made.spec.strategy, type="Recreate")))
        self.events.append(Apply(self._at(0, 60), made))
        self.events.append(Apply(self._at(0, 60), budget(name, {"app": name}, min_available="50%")))
        for image in range(self._rng.integers(0, 3)):
            self.events.append(Apply(self._at(61, CHANGES_UNTIL_S), with_image(made, f"v{image}")))
        for _ in range(self._rng.integers(0, 3)):
            self.events.append(Scale(self._at(61, CHANGES_UNTIL_S), "Deployment", name, "default", int(self._rng.integers(0, 8))))
        self._may_go("Deployment", name)

    def _stateful_set(self, number: int) -> None:
        name = f"db{number}"
        made = stateful_set(name, self._template(), replicas=int(self._rng.integers(1, 4)))
        keeps = ClaimRetentionPolicy(*(str(one) for one in self._rng.choice(["Delete", "Retain"], 2)))
        data = ClaimTemplate(metadata=ObjectMeta(name="data"), spec=claim("x").spec)
        made = replace(made, spec=replace(made.spec, persistent_volume_claim_retention_policy=keeps))
        if self._rng.random() < 0.3:
            made = replace(made, spec=replace(made.spec, volume_claim_templates=(data,)))
        policy = str(self._rng.choice(["OrderedReady", "Parallel"]))
        made = replace(made, spec=replace(made.spec, pod_management_policy=policy))
        self.events.append(Apply(self._at(0, 60), made))
        for image in range(self._rng.integers(0, 2)):
            size = int(self._rng.integers(0, 5))
            changed = with_image(made, f"v{image}")
            self.events.append(Apply(self._at(61, CHANGES_UNTIL_S), replace(changed, spec=replace(changed.spec, replicas=size))))
        self._may_go("StatefulSet", name)

    def _daemon_set(self, number: int) -> None:
        name = f"agent{number}"
        made = daemon_set(name, self._template("50m"))
        surge = int(self._rng.integers(0, 2))
        strategy = WorkloadUpdateStrategy("RollingUpdate", RollingUpdate(max_surge=surge, max_unavailable=1 - surge))
        made = replace(made, spec=replace(made.spec, update_strategy=strategy))
        self.events.append(Apply(self._at(0, 60), made))
        for image in range(self._rng.integers(0, 3)):
            self.events.append(Apply(self._at(61, CHANGES_UNTIL_S), with_image(made, f"v{image}")))
        self._may_go("DaemonSet", name)

    def _job(self, number: int) -> None:
        name = f"batch{number}"
        made = job(
            name,
            self._template().lasts(int(self._rng.integers(5, 90))),
            completions=int(self._rng.integers(1, 7)),
            parallelism=int(self._rng.integers(1, 4)),
        )
        mode = str(self._rng.choice(["Indexed", "NonIndexed"]))
        made = replace(made, spec=replace(made.spec, completion_mode=mode, backoff_limit=1000))
        if self._rng.random() < 0.3:
            made = replace(made, spec=replace(made.spec, pod_replacement_policy="Failed"))
        if mode == "Indexed" and self._rng.random() < 0.3:
            made = replace(made, spec=replace(made.spec, backoff_limit_per_index=100))
        if self._rng.random() < 0.3:
            made = replace(made, spec=replace(made.spec, ttl_seconds_after_finished=int(self._rng.integers(0, 300))))
        self.events.append(Apply(self._at(0, 120), made))
        self._may_go("Job", name)

    def _cron_job(self, number: int) -> None:
        name = f"tick{number}"
        made = cron_job(name, "*/2 * * * *", self._template().lasts(int(self._rng.integers(5, 100))))
        policy = str(self._rng.choice(["Allow", "Forbid", "Replace"]))
        made = replace(made, spec=replace(made.spec, concurrency_policy=policy))
        self.events.append(Apply(self._at(0, 60), made))
        self.events.append(Apply(CHANGES_UNTIL_S * S + 30 * S, replace(made, spec=replace(made.spec, suspend=True))))

    def _may_go(self, kind: str, name: str) -> None:
        if self._rng.random() < 0.2:
            self.events.append(Delete(CHANGES_UNTIL_S * S, kind, name, "default"))

    def _node_fails(self) -> None:
        name = f"n{self._rng.integers(NODES - 1)}"
        self.events += [FailNode(self._at(60, 400), name), RecoverNode(self._at(401, FAULTS_UNTIL_S), name)]


def run(seed: int, *, faults: Faults | None = None) -> Simulation:
    simulation = Simulation(build_profiles(Registry(in_tree())), seed=seed, keeps_log=False)
    simulation.load([node(f"n{number}").cpu(8).build() for number in range(NODES)])
    simulation.extend(Scenario(seed).events)
    return watched(simulation, seed, faults)


def watched(simulation: Simulation, seed: int, faults: Faults | None) -> Simulation:
    """Run to the end, and look at the cluster now and then."""
    if faults is not None:
        disturb(simulation.plane, faults, lambda name: stream(seed, f"faults/{name}"))
    bound: dict[str, str] = {}
    for until_s in range(100, END_S + 1, 100):
        simulation.run(until_us=until_s * S)
        assert_within_capacity(simulation)
        for one in simulation.store.scan(Pod):
            assert bound.setdefault(one.metadata.uid, one.spec.node_name) in ("", one.spec.node_name), f"{one.metadata.name} has moved"
            bound[one.metadata.uid] = one.spec.node_name
    return simulation


def assert_within_capacity(simulation: Simulation) -> None:
    for one in simulation.store.scan(Node):
        there = [pod for pod in simulation.store.pods_on(one.name) if not pod.is_terminal]
        asked = sum(placed_requests(pod)[CPU] for pod in there)
        assert asked <= one.status.allocatable["cpu"].ceil_milli(), f"{one.name} holds {asked} millicores"


def assert_nothing_is_orphaned(simulation: Simulation) -> None:
    for value in simulation.store.everything():
        reference = controller_of(value.metadata)
        if reference is not None:
            owner = simulation.store.owner_of(reference.uid)
            assert owner is not None, f"{resource_of(value)} {value.metadata.name} has lost {reference.kind} {reference.name}"
        assert value.metadata.deletion_timestamp is None, f"{resource_of(value)} {value.metadata.name} does not go"


def _members(status) -> tuple[int, ...]:
    return status.replicas, status.available_replicas, status.updated_replicas, status.current_replicas


def _types(conditions) -> tuple[str, ...]:
    return tuple(sorted(one.type for one in conditions if one.status == "True"))


def top_of(value, simulation: Simulation) -> tuple[str, str]:
    while (reference := controller_of(value.metadata)) is not None:
        value = simulation.store.owner_of(reference.uid)
    return resource_of(value), value.metadata.name


def end_state(simulation: Simulation) -> dict[str, object]:
    """Where a cluster has come to, up to names, uids and times."""
    store = simulation.store
    running = [one for one in store.scan(Pod) if not one.is_terminal]
    # How long a run takes, and so whether the next one is forbidden, depends on the node that it is on.
    forbidding = {("CronJob", one.metadata.name) for one in store.scan(CronJob) if one.spec.concurrency_policy == "Forbid"}
    named = {one.metadata.name for one in running if controller_of(one.metadata).kind == "StatefulSet"}
    return {
        "pods": Counter((*top_of(one, simulation), one.spec.containers[0].image, one.status.phase, is_ready(one)) for one in running),
        "members": named,
        "deployments": {
            one.metadata.name: (one.spec.replicas, one.status.replicas, one.status.updated_replicas, one.status.available_replicas)
            for one in store.scan(Deployment)
        },
        "replica sets": Counter(
            (*top_of(one, simulation), one.spec.replicas, one.spec.template.spec.containers[0].image)
            for one in store.scan(ReplicaSet)
            # Whether a template that was there for a moment has left a ReplicaSet is a matter of luck.
            if one.spec.replicas
        ),
        "sets": {one.metadata.name: _members(one.status) for one in store.scan(StatefulSet)},
        "daemons": {
            one.metadata.name: (one.status.desired_number_scheduled, one.status.number_available, one.status.updated_number_scheduled)
            for one in store.scan(DaemonSet)
        },
        "jobs": Counter(
            # A pod on a node that fails may succeed after all, besides the one that took its place.
            (*top_of(one, simulation), one.status.succeeded >= one.spec.completions, one.status.active, _types(one.status.conditions))
            for one in store.scan(Job)
            if top_of(one, simulation) not in forbidding
        ),
        "cron jobs": {
            one.metadata.name: (len(one.status.active), one.status.last_schedule_time)
            for one in store.scan(CronJob)
            if ("CronJob", one.metadata.name) not in forbidding
        },
        "claims": sorted(one.metadata.name for one in store.scan(PersistentVolumeClaim)),
        "budgets": {
            one.metadata.name: (one.status.expected_pods, one.status.current_healthy, one.status.disruptions_allowed)
            for one in store.scan(PodDisruptionBudget)
        },
        "nodes": {one.name: [f"{taint.key}:{taint.effect}" for taint in one.spec.taints] for one in store.scan(Node)},
    }


def check(seed: int, faults: Faults) -> Simulation:
    calm, disturbed = run(seed), run(seed, faults=faults)
    for simulation in (calm, disturbed):
        assert_nothing_is_orphaned(simulation)
    expected, found = end_state(calm), end_state(disturbed)
    for key, value in expected.items():
        assert found[key] == value, f"seed {seed}: {key}"
    for one in calm.store.scan(Pod):
        # Nobody provisions volumes here: a pod with a claim waits for one.
        assert one.is_terminal or is_ready(one) or one.spec.volumes, f"seed {seed}: {one.metadata.name} is not there at the end"
    return disturbed


HARSH = Faults(FAULTS_UNTIL_S * S, breaks=0.01, conflicts=0.2, crashes=0.05)


@pytest.mark.parametrize("seed", range(4))
def test_faults_change_nothing_in_the_end(seed):
    disturbed = check(seed, Faults(FAULTS_UNTIL_S * S))
    clients = [client for client in disturbed.plane.clients if isinstance(client, FaultyClient)]
    assert len(clients) >= 12
    assert sum(client.crashes for client in clients) > 0
    assert {"default-scheduler", "kubelet"} <= {client.name for client in clients}


@pytest.mark.parametrize("seed", range(4, 7))
def test_harsh_faults_change_nothing_in_the_end(seed):
    check(seed, HARSH)


def preempting(seed: int, faults: Faults | None) -> Simulation:
    """Two nodes full of pods of low priority, then some of high priority, a rolling update, a pod deleted, a node that fails."""
    simulation = Simulation(build_profiles(Registry(in_tree())), seed=seed, keeps_log=False)
    simulation.load([node(f"n{number}").cpu(8).build() for number in range(2)])
    high = deployment("high", pod().request(cpu="1").priority_class("high"), replicas=7)
    simulation.extend(
        [
            Apply(0, priority_class("high", 1000)),
            Apply(0, deployment("low", pod().request(cpu="1"), replicas=14)),
            Apply(60 * S, high),
            Apply(60 * S, deployment("large", pod().request(cpu="3").priority_class("high"), replicas=2)),
            Apply(300 * S, with_image(high, "v2")),
            FailNode(500 * S, "n0"),
            RecoverNode(700 * S, "n0"),
        ]
    )
    return watched(simulation, seed, faults)


def check_preempting(seed: int, faults: Faults) -> FaultyClient:
    calm, disturbed = preempting(seed, None), preempting(seed, faults)
    for simulation in (calm, disturbed):
        assert_nothing_is_orphaned(simulation)
        ready = Counter(one.metadata.labels["app"] for one in simulation.store.scan(Pod) if is_ready(one))
        assert ready == {"high": 7, "large": 2, "low": 3}, f"seed {seed}"
        waiting = [one for one in simulation.store.scan(Pod) if not one.spec.node_name]
        assert {one.metadata.labels["app"] for one in waiting} == {"low"}
        assert not any(one.status.nominated_node_name for one in waiting)
    client = disturbed.plane.client("default-scheduler")
    assert isinstance(client, FaultyClient)
    assert disturbed.scheduler.counters.victims > 0
    return client


def test_a_scheduler_that_forgets_makes_room_all_the_same():
    clients = [check_preempting(seed, HARSH) for seed in range(2)]
    assert sum(client.crashes for client in clients) > 0
    assert sum(client.breaks for client in clients) > 0


@pytest.mark.deep
@pytest.mark.parametrize("start", range(100, 300, 20))
def test_schedulers_that_forget_and_preempt(start):
    for seed in range(start, start + 20):
        check_preempting(seed, HARSH if seed % 2 else Faults(FAULTS_UNTIL_S * S))


@pytest.mark.deep
@pytest.mark.parametrize("start", range(100, 1100, 50))
def test_a_thousand_scenarios(start):
    for seed in range(start, start + 50):
        check(seed, HARSH if seed % 2 else Faults(FAULTS_UNTIL_S * S))
