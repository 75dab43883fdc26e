from __future__ import annotations

import pytest

from binpack.framework.arguments import NodeResourcesFitArgs, ScoringStrategy, UtilizationShapePoint
from binpack.framework.arguments import RequestedToCapacityRatio as Shape
from binpack.plugins.node_resources_fit import NodeResourcesFit
from binpack.testing import node, pod
from binpack.testing.trial import cluster_of, rate


def plugin(*points):
    shape = Shape(shape=tuple(UtilizationShapePoint(utilization, score) for utilization, score in points))
    strategy = ScoringStrategy(type="RequestedToCapacityRatio", requested_to_capacity_ratio=shape)
    return NodeResourcesFit(NodeResourcesFitArgs(scoring_strategy=strategy))


RISING = ((0, 0), (100, 10))
FALLING = ((0, 10), (40, 3), (100, 0))
TENANTS = [pod("p1").request(cpu=1, memory="2Gi").on("n"), pod("p2").on("n")]


@pytest.mark.parametrize(
    ("why", "points", "score"),
    [
        ("40 and 19: 29.5 is rounded away from zero", RISING, 30),
        ("a falling segment is truncated toward zero: 30 and 67", FALLING, 49),
        ("below the first point", ((50, 4), (100, 10)), 40),
        ("beyond the last point", ((0, 0), (10, 7)), 70),
        ("between the points of a plateau", ((0, 5), (100, 5)), 50),
    ],
)
def test_reference_node(why, points, score):
    cluster = cluster_of([node("n").cpu("4").memory("16Gi")], TENANTS)
    assert rate(plugin(*points), pod("p").request(cpu="500m", memory="1Gi"), cluster) == {"n": score}, why


def test_a_resource_that_scores_zero_leaves_the_weights_too():
    # cpu 40 %, memory 200 Mi of 64 Gi: 0 %.
    cluster = cluster_of([node("n").cpu("4").memory("64Gi")])
    assert rate(plugin(*RISING), pod("p").request(cpu="1600m"), cluster) == {"n": 40}


def test_nothing_scores_anything():
    assert rate(plugin((0, 0), (100, 0)), pod("p").request(cpu=2), cluster_of([node("n")])) == {"n": 0}


def test_more_than_there_is_counts_as_full():
    assert rate(plugin((99, 0), (100, 10)), pod("p").request(cpu=9, memory=0), cluster_of([node("n")])) == {"n": 100}
