"""StatefulSet: ordinals are filled in order, one rollout step at a time, and keep their names and claims.

Documented: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset;
the rest after pkg/controller/statefulset/*_test.go, v1.35.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binpack.control.controllers.statefulset import StatefulSetController
from binpack.model.base import replace
from binpack.model.meta import LabelSelector, ObjectMeta
from binpack.model.pod import Container, Pod, PodSpec, PodTemplateSpec
from binpack.model.quantity import Quantity
from binpack.model.revisions import ControllerRevision
from binpack.model.storage import PersistentVolumeClaim
from binpack.model.volumes import PersistentVolumeClaimSpec, VolumeResourceRequirements
from binpack.model.workloads import ClaimTemplate, RollingUpdate, StatefulSet, StatefulSetOrdinals, StatefulSetSpec, WorkloadUpdateStrategy


def template(image: str = "v1") -> PodTemplateSpec:
    return PodTemplateSpec(ObjectMeta(labels={"app": "db"}), PodSpec(containers=(Container(name="c", image=image),)))


def stateful_set(replicas: int = 3, *, policy: str = "OrderedReady", **spec) -> StatefulSet:
    fields = {"replicas": replicas, "selector": LabelSelector(match_labels={"app": "db"}), "template": template(), **spec}
    return StatefulSet(metadata=ObjectMeta(name="db"), spec=StatefulSetSpec(pod_management_policy=policy, service_name="db", **fields))


def change(bench, **spec) -> None:
    current = bench.store.get(StatefulSet, "db", "default")
    bench.store.update(replace(current, spec=replace(current.spec, **spec)))
    bench.settle()


def names(bench) -> list[str]:
    return [pod.metadata.name for pod in bench.pods()]


def images(bench) -> list[str]:
    return [pod.spec.containers[0].image for pod in bench.pods()]


def confirm_deletions(bench) -> None:
    """Do what a kubelet does with pods that are being deleted."""
    for pod in bench.pods():
        if pod.is_terminating:
            bench.store.delete(Pod, pod.metadata.name, pod.metadata.namespace, grace_seconds=0)
    bench.settle()


def run_to_the_end(bench) -> None:
    for _ in range(40):
        bench.run_all()
        confirm_deletions(bench)


def test_one_after_the_other(bench):
    bench.store.create(stateful_set())
    bench.start(StatefulSetController)
    assert names(bench) == ["db-0"]
    bench.settle()
    assert names(bench) == ["db-0"]
    bench.run_all()
    assert names(bench) == ["db-0", "db-1"]
    bench.run_all().run_all()
    assert names(bench) == ["db-0", "db-1", "db-2"]
    assert bench.store.get(StatefulSet, "db", "default").status.ready_replicas == 3


def test_all_at_once(bench):
    bench.store.create(stateful_set(policy="Parallel"))
    bench.start(StatefulSetController)
    assert names(bench) == ["db-0", "db-1", "db-2"]


def test_identity(bench):
    bench.store.create(stateful_set(1))
    bench.start(StatefulSetController)
    (pod,) = bench.pods()
    assert (pod.spec.hostname, pod.spec.subdomain) == ("db-0", "db")
    assert pod.metadata.labels["apps.kubernetes.io/pod-index"] == "0"
    (revision,) = bench.store.scan(ControllerRevision)
    assert pod.metadata.labels["controller-revision-hash"] == revision.metadata.name


def test_claims_stay_when_the_set_shrinks(bench):
    asked = VolumeResourceRequirements(requests={"storage": Quantity.parse("1Gi")})
    claim = ClaimTemplate(
        metadata=ObjectMeta(name="data"), spec=PersistentVolumeClaimSpec(access_modes=("ReadWriteOnce",), resources=asked)
    )
    bench.store.create(stateful_set(2, volume_claim_templates=(claim,)))
    bench.start(StatefulSetController).run_all().run_all()
    claims = [claim.metadata.name for claim in bench.store.scan(PersistentVolumeClaim)]
    assert claims == ["data-db-0", "data-db-1"]
    change(bench, replicas=1)
    confirm_deletions(bench)
    assert names(bench) == ["db-0"]
    assert len(bench.store.scan(PersistentVolumeClaim)) == 2


def test_shrinks_from_the_end_one_by_one(bench):
    bench.store.create(stateful_set())
    bench.start(StatefulSetController).run_all().run_all().run_all()
    change(bench, replicas=1)
    assert [pod.metadata.name for pod in bench.pods() if pod.is_terminating] == ["db-2"]
    confirm_deletions(bench)
    assert [pod.metadata.name for pod in bench.pods() if pod.is_terminating] == ["db-1"]


@pytest.mark.parametrize(("partition", "expected"), [(0, ["v2", "v2", "v2"]), (2, ["v1", "v1", "v2"]), (3, ["v1", "v1", "v1"])])
def test_rolling_update(bench, partition, expected):
    strategy = WorkloadUpdateStrategy("RollingUpdate", RollingUpdate(partition=partition))
    bench.store.create(stateful_set(update_strategy=strategy))
    bench.start(StatefulSetController).run_all().run_all().run_all()
    change(bench, template=template("v2"))
    assert sum(pod.is_terminating for pod in bench.pods()) == (partition < 3)
    run_to_the_end(bench)
    assert images(bench) == expected


def test_a_broken_ordered_rollout_waits_for_a_hand(bench):
    bench.store.create(stateful_set(2))
    bench.start(StatefulSetController).run_all().run_all()
    change(bench, template=template("broken"))
    confirm_deletions(bench)
    change(bench, template=template("repaired"))
    assert images(bench) == ["v1", "broken"]
    assert not any(pod.is_terminating for pod in bench.pods())


def test_a_terminating_pod_keeps_its_ordinal(bench):
    bench.store.create(stateful_set(1))
    bench.start(StatefulSetController).run_all()
    bench.store.delete(Pod, "db-0", "default")
    bench.settle()
    assert [pod.is_terminating for pod in bench.pods()] == [True]
    confirm_deletions(bench)
    assert [pod.is_terminating for pod in bench.pods()] == [False]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["sync", "crash", "run", "confirm"]), max_size=12))
def test_wherever_it_stumbles_it_ends_the_same(steps):
    from binpack.control.apiserver.identity import Identities
    from binpack.control.apiserver.store import Store
    from binpack.control.clock import Clock
    from binpack.control.controller_manager import start
    from binpack.control.plane import ControlPlane
    from binpack.control.records import EventSink
    from binpack.model.meta import Condition
    from binpack.sim.streams import stream

    store = Store(Clock(), Identities(stream(0, "apiserver")))
    store.create(stateful_set())
    plane = ControlPlane(store, start((StatefulSetController,), store, EventSink()))
    plane.settle()

    def run() -> None:
        for pod in store.scan(Pod):
            if not pod.spec.node_name and not pod.is_terminating:
                pod = store.bind(pod, "n1")
                ready = Condition("Ready", "True", last_transition_time=store.clock.timestamp)
                store.update_status(replace(pod, status=replace(pod.status, phase="Running", conditions=(ready,))))

    def confirm() -> None:
        for pod in store.scan(Pod):
            if pod.is_terminating:
                store.delete(Pod, pod.metadata.name, "default", grace_seconds=0)

    def crash() -> None:
        plane.clients[0].forget()
        plane.relist(0)

    acts = {"sync": lambda: None, "crash": crash, "run": run, "confirm": confirm}
    current = store.get(StatefulSet, "db", "default")
    store.update(replace(current, spec=replace(current.spec, template=template("v2"), replicas=2)))
    for step in [*steps, *["run", "confirm"] * 12]:
        acts[step]()
        plane.settle()
    pods = sorted(store.scan(Pod), key=lambda pod: pod.metadata.name)
    assert [(pod.metadata.name, pod.spec.containers[0].image) for pod in pods] == [("db-0", "v2"), ("db-1", "v2")]


def test_events_say_what_kubectl_describe_shows(bench):
    bench.store.create(stateful_set(1))
    bench.start(StatefulSetController).run_all()
    change(bench, replicas=0)
    assert bench.told() == [
        "SuccessfulCreate: create Pod db-0 in StatefulSet db successful",
        "SuccessfulDelete: delete Pod db-0 in StatefulSet db successful",
    ]


def test_ordinals_may_start_elsewhere(bench):
    bench.store.create(stateful_set(2, policy="Parallel", ordinals=StatefulSetOrdinals(start=5)))
    bench.start(StatefulSetController)
    assert names(bench) == ["db-5", "db-6"]


def test_on_delete_replaces_nothing_by_itself(bench):
    bench.store.create(stateful_set(2, update_strategy=WorkloadUpdateStrategy("OnDelete")))
    bench.start(StatefulSetController).run_all().run_all()
    change(bench, template=template("v2"))
    assert images(bench) == ["v1", "v1"]
    bench.store.delete(Pod, "db-0", "default")
    run_to_the_end(bench)
    assert images(bench) == ["v2", "v1"]


def test_going_back_to_a_former_template_raises_its_number(bench):
    bench.store.create(stateful_set(1))
    bench.start(StatefulSetController).run_all()
    change(bench, template=template("v2"))
    run_to_the_end(bench)
    change(bench, template=template("v1"))
    run_to_the_end(bench)
    assert sorted(one.revision for one in bench.store.scan(ControllerRevision)) == [2, 3]
    assert images(bench) == ["v1"]


def test_revisions_that_nothing_uses_are_forgotten(bench):
    bench.store.create(stateful_set(1, revision_history_limit=1))
    bench.start(StatefulSetController).run_all()
    for number in range(2, 6):
        change(bench, template=template(f"v{number}"))
        run_to_the_end(bench)
    assert sorted(one.revision for one in bench.store.scan(ControllerRevision)) == [4, 5]


def test_an_orphaned_member_is_adopted_with_its_revision(bench):
    bench.store.create(stateful_set(1))
    bench.start(StatefulSetController).run_all()
    bench.store.delete(StatefulSet, "db", "default", propagation="Orphan")
    for kind in (Pod, ControllerRevision):
        for one in bench.store.scan(kind):
            bench.store.update(replace(one, metadata=replace(one.metadata, owner_references=())))
    gone = bench.store.get(StatefulSet, "db", "default")
    bench.store.update(replace(gone, metadata=replace(gone.metadata, finalizers=())))
    bench.settle()
    (pod,), new = bench.pods(), bench.store.create(stateful_set(1))
    bench.settle()
    for one in [*bench.pods(), *bench.store.scan(ControllerRevision)]:
        assert [owner.uid for owner in one.metadata.owner_references] == [new.metadata.uid]
    assert bench.pods()[0].metadata.uid == pod.metadata.uid
