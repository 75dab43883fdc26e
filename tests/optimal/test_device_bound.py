"""The bound on allotted GPU: never below what some placement allots, and checked by a verifier that shares no code with it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.errors import CertificateError, InfeasibleError
from binpack.optimal.device_problem import DeviceProblem, NodeKind, PodKind
from binpack.optimal.methods.device_patterns import certified_bound, device_bound
from binpack.optimal.verify_devices import verify_device_bound


def problem(pods: list[PodKind], nodes: list[NodeKind]) -> DeviceProblem:
    fits = tuple(tuple(p.cpu <= n.cpu and p.memory <= n.memory and p.devices <= n.devices for n in nodes) for p in pods)
    return DeviceProblem(tuple(pods), tuple(nodes), fits)


def share(milli: int, count: int, *, cpu: int = 1) -> PodKind:
    return PodKind(cpu, 1, milli, 1, count)


@pytest.mark.parametrize(
    ("why", "pods", "nodes", "milli"),
    [
        ("all fit", [share(500, 4)], [NodeKind(100, 100, 2, 1)], 2000),
        ("shares of 600 leave 400 on every device", [share(600, 9)], [NodeKind(100, 100, 4, 2)], 4800),
        ("more shares than devices, filled as well as can be", [share(300, 9), share(400, 2)], [NodeKind(100, 100, 1, 2)], 2000),
        ("cpu for two pods", [share(1000, 9, cpu=50)], [NodeKind(100, 100, 4, 1)], 2000),
        ("whole devices", [PodKind(1, 1, 1000, 4, 3)], [NodeKind(100, 100, 8, 1)], 8000),
        ("a pod that fits nowhere", [PodKind(1, 1, 1000, 8, 1)], [NodeKind(100, 100, 4, 2)], 0),
        (
            "cpu taken by pods that must be placed",
            [PodKind(60, 0, 0, 0, 1, True), share(1000, 9, cpu=20)],
            [NodeKind(100, 100, 4, 1)],
            2000,
        ),
    ],
)
def test_what_is_bounded_exactly(why: str, pods: list[PodKind], nodes: list[NodeKind], milli: int) -> None:
    instance = problem(pods, nodes)
    found = device_bound(instance)
    assert found.milli == milli
    assert verify_device_bound(found.certificate(instance)).holds


def test_pods_that_must_be_placed_and_do_not_fit() -> None:
    with pytest.raises(InfeasibleError, match="must be placed"):
        device_bound(problem([PodKind(60, 0, 0, 0, 2, True), share(500, 1)], [NodeKind(100, 100, 1, 1)]))


PODS = st.one_of(
    st.builds(PodKind, st.integers(1, 6), st.integers(0, 4), st.sampled_from([200, 300, 500, 700]), st.just(1), st.integers(1, 3)),
    st.builds(PodKind, st.integers(1, 6), st.integers(0, 4), st.just(1000), st.sampled_from([1, 2]), st.integers(1, 2)),
)


@given(st.lists(PODS, min_size=1, max_size=3), st.integers(3, 12), st.integers(1, 2))
def test_never_below_the_best_placement(pods: list[PodKind], cpu: int, devices: int) -> None:
    instance = problem(pods, [NodeKind(cpu, 6, devices, 1), NodeKind(cpu // 2, 4, 1, 1)])
    found = device_bound(instance)
    assert found.milli >= best(instance)
    verified = verify_device_bound(found.certificate(instance))
    assert verified.holds
    assert verified.proven_milli == certified_bound(instance, found.prices) == found.milli


def test_documents_that_prove_less_or_nothing() -> None:
    instance = problem([share(600, 9)], [NodeKind(100, 100, 4, 2)])
    document = device_bound(instance).certificate(instance)
    tighter: dict[str, Any] = copy.deepcopy(document)
    tighter["bound"] -= 10
    assert not verify_device_bound(tighter).holds
    cheaper: dict[str, Any] = copy.deepcopy(document)
    cheaper["prices"]["pods"] = [0]
    assert verify_device_bound(cheaper).proven_milli >= document["bound"]
    other: dict[str, Any] = copy.deepcopy(document)
    other["instance"]["pods"][0][4] = 1
    with pytest.raises(CertificateError, match="digest"):
        verify_device_bound(other)
    negative: dict[str, Any] = copy.deepcopy(document)
    negative["prices"]["cpu"] = [-1]
    with pytest.raises(CertificateError, match=r"prices\.cpu"):
        verify_device_bound(negative)


def best(instance: DeviceProblem) -> int:
    """Try every placement, pod by pod."""
    single = [(i, pod) for i, pod in enumerate(instance.pods) for _ in range(pod.count)]
    rooms = [[node.cpu, node.memory, *[1000] * node.devices] for node in instance.nodes for _ in range(node.count)]
    kinds = [k for k, node in enumerate(instance.nodes) for _ in range(node.count)]

    def ways(pod: PodKind, room: list[int]) -> Iterator[tuple[int, ...]]:
        fitting = [d for d in range(2, len(room)) if room[d] >= pod.milli]
        if pod.devices == 1:
            yield from ((d,) for d in fitting)
        elif len(fitting) >= pod.devices:
            yield tuple(fitting[: pod.devices])

    def go(number: int) -> int:
        if number == len(single):
            return 0
        i, pod = single[number]
        most = go(number + 1)
        for kind, room in zip(kinds, rooms, strict=True):
            if not instance.eligible[i][kind] or room[0] < pod.cpu or room[1] < pod.memory:
                continue
            for devices in ways(pod, room):
                room[0] -= pod.cpu
                room[1] -= pod.memory
                for device in devices:
                    room[device] -= pod.milli
                most = max(most, pod.value + go(number + 1))
                room[0] += pod.cpu
                room[1] += pod.memory
                for device in devices:
                    room[device] += pod.milli
        return most

    return go(0)
