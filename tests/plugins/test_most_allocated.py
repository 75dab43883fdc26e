from __future__ import annotations

import pytest

from binpack.framework.arguments import NodeResourcesFitArgs, ResourceSpec, ScoringStrategy
from binpack.plugins.node_resources_fit import NodeResourcesFit
from binpack.testing import node, pod
from binpack.testing.trial import cluster_of, rate


def plugin(**weights):
    resources = tuple(ResourceSpec(name, weight) for name, weight in weights.items())
    return NodeResourcesFit(NodeResourcesFitArgs(scoring_strategy=ScoringStrategy(type="MostAllocated", resources=resources)))


# Requested: 1000m and 2 Gi; with defaults 1100m and 2.2 Gi. The scores are what kube-scheduler v1.35.4 gives.
REFERENCE = cluster_of([node("n").cpu("4").memory("16Gi")], [pod("p1").request(cpu=1, memory="2Gi").on("n"), pod("p2").on("n")])


@pytest.mark.parametrize(
    ("why", "weights", "a_pod", "score"),
    [
        ("40 and 19.97: truncated before they are averaged", {"cpu": 1, "memory": 1}, pod("p").request(cpu="500m", memory="1Gi"), 29),
        ("by weight", {"cpu": 3, "memory": 1}, pod("p").request(cpu="500m", memory="1Gi"), 34),
        ("more than there is counts as full", {"cpu": 1}, pod("p").request(cpu=9), 100),
    ],
)
def test_score(why, weights, a_pod, score):
    assert rate(plugin(**weights), a_pod, REFERENCE) == {"n": score}, why


def test_a_resource_that_a_node_lacks_counts_in_neither_sum():
    cluster = cluster_of([node("n").cpu("4").memory("16Gi"), node("m").cpu("4").memory("0")])
    assert rate(plugin(cpu=1, memory=1), pod("p").request(cpu=2, memory="4Gi"), cluster) == {"n": 37, "m": 50}
