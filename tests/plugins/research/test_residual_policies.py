"""The policies that compare what nodes have left: BestFit, WorstFit, DotProduct, TetrisAlignment, L2Norm."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.plugins.research.best_fit import BestFit
from binpack.plugins.research.dot_product import DotProduct
from binpack.plugins.research.l2_norm import L2Norm
from binpack.plugins.research.tetris_alignment import TetrisAlignment
from binpack.plugins.research.worst_fit import WorstFit
from binpack.testing import node, pod
from binpack.testing.trial import cluster_of, rate

GPU = "example.com/gpu"


def some_node(name, cpu, memory):
    return node(name).cpu(cpu).memory(f"{memory}Gi")


def tenant(where, cpu, memory):
    return pod(f"on-{where}").request(cpu=cpu, memory=f"{memory}Gi").on(where)


# Fractions free: a 3/4 and 1/4, b 1/2 and 1/2, c all. The pod asks for 1/4 of a node's cpu and none of its memory.
EQUAL_NODES = cluster_of([some_node(name, 4, 16) for name in "abc"], [tenant("a", 1, 12), tenant("b", 2, 8)])
# The same free amounts on a small node and on a large one.
SMALL_AND_LARGE = cluster_of([some_node("small", 4, 16), some_node("large", 8, 32)], [tenant("large", 4, 16)])


@pytest.mark.parametrize(
    ("why", "plugin", "cluster", "a_pod", "best"),
    [
        ("equal sums left are equally good", BestFit(), EQUAL_NODES, pod("p").request(cpu=1), ["a", "b"]),
        ("the emptiest", WorstFit(), EQUAL_NODES, pod("p").request(cpu=1), ["c"]),
        ("the square minds an uneven rest: 1/2, 1/4 against 1/4, 1/2", L2Norm(), EQUAL_NODES, pod("p").request(cpu=1), ["a", "b"]),
        ("and decides: 1/2, 0 against 1/4, 1/4", L2Norm(), EQUAL_NODES, pod("p").request(cpu=1, memory="4Gi"), ["b"]),
        ("most of what is asked for", TetrisAlignment(), EQUAL_NODES, pod("p").request(cpu=1), ["c"]),
        ("the larger part left of the large node is not less", BestFit(), SMALL_AND_LARGE, pod("p").request(cpu=1), ["large"]),
        ("of its own capacity the small one has more", TetrisAlignment(), SMALL_AND_LARGE, pod("p").request(cpu=1), ["small"]),
        ("in common units both are alike", DotProduct(), SMALL_AND_LARGE, pod("p").request(cpu=1), ["large", "small"]),
        ("nothing asked for, nothing to align", DotProduct(), SMALL_AND_LARGE, pod("p"), ["large", "small"]),
    ],
)  # fmt: skip
def test_best_nodes(why, plugin, cluster, a_pod, best):
    scores = rate(plugin, a_pod, cluster)
    assert sorted(name for name, score in scores.items() if score == 100) == best, why


def test_other_resources_count_for_the_pods_that_ask_for_them():
    nodes = [node("one").resource(GPU, 8), node("two").resource(GPU, 8)]
    cluster = cluster_of(nodes, [pod("q").request({GPU: 6}).on("one"), pod("r").request(cpu="100m").on("two")])
    assert rate(BestFit(), pod("p").request({GPU: 1}), cluster) == {"one": 100, "two": 0}
    assert rate(BestFit(), pod("p").request(cpu=1), cluster) == {"one": 0, "two": 100}


def test_a_single_byte_tells_two_nodes_apart():
    cluster = cluster_of([node("a"), node("b"), node("c")], [pod("q").request(memory="1").on("b"), pod("r").request(memory="8Gi").on("c")])
    assert rate(WorstFit(), pod("p"), cluster) == {"a": 100, "b": 99, "c": 0}


def test_the_last_bit_of_a_double_does_not():
    # A third of one resource and two thirds of the other are free, on nodes of 9, 21 and 27 cores.
    nodes, placed = [], []
    for size in (3, 7, 9):
        for turn, cpu, memory in (("a", 1, 2), ("b", 2, 1)):
            nodes.append(node(f"n{size}{turn}").cpu(3 * size).memory(f"{3 * size}Gi"))
            placed.append(tenant(f"n{size}{turn}", cpu * size, memory * size))
    scores = rate(BestFit(), pod("p"), cluster_of(nodes, placed))
    assert set(scores.values()) == {100}


@pytest.mark.parametrize("plugin", [BestFit(), WorstFit(), DotProduct(), TetrisAlignment(), L2Norm()], ids=lambda plugin: plugin.name)
def test_nodes_without_the_resource_and_overcommitted_ones_neither_warn_nor_fail(plugin, recwarn):
    nodes = [node("bare").without_resources(), node("tiny").memory(1), node("n")]
    cluster = cluster_of(nodes, [pod("q").request(cpu=100, memory="100Ti").on("tiny")])
    scores = rate(plugin, pod("p").request({GPU: 3}, cpu=1, memory="1Ti"), cluster)
    assert all(0 <= score <= 100 for score in scores.values())
    assert not recwarn.list


amounts = st.lists(st.tuples(st.integers(1, 16), st.integers(1, 64), st.integers(0, 16), st.integers(0, 64)), min_size=1, max_size=8)


@given(amounts, st.integers(0, 16), st.integers(0, 64))
def test_best_and_worst_fit_find_the_extremes_of_exact_fractions(sizes, cpu, memory):
    """The plain twin: sums of fractions, exactly, one node after the other."""
    nodes, placed, left = [], [], {}
    for number, (cores, gibibytes, used_cpu, used_memory) in enumerate(sizes):
        name = f"n{number}"
        nodes.append(some_node(name, cores, gibibytes))
        placed.append(tenant(name, used_cpu, used_memory))
        left[name] = Fraction(cores - used_cpu - cpu, cores) + Fraction(gibibytes - used_memory - memory, gibibytes)
    cluster = cluster_of(nodes, placed)
    a_pod = pod("p").request(cpu=cpu, memory=f"{memory}Gi")
    for plugin, extreme in ((BestFit(), min(left.values())), (WorstFit(), max(left.values()))):
        chosen = {name for name, score in rate(plugin, a_pod, cluster).items() if score == 100}
        assert chosen == {name for name, rest in left.items() if rest == extreme}


@given(amounts, st.integers(0, 16), st.integers(0, 64))
def test_products_and_squares_agree_with_loops(sizes, cpu, memory):
    nodes = [some_node(f"n{number}", cores, gibibytes) for number, (cores, gibibytes, _, _) in enumerate(sizes)]
    placed = [tenant(f"n{number}", used_cpu, used_memory) for number, (_, _, used_cpu, used_memory) in enumerate(sizes)]
    cluster = cluster_of(nodes, placed)
    a_pod = pod("p").request(cpu=cpu, memory=f"{memory}Gi")
    most_cpu, most_memory = max(size[0] for size in sizes), max(size[1] for size in sizes)
    for plugin, term in (
        (DotProduct(), lambda size: cpu * (size[0] - size[2]) / most_cpu**2 + memory * (size[1] - size[3]) / most_memory**2),
        (TetrisAlignment(), lambda size: cpu * (size[0] - size[2]) / size[0] ** 2 + memory * (size[1] - size[3]) / size[1] ** 2),
        (L2Norm(), lambda size: ((size[0] - size[2] - cpu) / size[0]) ** 2 + ((size[1] - size[3] - memory) / size[1]) ** 2),
    ):
        raw = np.array(list(rate(plugin, a_pod, cluster, raw=True).values())) / (1 << 40)
        assert raw == pytest.approx([term(size) for size in sizes], abs=1e-9)
