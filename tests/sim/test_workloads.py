"""Workloads of every kind through the whole cycle: API server, controllers, scheduler, kubelets."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from binpack.control.controller_manager import DEFAULT_THROTTLE
from binpack.control.controllers.daemonset.nodes import target_of
from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.model.base import replace
from binpack.model.meta import ObjectMeta
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.policy import PodDisruptionBudget
from binpack.model.revisions import ControllerRevision
from binpack.model.storage import PersistentVolumeClaim
from binpack.model.workloads import (
    ClaimRetentionPolicy,
    ClaimTemplate,
    CronJob,
    DaemonSet,
    Job,
    RollingUpdate,
    StatefulSet,
    WorkloadUpdateStrategy,
)
from binpack.plugins import in_tree
from binpack.sim.simulation import Simulation
from binpack.sim.timeline import Apply, Cordon, Delete, FailNode, RecoverNode, Scale
from binpack.testing import budget, claim, cron_job, daemon_set, deployment, node, pod, stateful_set
from binpack.units import US_PER_MINUTE, US_PER_S

S, M = US_PER_S, US_PER_MINUTE


def started(*events, nodes=3, objects=(), **options) -> Simulation:
    simulation = Simulation(build_profiles(Registry(in_tree())), seed=1, **options)
    simulation.load([*(node(f"n{number}").cpu(4).build() for number in range(nodes)), *objects])
    simulation.extend(events)
    return simulation


def with_image(value, image: str, **spec):
    template = value.spec.template
    (container,) = template.spec.containers
    template = replace(template, spec=replace(template.spec, containers=(replace(container, image=image),)))
    return replace(value, spec=replace(value.spec, template=template, **spec))


def pods(simulation) -> dict[str, str]:
    """Return the image of each pod that is not ending."""
    return {one.metadata.name: one.spec.containers[0].image for one in simulation.store.list_objects(Pod) if not one.is_terminating}


def created_s(run) -> dict[str, int]:
    return {row.pod: row.created_us // S for row in run.pod_rows}


# StatefulSets


def test_an_ordered_set_starts_one_pod_after_the_other():
    simulation = started(Apply(0, stateful_set("db", pod().request(cpu="1"), replicas=3)))
    assert created_s(simulation.run(until_us=60 * S)) == {"db-0": 0, "db-1": 2, "db-2": 4}
    status = simulation.store.get(StatefulSet, "db", "default").status
    assert (status.replicas, status.available_replicas, status.current_replicas) == (3, 3, 3)


def test_a_parallel_set_starts_all_at_once():
    made = stateful_set("db", pod().request(cpu="1"), replicas=3)
    made = replace(made, spec=replace(made.spec, pod_management_policy="Parallel"))
    assert set(created_s(started(Apply(0, made)).run(until_us=60 * S)).values()) == {0}


@pytest.mark.parametrize(("partition", "expected"), [(0, ["v2", "v2", "v2"]), (2, ["v1", "v1", "v2"])])
def test_a_set_rolls_from_the_last_pod_to_the_partition(partition, expected):
    made = with_image(stateful_set("db", pod().request(cpu="1"), replicas=3), "v1")
    strategy = WorkloadUpdateStrategy("RollingUpdate", RollingUpdate(partition=partition))
    simulation = started(Apply(0, made), Apply(60 * S, with_image(made, "v2", update_strategy=strategy)))
    run = simulation.run(until_us=600 * S)
    assert list(pods(simulation).values()) == expected
    replaced = [row.pod for row in run.pod_rows if row.created_us > 60 * S]
    assert replaced == [f"db-{number}" for number in (2, 1, 0)[: 3 - partition]]


def test_a_set_shrinks_from_the_end_and_keeps_its_names():
    simulation = started(Apply(0, stateful_set("db", pod().request(cpu="1"), replicas=3)), Scale(60 * S, "StatefulSet", "db", "default", 1))
    run = simulation.run(until_us=120 * S)
    gone = sorted((row.deleted_us, row.pod) for row in run.pod_rows if row.deleted_us is not None)
    assert [name for _, name in gone] == ["db-2", "db-1"]
    assert list(pods(simulation)) == ["db-0"]


def with_claims(policy: ClaimRetentionPolicy | None = None, replicas: int = 2) -> StatefulSet:
    made = stateful_set("db", pod().request(cpu="1"), replicas=replicas)
    data = ClaimTemplate(metadata=ObjectMeta(name="data"), spec=claim("x").spec)
    return replace(
        made,
        spec=replace(
            made.spec,
            volume_claim_templates=(data,),
            pod_management_policy="Parallel",
            persistent_volume_claim_retention_policy=policy,
        ),
    )


def test_claims_are_made_and_named_after_template_set_and_ordinal():
    simulation = started(Apply(0, with_claims()))
    simulation.run(until_us=60 * S)
    claims = simulation.store.scan(PersistentVolumeClaim)
    assert [one.metadata.name for one in claims] == ["data-db-0", "data-db-1"]
    assert all(one.metadata.labels["app"] == "db" for one in claims)
    (volume,) = simulation.store.get(Pod, "db-1", "default").spec.volumes
    assert (volume.name, volume.persistent_volume_claim.claim_name) == ("data", "data-db-1")


@pytest.mark.parametrize(
    ("when_scaled", "when_deleted", "after_scaling", "after_deletion"),
    [
        ("Retain", "Retain", 2, 2),
        ("Retain", "Delete", 2, 0),
        ("Delete", "Retain", 1, 1),
        ("Delete", "Delete", 1, 0),
    ],
)
def test_claims_stay_or_go_as_the_retention_policy_says(when_scaled, when_deleted, after_scaling, after_deletion):
    """https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention."""
    made = with_claims(ClaimRetentionPolicy(when_deleted, when_scaled))
    simulation = started(Apply(0, made), Scale(60 * S, "StatefulSet", "db", "default", 1), Delete(120 * S, "StatefulSet", "db", "default"))
    simulation.run(until_us=119 * S)
    assert len(simulation.store.scan(PersistentVolumeClaim)) == after_scaling
    simulation.run(until_us=200 * S)
    assert len(simulation.store.scan(PersistentVolumeClaim)) == after_deletion
    assert simulation.store.scan(Pod) == []


def test_a_pod_of_a_set_waits_until_the_node_tells_that_the_former_one_has_gone():
    simulation = started(Apply(0, stateful_set("db", pod().request(cpu="1"), replicas=1)), nodes=2)
    simulation.run(until_us=10 * S)
    (one,) = simulation.store.scan(Pod)
    simulation.extend([FailNode(20 * S, one.spec.node_name), RecoverNode(1000 * S, one.spec.node_name)])
    simulation.run(until_us=900 * S)
    (stuck,) = simulation.store.scan(Pod)
    assert (stuck.metadata.uid, stuck.is_terminating) == (one.metadata.uid, True)
    simulation.run(until_us=1100 * S)
    (new,) = simulation.store.scan(Pod)
    assert new.metadata.uid != one.metadata.uid


# DaemonSets


def test_a_daemon_set_covers_the_nodes_that_it_fits_and_those_that_come():
    taken = node("gpu").cpu(4).taint("gpu", "yes").build()
    late = node("late").cpu(4).build()
    simulation = started(
        Apply(0, daemon_set("agent", pod().request(cpu="100m"))), Cordon(0, "n0"), Apply(60 * S, late), objects=(taken,)
    )  # fmt: skip
    run = simulation.run(until_us=120 * S)
    assert sorted(row.node for row in run.pod_rows) == ["late", "n0", "n1", "n2"]
    assert [row.created_us // S for row in run.pod_rows if row.node == "late"] == [60]
    status = simulation.store.get(DaemonSet, "agent", "default").status
    assert (status.desired_number_scheduled, status.number_available, status.number_misscheduled) == (4, 4, 0)


def test_daemon_pods_are_bound_by_the_scheduler_and_wait_for_room():
    hog = pod("hog").request(cpu="4").on("n0").build()
    simulation = started(Apply(0, daemon_set("agent", pod().request(cpu="1"))), nodes=2, objects=(hog,))
    simulation.run(until_us=60 * S)
    where = {target_of(one): one.spec.node_name for one in simulation.store.scan(Pod) if one.metadata.name != "hog"}
    assert where == {"n0": "", "n1": "n1"}


@pytest.mark.parametrize(("surge", "unavailable", "most_down"), [(0, 1, 1), (0, "50%", 2), (1, 0, 0)])
def test_a_daemon_set_rolls_within_its_limits(surge, unavailable, most_down):
    made = daemon_set("agent", pod().request(cpu="100m"))
    strategy = WorkloadUpdateStrategy("RollingUpdate", RollingUpdate(max_surge=surge, max_unavailable=unavailable))
    made = replace(made, spec=replace(made.spec, update_strategy=strategy))
    simulation = started(Apply(0, made), Apply(60 * S, with_image(made, "v2")), nodes=4)
    simulation.run(until_us=59 * S)
    down = []
    for second in range(60, 240):
        simulation.run(until_us=second * S)
        down.append(simulation.store.get(DaemonSet, "agent", "default").status.number_unavailable)
    assert max(down) == most_down
    assert list(pods(simulation).values()) == ["v2"] * 4
    assert simulation.store.get(DaemonSet, "agent", "default").status.updated_number_scheduled == 4


# CronJobs


def jobs(simulation) -> list[str]:
    return [one.metadata.name for one in simulation.store.scan(Job)]


def test_a_cron_job_runs_by_its_schedule_and_keeps_three_successes():
    simulation = started(Apply(0, cron_job("tick", "*/10 * * * *", pod().request(cpu="1").lasts(30))))
    run = simulation.run(until_us=65 * M)
    assert [row.created_us // M for row in run.pod_rows] == [10, 20, 30, 40, 50, 60]
    assert len(jobs(simulation)) == 3
    status = simulation.store.get(CronJob, "tick", "default").status
    assert (status.active, status.last_schedule_time) == ((), datetime(2026, 1, 1, 1, tzinfo=UTC))
    assert status.last_successful_time > status.last_schedule_time


def test_a_cron_job_in_a_time_zone():
    made = cron_job("nightly", "30 2 * * *", pod().request(cpu="1").lasts(30))
    made = replace(made, spec=replace(made.spec, time_zone="Asia/Tokyo"))
    run = started(Apply(0, made)).run(until_us=24 * 60 * M)
    # 02:30 in Tokyo is 17:30 UTC.
    assert [row.created_us // M for row in run.pod_rows] == [17 * 60 + 30]


@pytest.mark.parametrize(
    ("policy", "created", "unfinished"),
    [("Allow", [2, 4, 6, 8], 2), ("Forbid", [2, 7], 1), ("Replace", [2, 4, 6, 8], 1)],
)
def test_runs_that_overlap(policy, created, unfinished):
    made = cron_job("long", "*/2 * * * *", pod().request(cpu="100m").lasts(290))
    made = replace(made, spec=replace(made.spec, concurrency_policy=policy))
    simulation = started(Apply(0, made))
    run = simulation.run(until_us=9 * M)
    # A forbidden run starts late, when the one before it ends after nearly five minutes.
    assert [round(row.created_us / M) for row in run.pod_rows] == created
    assert len(simulation.store.get(CronJob, "long", "default").status.active) == unfinished


def test_a_deadline_lets_a_late_run_be_missed():
    made = cron_job("long", "*/2 * * * *", pod().request(cpu="100m").lasts(290))
    made = replace(made, spec=replace(made.spec, concurrency_policy="Forbid", starting_deadline_seconds=10))
    run = started(Apply(0, made)).run(until_us=9 * M)
    assert [round(row.created_us / M) for row in run.pod_rows] == [2, 8]


# Budgets


def test_a_budget_follows_its_pods():
    web = deployment("web", pod().request(cpu="1"), replicas=4)
    simulation = started(
        Apply(0, budget("web", {"app": "web"}, min_available="50%")), Apply(0, web), Scale(60 * S, "Deployment", "web", "default", 6)
    )
    simulation.run(until_us=30 * S)
    status = simulation.store.get(PodDisruptionBudget, "web", "default").status
    assert (status.expected_pods, status.desired_healthy, status.current_healthy, status.disruptions_allowed) == (4, 2, 4, 2)
    simulation.run(until_us=90 * S)
    status = simulation.store.get(PodDisruptionBudget, "web", "default").status
    assert (status.expected_pods, status.desired_healthy, status.current_healthy, status.disruptions_allowed) == (6, 3, 6, 3)


# Clusters that were dumped


def test_a_dump_without_revisions_is_no_reason_to_replace_all_pods():
    """`kubectl get nodes,pods,statefulsets,daemonsets` names revisions that it does not contain."""
    origin = started(
        Apply(0, stateful_set("db", pod().request(cpu="1"), replicas=2)), Apply(0, daemon_set("agent", pod().request(cpu="1")))
    )
    origin.run(until_us=60 * S)
    dumped = [one for one in origin.store.everything() if isinstance(one, Pod | Node | StatefulSet | DaemonSet)]
    simulation = Simulation(build_profiles(Registry(in_tree())), seed=2)
    simulation.load(_renamed_revisions(dumped))
    run = simulation.run(until_us=600 * S)
    assert len(run.pod_rows) == 5
    assert all(row.deleted_us is None for row in run.pod_rows)
    assert sorted(one.metadata.name for one in simulation.store.scan(ControllerRevision)) == ["agent-abc", "db-xyz"]


def _renamed_revisions(objects):
    """Let revisions have the names that a real controller would have given them."""
    for one in objects:
        if isinstance(one, StatefulSet):
            yield replace(one, status=replace(one.status, current_revision="db-xyz", update_revision="db-xyz"))
        elif isinstance(one, Pod):
            digest = "db-xyz" if one.metadata.name.startswith("db") else "abc"
            labels = {**one.metadata.labels, "controller-revision-hash": digest}
            yield replace(one, metadata=replace(one.metadata, labels=labels))
        else:
            yield one


def test_throttled_controllers_take_their_time():
    web = deployment("web", pod().request(cpu="10m"), replicas=90)
    run = started(Apply(0, web), client_throttling={"kube-controller-manager": DEFAULT_THROTTLE}).run(until_us=60 * S)
    created = [row.created_us for row in run.pod_rows]
    assert (len(created), sum(one == 0 for one in created), max(created)) == (90, 30, 3 * S)
