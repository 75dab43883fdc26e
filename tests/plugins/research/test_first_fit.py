from __future__ import annotations

import numpy as np

from binpack.plugins.research.first_fit import FirstFit
from binpack.state.node_rows import NodeRows
from binpack.testing import node, pod
from binpack.testing.trial import cluster_of, rate


def test_the_first_name_of_a_hundred_and_fifty():
    names = [f"n{number:03}" for number in range(150)]
    scores = rate(FirstFit(), pod("p"), cluster_of(node(name) for name in reversed(names)))
    assert scores == dict.fromkeys(names, 0) | {"n000": 100}


def test_names_are_compared_as_bytes():
    scores = rate(FirstFit(), pod("p"), cluster_of([node("b"), node("a-10"), node("a-9"), node("B")]))
    assert [name for name, score in scores.items() if score] == ["B"]


def test_only_feasible_nodes_are_looked_at():
    cluster = cluster_of([node("a"), node("b"), node("c")])
    feasible = NodeRows(cluster, np.array([cluster.row_of("c"), cluster.row_of("b")], np.intp))
    plugin = FirstFit()
    prepared = plugin.prepare_score(pod("p").build(), cluster, feasible)
    assert plugin.score(prepared, feasible).tolist() == [0, 100]
