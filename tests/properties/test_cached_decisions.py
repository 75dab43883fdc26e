"""A cached answer is an optimisation and nothing else: for any life of a cluster, every way of deciding says the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from binpack.scheduler.cached_cycle import CachedCycle
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.state.cluster import Cluster
from binpack.testing.churn import Churn
from binpack.testing.churn_configurations import churn_configurations
from binpack.testing.machine import image

STEPS = 12
CONFIGURATIONS = churn_configurations()


def cycle(ties: Ties, *, cache: bool, kernels: bool = False) -> CachedCycle:
    breaker = TieBreaker(ties, np.random.default_rng(1))
    return CachedCycle(Cluster(), CONFIGURATIONS[0], tie_breaker=breaker, preemption=False, cache=cache, kernels=kernels)


def live(cycles: list[CachedCycle], seed: int) -> None:
    churn = Churn(cycles, seed, configurations=CONFIGURATIONS)
    for number in range(STEPS):
        step = churn.step()
        for answer in step.answers[1:]:
            assert answer == step.answers[0], f"step {number}: {step.name}"
    images = [image(each.cluster) for each in cycles]
    assert all(each == images[0] for each in images)


@pytest.mark.parametrize("ties", list(Ties))
@given(seed=st.integers(0, 2**32))
@example(seed=8139)  # a sum over a column whose number had meant another one
def test_cached_equals_uncached(ties: Ties, seed: int) -> None:
    live([cycle(ties, cache=False), cycle(ties, cache=True)], seed)
