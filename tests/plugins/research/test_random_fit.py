from __future__ import annotations

import numpy as np

from binpack.plugins.research.random_fit import RandomFit
from binpack.state.node_rows import NodeRows
from binpack.testing import node, pod
from binpack.testing.trial import cluster_of, rate

CLUSTER = cluster_of(node(f"n{number}") for number in range(4))


def draws(seed, times):
    generator = np.random.default_rng(seed)
    return [rate(RandomFit(), pod("p"), CLUSTER, generator=generator) for _ in range(times)]


def test_one_node_gets_all():
    for scores in draws(1, 20):
        assert sorted(scores.values()) == [0, 0, 0, 100]


def test_each_node_has_its_share():
    winners = [max(scores, key=scores.get) for scores in draws(2, 400)]
    # 100 are expected of each, with a standard deviation of 8.7.
    assert all(60 < winners.count(f"n{number}") < 140 for number in range(4))


def test_the_same_seed_draws_the_same_nodes_in_whatever_order_they_were_found():
    plugin, a_pod, rows = RandomFit(), pod("p").build(), np.flatnonzero(CLUSTER.active)
    for seed in range(20):
        generators = np.random.default_rng(seed), np.random.default_rng(seed)
        forwards = plugin.prepare_random_score(a_pod, CLUSTER, NodeRows(CLUSTER, rows), generators[0])
        backwards = plugin.prepare_random_score(a_pod, CLUSTER, NodeRows(CLUSTER, rows[::-1]), generators[1])
        assert forwards == backwards
