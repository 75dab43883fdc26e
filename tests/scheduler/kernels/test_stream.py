"""Slots are caught up from the states in the journal, also where the ring wraps and where somebody else has written to it."""

from __future__ import annotations

import random

import pytest

from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.model.pod import Pod
from binpack.plugins import in_tree
from binpack.scheduler.cached_cycle import CachedCycle
from binpack.scheduler.fast.scheduler import has_numba
from binpack.scheduler.ties import TieBreaker
from binpack.state.cluster import Cluster
from binpack.state.journal import Journal
from binpack.testing import node, pod

NODES, RING = 100, 48


def small_ring(*, cache: bool) -> CachedCycle:
    cluster = Cluster()
    cluster.journal = Journal(RING)
    for number in range(NODES):
        cluster.add_node(node(f"n{number}").cpu("4").memory("16Gi").pods(8).build())
    return CachedCycle(cluster, build_profiles(Registry(in_tree())), tie_breaker=TieBreaker(), cache=cache, kernels=cache)


def of_shape(name: str, shape: int) -> Pod:
    built = pod(name).request(cpu=f"{shape + 1}00m", memory=f"{(shape * 7) % 5 + 1}00Mi")
    # A shape with a resource beside cpu and memory is worked out row by row from the columns.
    return (built.request(cpu="100m", memory="100Mi", **{"ephemeral-storage": "1Mi"}) if shape == 3 else built).build()


@pytest.mark.skipif(not has_numba(), reason="needs numba")
def test_a_ring_that_wraps_many_times_gives_the_plain_decisions() -> None:
    drawn = random.Random(7)
    cycles = [small_ring(cache=True), small_ring(cache=False)]
    bound: list[str] = []
    for tick in range(60):
        pods = [of_shape(f"p{tick}-{n}", drawn.randrange(6)) for n in range(drawn.randrange(1, 20))]
        chosen = [[outcome.node for outcome in cycle.decide_tick(pods)] for cycle in cycles]
        assert chosen[0] == chosen[1]
        bound += [each.key for each, at in zip(pods, chosen[0], strict=True) if at is not None]
        for key in [bound.pop(drawn.randrange(len(bound))) for _ in range(drawn.randrange(min(12, len(bound))))]:
            for cycle in cycles:
                cycle.cluster.remove_pod(key)
        changed = node(f"n{drawn.randrange(NODES)}").cpu(str(drawn.randrange(1, 6))).memory("16Gi").pods(8).build()
        for cycle in cycles:
            cycle.cluster.update_node(changed)
    assert cycles[0].cluster.journal.position > 10 * RING
    assert cycles[0].counters.kernel_decisions > 400
    assert cycles[0].counters.rows_patched > 1000
