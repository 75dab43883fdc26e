"""The search: how many nodes are looked at, from where, and in what order ties fall."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.scheduler.search import feasible_nodes_to_find, search
from binpack.scheduler.ties import TieBreaker, Ties, heap_pre_order
from binpack.state.cluster import Cluster
from binpack.testing import node


@pytest.mark.parametrize(
    ("nodes", "percentage", "expected"),
    [
        *[(99, 0, 99), (100, 0, 100), (125, 0, 100), (500, 0, 230), (1000, 0, 420), (5000, 0, 500), (5625, 0, 281), (10000, 0, 500)],
        *[(5000, 100, 5000), (5000, 10, 500), (99, 10, 99), (150, 1, 100), (20000, 0, 1000)],
    ],
)
def test_feasible_nodes_to_find(nodes: int, percentage: int, expected: int) -> None:
    assert feasible_nodes_to_find(nodes, percentage) == expected


def test_the_start_rotates_as_in_the_worked_example() -> None:
    """150 equal nodes, every index ≡ 3 mod 10 cordoned, 100 to find (confirmed with v1.35.4)."""
    ordered = np.arange(150, dtype=np.intp)
    passed = ordered % 10 != 3
    start, starts, evaluated = 0, [], []
    for _ in range(6):
        starts.append(start)
        found = search(ordered, passed, start=start, to_find=100)
        evaluated.append(found.evaluated)
        start = (start + found.evaluated) % 150
    assert starts == [0, 111, 72, 34, 145, 106]
    assert evaluated[:5] == [111, 111, 112, 111, 111]


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(0, 100), st.integers(0, 40))
def test_search_agrees_with_walking_the_list(fits: list[bool], start: int, to_find: int) -> None:
    passed = np.array(fits)
    found = search(np.arange(len(fits), dtype=np.intp), passed, start=start, to_find=to_find)
    feasible: list[int] = []
    rejected: list[int] = []
    for step in range(len(fits)):
        row = (start + step) % len(fits)
        if not fits[row]:
            rejected.append(row)
        elif len(feasible) == to_find:
            break
        else:
            feasible.append(row)
    assert found.feasible.tolist() == feasible
    assert found.rejected.tolist() == rejected


def heapified_root(totals: list[int]) -> int:
    """Go's container/heap over (total, position), a binary max-heap in the given order; its root's position."""
    heap = [(total, position) for position, total in enumerate(totals)]

    def down(i: int) -> None:
        while (left := 2 * i + 1) < len(heap):
            child = left
            if left + 1 < len(heap) and heap[left + 1][0] > heap[left][0]:
                child = left + 1
            if not heap[child][0] > heap[i][0]:
                return
            heap[i], heap[child] = heap[child], heap[i]
            i = child

    for i in range(len(heap) // 2 - 1, -1, -1):
        down(i)
    return heap[0][1]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_kube_ties_are_the_root_of_the_heap(totals: list[int]) -> None:
    highest = max(totals)
    order = heap_pre_order(len(totals))
    winner = min((i for i, total in enumerate(totals) if total == highest), key=lambda i: order[i])
    assert winner == heapified_root(totals)


@pytest.mark.parametrize(("totals", "winner"), [([3, 5, 5, 1, 5], 1), ([1, 2, 3, 3, 3, 3, 3], 3)])
def test_kube_ties_in_the_worked_examples(totals: list[int], winner: int) -> None:
    cluster = Cluster()
    for index in range(len(totals)):
        cluster.add_node(node(f"n{index}").build())
    chosen = TieBreaker(Ties.KUBE).choose(cluster, cluster.rows_in_order(), np.array(totals))
    assert chosen == winner


def test_first_takes_the_lowest_name_whatever_the_order() -> None:
    cluster = Cluster()
    for name in ("c", "a", "b"):
        cluster.add_node(node(name).build())
    rows = cluster.rows_in_order()
    assert cluster.node(int(rows[TieBreaker(Ties.FIRST).choose(cluster, rows, np.array([7, 7, 7]))])).name == "a"


@pytest.mark.parametrize("ties", [Ties.RANK, Ties.RANDOM])
def test_drawn_ties_are_the_same_for_the_same_seed(ties: Ties) -> None:
    cluster = Cluster()
    for index in range(9):
        cluster.add_node(node(f"n{index}").build())
    rows, totals = cluster.rows_in_order(), np.full(9, 5)
    runs = [[TieBreaker(ties, np.random.default_rng(seed)).choose(cluster, rows, totals) for _ in range(2)] for seed in (1, 1, 2, 3, 4)]
    assert runs[0] == runs[1]
    assert len({tuple(run) for run in runs}) > 1


def test_rank_is_drawn_once_a_run() -> None:
    cluster = Cluster()
    for index in range(9):
        cluster.add_node(node(f"n{index}").build())
    rows, totals = cluster.rows_in_order(), np.full(9, 5)
    breaker = TieBreaker(Ties.RANK, np.random.default_rng(0))
    assert len({breaker.choose(cluster, rows, totals) for _ in range(20)}) == 1
    anew = TieBreaker(Ties.RANDOM, np.random.default_rng(0))
    assert len({anew.choose(cluster, rows, totals) for _ in range(20)}) > 1


def test_a_drawing_rule_needs_a_generator() -> None:
    with pytest.raises(ValueError, match="needs a generator"):
        TieBreaker(Ties.RANDOM)
