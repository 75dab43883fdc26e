"""Where only a sample of the nodes is scored, every way of deciding stops the search at the same node, and begins the next one there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.framework.profile import Profile
from binpack.scheduler.cached_cycle import CachedCycle
from binpack.scheduler.fast.scheduler import has_numba
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.state.cluster import Cluster
from binpack.testing.churn import Churn
from binpack.testing.churn_configurations import churn_configurations
from binpack.testing.machine import image

STEPS = 12
FEWEST = 2


@pytest.fixture(autouse=True, scope="module")
def _small_samples() -> Iterator[None]:
    """kube-scheduler looks for 100 feasible nodes at least; here for two, so that small clusters are sampled as well."""
    with patch("binpack.scheduler.search.MIN_FEASIBLE_NODES", FEWEST):
        yield


def sampled(percentage: int) -> list[dict[str, Profile]]:
    return [
        {name: replace(profile, percentage_of_nodes_to_score=percentage) for name, profile in profiles.items()}
        for profiles in churn_configurations()
    ]


def cycle(ties: Ties, profiles: dict[str, Profile], *, cache: bool, kernels: bool = False) -> CachedCycle:
    breaker = TieBreaker(ties, np.random.default_rng(1))
    return CachedCycle(Cluster(), profiles, tie_breaker=breaker, cache=cache, kernels=kernels)


@given(ties=st.sampled_from(Ties), seed=st.integers(0, 2**32), percentage=st.sampled_from([0, 20, 60]))
def test_every_way_stops_at_the_same_node(ties: Ties, seed: int, percentage: int) -> None:
    configurations = sampled(percentage)
    cycles = [cycle(ties, configurations[0], cache=False), cycle(ties, configurations[0], cache=True)]
    cycles += [cycle(ties, configurations[0], cache=True, kernels=True)] if has_numba() else []
    churn = Churn(cycles, seed, configurations=configurations)
    for number in range(STEPS):
        step = churn.step()
        for answer in step.answers[1:]:
            assert answer == step.answers[0], f"step {number}: {step.name}"
        assert len({each.next_start for each in cycles}) == 1, f"step {number}: {step.name}"
    images = [image(each.cluster) for each in cycles]
    assert all(each == images[0] for each in images)
