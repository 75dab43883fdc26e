from __future__ import annotations

import pytest

from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.status import unresolvable
from binpack.plugins.node_unschedulable import NodeUnschedulable
from binpack.testing import NO_EXECUTE, NO_SCHEDULE, node, pod
from binpack.testing.trial import cluster_of, judge, wakes

PLUGIN = NodeUnschedulable()
TAINT = "node.kubernetes.io/unschedulable"
CORDONED = unresolvable("node(s) were unschedulable")


@pytest.mark.parametrize(
    ("why", "a_node", "a_pod", "status"),
    [
        ("an open node", node("n"), pod("p"), None),
        ("a cordoned node", node("n").cordon(), pod("p"), CORDONED),
        ("the taint alone, which is TaintToleration's", node("n").taint(TAINT), pod("p"), None),
        ("tolerated by key", node("n").cordon(), pod("p").tolerates(TAINT), None),
        ("tolerated with its effect", node("n").cordon(), pod("p").tolerates(TAINT, effect=NO_SCHEDULE), None),
        ("another effect", node("n").cordon(), pod("p").tolerates(TAINT, effect=NO_EXECUTE), CORDONED),
        ("Equal with an empty value", node("n").cordon(), pod("p").tolerates(TAINT, ""), None),
        ("another value", node("n").cordon(), pod("p").tolerates(TAINT, "true"), CORDONED),
        ("everything is tolerated", node("n").cordon(), pod("p").tolerates_everything(), None),
    ],
)
def test_filter(why, a_node, a_pod, status):
    assert judge(PLUGIN, a_pod, cluster_of([a_node])) == {"n": status}, why


OPEN, CLOSED = node("n").build(), node("n").cordon().build()


@pytest.mark.parametrize(
    ("why", "action", "before", "after", "woken"),
    [
        ("a new open node", Action.ADD, None, OPEN, True),
        ("a new cordoned node", Action.ADD, None, CLOSED, False),
        ("uncordoned", Action.UPDATE_NODE_TAINT, CLOSED, OPEN, True),
        ("open before and after", Action.UPDATE_NODE_TAINT, OPEN, OPEN, False),
        ("still cordoned", Action.UPDATE_NODE_TAINT, CLOSED, CLOSED, False),
        ("labels", Action.UPDATE_NODE_LABEL, CLOSED, OPEN, False),
    ],
)
def test_node_events(why, action, before, after, woken):
    assert wakes(PLUGIN, pod("p"), ClusterEvent(Resource.NODE, action, before, after)) is woken, why


@pytest.mark.parametrize(
    ("why", "after", "woken"),
    [
        ("now it tolerates cordons", pod("p").tolerates(TAINT), True),
        ("it tolerates something else", pod("p").tolerates("spot"), False),
        ("another pod", pod("q").tolerates(TAINT), False),
    ],
)
def test_own_tolerations(why, after, woken):
    event = ClusterEvent(Resource.UNSCHEDULED_POD, Action.UPDATE_POD_TOLERATION, pod("p").build(), after.build())
    assert wakes(PLUGIN, pod("p"), event) is woken, why
