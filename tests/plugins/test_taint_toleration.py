from __future__ import annotations

import pytest

from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.status import unresolvable
from binpack.plugins.taint_toleration import TaintToleration
from binpack.testing import NO_EXECUTE, NO_SCHEDULE, PREFER_NO_SCHEDULE, node, pod
from binpack.testing.trial import cluster_of, judge, rate, wakes

PLUGIN = TaintToleration()
KEPT_OFF = unresolvable("node(s) had untolerated taint(s)")


@pytest.mark.parametrize(
    ("why", "a_node", "a_pod", "passes"),
    [
        ("no taint, nothing to tolerate", node("n"), pod("p"), True),
        ("a soft taint never rejects", node("n").taint("spot", effect=PREFER_NO_SCHEDULE), pod("p"), True),
        ("a hard taint rejects", node("n").taint("gpu", "true"), pod("p"), False),
        ("so does NoExecute", node("n").taint("gpu", "true", effect=NO_EXECUTE), pod("p"), False),
        ("tolerated by key and value", node("n").taint("gpu", "true"), pod("p").tolerates("gpu", "true"), True),
        ("another value is not tolerated", node("n").taint("gpu", "true"), pod("p").tolerates("gpu", "no"), False),
        ("another key is not tolerated", node("n").taint("gpu", "true"), pod("p").tolerates("spot", "true"), False),
        ("any value with Exists", node("n").taint("gpu", "true"), pod("p").tolerates("gpu"), True),
        ("another effect is not tolerated", node("n").taint("gpu"), pod("p").tolerates("gpu", effect=NO_EXECUTE), False),
        ("an empty operator is Equal", node("n").taint("gpu", "1"), pod("p").tolerates("gpu", "1", operator=""), True),
        ("an empty operator is not Exists", node("n").taint("gpu", "1"), pod("p").tolerates("gpu", operator=""), False),
        ("an empty key with Exists tolerates all", node("n").taint("gpu", "true"), pod("p").tolerates_everything(), True),
        ("an empty key with Equal and no value: valueless taints", node("n").taint("gpu"), pod("p").tolerates("", ""), True),
        ("but not those with a value", node("n").taint("gpu", "true"), pod("p").tolerates("", ""), False),
        ("Gt is behind a gate that is off", node("n").taint("gpu", "5"), pod("p").tolerates("gpu", "1", operator="Gt"), False),
        ("one of two is not tolerated", node("n").taint("gpu").taint("spot"), pod("p").tolerates("gpu"), False),
        ("each by its own", node("n").taint("gpu").taint("spot"), pod("p").tolerates("gpu").tolerates("spot"), True),
    ],
)
def test_filter(why, a_node, a_pod, passes):
    assert judge(PLUGIN, a_pod, cluster_of([a_node])) == {"n": None if passes else KEPT_OFF}, why


def softly(name, *keys):
    a_node = node(name)
    for key in keys:
        a_node = a_node.taint(key, effect=PREFER_NO_SCHEDULE)
    return a_node


@pytest.mark.parametrize(
    ("why", "nodes", "a_pod", "scores"),
    [
        (
            "raw 0, 1, 2, 3",
            [softly("n0"), softly("n1", "a"), softly("n2", "a", "b"), softly("n3", "a", "b", "c")],
            pod("p"),
            [100, 67, 34, 0],
        ),
        ("no soft taint anywhere", [softly("n0"), node("n1").taint("gpu")], pod("p"), [100, 100]),
        ("the same number everywhere", [softly("n0", "a", "b"), softly("n1", "c", "d")], pod("p"), [0, 0]),
        ("tolerated ones do not count", [softly("n0", "a"), softly("n1", "b")], pod("p").tolerates("a"), [100, 0]),
        ("tolerated softly", [softly("n0", "a"), softly("n1", "b")], pod("p").tolerates("a", effect=PREFER_NO_SCHEDULE), [100, 0]),
        ("a hard toleration does not count", [softly("n0", "a"), softly("n1")], pod("p").tolerates("a", effect=NO_SCHEDULE), [0, 100]),
    ],
)
def test_score(why, nodes, a_pod, scores):
    assert list(rate(PLUGIN, a_pod, cluster_of(nodes)).values()) == scores, why


def test_the_same_taints_in_the_same_order_are_judged_once():
    cluster = cluster_of([node("n0").taint("a").taint("b"), node("n1").taint("a").taint("b"), node("n2").taint("b").taint("a")])
    assert len(PLUGIN.prepare(pod("p").build(), cluster)) == 3, "none, a and b, b and a"


PLAIN, TAINTED, SOFT = node("n").build(), node("n").taint("gpu").build(), softly("n", "gpu").build()


@pytest.mark.parametrize(
    ("why", "a_pod", "action", "before", "after", "woken"),
    [
        ("a new node without taints", pod("p"), Action.ADD, None, PLAIN, True),
        ("a new tainted node", pod("p"), Action.ADD, None, TAINTED, False),
        ("a new node whose taint it tolerates", pod("p").tolerates("gpu"), Action.ADD, None, TAINTED, True),
        ("the taint is gone", pod("p"), Action.UPDATE_NODE_TAINT, TAINTED, PLAIN, True),
        ("the taint became soft", pod("p"), Action.UPDATE_NODE_TAINT, TAINTED, SOFT, True),
        ("it could be there before", pod("p"), Action.UPDATE_NODE_TAINT, SOFT, PLAIN, False),
        ("labels", pod("p"), Action.UPDATE_NODE_LABEL, TAINTED, PLAIN, False),
    ],
)
def test_node_events(why, a_pod, action, before, after, woken):
    assert wakes(PLUGIN, a_pod, ClusterEvent(Resource.NODE, action, before, after)) is woken, why


@pytest.mark.parametrize(("name", "woken"), [("p", True), ("q", False)])
def test_own_tolerations_always_wake(name, woken):
    event = ClusterEvent(Resource.UNSCHEDULED_POD, Action.UPDATE_POD_TOLERATION, pod(name).build(), pod(name).tolerates("x").build())
    assert wakes(PLUGIN, pod("p"), event) is woken
