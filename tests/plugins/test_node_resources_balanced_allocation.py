from __future__ import annotations

import pytest

from binpack.framework.arguments import NodeResourcesBalancedAllocationArgs, ResourceSpec
from binpack.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from binpack.testing import node, pod
from binpack.testing.trial import cluster_of, rate

GPU = "nvidia.com/gpu"
DEFAULT = NodeResourcesBalancedAllocation(NodeResourcesBalancedAllocationArgs())


def over(*names):
    return NodeResourcesBalancedAllocation(NodeResourcesBalancedAllocationArgs(resources=tuple(ResourceSpec(name) for name in names)))


# Requested: 1000m and 2 Gi; with defaults 1100m and 2.2 Gi. The scores are what kube-scheduler v1.35.4 gives.
REFERENCE = cluster_of(
    [node("n").cpu("4").memory("16Gi").resource(GPU, 4)],
    [pod("p1").request(cpu=1, memory="2Gi").on("n"), pod("p2").on("n")],
)
INCOMING = pod("p").request(cpu="500m", memory="1Gi")


@pytest.mark.parametrize(
    ("why", "plugin", "a_pod", "score"),
    [
        ("half the difference: 90.625", DEFAULT, INCOMING, 90),
        ("three: the standard deviation, 92.2", over("cpu", "memory", GPU), INCOMING.request({GPU: 1}), 92),
        ("a scalar that is not asked for does not count", over("cpu", "memory", GPU), INCOMING, 90),
        ("one resource is in balance with itself", over("cpu"), INCOMING, 100),
        ("one of two is not on the node", over("cpu", "amd.com/gpu"), INCOMING.request({"amd.com/gpu": 1}), 100),
        ("two of three", over("cpu", "amd.com/gpu", "memory"), INCOMING.request({"amd.com/gpu": 1}), 90),
        ("pod-level requests count", DEFAULT, pod("p").request(cpu="100m").pod_level(cpu="500m", memory="1Gi"), 90),
        ("more than there is counts as full", DEFAULT, pod("p").request(cpu=9, memory="14Gi"), 100),
    ],
)
def test_score(why, plugin, a_pod, score):
    assert rate(plugin, a_pod, REFERENCE) == {"n": score}, why


@pytest.mark.parametrize(
    ("why", "plugin", "a_pod"),
    [
        ("nothing is requested", DEFAULT, pod("p")),
        ("nothing but zeros", DEFAULT, pod("p").request(cpu=0, memory=0)),
        ("nothing of what is configured", DEFAULT, pod("p").request({GPU: 1})),
        ("nothing that is a resource", over("widgets"), pod("p").request({"widgets": 1}, cpu=1)),
    ],
)
def test_a_pod_that_asks_for_none_of_it_skips(why, plugin, a_pod):
    assert rate(plugin, a_pod, REFERENCE) == {}, why


def test_the_balance_after_placement_counts_and_not_its_change():
    cluster = cluster_of([node("skewed"), node("even")], [pod("q").request(cpu=2).on("skewed")])
    # memory 8 of 16 Gi brings the skewed node into balance, and the even one out of it.
    assert rate(DEFAULT, pod("p").request(memory="8Gi"), cluster) == {"skewed": 100, "even": 75}
