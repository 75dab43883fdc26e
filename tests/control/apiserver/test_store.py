from __future__ import annotations

import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from binpack.control.apiserver.errors import AlreadyExistsError, ConflictError, ExpiredError, InvalidError, NotFoundError
from binpack.control.apiserver.identity import ALPHABET, Identities
from binpack.control.apiserver.resources import Unstructured
from binpack.control.apiserver.store import Store
from binpack.control.clock import EPOCH, Clock, timestamp_of
from binpack.model.base import replace
from binpack.model.meta import ObjectMeta, OwnerReference
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.policy import Namespace
from binpack.model.selectors import select_labels
from binpack.model.workloads import Deployment, Job, ReplicaSet
from binpack.sim.streams import stream
from binpack.testing import deployment, job, namespace, node, pod, replica_set
from binpack.units import US_PER_S


def new_store(seed: int = 0) -> Store:
    return Store(Clock(), Identities(stream(seed, "apiserver")))


def with_meta(value, **changes):
    return replace(value, metadata=replace(value.metadata, **changes))


def with_spec(value, **changes):
    return replace(value, spec=replace(value.spec, **changes))


def test_create_fills_in_what_the_system_sets():
    store = new_store()
    store.clock.now_us = 90 * US_PER_S + 5
    created = store.create(pod("web").phase("Running").build())
    meta = created.metadata
    assert (meta.resource_version, meta.generation, meta.creation_timestamp) == ("1", 1, timestamp_of(90 * US_PER_S))
    assert len(meta.uid) == 36
    assert (created.status.phase, created.status.qos_class) == ("Pending", "BestEffort")
    assert store.get(Pod, "web", "default") is created
    assert store.revision == 1


def test_a_new_node_is_tainted_until_it_is_ready():
    created = new_store().create(node("n1").build())
    assert [(taint.key, taint.effect) for taint in created.spec.taints] == [("node.kubernetes.io/not-ready", "NoSchedule")]


def test_a_job_gets_its_selector_and_labels():
    created = new_store().create(job("build", pod()))
    uid = created.metadata.uid
    assert created.spec.selector.match_labels == {"batch.kubernetes.io/controller-uid": uid}
    labels = created.spec.template.metadata.labels
    assert (labels["controller-uid"], labels["job-name"], labels["batch.kubernetes.io/job-name"]) == (uid, "build", "build")


def test_load_keeps_what_is_there():
    store = new_store()
    loaded = store.load(pod("web").uid("u-1").on("n1").created(EPOCH).build())
    assert (loaded.metadata.uid, loaded.status.phase, loaded.spec.node_name) == ("u-1", "Running", "n1")
    assert store.load(node("n1").build()).spec.taints == ()
    with pytest.raises(InvalidError, match="Duplicate value"):
        store.load(pod("other").uid("u-1").build())


def test_generated_names_follow_the_prefix():
    store = new_store()
    template = replace(pod().build(), metadata=ObjectMeta(generate_name="web-", namespace="default"))
    names = [store.create(template).metadata.name for _ in range(20)]
    assert all(name.startswith("web-") and len(name) == 9 and set(name[4:]) <= set(ALPHABET) for name in names)
    assert len(set(names)) == 20
    long = store.create(replace(template, metadata=ObjectMeta(generate_name="x" * 80, namespace="default")))
    assert len(long.metadata.name) == 63


def test_what_cannot_be_created():
    store = new_store()
    store.create(pod("web").build())
    with pytest.raises(AlreadyExistsError, match='pods "web" already exists'):
        store.create(pod("web").build())
    with pytest.raises(InvalidError, match=r"metadata\.name"):
        store.create(Pod(metadata=ObjectMeta(namespace="default")))
    with pytest.raises(NotFoundError, match=r'deployments\.apps "web" not found'):
        store.get(Deployment, "web", "default")


def test_a_stale_write_is_a_conflict_and_loses_nothing():
    store = new_store()
    first = store.create(deployment("web", pod()))
    second = store.update(with_spec(first, replicas=3))
    assert (second.metadata.generation, second.metadata.resource_version) == (2, "2")
    with pytest.raises(ConflictError, match="the object has been modified"):
        store.update(with_spec(first, replicas=5))
    assert store.get(Deployment, "web", "default").spec.replicas == 3
    unconditional = with_meta(with_spec(first, replicas=5), resource_version="")
    assert store.update(unconditional).spec.replicas == 5


def test_a_write_that_changes_nothing_costs_no_revision():
    store = new_store()
    created = store.create(deployment("web", pod()))
    assert store.update(created) is created
    assert store.update_status(created) is created
    assert store.revision == 1


def test_status_and_spec_are_written_apart():
    store = new_store()
    created = store.create(deployment("web", pod()))
    both = replace(with_spec(created, replicas=9), status=replace(created.status, replicas=4))
    updated = store.update(both)
    assert (updated.spec.replicas, updated.status.replicas) == (9, 0)
    updated = store.update_status(replace(updated, spec=replace(updated.spec, replicas=1), status=both.status))
    assert (updated.spec.replicas, updated.status.replicas, updated.metadata.generation) == (9, 4, 2)


def test_another_object_of_the_same_name_is_not_meant():
    store = new_store()
    first = store.create(deployment("web", pod()))
    store.delete(Deployment, "web", "default")
    store.create(deployment("web", pod()))
    with pytest.raises(ConflictError, match="Precondition failed"):
        store.update(with_meta(first, resource_version=""))
    with pytest.raises(ConflictError, match="UID in the precondition"):
        store.delete(Deployment, "web", "default", uid=first.metadata.uid)


@pytest.mark.parametrize(
    ("why", "a_pod", "grace", "gone", "seconds"),
    [
        ("a bound pod gets its grace period", pod("p").on("n1"), None, False, 30),
        ("the request's grace period wins", pod("p").on("n1"), 5, False, 5),
        ("grace 0 removes at once", pod("p").on("n1"), 0, True, None),
        ("without a node it goes at once", pod("p"), None, True, None),
        ("an ended pod goes at once", pod("p").on("n1").phase("Succeeded"), 30, True, None),
    ],
)
def test_deleting_a_pod(why, a_pod, grace, gone, seconds):
    store = new_store()
    store.load(a_pod.build())
    store.delete(Pod, "p", "default", grace_seconds=grace)
    left = store.find(Pod, "p", "default")
    assert (left is None) == gone, why
    if left is not None:
        assert left.metadata.deletion_timestamp == timestamp_of(seconds * US_PER_S)
        assert (left.metadata.deletion_grace_period_seconds, left.metadata.generation) == (seconds, 2)


def test_a_second_deletion_only_shortens():
    store = new_store()
    store.load(pod("p").on("n1").build())
    store.delete(Pod, "p", "default", grace_seconds=30)
    store.delete(Pod, "p", "default", grace_seconds=60)
    assert store.get(Pod, "p", "default").metadata.deletion_timestamp == timestamp_of(30 * US_PER_S)
    store.clock.now_us = 2 * US_PER_S
    store.delete(Pod, "p", "default", grace_seconds=10)
    assert store.get(Pod, "p", "default").metadata.deletion_timestamp == timestamp_of(10 * US_PER_S)
    store.clock.now_us = 20 * US_PER_S
    store.delete(Pod, "p", "default", grace_seconds=5)
    meta = store.get(Pod, "p", "default").metadata
    assert (meta.deletion_timestamp, meta.deletion_grace_period_seconds) == (timestamp_of(20 * US_PER_S), 1)


@pytest.mark.parametrize(
    ("why", "kind", "given", "policy", "left"),
    [
        ("background by default", "Deployment", (), None, None),
        ("a Job's pods are orphaned by default", "Job", (), None, ("orphan",)),
        ("foreground waits for dependents", "Deployment", (), "Foreground", ("foregroundDeletion",)),
        ("background takes the finalizers off", "Deployment", ("foregroundDeletion",), "Background", None),
        ("what the object asks for holds without a policy", "Deployment", ("foregroundDeletion",), None, ("foregroundDeletion",)),
        ("other finalizers stay", "Job", ("mine",), "Background", ("mine",)),
    ],
)
def test_propagation_policies(why, kind, given, policy, left):
    store = new_store()
    value = deployment("web", pod()) if kind == "Deployment" else job("web", pod())
    store.create(with_meta(value, finalizers=given))
    store.delete(kind, "web", "default", propagation=policy)
    found = store.find(kind, "web", "default")
    assert (None if found is None else found.metadata.finalizers) == left, why
    if found is not None:
        assert found.metadata.deletion_timestamp is not None
        store.update(with_meta(found, finalizers=()))
        assert store.find(kind, "web", "default") is None


def test_a_pod_with_a_finalizer_stays_until_it_is_taken_off():
    store = new_store()
    store.load(with_meta(pod("p").on("n1").build(), finalizers=("batch.kubernetes.io/job-tracking",)))
    store.delete(Pod, "p", "default", grace_seconds=30)
    store.delete(Pod, "p", "default", grace_seconds=0)
    left = store.get(Pod, "p", "default")
    assert left.metadata.deletion_grace_period_seconds == 0
    store.update(with_meta(left, finalizers=()))
    assert store.find(Pod, "p", "default") is None


def test_binding():
    store = new_store()
    created = store.create(pod("p").nominated("n2").build())
    bound = store.bind(created, "n1")
    assert (bound.spec.node_name, bound.status.nominated_node_name) == ("n1", "")
    assert [(c.type, c.status) for c in bound.status.conditions] == [("PodScheduled", "True")]
    assert [one.key for one in store.pods_on("n1")] == ["default/p"]
    with pytest.raises(ConflictError, match="already assigned"):
        store.bind(bound, "n2")


def test_owners_and_orphans_are_found():
    store = new_store()
    owner = store.create(replica_set("web", pod()))
    reference = OwnerReference(api_version="apps/v1", kind="ReplicaSet", name="web", uid=owner.metadata.uid, controller=True)
    store.create(with_meta(pod("owned").label(app="web").build(), owner_references=(reference,)))
    orphan = store.create(pod("orphan").label(app="web").build())
    store.create(pod("other").label(app="db").build())
    assert [one.metadata.name for one in store.dependents(Pod, owner.metadata.uid)] == ["owned"]
    assert [one.metadata.name for one in store.orphans(Pod, "default", select_labels({"app": "web"}))] == ["orphan"]
    assert store.owner_of(owner.metadata.uid) is owner
    store.update(with_meta(orphan, owner_references=(reference,)))
    assert sorted(one.metadata.name for one in store.dependents(Pod, owner.metadata.uid)) == ["orphan", "owned"]
    assert store.orphans(Pod, "default", select_labels({"app": "web"})) == []
    store.delete(Pod, "owned", "default")
    assert [one.metadata.name for one in store.dependents(Pod, owner.metadata.uid)] == ["orphan"]


def test_lists_with_selectors():
    store = new_store()
    for name, app, where in [("b", "web", "n1"), ("a", "web", ""), ("c", "db", "n1")]:
        store.load(pod(name).label(app=app).on(where).build())
    store.load(pod("d", namespace="prod").label(app="web").on("n1").build())
    names = lambda **how: [one.metadata.name for one in store.list_objects(Pod, **how)]  # noqa: E731
    assert names() == ["a", "b", "c", "d"]
    assert names(namespace="default", labels=select_labels({"app": "web"})) == ["a", "b"]
    assert names(fields="spec.nodeName=n1") == ["b", "c", "d"]
    assert names(fields="spec.nodeName!=n1,status.phase=Running") == ["a"]


def test_objects_without_a_struct_are_stored_too():
    store = new_store()
    workload = Unstructured("kueue.x-k8s.io/v1beta1", "Workload", ObjectMeta(name="w"), spec={"active": True})
    created = store.create(workload)
    changed = store.update(replace(created, spec={"active": False}, status={"admitted": True}))
    assert (changed.metadata.generation, changed.status) == (2, None)
    assert store.update_status(replace(changed, status={"admitted": True})).status == {"admitted": True}
    assert store.get("Workload.kueue.x-k8s.io", "w", "default").spec == {"active": False}
    store.delete("Workload.kueue.x-k8s.io", "w", "default")
    assert store.find("Workload.kueue.x-k8s.io", "w", "default") is None


def test_a_watch_from_before_compaction_must_list_again():
    store = new_store()
    for name in "abc":
        store.create(namespace(name))
    assert [event.object.metadata.name for event in store.watch(1, {"Namespace"})] == ["b", "c"]
    store.compact(2)
    assert [event.revision for event in store.watch(2)] == [3]
    with pytest.raises(ExpiredError, match=r"too old resource version: 1 \(2\)"):
        store.watch(1)


KINDS = {"Pod": Pod, "Deployment": Deployment, "Node": Node, "Namespace": Namespace, "ReplicaSet": ReplicaSet, "Job": Job}
OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["create", "load", "scale", "label", "finalize", "unfinalize", "status", "stale", "delete", "bind", "tick"]),
        st.sampled_from(sorted(KINDS)),
        st.sampled_from("abc"),
        st.sampled_from([None, "Background", "Foreground", "Orphan"]),
    ),
    max_size=40,
)


def fresh(kind: str, name: str):
    return {
        "Pod": lambda: pod(name).label(app=name).build(),
        "Deployment": lambda: deployment(name, pod()),
        "ReplicaSet": lambda: replica_set(name, pod()),
        "Job": lambda: job(name, pod()),
        "Node": lambda: node(name).build(),
        "Namespace": lambda: namespace(name),
    }[kind]()


def apply(store: Store, operation) -> str:
    """Perform one operation, and return the error's class name or the empty string."""
    what, kind, name, policy = operation
    place = "" if kind in ("Node", "Namespace") else "default"
    try:
        if what == "tick":
            store.clock.now_us += US_PER_S
        elif what == "create":
            store.create(fresh(kind, name))
        elif what == "load":
            store.load(fresh(kind, name))
        elif what == "delete":
            store.delete(kind, name, place, propagation=policy)
        else:
            found = store.get(kind, name, place)
            if what == "scale" and kind in ("Deployment", "ReplicaSet"):
                store.update(with_spec(found, replicas=(found.spec.replicas or 0) + 1))
            elif what == "label":
                store.update(with_meta(found, labels={**found.metadata.labels, "step": str(store.revision)}))
            elif what == "finalize":
                store.update(with_meta(found, finalizers=("mine",)))
            elif what == "unfinalize":
                store.update(with_meta(found, finalizers=()))
            elif what == "stale":
                store.update(with_meta(found, labels={"stale": "yes"}, resource_version="0"))
            elif what == "status" and kind == "Pod":
                store.update_status(replace(found, status=replace(found.status, phase="Running")))
            elif what == "bind" and kind == "Pod":
                store.bind(found, "a")
    except (AlreadyExistsError, NotFoundError, ConflictError, InvalidError) as error:
        return type(error).__name__
    return ""


def contents(store: Store):
    return {(kind, one.metadata.namespace, one.metadata.name): one for kind in KINDS for one in store.list_objects(KINDS[kind])}


@given(OPERATIONS)
def test_a_watch_from_the_start_rebuilds_the_lists(operations):
    store = new_store()
    for operation in operations:
        apply(store, operation)
    replayed = {}
    for event in store.watch(0):
        address = (event.resource, event.object.metadata.namespace, event.object.metadata.name)
        assert replayed.get(address) == event.previous
        if event.type == "DELETED":
            del replayed[address]
        else:
            replayed[address] = event.object
    assert replayed == contents(store)


@given(OPERATIONS)
def test_every_write_is_one_revision_and_a_refused_one_is_none(operations):
    store = new_store()
    for operation in operations:
        before, was = store.revision, contents(store)
        error = apply(store, operation)
        assert store.revision - before in (0, 1)
        if error or store.revision == before:
            assert contents(store) == was
    assert [event.revision for event in store.watch(0)] == list(range(1, store.revision + 1))
    assert all(event.object.metadata.resource_version == str(event.revision) for event in store.watch(0))


@given(OPERATIONS, OPERATIONS)
@example([], [("create", "Deployment", "a", None), ("delete", "Deployment", "a", "Foreground"), ("finalize", "Deployment", "a", None)])
def test_a_pickled_store_goes_on_as_the_original(first, second):
    store = new_store()
    for operation in first:
        apply(store, operation)
    copy = pickle.loads(pickle.dumps(store))
    for operation in second:
        assert apply(store, operation) == apply(copy, operation)
    assert store.watch(0) == copy.watch(0)
    assert contents(store) == contents(copy)


@given(OPERATIONS)
def test_indices_answer_as_a_scan_would(operations):
    store = new_store()
    for operation in operations:
        apply(store, operation)
    pods = store.scan(Pod)
    for name in "abc":
        selector = select_labels({"app": name})
        expected = {one.key for one in pods if selector.matches(one.metadata.labels)}
        assert {one.key for one in store.orphans(Pod, "default", selector)} == expected
    assert {one.key for one in store.pods_on("a")} == {one.key for one in pods if one.spec.node_name == "a"}
    assert all(store.owner_of(one.metadata.uid) is one for one in contents(store).values())
