"""A node under pressure, and critical pods that push others off (10.10, 10.1)."""

from __future__ import annotations

import pickle

from binpack.control.conditions import find_condition
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.pod import (
    Container,
    Pod,
    ResourceRequirements,
)
from binpack.model.quantity import Quantity
from binpack.testing import pod


def hungry(ward, name: str, memory: str, *, request: str = "", after: str = "0s", priority: int = 0) -> Pod:
    resources = ResourceRequirements(requests={"memory": Quantity.parse(request)} if request else {})
    workload = f"usage: {{memory: [{{after: {after}, amount: {memory}}}]}}"
    return ward.built(Container(name="main", resources=resources), workload=workload, name=name, priority=priority)


def test_a_pod_is_evicted_when_memory_runs_out(ward):
    ward.run(hungry(ward, "modest", "5Gi", request="5Gi"))
    ward.run(hungry(ward, "greedy", "3000Mi", request="1Gi", after="58s")).until(59)
    assert ward.get("greedy").status.phase == "Running"
    ward.until(61)
    assert "EvictionThresholdMet" in ward.reasons()
    ward.until(62)
    status = ward.get("greedy").status
    assert (status.phase, status.reason) == ("Failed", "Evicted")
    assert status.message == (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 72Mi. "
        "Container main was using 3000Mi, request is 1Gi, has larger consumption of memory. "
    )
    assert ward.condition("DisruptionTarget", "greedy").reason == "TerminationByKubelet"
    assert ward.get("modest").status.phase == "Running"
    pressure = find_condition(ward.store.get(Node, "n1").status.conditions, "MemoryPressure")
    assert (pressure.status, pressure.reason) == ("True", "KubeletHasInsufficientMemory")
    ward.run(ward.built(name="best-effort")).until(63)
    assert ward.get("best-effort").status.reason == "Evicted"
    assert ward.get("best-effort").status.message == "Pod was rejected: The node had condition: [MemoryPressure]. "
    ward.until(359.9)
    assert find_condition(ward.store.get(Node, "n1").status.conditions, "MemoryPressure").status == "True"
    ward.until(360)
    pressure = find_condition(ward.store.get(Node, "n1").status.conditions, "MemoryPressure")
    assert (pressure.status, pressure.reason) == ("False", "KubeletHasSufficientMemory")


def test_pods_beyond_their_request_go_first_whatever_their_priority(ward):
    ward.run(hungry(ward, "within", "4000Mi", request="4Gi", priority=-1))
    ward.run(hungry(ward, "beyond", "4100Mi", request="3Gi", priority=1)).until(12)
    assert (ward.get("within").status.phase, ward.get("beyond").status.phase) == ("Running", "Failed")


def test_critical_pods_stay(ward):
    ward.run(hungry(ward, "critical", "8Gi", priority=2_000_000_000))
    ward.run(hungry(ward, "small", "1Mi")).until(60)
    assert (ward.get("critical").status.phase, ward.get("small").status.reason) == ("Running", "Evicted")


def test_a_pod_beyond_its_limit_of_storage_is_evicted(ward):
    limits = ResourceRequirements(limits={"ephemeral-storage": Quantity.parse("1Gi")})
    workload = "usage: {ephemeral-storage: [{amount: 1Gi}, {after: 1m, amount: 1025Mi}]}"
    ward.run(ward.built(Container(name="main", resources=limits), workload=workload)).until(75)
    assert ward.get().status.message == "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. "


def test_steady_use_costs_nothing(ward):
    ward.run(hungry(ward, "modest", "5Gi", request="5Gi")).until(20)
    revision, steps = ward.store.revision, ward.plane.steps
    ward.until(24 * 3600)
    assert (ward.store.revision, ward.plane.steps - steps <= 2) == (revision, True)


def test_a_pickled_node_under_pressure_goes_on_alike(ward):
    ward.run(hungry(ward, "modest", "5Gi", request="5Gi"))
    ward.run(hungry(ward, "greedy", "4Gi", after="1m"))
    ward.run(ward.built(Container(name="main", image="web:1"), workload="image: {size: 1000Mi}")).until(8)
    copy = pickle.loads(pickle.dumps(ward))
    for one in (ward, copy):
        one.until(1000)
    assert ward.store.watch(0) == copy.store.watch(0)


# Admission (10.1)


def test_a_critical_pod_pushes_others_off(ward):
    ward.run(pod("guaranteed").request(cpu="1").build())
    ward.run(pod("burstable").request(cpu="2").build()).until(5)
    critical = pod("critical").request(cpu="3").build()
    ward.run(replace(critical, spec=replace(critical.spec, priority=2_000_000_000))).until(5)
    assert ward.get("critical").status.phase == "Pending"
    ward.until(8)
    status = ward.get("burstable").status
    assert (status.phase, status.reason, status.message) == ("Failed", "Preempting", "Preempted in order to admit critical pod")
    assert (ward.get("guaranteed").status.phase, ward.get("critical").status.phase) == ("Running", "Running")
