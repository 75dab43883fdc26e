"""Instances of the suite, by seed: pods like those of clusters, zones to spread over, priorities that do not all fit, nodes to empty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.couplings import Spread
from binpack.optimal.problem import PackingProblem, problem_of

NODE_TYPES = (
    (16_000, 65_536, 58, 400, 100),
    (32_000, 131_072, 110, 800, 196),
    (32_000, 262_144, 110, 800, 240),
    (64_000, 131_072, 110, 1600, 330),
    (64_000, 524_288, 110, 1600, 460),
)
"""milli-CPU, MiB, pods, a further resource, price: machines of 16 to 64 cores."""

ZONES = 3


def cluster_like(pods: int, shapes: int, *, seed: int, resources: int = 2, node_types: int = 1) -> PackingProblem:
    """Pods with log-uniform CPU and 1 to 8 GiB a core, some shapes far more frequent than others.

    Parameters
    ----------
    pods, shapes : int
    seed : int
    resources : int
        2: CPU and memory; 3: and pods a node; 4: and one that asks for 0 to 199 at random.
    node_types : int
        1: nodes of 32 cores that count 1 each; more: so many of `NODE_TYPES`, with prices.
    """
    generator = np.random.default_rng([seed, pods, shapes, resources, node_types])
    cpu = np.maximum(np.exp(generator.uniform(np.log(100), np.log(12_000), shapes)) // 50 * 50, 50)
    per_core = np.exp(generator.uniform(0.0, np.log(8), shapes))
    memory = np.maximum(cpu / 1000 * per_core * 1024 // 64 * 64, 64)
    columns = [cpu, memory, np.ones(shapes), generator.integers(0, 200, shapes) if resources > 3 else np.zeros(shapes)][:resources]
    kinds = np.array(NODE_TYPES if node_types == len(NODE_TYPES) else NODE_TYPES[:node_types] if node_types > 1 else NODE_TYPES[1:2])
    capacity = kinds[:, :resources]
    size = np.column_stack(columns).astype(np.int64)
    size[:, :2] = np.minimum(size[:, :2], capacity[:, :2].min(axis=0))
    frequent = generator.dirichlet(np.full(shapes, 0.8))
    demand = np.maximum(1, np.floor(frequent * (pods - shapes))).astype(np.int64)
    demand[generator.integers(0, shapes)] += max(0, pods - int(demand.sum()))
    cost = kinds[:, 4] if node_types > 1 else np.ones(1, np.int64)
    return problem_of(size=size, demand=demand, capacity=capacity, supply=[pods] * len(kinds), cost=cost)


def spread_over_zones(pods: int, shapes: int, *, seed: int) -> PackingProblem:
    """Equal nodes in three zones: a third of the shapes one pod a node, under half of them spread over the zones with skew 1."""
    plain = cluster_like(pods, shapes, seed=seed, resources=3)
    generator = np.random.default_rng([seed, pods, shapes, ZONES])
    nodes = max(2, int(plain.demand.sum()))
    apart = (generator.random(shapes) < 1 / 3) & (plain.demand <= pods // 10)
    tied = generator.random(shapes) < 0.45
    limit = np.repeat(np.where(apart, 1, plain.demand)[:, None], ZONES, axis=1)
    spreads = tuple(Spread((i,), tuple(range(ZONES)), (0,) * ZONES, 1) for i in np.flatnonzero(tied).tolist())
    return replace(
        plain,
        capacity=np.repeat(plain.capacity, ZONES, axis=0),
        supply=np.full(ZONES, nodes, np.int64),
        limit=limit,
        cost=np.ones(ZONES, np.int64),
        spreads=spreads,
    )


def with_priorities(nodes: int, pods_a_node: int, usage_percent: int, *, seed: int) -> PackingProblem:
    """Groups of one to four replicas in four tiers that ask for `usage_percent` of two resources of equal nodes."""
    generator = np.random.default_rng([4, nodes, pods_a_node, usage_percent, seed])
    sizes: list[NDArray[np.int64]] = []
    tiers: list[int] = []
    while len(sizes) < nodes * pods_a_node:
        size, replicas, tier = generator.integers(100, 1001, 2), int(generator.integers(1, 5)), int(generator.integers(4))
        for _ in range(min(replicas, nodes * pods_a_node - len(sizes))):
            sizes.append(size)
            tiers.append(tier)
    pods = np.column_stack([np.array(tiers), np.array(sizes)])
    capacity = -(-pods[:, 1:].sum(axis=0) * 100 // (usage_percent * nodes))
    classes, demand = np.unique(pods, axis=0, return_counts=True)
    return problem_of(size=classes[:, 1:], demand=demand, capacity=[capacity], supply=[nodes], tier=classes[:, 0])


def scattered(nodes: int, pods: int, shapes: int, *, seed: int) -> PackingProblem:
    """Equal nodes, each pod on the emptiest one that had room, with a tenth of the pods gone since: a cluster to be tidied up."""
    plain = cluster_like(pods, shapes, seed=seed)
    generator = np.random.default_rng([seed, pods, nodes])
    order = generator.permutation(np.repeat(np.arange(shapes), plain.demand))
    free = np.repeat(plain.capacity.astype(float), nodes, axis=0)
    held = np.zeros((shapes, nodes), np.int64)
    for pod_class in order.tolist():
        room = np.where((free >= plain.size[pod_class]).all(axis=1), (free / plain.capacity[0]).mean(axis=1), -1.0)
        node = int(np.argmax(room))
        if room[node] < 0:
            continue
        free[node] -= plain.size[pod_class]
        held[pod_class, node] += 1
    held -= generator.binomial(held, 0.1)
    there = np.flatnonzero(held.sum(axis=1))
    held = held[there]
    present = [(0, node, i, int(held[i, node])) for i, node in np.argwhere(held).tolist()]
    return problem_of(
        size=plain.size[there],
        demand=held.sum(axis=1),
        capacity=plain.capacity,
        supply=[nodes],
        present=np.array(present, np.int64).reshape(-1, 4),
    )
