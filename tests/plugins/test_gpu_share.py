"""GpuShare: which nodes a pod with devices fits, what it is given, and what happens when a placement is taken back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from binpack.framework.profile import Profile, build_profiles
from binpack.framework.registry import Registry
from binpack.framework.resolution import resolve_document
from binpack.model.base import replace
from binpack.model.devices import DeviceRequest
from binpack.model.quantity import Quantity
from binpack.plugins import in_tree
from binpack.plugins.device_rules import best_fit
from binpack.scheduler.cycle import SchedulingCycle
from binpack.scheduler.ties import TieBreaker
from binpack.state.cluster import Cluster
from binpack.testing import node, pod

MILLI, COUNT, INDEX, MODEL = (f"alibabacloud.com/gpu-{what}" for what in ("milli", "count", "index", "card-model"))


def gpu_node(name: str, devices: int, model: str) -> Any:
    built = node(name).cpu("16").memory("64Gi").build()
    amounts = {**(built.status.allocatable or built.status.capacity), COUNT: Quantity.of(devices)}
    meta = replace(built.metadata, labels={**built.metadata.labels, MODEL: model})
    return replace(built, metadata=meta, status=replace(built.status, allocatable=amounts, capacity=amounts))


def gpu_pod(name: str, milli: int, count: int = 1, models: str = "") -> Any:
    built = pod(name).request(cpu="1").build()
    annotations = {MILLI: str(milli), COUNT: str(count)} | ({MODEL: models} if models else {})
    return replace(built, metadata=replace(built.metadata, annotations=annotations))


def profile(*names: str) -> Profile:
    registry = Registry(in_tree())
    enabled = [{"name": name} for name in (*names, "GpuShare")]
    document = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "percentageOfNodesToScore": 100,
        "profiles": [{"plugins": {"multiPoint": {"enabled": enabled}}}],
    }
    return build_profiles(registry, resolve_document(document, registry))["default-scheduler"]


def cycle(*names: str) -> SchedulingCycle:
    cluster = Cluster()
    cluster.add_node(gpu_node("small", 2, "T4"))
    cluster.add_node(gpu_node("large", 4, "V100"))
    cluster.add_node(node("plain").cpu("16").memory("64Gi").build())
    chosen = profile(*names)
    return SchedulingCycle(cluster, {chosen.scheduler_name: chosen}, tie_breaker=TieBreaker(), generator=np.random.default_rng(1))


def place(at: SchedulingCycle, a_pod: Any) -> tuple[str | None, tuple[int, ...] | None]:
    decision = at.decide(a_pod)
    if decision.node is None:
        return None, None
    at.commit(decision)
    held = at.cluster.devices.held(a_pod.key)
    return decision.node, None if held is None else held.devices


@pytest.mark.parametrize(
    ("why", "a_pod", "feasible"),
    [
        ("no devices: anywhere", pod("p").request(cpu="1").build(), {"small", "large", "plain"}),
        ("a share: wherever there are devices", gpu_pod("p", 300), {"small", "large"}),
        ("three whole devices", gpu_pod("p", 1000, 3), {"large"}),
        ("a model", gpu_pod("p", 300, 1, "T4"), {"small"}),
        ("one of two models", gpu_pod("p", 300, 1, "A10|V100"), {"large"}),
    ],
)
def test_filter(why: str, a_pod: Any, feasible: set[str]) -> None:
    at = cycle()
    assert {at.cluster.node(int(row)).name for row in at.decide(a_pod).feasible} == feasible


def test_shares_do_not_add_up_over_devices() -> None:
    at = cycle()
    for number in range(2):
        assert place(at, gpu_pod(f"p{number}", 600, 1, "T4"))[0] == "small"
    decision = at.decide(gpu_pod("q", 500, 1, "T4"))
    assert decision.node is None, "800 milli are left, 400 on each"
    assert decision.message is not None
    assert "2 Insufficient GPU devices" in decision.message
    assert "1 node(s) had another GPU model" in decision.message
    assert place(at, gpu_pod("r", 400, 1, "T4")) == ("small", (0,))


@pytest.mark.parametrize(
    ("why", "request_", "left", "devices"),
    [
        ("the fullest that suffices", DeviceRequest(300), [1000, 400, 200, 400], (1,)),
        ("whole devices by index", DeviceRequest(1000, 2), [500, 1000, 1000, 1000], (1, 2)),
        ("several shares on devices of their own", DeviceRequest(300, 2), [1000, 400, 200, 350], (1, 3)),
        ("too few", DeviceRequest(300, 2), [1000, 100, 200, 0], None),
    ],
)
def test_best_fit(why: str, request_: DeviceRequest, left: list[int], devices: tuple[int, ...] | None) -> None:
    assert best_fit(request_, np.array(left, np.int32)) == devices


@pytest.mark.parametrize("policy", ["FGD", "GpuPacking", "GpuClustering", "FGDBestFit", "FGDDotProd", "FGDRandom"])
def test_each_policy_allots_once_beside_the_usual_scores(policy: str) -> None:
    at = cycle(policy)
    names = {plugin.name for plugin, _ in at.profile_of(pod("x").build()).scores}
    assert {policy, "NodeResourcesFit", "PodTopologySpread"} <= names
    used = 0
    for number, milli in enumerate((300, 1000, 500, 700, 1000, 250)):
        where, devices = place(at, gpu_pod(f"p{number}", milli))
        assert where in ("small", "large")
        assert devices is not None
        assert len(devices) == 1
        used += milli
    assert int(at.cluster.devices.free.sum()) == 6000 - used


def test_a_placement_can_be_taken_back() -> None:
    at = cycle()
    allocations = at.commit(at.decide(gpu_pod("p", 300)))
    assert isinstance(allocations, tuple)
    assert [(a.plugin, a.content.devices) for a in allocations] == [("GpuShare", (0,))]
    allocations[0].undo()
    at.cluster.remove_pod("default/p")
    assert int(at.cluster.devices.free.sum()) == 6000
    assert not at.cluster.devices.ledger


def test_annotations_that_cannot_be_read_fail_the_cycle() -> None:
    decision = cycle().decide(replace(gpu_pod("p", 300), metadata=replace(gpu_pod("p", 300).metadata, annotations={MILLI: "x"})))
    assert decision.failed
    assert decision.message is not None
    assert 'gpu-milli: "x"' in decision.message
