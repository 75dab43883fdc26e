"""The arrivals of the experiment: order, load and ranks."""

from __future__ import annotations

import pytest

from workloads.traces.go_random import LENGTH, GoRandom
from workloads.traces.openb import OpenbPod
from workloads.traces.openb_filling import Filling, device_milli, draw_filling

TABLE = [(0x9E3779B97F4A7C15 * (i + 1)) % (1 << 64) for i in range(LENGTH)]


def pod(number: int, devices: int = 1, milli: int = 500) -> OpenbPod:
    return OpenbPod(f"pod-{number:03d}", 1000, 0, devices, milli, (), 0, 0, None, number)


def drawn(pods: list[OpenbPod], target: int, seed: int = 1) -> Filling:
    return draw_filling(pods, 5, target_milli=target, random=GoRandom(seed, TABLE))


def total(filling: Filling) -> int:
    return sum(device_milli(arrival.pod) for arrival in filling.arrivals)


def test_too_little_load_is_filled_with_copies_behind_the_shuffled_pods() -> None:
    filling = drawn([pod(n) for n in range(20)], target=15_000)
    assert sorted(arrival.name for arrival in filling.arrivals[:20]) == [f"pod-{n:03d}" for n in range(20)]
    assert [arrival.name.partition("-tuned-")[2] for arrival in filling.arrivals[20:]] == [str(n) for n in range(10)]
    assert total(filling) == 15_000
    assert sorted(filling.ranks) == list(range(5))


def test_too_much_load_is_taken_away() -> None:
    filling = drawn([pod(n) for n in range(20)], target=4_700)
    assert total(filling) == 4_500
    assert not any("tuned" in arrival.name for arrival in filling.arrivals)


def test_a_pod_with_several_devices_may_overshoot() -> None:
    """One device's share is compared with what is left, as in the original."""
    filling = drawn([pod(n, devices=8, milli=1000) for n in range(4)], target=33_000)
    assert total(filling) == 40_000


@pytest.mark.parametrize("target", [10_000, 10_500])
def test_load_that_is_met_exactly(target: int) -> None:
    assert total(drawn([pod(n) for n in range(20)], target=target)) == target


def test_the_order_of_the_file_does_not_matter() -> None:
    pods = [pod(n) for n in range(20)]
    assert drawn(pods, 15_000) == drawn(pods[::-1], 15_000)
    assert drawn(pods, 15_000) != drawn(pods, 15_000, seed=2)
