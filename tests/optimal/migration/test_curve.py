"""The curve of moves against nodes freed."""

from __future__ import annotations

import pytest

from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.optimal.migration.curve import CurvePoint, monotone, moves_curve
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
    assert curve.fewest_bound == 2
    table = curve.table()
    assert list(table.columns) == ["nodes", "freed", "moves", "bound"]
    figure = drawn(table)
    assert figure.axes[0].get_xlabel() == "nodes freed (number)"
    assert len(figure.axes[0].get_lines()) == 2


def test_one_point_is_no_curve() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        moves_curve(cluster_of([node("n1")]), PROFILE, points=1)


def test_moves_and_bounds_never_fall() -> None:
    """A placement on fewer nodes is one on more; a bound on more nodes is one on fewer."""
    raw = [CurvePoint(9, 0, 0, 0), CurvePoint(8, 1, 5, 3), CurvePoint(7, 2, 4, None), CurvePoint(6, 3, None, 2)]
    assert [(one.moves, one.bound) for one in monotone(raw)] == [(0, 0), (4, 3), (4, 3), (None, 3)]


def test_pods_that_wait_take_room() -> None:
    """Two nodes that one could hold; with what waits none can be freed."""
    placed = [pod(f"p{n}").owner("ReplicaSet", "web").request(cpu="2").on(f"n{n}") for n in range(2)]
    nodes = [node(f"n{n}").cpu("4") for n in range(2)]
    curve = moves_curve(cluster_of(nodes, placed), PROFILE, pending=[pod("new").request(cpu="2").build()], deterministic_limit=1.0)
    assert [(point.nodes, point.moves, point.bound) for point in curve.points] == [(2, 0, 0)]
    curve = moves_curve(cluster_of(nodes, placed), PROFILE, deterministic_limit=1.0)
    assert [(point.nodes, point.moves, point.bound) for point in curve.points] == [(2, 0, 0), (1, 1, 1)]
