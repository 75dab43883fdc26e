from __future__ import annotations

import pytest

from binpack.framework.arguments import PodTopologySpreadArgs
from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.plugins.pod_topology_spread import PodTopologySpread
from binpack.testing import HOSTNAME, ZONE, expression, node, pod, selector
from binpack.testing.trial import wakes

PLUGIN = PodTopologySpread(PodTopologySpreadArgs())
WEB = {"app": "web"}
WAITING = pod("p").label(WEB).spread(ZONE)


def other(labels=None, **more):
    return pod("o", **more).label(labels or {})


@pytest.mark.parametrize(
    ("why", "action", "before", "after", "woken"),
    [
        ("a counted pod came", Action.ADD, None, other(WEB).on("n"), True),
        ("a counted pod went", Action.DELETE, other(WEB).on("n"), None, True),
        ("one that is not counted", Action.ADD, None, other().on("n"), False),
        ("one of another namespace", Action.ADD, None, other(WEB, namespace="prod").on("n"), False),
        ("one that waits", Action.ADD, None, other(WEB), False),
        ("it began to count", Action.UPDATE_POD_LABEL, other().on("n"), other(WEB).on("n"), True),
        ("it ceased to count", Action.UPDATE_POD_LABEL, other(WEB).on("n"), other().on("n"), True),
        ("it counts as before", Action.UPDATE_POD_LABEL, other(WEB).on("n"), other(WEB).label(x="y").on("n"), False),
        ("the pod's own labels leave its selector", Action.UPDATE_POD_LABEL, pod("p").label(WEB), pod("p"), True),
        ("the pod's own other labels", Action.UPDATE_POD_LABEL, pod("p").label(WEB), pod("p").label(WEB).label(x="y"), False),
        ("its tolerations, with taints ignored", Action.UPDATE_POD_TOLERATION, WAITING, WAITING.tolerates("spot"), False),
    ],
)
def test_pods(why, action, before, after, woken):
    objects = (None if before is None else before.build(), None if after is None else after.build())
    bound = any(o is not None and o.spec.node_name for o in objects)
    event = ClusterEvent(Resource.ASSIGNED_POD if bound else Resource.UNSCHEDULED_POD, action, *objects)
    assert wakes(PLUGIN, WAITING, event) is woken, why


def test_own_tolerations_wake_where_taints_are_honoured():
    waiting = pod("p").label(WEB).spread(ZONE, node_taints_policy="Honor")
    event = ClusterEvent(Resource.UNSCHEDULED_POD, Action.UPDATE_POD_TOLERATION, waiting.build(), waiting.tolerates("spot").build())
    assert wakes(PLUGIN, waiting, event)


A, B, BARE, TAINTED = node("n").zone("a"), node("n").zone("b"), node("n"), node("n").zone("a").taint("spot")


@pytest.mark.parametrize(
    ("why", "action", "before", "after", "woken"),
    [
        ("a new node with the key", Action.ADD, None, A, True),
        ("a new node without", Action.ADD, None, BARE, False),
        ("a node with the key went", Action.DELETE, A, None, True),
        ("one without went", Action.DELETE, BARE, None, False),
        ("it got the key", Action.UPDATE_NODE_LABEL, BARE, A, True),
        ("it lost the key", Action.UPDATE_NODE_LABEL, A, BARE, True),
        ("it changed zone", Action.UPDATE_NODE_LABEL, A, B, True),
        ("another label", Action.UPDATE_NODE_LABEL, A, A.label(disk="ssd"), False),
        ("its taints changed", Action.UPDATE_NODE_TAINT, A, TAINTED, True),
        ("the taints of a node without the key", Action.UPDATE_NODE_TAINT, BARE, BARE.taint("spot"), False),
        ("its resources", Action.UPDATE_NODE_ALLOCATABLE, A, A.cpu("8"), False),
    ],
)
def test_nodes(why, action, before, after, woken):
    event = ClusterEvent(Resource.NODE, action, None if before is None else before.build(), None if after is None else after.build())
    assert wakes(PLUGIN, WAITING, event) is woken, why


def test_every_key_is_needed():
    waiting = WAITING.spread(HOSTNAME)
    bare = node("n").without_labels().zone("a")
    assert not wakes(PLUGIN, waiting, ClusterEvent(Resource.NODE, Action.ADD, None, bare.build()))


def test_a_hint_that_fails_wakes():
    waiting = pod("p").spread(ZONE, labels=selector(None, expression("app", "Near")))
    assert wakes(PLUGIN, waiting, ClusterEvent(Resource.NODE, Action.ADD, None, BARE.build()))
