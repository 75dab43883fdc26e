"""Kernels decide what numpy decides, and what the plain path decides; compiled code never outlives its source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.framework.profile import Profile
from binpack.scheduler.cached_cycle import CachedCycle
from binpack.scheduler.kernels.stamp import kernel_sources, stamp_of
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.state.cluster import Cluster
from binpack.testing.churn import Churn
from binpack.testing.churn_configurations import churn_configurations
from binpack.testing.machine import image

pytest.importorskip("numba")

STEPS = 12
CONFIGURATIONS = churn_configurations()


def cycle(ties: Ties, profiles: dict[str, Profile], *, cache: bool, kernels: bool, preemption: bool) -> CachedCycle:
    breaker = TieBreaker(ties, np.random.default_rng(1))
    return CachedCycle(Cluster(), profiles, tie_breaker=breaker, cache=cache, kernels=kernels, preemption=preemption)


@pytest.mark.parametrize("ties", [Ties.FIRST, Ties.KUBE])
@given(seed=st.integers(0, 2**32), begin=st.sampled_from(CONFIGURATIONS), preemption=st.booleans())
def test_kernel_equals_numpy_equals_plain(ties: Ties, seed: int, begin: dict[str, Profile], preemption: bool) -> None:
    ways = ((False, False), (True, False), (True, True))
    cycles = [cycle(ties, begin, cache=cache, kernels=kernels, preemption=preemption) for cache, kernels in ways]
    churn = Churn(cycles, seed, configurations=CONFIGURATIONS)
    for number in range(STEPS):
        step = churn.step()
        for answer in step.answers[1:]:
            assert answer == step.answers[0], f"step {number}: {step.name}"
    images = [image(each.cluster) for each in cycles]
    assert images[1] == images[0]
    assert images[2] == images[0]


def test_the_stamp_follows_every_source(tmp_path: Path) -> None:
    copies = []
    for source in kernel_sources():
        copies.append(tmp_path / f"{len(copies)}-{source.name}")
        copies[-1].write_bytes(source.read_bytes())
    before = stamp_of(copies)
    for copy in copies:
        text = copy.read_bytes()
        copy.write_bytes(text + b"\n# edited\n")
        assert stamp_of(copies) != before, copy.name
        copy.write_bytes(text)
        assert stamp_of(copies) == before
