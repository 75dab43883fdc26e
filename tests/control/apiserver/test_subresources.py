"""The subresources scale and eviction, and merge patches.

Documented: https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction, /docs/tasks/run-application/configure-pdb; the messages
after pkg/registry/core/pod/storage/eviction.go, v1.35.
"""

from __future__ import annotations

import pytest

from binpack.control.apiserver.errors import ApiError, BadRequestError, ConflictError, InvalidError, NotFoundError, TooManyRequestsError
from binpack.control.apiserver.eviction import evict
from binpack.control.apiserver.patch import merge_patch, patch
from binpack.control.apiserver.resources import Unstructured
from binpack.control.apiserver.scale import scale_of, set_scale
from binpack.control.clock import timestamp_of
from binpack.model.base import replace
from binpack.model.meta import Condition, LabelSelector, ObjectMeta
from binpack.model.pod import Pod
from binpack.model.policy import PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus
from binpack.model.workloads import Deployment, Job, ReplicaSet, StatefulSet
from binpack.testing import deployment, job, pod, replica_set
from binpack.units import US_PER_S

WEB = LabelSelector({"app": "web"})


def budget(name: str = "b", *, policy: str | None = None, **status) -> PodDisruptionBudget:
    fields = {"observed_generation": 1, "disruptions_allowed": 1, "current_healthy": 3, "desired_healthy": 2, **status}
    spec = PodDisruptionBudgetSpec(selector=WEB, min_available=2, unhealthy_pod_eviction_policy=policy)
    meta = ObjectMeta(name=name, namespace="default", generation=1)
    return PodDisruptionBudget(metadata=meta, spec=spec, status=PodDisruptionBudgetStatus(**fields))


def load_pod(store, name="p", *, phase="Running", ready="True"):
    return store.load(pod(name).label(app="web").on("n1").phase(phase).condition("Ready", ready).build())


def test_an_eviction_charges_the_budget_marks_the_pod_and_deletes_it(store):
    store.clock.now_us = 90 * US_PER_S
    load_pod(store)
    store.load(budget())
    evict(store, "p", "default")
    left = store.get(Pod, "p", "default")
    assert (left.metadata.deletion_timestamp, left.metadata.deletion_grace_period_seconds) == (timestamp_of(120 * US_PER_S), 30)
    target = next(one for one in left.status.conditions if one.type == "DisruptionTarget")
    assert (target.status, target.reason, target.message) == ("True", "EvictionByEvictionAPI", "Eviction API: evicting")
    status = store.get(PodDisruptionBudget, "b", "default").status
    assert (status.disruptions_allowed, status.disrupted_pods) == (0, {"p": timestamp_of(90 * US_PER_S)})
    load_pod(store, "q")
    with pytest.raises(TooManyRequestsError) as refused:
        evict(store, "q", "default")
    assert str(refused.value) == "Cannot evict pod as it would violate the pod's disruption budget."
    assert (refused.value.code, refused.value.cause_type, refused.value.cause) == (
        429,
        "DisruptionBudget",
        "The disruption budget b needs 2 healthy pods and has 3 currently",
    )
    assert store.get(Pod, "q", "default").metadata.deletion_timestamp is None


@pytest.mark.parametrize(
    ("why", "phase", "ready", "budgets", "goes"),
    [
        ("no budget", "Running", "True", [], True),
        ("a pending pod is asked for by nobody", "Pending", "False", [budget(disruptions_allowed=0)], True),
        ("nor one that has ended", "Failed", "False", [budget(disruptions_allowed=0)], True),
        ("an unready one goes while its budget is kept", "Running", "False", [budget(disruptions_allowed=0)], True),
        ("and not when it is not", "Running", "False", [budget(disruptions_allowed=0, current_healthy=1)], False),
        ("unless it always may", "Running", "False", [budget(disruptions_allowed=0, current_healthy=1, policy="AlwaysAllow")], True),
        ("a budget that was not looked at yet", "Running", "True", [budget(observed_generation=0)], False),
        ("a budget used up", "Running", "True", [budget(disruptions_allowed=0)], False),
    ],
)
def test_who_may_be_evicted(store, why, phase, ready, budgets, goes):
    load_pod(store, phase=phase, ready=ready)
    for one in budgets:
        store.load(one)
    try:
        evict(store, "p", "default")
        gone = True
    except TooManyRequestsError:
        gone = False
    assert gone == goes, why


def test_evictions_that_cannot_be(store):
    with pytest.raises(NotFoundError, match='pods "p" not found'):
        evict(store, "p", "default")
    load_pod(store)
    store.load(budget())
    store.load(budget("other"))
    with pytest.raises(ApiError, match="more than one PodDisruptionBudget") as refused:
        evict(store, "p", "default")
    assert refused.value.code == 500


@pytest.mark.parametrize("kind", [Deployment, ReplicaSet])
def test_scale(store, kind):
    made = deployment("web", pod(), replicas=2) if kind is Deployment else replica_set("web", pod(), replicas=2)
    made = store.create(made)
    store.update_status(replace(made, status=replace(made.status, replicas=1)))
    scale = scale_of(store, kind, "web", "default")
    assert (scale.replicas, scale.current_replicas, scale.selector, scale.uid) == (2, 1, made.spec.selector, made.metadata.uid)
    assert set_scale(store, kind, "web", "default", 5, resource_version=scale.resource_version).replicas == 5
    now = store.get(kind, "web", "default")
    assert (now.spec.replicas, now.metadata.generation, now.status.replicas) == (5, 2, 1)
    with pytest.raises(ConflictError):
        set_scale(store, kind, "web", "default", 6, resource_version=scale.resource_version)
    with pytest.raises(InvalidError, match=r'Scale\.autoscaling "web" is invalid: spec\.replicas: Invalid value: -1'):
        set_scale(store, kind, "web", "default", -1)


def test_what_has_no_scale(store):
    store.create(job("j", pod()))
    with pytest.raises(NotFoundError, match=r"jobs\.batch/scale"):
        scale_of(store, Job, "j", "default")
    with pytest.raises(NotFoundError, match=r'statefulsets\.apps "db" not found'):
        scale_of(store, StatefulSet, "db", "default")


@pytest.mark.parametrize(
    ("target", "changes", "merged"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"a": "foo"}, "bar", "bar"),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patches_follow_the_rfc(target, changes, merged):
    """The examples of RFC 7386, appendix A."""
    assert merge_patch(target, changes) == merged


def test_a_patch_needs_no_version_and_keeps_spec_and_status_apart(store):
    store.create(deployment("web", pod(), replicas=2))
    changed = patch(
        store, Deployment, "web", "default", {"spec": {"replicas": 4}, "metadata": {"labels": {"a": "b"}}, "status": {"replicas": 9}}
    )
    assert (changed.spec.replicas, changed.metadata.labels, changed.status.replicas, changed.metadata.generation) == (
        4,
        {"app": "web", "a": "b"},
        0,
        2,
    )
    assert patch(store, Deployment, "web", "default", {"metadata": {"labels": {"a": None}}}).metadata.labels == {"app": "web"}
    told = patch(store, Deployment, "web", "default", {"spec": {"replicas": 7}, "status": {"replicas": 3}}, subresource="status")
    assert (told.spec.replicas, told.status.replicas, told.metadata.generation) == (4, 3, 2)
    with pytest.raises(ConflictError):
        patch(store, Deployment, "web", "default", {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 1}})
    with pytest.raises(InvalidError, match=r"spec\.replicas"):
        patch(store, Deployment, "web", "default", {"spec": {"replicas": -1}})
    with pytest.raises(BadRequestError, match=r"Deployment default/web as patched, spec\.replicas"):
        patch(store, Deployment, "web", "default", {"spec": {"replicas": "many"}})
    with pytest.raises(BadRequestError, match="does not match the name"):
        patch(store, Deployment, "web", "default", {"metadata": {"name": "other"}})


def test_a_patch_of_a_kind_without_a_struct(store):
    store.create(Unstructured("example.com/v1", "Thing", ObjectMeta(name="t", namespace="default"), spec={"a": {"b": 1, "c": 2}}))
    changed = patch(store, "Thing.example.com", "t", "default", {"spec": {"a": {"b": None}}, "data": {"k": "v"}})
    assert (changed.spec, changed.content, changed.metadata.generation) == ({"a": {"c": 2}}, {"data": {"k": "v"}}, 2)


def test_a_budget_that_failed_to_sync_says_why(store):
    load_pod(store)
    why = Condition("DisruptionAllowed", "False", "SyncFailed", "no scale")
    store.load(budget(disruptions_allowed=0, conditions=(why,)))
    with pytest.raises(TooManyRequestsError) as refused:
        evict(store, "p", "default")
    assert refused.value.cause == "The disruption budget b does not allow evicting pods currently because it failed sync: no scale"
