from __future__ import annotations

import numpy as np
import pytest

from binpack.units import GIB, MIB
from workloads.distributions import Choice, Constant, LogUniform
from workloads.lifetimes import FOREVER, Endless, Lasting, PartlyEndless
from workloads.shapes import Catalogue, CpuAndMemory, Mixture, Size, WithResource, quantities


def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def test_cpu_and_memory_come_in_steps_and_in_proportion():
    drawn = CpuAndMemory(LogUniform(100, 8_000), LogUniform(1, 8), cpu_step_milli=50, memory_step_mib=64).draw(rng(), 5_000)
    assert (drawn["cpu"] % 50 == 0).all()
    assert (drawn["memory"] % (64 * MIB) == 0).all()
    large = drawn["cpu"] > 1_000
    per_core = drawn["memory"][large] / GIB / (drawn["cpu"][large] / 1000)
    assert per_core.min() > 0.9
    assert per_core.max() < 8.1


def test_nothing_is_rounded_to_zero():
    drawn = CpuAndMemory(Constant(1), Constant(0.001)).draw(rng(), 3)
    assert drawn["cpu"].tolist() == [50] * 3
    assert drawn["memory"].tolist() == [64 * MIB] * 3


def test_a_catalogue_has_its_sizes_only():
    drawn = Catalogue((Size(500, 1024), Size(2000, 4096)), (3, 1)).draw(rng(), 4_000)
    assert set(zip(drawn["cpu"].tolist(), drawn["memory"].tolist(), strict=True)) == {(500, 1024 * MIB), (2000, 4096 * MIB)}
    assert np.mean(drawn["cpu"] == 500) == pytest.approx(0.75, abs=0.03)


def test_a_mixture_takes_each_part_by_weight_and_whole():
    small, large = Catalogue((Size(100, 100),)), WithResource(Catalogue((Size(9000, 9000),)), "example.com/gpu", Choice((1, 2)))
    drawn = Mixture(((0.8, small), (0.2, large))).draw(rng(), 4_000)
    is_large = drawn["cpu"] == 9000
    assert is_large.mean() == pytest.approx(0.2, abs=0.03)
    assert (drawn["memory"][is_large] == 9000 * MIB).all()
    assert (drawn["example.com/gpu"][~is_large] == 0).all()
    assert set(drawn["example.com/gpu"][is_large].tolist()) == {1, 2}


def test_requests_are_written_as_people_write_them():
    requests = {
        "cpu": np.array([1500]),
        "memory": np.array([1536 * MIB]),
        "example.com/gpu": np.array([2]),
        "example.com/none": np.array([0]),
    }
    assert {name: str(amount) for name, amount in quantities(requests, 0).items()} == {
        "cpu": "1500m",
        "memory": "1536Mi",
        "example.com/gpu": "2",
    }


def test_lifetimes_are_whole_seconds_or_forever():
    drawn = PartlyEndless(0.5, Lasting(LogUniform(0.1, 1000))).draw(rng(), 4_000)
    assert np.mean(drawn == FOREVER) == pytest.approx(0.5, abs=0.03)
    assert (drawn[drawn != FOREVER] % 1_000_000 == 0).all()
    assert drawn.min() == 1_000_000
    assert (Endless().draw(rng(), 3) == FOREVER).all()
