"""Who is told of a write: nobody who would have done anything with it is left out."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.control.apiserver.watch import WatchEvent
from binpack.control.controller_manager import ALL_CONTROLLERS
from binpack.control.lagging import WatchCache
from binpack.control.node.kubelet import Kubelets
from binpack.control.subjects import concerns, subject_of
from binpack.model.base import replace
from binpack.model.meta import Condition, OwnerReference
from binpack.model.pod import Pod
from binpack.testing import node, pod

JOB, OTHER_JOB, REPLICA_SET = (
    OwnerReference(api_version=version, kind=kind, name=name, uid=name, controller=True)
    for version, kind, name in (("batch/v1", "Job", "j"), ("batch/v1", "Job", "k"), ("apps/v1", "ReplicaSet", "r"))
)


def a_pod(owner: OwnerReference | None = None, node_name: str = "", phase: str = "Pending") -> Pod:
    one = pod("p").build()
    meta = replace(one.metadata, uid="u", owner_references=() if owner is None else (owner,))
    return replace(one, metadata=meta, spec=replace(one.spec, node_name=node_name), status=replace(one.status, phase=phase))


def modified(before: Pod, after: Pod) -> WatchEvent:
    return WatchEvent(2, "MODIFIED", "Pod", after, before)


def with_status(one: Pod, **changes: object) -> Pod:
    return replace(one, status=replace(one.status, **changes))


def with_meta(one: Pod, **changes: object) -> Pod:
    return replace(one, metadata=replace(one.metadata, **changes))


def hears(event: WatchEvent, owners: tuple[str, ...] | None, changes: tuple[str, ...] | None) -> bool:
    return concerns(subject_of(event), None, owners, changes)


def test_a_pod_is_told_to_those_who_watch_its_owner_before_or_after():
    for_jobs = (("Job",), None)
    assert hears(modified(a_pod(JOB), with_status(a_pod(JOB), phase="Running")), *for_jobs)
    assert not hears(modified(a_pod(REPLICA_SET), with_status(a_pod(REPLICA_SET), phase="Running")), *for_jobs)
    assert hears(modified(a_pod(REPLICA_SET), a_pod(JOB)), *for_jobs)
    assert hears(modified(a_pod(JOB), a_pod(REPLICA_SET)), *for_jobs)
    assert hears(modified(a_pod(REPLICA_SET), a_pod()), *for_jobs), "an orphan may be adopted by anybody"
    assert hears(WatchEvent(1, "ADDED", "Pod", a_pod(), None), *for_jobs)
    assert not hears(WatchEvent(1, "ADDED", "Pod", a_pod(REPLICA_SET), None), *for_jobs)


@pytest.mark.parametrize(
    ("after", "parts"),
    [
        (lambda one: with_status(one, message="x"), {"status"}),
        (lambda one: with_status(one, phase="Running"), {"status", "phase"}),
        (lambda one: replace(one, spec=replace(one.spec, node_name="n")), {"spec"}),
        (lambda one: with_meta(one, labels={"a": "b"}), {"metadata"}),
        (lambda one: with_meta(one, finalizers=("f",)), {"metadata"}),
        (lambda one: with_meta(one, deletion_grace_period_seconds=3), {"metadata"}),
        (lambda one: with_status(with_meta(one, annotations={"a": "b"}), reason="x"), {"metadata", "status"}),
        (lambda one: with_meta(one, resource_version="7"), set()),
    ],
)
def test_a_change_is_told_to_those_who_watch_its_part(after, parts):
    before = a_pod(JOB)
    event = modified(before, after(before))
    for part in ("spec", "metadata", "phase", "status"):
        assert hears(event, None, (part,)) == (part in parts)
    assert hears(event, None, None)
    assert not hears(event, None, ())


def test_coming_and_going_is_told_to_all():
    assert hears(WatchEvent(1, "ADDED", "Pod", a_pod(JOB), None), None, ())
    assert hears(WatchEvent(2, "DELETED", "Pod", a_pod(JOB), a_pod(JOB)), None, ())


def test_other_resources_are_told_by_resource_alone():
    event = WatchEvent(1, "ADDED", "Node", node("n").build(), None)
    assert concerns(subject_of(event), ("Node",), ("Job",), ())
    assert not concerns(subject_of(event), ("Pod",), None, None)


@st.composite
def changes(draw) -> tuple[Pod, Pod]:
    """A pod before and after some of the changes that happen to pods, each part another object only if it changed."""
    before = a_pod(
        draw(st.sampled_from([None, JOB, REPLICA_SET])), draw(st.sampled_from(["", "n"])), draw(st.sampled_from(["Pending", "Running"]))
    )
    after = before
    for what in draw(st.lists(st.sampled_from(["phase", "ready", "bind", "labels", "owner", "finalizers", "annotations"]), max_size=3)):
        match what:
            case "phase":
                after = with_status(after, phase=draw(st.sampled_from(["Running", "Succeeded", "Failed"])))
            case "ready":
                after = with_status(after, conditions=(Condition("Ready", draw(st.sampled_from(["True", "False"]))),))
            case "bind":
                after = replace(after, spec=replace(after.spec, node_name="n"))
            case "labels":
                after = with_meta(after, labels={"app": draw(st.sampled_from("ab"))})
            case "owner":
                after = with_meta(after, owner_references=draw(st.sampled_from([(), (JOB,), (OTHER_JOB,), (REPLICA_SET,)])))
            case "finalizers":
                after = with_meta(after, finalizers=draw(st.sampled_from([(), ("batch.kubernetes.io/job-tracking",)])))
            case _:
                after = with_meta(after, annotations={"a": draw(st.sampled_from("ab"))})
    return before, after


@pytest.mark.parametrize("kind", ALL_CONTROLLERS)
@given(pair=changes())
def test_who_is_not_told_would_not_have_stirred(kind, pair):
    before, after = pair
    controller, event, cache = kind(), modified(before, after), WatchCache()
    cache.apply(WatchEvent(1, "ADDED", "Node", node("n").build(), None))
    if concerns(subject_of(event), controller.resources, controller.pod_owners, controller.pod_changes):
        return
    memory = controller.new_memory()
    kept = pickle.dumps(memory)
    assert list(controller.observe(event, cache, memory, 0)) == []
    assert pickle.dumps(memory) == kept


def test_kubelets_hear_of_bindings_and_deletions():
    before = a_pod(JOB)
    bound = replace(before, spec=replace(before.spec, node_name="n"))
    assert hears(modified(before, bound), Kubelets.pod_owners, Kubelets.pod_changes)
    assert hears(modified(bound, with_meta(bound, deletion_grace_period_seconds=1)), None, Kubelets.pod_changes)
