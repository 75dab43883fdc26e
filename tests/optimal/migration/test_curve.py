"""The curve of moves against nodes freed."""

from __future__ import annotations

import pytest

from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.optimal.migration.curve import moves_curve
from binpack.plots.moves_curve import moves_curve as drawn
from binpack.plugins import in_tree
from binpack.testing import node, pod
from binpack.testing.trial import cluster_of

PROFILE = build_profiles(Registry(in_tree()))["default-scheduler"]


def test_each_freed_node_costs_its_pods() -> None:
    nodes = [node(f"n{i}").cpu("6").memory("16Gi").pods(20) for i in range(6)]
    placed = [pod(f"p{n}-{i}").owner("ReplicaSet", "web").request(cpu="1").on(f"n{n}") for n in range(6) for i in range(1 + n % 3)]
    curve = moves_curve(cluster_of(nodes, placed), PROFILE, deterministic_limit=1.0)
    assert [(point.nodes, point.freed, point.moves, point.bound) for point in curve.points] == [
        (6, 0, 0, 0),
        (5, 1, 1, 1),
        (4, 2, 2, 2),
        (3, 3, 4, 4),
        (2, 4, 6, 6),
    ]
    table = curve.table()
    assert list(table.columns) == ["nodes", "freed", "moves", "bound"]
    figure = drawn(table)
    assert figure.axes[0].get_xlabel() == "nodes freed (number)"
    assert len(figure.axes[0].get_lines()) == 2


def test_one_point_is_no_curve() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        moves_curve(cluster_of([node("n1")]), PROFILE, points=1)
