from __future__ import annotations

import pytest

from binpack.model.base import replace
from binpack.model.meta import ObjectMeta
from binpack.model.policy import Service, ServiceSpec
from binpack.model.workloads import (
    ReplicaSet,
    ReplicaSetSpec,
    ReplicationController,
    ReplicationControllerSpec,
    StatefulSet,
    StatefulSetSpec,
)
from binpack.plugins.deduced_selectors import deduced_selector
from binpack.state.cluster import Cluster
from binpack.testing import expression, pod, selector, service

WEB = pod("p").label(app="web", tier="front")


def a_service(name, selects, namespace="default"):
    return Service(metadata=ObjectMeta(name=name, namespace=namespace), spec=ServiceSpec(selector=selects))


META = ObjectMeta(name="owner", namespace="default")
CONTROLLER = ReplicationController(metadata=META, spec=ReplicationControllerSpec(selector={"tier": "front"}))
SET = ReplicaSet(metadata=META, spec=ReplicaSetSpec(selector=selector({"tier": "front"}, expression("app", "Exists"))))
STATEFUL = StatefulSet(metadata=META, spec=StatefulSetSpec(selector=selector({"tier": "front"})))
UNPARSABLE = ReplicaSet(metadata=META, spec=ReplicaSetSpec(selector=selector(None, expression("app", "Near"))))
NULL = ReplicaSet(metadata=META, spec=ReplicaSetSpec(selector=None))


@pytest.mark.parametrize(
    ("why", "objects", "a_pod", "keys"),
    [
        ("nothing there", [], WEB, []),
        ("a service", [service("web")], WEB, ["app"]),
        ("a service that does not select it", [service("db")], WEB, []),
        ("all its services together", [service("web"), service("front", {"tier": "front"})], WEB, ["app", "tier"]),
        ("a service that wants more than it has", [service("x", {"app": "web", "x": "y"})], WEB, []),
        ("a service of another namespace", [service("web", namespace="prod")], WEB, []),
        ("a service with a null selector selects none", [a_service("web", None)], WEB, []),
        ("an empty one adds nothing", [a_service("web", {})], WEB, []),
        ("a ReplicaSet", [SET], WEB.owner("ReplicaSet", "owner"), ["app", "tier"]),
        ("a StatefulSet", [STATEFUL], WEB.owner("StatefulSet", "owner"), ["tier"]),
        ("a ReplicationController", [CONTROLLER], WEB.owner("ReplicationController", "owner", api_version="v1"), ["tier"]),
        ("a service and an owner", [service("web"), STATEFUL], WEB.owner("StatefulSet", "owner"), ["app", "tier"]),
        ("an owner of another kind", [SET], WEB.owner("Job", "owner", api_version="batch/v1"), []),
        ("another API group's ReplicaSet", [SET], WEB.owner("ReplicaSet", "owner", api_version="example.com/v1"), []),
        ("an owner that is gone", [service("web")], WEB.owner("ReplicaSet", "owner"), ["app"]),
        ("an owner's selector that cannot be parsed", [UNPARSABLE], WEB.owner("ReplicaSet", "owner"), []),
        ("an owner with a null selector", [service("web"), NULL], WEB.owner("ReplicaSet", "owner"), ["app"]),
    ],
)
def test_selector(why, objects, a_pod, keys):
    cluster = Cluster()
    for item in objects:
        cluster.put(item)
    found = deduced_selector(a_pod.build(), cluster)
    assert sorted(found.keys()) == keys, why
    assert found.is_empty is (not keys)
    assert found.matches(a_pod.build().metadata.labels)


def test_it_follows_changes_of_services():
    cluster = Cluster()
    a_pod = WEB.build()
    assert deduced_selector(a_pod, cluster).is_empty
    cluster.put(service("web"))
    assert sorted(deduced_selector(a_pod, cluster).keys()) == ["app"]
    with cluster.fork():
        cluster.put(replace(service("web"), spec=ServiceSpec(selector={"tier": "front"})))
        assert sorted(deduced_selector(a_pod, cluster).keys()) == ["tier"]
    assert sorted(deduced_selector(a_pod, cluster).keys()) == ["app"]
    cluster.delete("Service", "web", "default")
    assert deduced_selector(a_pod, cluster).is_empty
