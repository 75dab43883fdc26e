"""The namespace controller. Documented: https://kubernetes.io/docs/tasks/administer-cluster/namespaces (deletion); the rest after
pkg/controller/namespace/deletion/namespaced_resources_deleter_test.go, v1.35."""

from __future__ import annotations

import pytest

from binpack.control.apiserver.errors import ForbiddenError
from binpack.control.apiserver.resources import Unstructured
from binpack.control.controllers.namespace import NamespaceController
from binpack.model.base import replace
from binpack.model.meta import ObjectMeta
from binpack.model.pod import Pod
from binpack.model.policy import Namespace
from binpack.model.workloads import Deployment
from binpack.testing import deployment, namespace, pod


def with_meta(value, **changes):
    return replace(value, metadata=replace(value.metadata, **changes))


def delete(bench):
    bench.store.delete(Namespace, "prod")
    bench.settle()


def conditions(bench):
    return {one.type: (one.status, one.message) for one in bench.store.get(Namespace, "prod").status.conditions}


@pytest.fixture
def prod(bench):
    """A namespace with a bound pod that gets 30 s, an unbound one, a Deployment and an object without a struct."""
    store = bench.store
    store.create(namespace("prod"))
    store.create(pod("waiting", namespace="prod").build())
    store.bind(store.create(pod("running", namespace="prod").build()), "n1")
    store.create(replace(deployment("web", pod()), metadata=ObjectMeta(name="web", namespace="prod")))
    store.create(Unstructured("example.com/v1", "Thing", ObjectMeta(name="t", namespace="prod")))
    store.create(pod("elsewhere").build())
    bench.start(NamespaceController)
    return bench


def test_a_namespace_that_stays_is_left_alone(prod):
    before = prod.store.revision
    prod.wait(3600)
    assert prod.store.revision == before


def test_pods_go_before_everything_else(prod):
    delete(prod)
    marked = prod.store.get(Namespace, "prod")
    assert (marked.status.phase, marked.spec.finalizers) == ("Terminating", ("kubernetes",))
    prod.wait(4.9)
    assert prod.store.find(Pod, "waiting", "prod") is not None
    prod.wait(0.2)
    assert prod.store.find(Pod, "waiting", "prod") is None
    assert prod.store.get(Pod, "running", "prod").metadata.deletion_timestamp is not None
    assert prod.store.find(Deployment, "web", "prod") is not None
    assert conditions(prod)["NamespaceContentRemaining"] == ("True", "Some resources are remaining: pods. has 1 resource instances")
    with pytest.raises(ForbiddenError, match="because it is being terminated"):
        prod.store.create(pod("late", namespace="prod").build())


def test_it_comes_back_after_its_own_status_and_after_half_of_the_longest_grace_period(prod):
    delete(prod)
    prod.wait(11)  # at 5 s it writes what is left, which wakes it at 10 s; half of 30 s, and one more, are over at 26 s
    prod.store.delete(Pod, "running", "prod", grace_seconds=0)
    prod.wait(14.9)
    assert prod.store.find(Namespace, "prod") is not None
    prod.wait(0.2)
    assert prod.store.find(Namespace, "prod") is None
    assert prod.store.within("prod") == []
    assert prod.store.find(Pod, "elsewhere", "default") is not None


def test_finalizers_hold_it_and_it_says_so(bench):
    bench.store.create(namespace("prod"))
    bench.store.create(Unstructured("example.com/v1", "Thing", ObjectMeta(name="t", namespace="prod", finalizers=("example.com/hold",))))
    bench.start(NamespaceController)
    delete(bench)
    bench.wait(6)
    assert conditions(bench)["NamespaceFinalizersRemaining"] == (
        "True",
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
    )
    thing = bench.store.get("Thing.example.com", "t", "prod")
    bench.store.update(with_meta(thing, finalizers=()))
    bench.wait(3.9)
    assert bench.store.find(Namespace, "prod") is not None
    bench.wait(0.2)
    assert bench.store.find(Namespace, "prod") is None


def test_a_pod_that_outstays_its_grace_period_is_retried_with_backoff(prod):
    delete(prod)
    prod.wait(60)
    runtime = prod.plane.client("namespace-controller")
    assert runtime.failures > 3
    prod.store.delete(Pod, "running", "prod", grace_seconds=0)
    prod.wait(61)
    assert prod.store.find(Namespace, "prod") is None
