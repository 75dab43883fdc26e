"""The quota controller, and admission that charges quotas. Documented: https://kubernetes.io/docs/concepts/policy/resource-quotas."""

from __future__ import annotations

import pytest

from binpack.control.apiserver.errors import AlreadyExistsError, ForbiddenError
from binpack.control.controllers.resource_quota import ResourceQuotaController
from binpack.model.base import replace
from binpack.model.meta import ObjectMeta
from binpack.model.pod import Pod
from binpack.model.policy import (
    ResourceQuota,
    ResourceQuotaSpec,
    ResourceQuotaStatus,
    ScopedResourceSelectorRequirement,
    ScopeSelector,
    Service,
    ServicePort,
    ServiceSpec,
)
from binpack.model.quantity import Quantity
from binpack.testing import deployment, pod


def quota(*scopes: str, name: str = "q", selector: ScopeSelector | None = None, **hard: str) -> ResourceQuota:
    amounts = {key.replace("__", "/").replace("_", "."): Quantity.parse(value) for key, value in hard.items()}
    return ResourceQuota(metadata=ObjectMeta(name=name, namespace="default"), spec=ResourceQuotaSpec(amounts, scopes, selector))


def used(bench, name: str = "q") -> dict[str, str]:
    return {key: str(value) for key, value in bench.store.get(ResourceQuota, name, "default").status.used.items()}


def begin(bench, *quotas: ResourceQuota):
    for one in quotas:
        bench.store.create(one)
    return bench.start(ResourceQuotaController)


def sized(name: str, **request: str):
    return pod(name).request(**request).build()


def test_a_new_quota_counts_what_is_there(bench):
    bench.store.create(sized("a", cpu="1500m", memory="1Gi"))
    bench.store.create(sized("b", cpu="500m", memory="2Gi"))
    begin(bench, quota(requests_cpu="4", requests_memory="8Gi", pods="10", count__pods="10", limits_cpu="9"))
    assert used(bench) == {"requests.cpu": "2", "requests.memory": "3Gi", "pods": "2", "count/pods": "2", "limits.cpu": "0"}


def test_every_creation_is_charged_before_the_object_is_stored(bench):
    begin(bench, quota(requests_cpu="2", pods="9"))
    bench.store.create(sized("a", cpu="1500m"))
    assert used(bench) == {"requests.cpu": "1500m", "pods": "1"}
    with pytest.raises(ForbiddenError) as refused:
        bench.store.create(sized("b", cpu="1"))
    assert str(refused.value) == (
        'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=1, used: requests.cpu=1500m, limited: requests.cpu=2'
    )
    assert used(bench) == {"requests.cpu": "1500m", "pods": "1"}


def test_a_charge_for_what_was_not_stored_stays_until_the_next_count(bench):
    begin(bench, quota(pods="9"))
    bench.store.create(sized("a", cpu="1"))
    with pytest.raises(AlreadyExistsError):
        bench.store.create(sized("a", cpu="1"))
    assert used(bench) == {"pods": "2"}
    bench.wait(299)
    assert used(bench) == {"pods": "2"}
    bench.wait(2)
    assert used(bench) == {"pods": "1"}


def test_every_container_must_say_what_a_quota_limits(bench):
    begin(bench, quota(requests_memory="1Gi", limits_cpu="4"))
    with pytest.raises(ForbiddenError, match=r"failed quota: q: must specify limits\.cpu for: main; requests\.memory for: main"):
        bench.store.create(sized("a", cpu="1"))


def test_a_quota_that_was_never_counted(bench):
    unknown = replace(quota(pods="1"), status=ResourceQuotaStatus(hard={"pods": Quantity.of(1)}))
    bench.store.load(unknown)
    with pytest.raises(ForbiddenError, match="status unknown for quota: q, resources: pods"):
        bench.store.create(sized("a", cpu="1"))


def test_what_ends_or_goes_gives_back(bench):
    begin(bench, quota(requests_cpu="2", pods="2", count__pods="5"))
    bench.store.create(sized("a", cpu="1"))
    bench.store.create(sized("b", cpu="1"))
    bench.edit_pod(bench.store.get(Pod, "a", "default"), node="n1", phase="Succeeded")
    bench.settle()
    assert used(bench) == {"requests.cpu": "1", "pods": "1", "count/pods": "2"}
    bench.store.delete(Pod, "b", "default")
    bench.settle()
    assert used(bench) == {"requests.cpu": "0", "pods": "0", "count/pods": "1"}


@pytest.mark.parametrize(
    ("why", "scopes", "selector", "a_pod", "counted"),
    [
        ("a pod without requests is BestEffort", ("BestEffort",), None, pod("a"), True),
        ("one with requests is not", ("BestEffort",), None, pod("a").request(cpu="1"), False),
        ("no deadline is NotTerminating", ("NotTerminating",), None, pod("a"), True),
        ("no deadline is not Terminating", ("Terminating",), None, pod("a"), False),
        ("all scopes have to match", ("NotTerminating", "NotBestEffort"), None, pod("a"), False),
        (
            "a class by name",
            (),
            ScopeSelector((ScopedResourceSelectorRequirement("PriorityClass", "In", ("system-node-critical",)),)),
            pod("a").priority_class("system-node-critical"),
            True,
        ),
    ],
)
def test_scopes(bench, why, scopes, selector, a_pod, counted):
    begin(bench, quota(*scopes, selector=selector, pods="5"))
    bench.store.create(a_pod.build())
    assert used(bench) == {"pods": "1" if counted else "0"}, why


def test_services_and_counts_of_anything(bench):
    begin(bench, quota(services="5", services_nodeports="2", services_loadbalancers="1", count__deployments_apps="1"))
    ports = (ServicePort(port=80), ServicePort(port=81))
    bench.store.create(Service(metadata=ObjectMeta(name="s", namespace="default"), spec=ServiceSpec(type="LoadBalancer", ports=ports)))
    bench.store.create(deployment("web", pod()))
    assert used(bench) == {"services": "1", "services.nodeports": "2", "services.loadbalancers": "1", "count/deployments.apps": "1"}
    with pytest.raises(ForbiddenError, match=r'deployments\.apps "db" is forbidden: exceeded quota: q'):
        bench.store.create(deployment("db", pod()))


def test_a_pod_that_gets_a_deadline_moves_to_another_quota(bench):
    begin(bench, quota("Terminating", name="t", pods="1"), quota("NotTerminating", name="n", pods="1"))
    created = bench.store.create(sized("a", cpu="1"))
    assert (used(bench, "t"), used(bench, "n")) == ({"pods": "0"}, {"pods": "1"})
    bench.store.update(replace(created, spec=replace(created.spec, active_deadline_seconds=60)))
    assert used(bench, "t") == {"pods": "1"}


def test_all_quotas_are_charged_or_none(bench):
    begin(bench, quota(name="wide", pods="5"), quota(name="narrow", pods="1"))
    bench.store.create(sized("a", cpu="1"))
    with pytest.raises(ForbiddenError, match="exceeded quota: narrow"):
        bench.store.create(sized("b", cpu="1"))
    assert (used(bench, "wide"), used(bench, "narrow")) == ({"pods": "1"}, {"pods": "1"})
