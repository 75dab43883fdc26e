"""The formulas for kernels say what the numpy plugins say; here as plain functions, uncompiled."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.framework.arguments import UtilizationShapePoint
from binpack.plugins.inter_pod_affinity_score import normalize_affinity
from binpack.plugins.kernels.inter_pod_affinity import normalized_affinity
from binpack.plugins.kernels.node_resources_balanced_allocation import balanced_of_two, balanced_score
from binpack.plugins.kernels.node_resources_fit import allocation_score, least_allocated_of_two
from binpack.plugins.kernels.pod_topology_spread import normalized_spread
from binpack.plugins.least_allocated import least_allocated
from binpack.plugins.most_allocated import most_allocated
from binpack.plugins.node_resources_balanced_allocation import _deviation
from binpack.plugins.requested_to_capacity_ratio import RequestedToCapacityRatio
from binpack.plugins.resource_allocation import Use
from binpack.scheduler.ties import heap_pre_order

AMOUNTS = st.integers(0, 1 << 45)
NODE = st.tuples(AMOUNTS, AMOUNTS)


def uses(resources: list[tuple[int, int]], weights: list[int]) -> list[Use]:
    found = []
    for (there, used), weight in zip(resources, weights, strict=True):
        counted = None if there else np.array([False])
        found.append(Use(weight, np.array([used]), np.array([max(there, 1)]), counted))
    return found


@given(st.lists(NODE, min_size=1, max_size=4), st.integers(1, 5))
def test_allocation_scores(resources: list[tuple[int, int]], weight: int) -> None:
    weights = [weight + number for number in range(len(resources))]
    there = np.array([[resource[0]] for resource in resources])
    used = np.array([[resource[1]] for resource in resources])
    scored = np.array([(-1, number, weights[number], 0) for number in range(len(resources))]).ravel()
    by_ratio = RequestedToCapacityRatio((UtilizationShapePoint(0, 0), UtilizationShapePoint(40, 7), UtilizationShapePoint(100, 3)))
    for strategy, plain in enumerate((least_allocated, most_allocated, by_ratio)):
        expected = int(plain(uses(resources, weights))[0])
        assert allocation_score(0, scored, len(resources), strategy, there, used, used, by_ratio.scores) == expected


@given(st.lists(NODE, min_size=1, max_size=4))
def test_balanced_scores(resources: list[tuple[int, int]]) -> None:
    there = np.array([[resource[0]] for resource in resources])
    used = np.array([[resource[1]] for resource in resources])
    scored = np.array([(number, 0) for number in range(len(resources))]).ravel()
    expected = int(((1 - _deviation(uses(resources, [1] * len(resources)), 1)) * 100).astype(np.int64)[0])
    assert balanced_score(0, scored, len(resources), there, used) == expected


@given(st.tuples(st.integers(1, 1 << 45), AMOUNTS), st.tuples(st.integers(1, 1 << 45), AMOUNTS))
def test_two_resources_at_once(first: tuple[int, int], second: tuple[int, int]) -> None:
    there, used = np.array([[first[0]], [second[0]]]), np.array([[first[1]], [second[1]]])
    fit = least_allocated_of_two(float(first[1]), float(first[0]), 1.0, float(second[1]), float(second[0]), 2.0)
    assert fit == allocation_score(0, np.array([-1, 0, 1, 0, -1, 1, 2, 0]), 2, 0, there, used, used, np.zeros(1, np.int64))
    even = balanced_of_two(float(first[1]), float(first[0]), float(second[1]), float(second[0]))
    assert even == balanced_score(0, np.array([0, 0, 1, 0]), 2, there, used)


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=20))
def test_normalised_affinity(raw: list[int]) -> None:
    expected = normalize_affinity(np.array(raw)).tolist()
    assert [normalized_affinity(value, min(raw), max(raw)) for value in raw] == expected


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_normalised_spread(raw: list[int]) -> None:
    highest, lowest = max(raw), min(raw)
    expected = [100 if highest == 0 else 100 * (highest + lowest - value) // highest for value in raw]
    assert [normalized_spread(value, lowest, highest) for value in raw] == expected


def test_the_pre_order_key_orders_as_the_heap_does() -> None:
    pytest.importorskip("numba")
    from binpack.scheduler.kernels.ties import ones, pre_order_key

    size = 300
    by_walk = np.argsort(heap_pre_order(size))
    keys = [pre_order_key.py_func(int(position)) for position in by_walk]
    assert all(one < other for one, other in pairwise(keys))
    assert [ones.py_func(word) for word in (0, 1, 0b1011, (1 << 62) | 1)] == [0, 1, 3, 2]
