"""The placement found beside the bound: legal by a checker that shares no code with it, and as good as can be where that is known."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from binpack.errors import CertificateError, InfeasibleError
from binpack.optimal.device_problem import DeviceProblem, NodeKind, PodKind
from binpack.optimal.device_program import DeviceProgram
from binpack.optimal.methods.device_patterns import device_bound
from binpack.optimal.methods.device_rounding import DevicePlacement, device_placement
from binpack.optimal.verify_device_placement import verify_device_placement


def problem(pods: list[PodKind], nodes: list[NodeKind]) -> DeviceProblem:
    fits = tuple(tuple(p.cpu <= n.cpu and p.memory <= n.memory and p.devices <= n.devices for n in nodes) for p in pods)
    return DeviceProblem(tuple(pods), tuple(nodes), fits)


def share(milli: int, count: int, *, cpu: int = 1) -> PodKind:
    return PodKind(cpu, 1, milli, 1, count)


def placed(instance: DeviceProblem) -> tuple[int, DevicePlacement | None]:
    program = DeviceProgram(instance)
    bound = device_bound(instance, program=program)
    return bound.milli, device_placement(instance, program)


@pytest.mark.parametrize(
    ("why", "pods", "nodes", "milli"),
    [
        ("shares that fill devices", [share(300, 9), share(400, 2)], [NodeKind(100, 100, 1, 2)], 2000),
        ("whole devices", [PodKind(1, 1, 1000, 4, 3)], [NodeKind(100, 100, 8, 1)], 8000),
        ("nothing fits", [PodKind(1, 1, 1000, 8, 1)], [NodeKind(100, 100, 4, 2)], 0),
        ("nodes without devices", [PodKind(1, 1, 0, 0, 2, True), share(500, 1)], [NodeKind(100, 100, 0, 2)], 0),
        (
            "a pod that must be placed takes the place of a share",
            [PodKind(60, 0, 0, 0, 1, True), share(500, 2, cpu=40)],
            [NodeKind(100, 100, 2, 1)],
            500,
        ),
    ],
)
def test_known_optima(why: str, pods: list[PodKind], nodes: list[NodeKind], milli: int) -> None:
    instance = problem(pods, nodes)
    _, found = placed(instance)
    assert found is not None
    assert verify_device_placement(found.document(instance)) == found.milli == milli


def test_pods_that_must_be_placed_and_come_apart() -> None:
    """Pooled cpu has room for all three, no two nodes do."""
    instance = problem([PodKind(60, 0, 0, 0, 3, True), share(500, 1)], [NodeKind(100, 100, 1, 2)])
    assert placed(instance)[1] is None


PODS = st.one_of(
    st.builds(PodKind, st.integers(1, 6), st.integers(0, 4), st.sampled_from([200, 300, 500, 700]), st.just(1), st.integers(1, 9)),
    st.builds(PodKind, st.integers(1, 6), st.integers(0, 4), st.just(1000), st.sampled_from([1, 2]), st.integers(1, 5)),
    st.builds(PodKind, st.integers(1, 3), st.integers(0, 2), st.just(0), st.just(0), st.integers(1, 2), st.just(True)),
)


@given(st.lists(PODS, min_size=1, max_size=6), st.integers(6, 20), st.integers(1, 8), st.integers(1, 3))
@example([PodKind(1, 0, 200, 1, 2), PodKind(1, 0, 0, 0, 1, True), PodKind(3, 0, 0, 0, 4, True)], 6, 1, 1)
def test_legal_and_never_above_the_bound(pods: list[PodKind], cpu: int, devices: int, nodes: int) -> None:
    instance = problem(pods, [NodeKind(cpu, 12, devices, nodes), NodeKind(cpu // 2, 8, 1, 2)])
    required = [pod for pod in pods if pod.must_place]
    too_much_cpu = sum(pod.cpu * pod.count for pod in required) > cpu * nodes + cpu // 2 * 2
    if too_much_cpu or sum(pod.memory * pod.count for pod in required) > 12 * nodes + 8 * 2:
        with pytest.raises(InfeasibleError, match="the pods that must be placed do not fit"):
            placed(instance)
        return
    bound, found = placed(instance)
    if found is not None:
        assert verify_device_placement(found.document(instance)) == found.milli <= bound


def _more_nodes(document: dict[str, Any]) -> None:
    document["loads"][0][1] += 9


def _twice_the_pods(document: dict[str, Any]) -> None:
    document["loads"].append(document["loads"][0])


def _a_full_device(document: dict[str, Any]) -> None:
    for pod in document["loads"][0][2]:
        pod[1] = [0]


def _another_instance(document: dict[str, Any]) -> None:
    document["instance"]["pods"][0][4] += 1


def _more_milli(document: dict[str, Any]) -> None:
    document["milli"] += 1


def _no_such_pod(document: dict[str, Any]) -> None:
    document["loads"][0][2][0][0] = 99


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_more_nodes, "nodes of kind 0"),
        (_twice_the_pods, "pods of kind 0"),
        (_a_full_device, "milli"),
        (_another_instance, "digest"),
        (_more_milli, "what is allotted"),
        (_no_such_pod, "cannot be read"),
    ],
)
def test_documents_of_no_placement(change: Callable[[dict[str, Any]], None], says: str) -> None:
    instance = problem([share(600, 4)], [NodeKind(100, 100, 4, 2)])
    _, found = placed(instance)
    assert found is not None
    document = copy.deepcopy(found.document(instance))
    change(document)
    with pytest.raises(CertificateError, match=says):
        verify_device_placement(document)


@pytest.mark.parametrize("seed", [7, 10])
def test_emptying_and_filling_again_reaches_the_bound(seed: int) -> None:
    generator = np.random.default_rng(seed)
    pods = []
    for devices in (1, 1, 1, 1, 1, 2, 4, 8):
        cpu, memory = (int(amount) for amount in generator.integers(4, 40, 2))
        milli = 1000 if devices > 1 else int(generator.integers(20, 96)) * 10
        pods.append(PodKind(cpu, memory, milli, devices, int(generator.integers(3, 12))))
    instance = problem(pods, [NodeKind(90, 90, 8, 4), NodeKind(64, 48, 4, 4)])
    milli = []
    for improvements in (0, 40):
        program = DeviceProgram(instance)
        bound = device_bound(instance, program=program)
        found = device_placement(instance, program, enough=bound.milli, improvements=improvements)
        assert found is not None
        assert verify_device_placement(found.document(instance)) == found.milli
        milli.append(found.milli)
    assert milli[0] < milli[1] == bound.milli
