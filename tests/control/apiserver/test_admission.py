"""Admission and validation as the store applies them.

Documented: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers and /docs/concepts/policy/limit-range.
"""

from __future__ import annotations

import pytest

from binpack.control.apiserver.errors import ForbiddenError, InvalidError, NotFoundError
from binpack.model.base import replace
from binpack.model.meta import LabelSelector, ObjectMeta
from binpack.model.pod import Container, Pod, PodSpec, ResourceRequirements, Toleration
from binpack.model.policy import LimitRange, LimitRangeItem, LimitRangeSpec, Namespace, PriorityClass
from binpack.model.quantity import Quantity
from binpack.model.storage import PersistentVolumeClaim
from binpack.model.volumes import PersistentVolumeClaimSpec, VolumeResourceRequirements
from binpack.model.workloads import StatefulSet, StatefulSetSpec
from binpack.testing import deployment, job, namespace, pod


def amounts(**values: str) -> dict[str, Quantity]:
    return {name: Quantity.parse(value) for name, value in values.items()}


def limit_range(name: str = "limits", kind: str = "Container", **bounds: dict[str, Quantity]) -> LimitRange:
    return LimitRange(metadata=ObjectMeta(name=name, namespace="default"), spec=LimitRangeSpec((LimitRangeItem(kind, **bounds),)))


def with_spec(value, **changes):
    return replace(value, spec=replace(value.spec, **changes))


def claim(storage: str) -> PersistentVolumeClaim:
    spec = PersistentVolumeClaimSpec(
        access_modes=("ReadWriteOnce",), resources=VolumeResourceRequirements(requests=amounts(storage=storage))
    )
    return PersistentVolumeClaim(metadata=ObjectMeta(name="data", namespace="default"), spec=spec)


# Namespaces


def test_nothing_is_made_where_there_is_no_namespace(store):
    with pytest.raises(NotFoundError, match='namespaces "prod" not found'):
        store.create(pod("web", namespace="prod").build())
    made = store.create(namespace("prod"))
    assert (made.status.phase, made.spec.finalizers, made.metadata.labels) == (
        "Active",
        ("kubernetes",),
        {"kubernetes.io/metadata.name": "prod"},
    )
    assert store.create(pod("web", namespace="prod").build()).metadata.namespace == "prod"
    for always_there in ("default", "kube-system", "kube-public", "kube-node-lease"):
        store.create(pod("web", namespace=always_there).build())


def test_nothing_is_made_in_a_namespace_that_is_going(store):
    store.create(namespace("prod"))
    store.delete(Namespace, "prod")
    with pytest.raises(ForbiddenError) as refused:
        store.create(pod("web", namespace="prod").build())
    assert str(refused.value) == (
        'pods "web" is forbidden: unable to create new content in namespace prod because it is being terminated'
    )  # fmt: skip
    assert (refused.value.cause_type, refused.value.cause) == ("NamespaceTerminating", "namespace prod is being terminated")


def test_a_namespace_goes_with_its_last_finalizer(store):
    store.create(namespace("prod"))
    going = store.delete(Namespace, "prod")
    assert store.delete(Namespace, "prod") is going
    assert store.update(with_spec(going, finalizers=())) is going
    held = store.update(replace(going, metadata=replace(going.metadata, labels={"a": "b"})))
    assert store.finalize(with_spec(held, finalizers=())).metadata.name == "prod"
    assert store.find(Namespace, "prod") is None


def test_some_namespaces_may_not_be_deleted(store):
    store.create(namespace("kube-system"))
    with pytest.raises(ForbiddenError, match='namespaces "kube-system" is forbidden: this namespace may not be deleted'):
        store.delete(Namespace, "kube-system")


# LimitRanger


def test_limit_ranges_give_and_refuse(store):
    made = store.create(limit_range(default=amounts(cpu="500m"), max=amounts(memory="1Gi"))).spec.limits[0]
    assert made.default == made.default_request == amounts(cpu="500m", memory="1Gi")
    created = store.create(pod("web").request(cpu="100m").build())
    resources = created.spec.containers[0].resources
    assert (resources.requests, resources.limits) == (amounts(cpu="100m", memory="1Gi"), amounts(cpu="500m", memory="1Gi"))
    assert created.metadata.annotations["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: memory request for container main; cpu, memory limit for container main"
    )
    with pytest.raises(ForbiddenError) as refused:
        store.create(pod("big").request(memory="2Gi").limit(memory="2Gi").build())
    assert str(refused.value) == 'pods "big" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi'


def test_a_template_is_admitted_anew_when_a_limit_range_comes(store):
    template = pod().build().spec
    fresh = lambda name: store.create(Pod(metadata=ObjectMeta(name=name, namespace="default"), spec=template))  # noqa: E731
    assert fresh("a").spec.containers[0].resources == ResourceRequirements()
    assert fresh("b").spec is fresh("c").spec
    store.create(limit_range(default=amounts(cpu="1")))
    for name in "de":
        late = fresh(name)
        assert late.spec.containers[0].resources.requests == amounts(cpu="1")
        assert "kubernetes.io/limit-ranger" in late.metadata.annotations
    store.delete(LimitRange, "limits", "default")
    assert fresh("f").spec.containers[0].resources == ResourceRequirements()


def test_claims_are_limited_when_they_are_made_and_when_they_grow(store):
    store.create(limit_range(kind="PersistentVolumeClaim", max=amounts(storage="2Gi")))
    made = store.create(claim("1Gi"))
    grown = replace(made.spec, resources=replace(made.spec.resources, requests=amounts(storage="3Gi")))
    with pytest.raises(ForbiddenError, match="maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi"):
        store.update(replace(made, spec=grown))


# Priority and tolerations


def test_one_priority_class_is_the_default(store):
    store.create(PriorityClass(metadata=ObjectMeta(name="low"), value=5, global_default=True))
    assert store.create(pod("web").build()).spec.priority == 5
    with pytest.raises(ForbiddenError, match=r"PriorityClass low is already marked as default\. Only one default can exist"):
        store.create(PriorityClass(metadata=ObjectMeta(name="high"), value=9, global_default=True))
    other = store.create(PriorityClass(metadata=ObjectMeta(name="high"), value=9))
    with pytest.raises(ForbiddenError, match="already marked"):
        store.update(replace(other, global_default=True))


# Validation

UPPER = "a lowercase RFC 1123 subdomain must consist of"


@pytest.mark.parametrize(
    ("why", "value", "message"),
    [
        (
            "no container",
            Pod(metadata=ObjectMeta(name="p", namespace="default")),
            r'^Pod "p" is invalid: spec\.containers: Required value$',
        ),
        (
            "a negative request",
            Pod(
                metadata=ObjectMeta(name="p", namespace="default"),
                spec=PodSpec(containers=(Container(name="c", image="i", resources=ResourceRequirements(amounts(cpu="-1"))),)),
            ),
            r'spec\.containers\[0\]\.resources\.requests\[cpu\]: Invalid value: "-1": must be greater than or equal to 0',
        ),
        ("a name in capitals", pod("Web").build(), rf'metadata\.name: Invalid value: "Web": {UPPER}'),
        (
            "two mistakes are both said",
            with_spec(deployment("web", pod()), replicas=-1, selector=LabelSelector({"a": "b"})),
            r'^Deployment\.apps "web" is invalid: \[spec\.replicas: Invalid value: -1: .*, spec\.template\.metadata\.labels: ',
        ),
    ],
)
def test_what_is_invalid_is_not_stored(store, why, value, message):
    with pytest.raises(InvalidError, match=message):
        store.create(value)
    assert store.revision == 0, why


def stateful_set() -> StatefulSet:
    template = pod().label(app="db").template()
    spec = StatefulSetSpec(selector=LabelSelector({"app": "db"}), template=template, service_name="db")
    return StatefulSet(metadata=ObjectMeta(name="db", namespace="default"), spec=spec)


ANYTHING = Toleration(key="spot", operator="Exists")
IMMUTABLE = [
    (
        "a Deployment's selector",
        deployment("web", pod().label(a="b", c="d")),
        {"selector": LabelSelector({"c": "d"})},
        "field is immutable",
    ),
    ("a StatefulSet's service", stateful_set(), {"service_name": "other"}, "updates to statefulset spec for fields other than"),
    ("a Job's completion mode", job("j", pod()), {"completion_mode": "Indexed", "completions": 1}, "spec.completionMode"),
    ("a Job's completions", job("j", pod()), {"completions": 9}, r"spec\.completions: Invalid value: 9: field is immutable"),
    ("a pod's scheduler", pod("p").build(), {"scheduler_name": "mine"}, "pod updates may not change fields other than"),
    ("a pod's tolerations only grow", pod("p").tolerates("a").build(), {"tolerations": ()}, "existing toleration can not be modified"),
    ("a pod's node is bound, not written", pod("p").build(), {"node_name": "n1"}, "pod updates may not change fields other than"),
]


@pytest.mark.parametrize(("why", "value", "changes", "message"), IMMUTABLE)
def test_what_an_update_may_not_change(store, why, value, changes, message):
    created = store.create(value)
    with pytest.raises(InvalidError, match=message):
        store.update(with_spec(created, **changes))


@pytest.mark.parametrize(
    ("why", "value", "changes"),
    [
        ("an image", pod("p").build(), lambda spec: {"containers": (replace(spec.containers[0], image="new"),)}),
        ("one more toleration", pod("p").build(), lambda spec: {"tolerations": (*spec.tolerations, ANYTHING)}),
        ("a gate less", pod("p").gate("example.com/g").build(), lambda spec: {"scheduling_gates": ()}),
        ("a StatefulSet's size", stateful_set(), lambda spec: {"replicas": 5}),
        ("a suspended Job's node selector", with_spec(job("j", pod()), suspend=True), lambda spec: {
            "template": replace(spec.template, spec=replace(spec.template.spec, node_selector={"a": "b"}))
        }),
    ],
)  # fmt: skip
def test_what_an_update_may_change(store, why, value, changes):
    created = store.create(value)
    assert store.update(with_spec(created, **changes(created.spec))).metadata.generation == 2, why


def test_a_terminating_object_gets_no_new_finalizers(store):
    created = store.create(replace(deployment("web", pod()), metadata=ObjectMeta(name="web", finalizers=("example.com/a",))))
    store.delete("Deployment", "web", "default")
    more = replace(created.metadata, finalizers=("example.com/a", "example.com/b"), resource_version="")
    with pytest.raises(InvalidError, match="no new finalizers can be added if the object is being deleted"):
        store.update(replace(created, metadata=more))
