from __future__ import annotations

from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.interface import SKIP
from binpack.framework.status import unresolvable
from binpack.plugins.node_name import NodeName
from binpack.testing import node, pod
from binpack.testing.trial import cluster_of, judge, wakes

CLUSTER = cluster_of([node("n1"), node("n2")])
OTHER = unresolvable("node(s) didn't match the requested node name")


def test_a_pod_without_node_name_is_none_of_its_business():
    assert NodeName().prepare(pod("p").build(), CLUSTER) is SKIP


def test_only_the_named_node_passes():
    assert judge(NodeName(), pod("p").on("n2"), CLUSTER) == {"n1": OTHER, "n2": None}


def test_a_node_that_is_not_there_leaves_none():
    assert judge(NodeName(), pod("p").on("gone"), CLUSTER) == {"n1": OTHER, "n2": OTHER}


def test_every_new_node_and_every_change_of_a_taint_wakes():
    a_node = node("n").build()
    assert wakes(NodeName(), pod("p").on("n"), ClusterEvent(Resource.NODE, Action.ADD, None, a_node))
    assert wakes(NodeName(), pod("p").on("n"), ClusterEvent(Resource.NODE, Action.UPDATE_NODE_TAINT, a_node, a_node))
    assert not wakes(NodeName(), pod("p").on("n"), ClusterEvent(Resource.NODE, Action.UPDATE_NODE_LABEL, a_node, a_node))
