from __future__ import annotations

import numpy as np
import pytest

from binpack.errors import SchedulingError
from binpack.framework.arguments import InterPodAffinityArgs
from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.interface import SKIP
from binpack.framework.status import Code, unresolvable, unschedulable
from binpack.plugins.inter_pod_affinity import InterPodAffinity
from binpack.plugins.inter_pod_affinity_score import normalize_affinity
from binpack.testing import ZONE, expression, namespace, node, pod, selector
from binpack.testing.trial import cluster_of, judge, rate, wakes

PLUGIN = InterPodAffinity(InterPodAffinityArgs())
NO_AFFINITY = unresolvable("node(s) didn't match pod affinity rules")
ANTI_AFFINITY = unschedulable("node(s) didn't match pod anti-affinity rules")
EXISTING = unschedulable("node(s) didn't satisfy existing pods anti-affinity rules")
WEB, DB = {"app": "web"}, {"app": "db"}
NODES = [node("a1").zone("a"), node("a2").zone("a"), node("b1").zone("b"), node("bare").without_labels()]
PASSES = None


def db(name="db", **more):
    return pod(name, **more).label(DB)


@pytest.mark.parametrize(
    ("why", "a_pod", "placed", "a1", "a2", "b1", "bare"),
    [
        ("near a pod, in its zone", pod("p").near(DB, ZONE), [db().on("a1")], PASSES, PASSES, NO_AFFINITY, NO_AFFINITY),
        ("near a pod, on its host", pod("p").near(DB), [db().on("a1")], PASSES, NO_AFFINITY, NO_AFFINITY, NO_AFFINITY),
        ("nobody there to be near", pod("p").near(DB, ZONE), [], NO_AFFINITY, NO_AFFINITY, NO_AFFINITY, NO_AFFINITY),
        ("the first of its group goes where the key is", pod("p").label(DB).near(DB, ZONE), [], PASSES, PASSES, PASSES, NO_AFFINITY),
        ("not the first any more", pod("p").label(DB).near(DB, ZONE), [db().on("b1")], NO_AFFINITY, NO_AFFINITY, PASSES, NO_AFFINITY),
        (
            "a pod on a node without the key is not there",
            pod("p").label(DB).near(DB, ZONE),
            [db().on("bare")],
            PASSES,
            PASSES,
            PASSES,
            NO_AFFINITY,
        ),
        (
            "one pod must match all terms",
            pod("p").near(DB, ZONE).near({"tier": "back"}, ZONE),
            [db().on("a1"), pod("o").label(tier="back").on("a1")],
            NO_AFFINITY,
            NO_AFFINITY,
            NO_AFFINITY,
            NO_AFFINITY,
        ),
        (
            "and be in the domain of each",
            pod("p").near(DB, ZONE).near({"tier": "back"}),
            [db().label(tier="back").on("a1")],
            PASSES,
            NO_AFFINITY,
            NO_AFFINITY,
            NO_AFFINITY,
        ),
        ("apart from a pod's zone", pod("p").apart_from(DB, ZONE), [db().on("a1")], ANTI_AFFINITY, ANTI_AFFINITY, PASSES, PASSES),
        ("apart from a pod's host", pod("p").apart_from(DB), [db().on("a1")], ANTI_AFFINITY, PASSES, PASSES, PASSES),
        (
            "each term of anti-affinity alone",
            pod("p").apart_from(DB, ZONE).apart_from(WEB),
            [db().on("b1"), pod("w").label(WEB).on("a1")],
            ANTI_AFFINITY,
            PASSES,
            ANTI_AFFINITY,
            PASSES,
        ),
        ("a pod that wants to be alone", pod("p").label(WEB), [db().apart_from(WEB, ZONE).on("a2")], EXISTING, EXISTING, PASSES, PASSES),
        ("but not from this one", pod("p"), [db().apart_from(WEB, ZONE).on("a2")], PASSES, PASSES, PASSES, PASSES),
        ("a terminating one counts", pod("p").apart_from(DB), [db().terminating().on("a1")], ANTI_AFFINITY, PASSES, PASSES, PASSES),
        ("one of another namespace does not", pod("p").apart_from(DB), [db(namespace="prod").on("a1")], PASSES, PASSES, PASSES, PASSES),
        ("affinity is named before anti-affinity", pod("p").near(WEB).apart_from(DB), [db().on("a1")], *[NO_AFFINITY] * 4),
        (
            "own anti-affinity is named before that of others",
            pod("p").label(WEB).apart_from(DB),
            [db().apart_from(WEB, ZONE).on("a1")],
            ANTI_AFFINITY,
            EXISTING,
            PASSES,
            PASSES,
        ),
        ("a null selector is near nothing", pod("p").near(None, ZONE), [db().on("a1")], *[NO_AFFINITY] * 4),
        ("an empty selector is apart from all", pod("p").apart_from({}), [pod("o").on("a1")], ANTI_AFFINITY, PASSES, PASSES, PASSES),
    ],
)
def test_filter(why, a_pod, placed, a1, a2, b1, bare):
    verdicts = judge(PLUGIN, a_pod, cluster_of(NODES, placed))
    assert verdicts == {"a1": a1, "a2": a2, "b1": b1, "bare": bare}, why


def team(name, *namespaces):
    return selector({"team": name})


NOT_RED = selector(None, expression("team", "NotIn", "red"))


@pytest.mark.parametrize(
    ("why", "term", "seen"),
    [
        ("its own namespace by default", {}, ["default"]),
        ("a list of names, without its own", {"namespaces": ["prod"]}, ["prod"]),
        ("by labels, without its own", {"namespace_selector": team("red")}, ["prod"]),
        ("names and labels", {"namespaces": ["default"], "namespace_selector": team("red")}, ["default", "prod"]),
        ("an empty selector: all", {"namespace_selector": selector()}, ["default", "dev", "prod"]),
        # The selector is asked about no labels at all, and NotIn holds of those.
        ("NotIn alone: all, even those it excludes", {"namespace_selector": NOT_RED}, ["default", "dev", "prod"]),
    ],
)
def test_namespaces_of_an_incoming_pod(why, term, seen):
    cluster = cluster_of(
        [node(name) for name in ("default", "dev", "prod")], [db("o", namespace=n).on(n) for n in ("default", "dev", "prod")]
    )
    for space in (namespace("default"), namespace("dev", team="blue"), namespace("prod", team="red")):
        cluster.put(space)
    verdicts = judge(PLUGIN, pod("p").apart_from(DB, **term), cluster)
    assert [name for name, verdict in verdicts.items() if verdict is not None] == seen, why


@pytest.mark.parametrize(
    ("why", "term", "rejected"),
    [
        ("its own namespace by default", {}, False),
        ("the incoming pod's by name", {"namespaces": ["prod"]}, True),
        ("by labels", {"namespace_selector": team("red")}, True),
        ("by other labels", {"namespace_selector": team("blue")}, False),
        ("NotIn is asked about the real labels", {"namespace_selector": NOT_RED}, False),
        ("an empty selector", {"namespace_selector": selector()}, True),
    ],
)
def test_namespaces_of_an_existing_pod(why, term, rejected):
    cluster = cluster_of([node("n")], [db().apart_from(WEB, **term).on("n")])
    for space in (namespace("default"), namespace("prod", team="red")):
        cluster.put(space)
    assert judge(PLUGIN, pod("p", namespace="prod").label(WEB), cluster) == {"n": EXISTING if rejected else None}, why


def test_a_namespace_without_an_object_has_no_labels():
    cluster = cluster_of([node("n")], [db().apart_from(WEB, namespace_selector=NOT_RED).on("n")])
    assert judge(PLUGIN, pod("p", namespace="unknown").label(WEB), cluster) == {"n": EXISTING}


def test_pods_that_nobody_minds_are_skipped():
    cluster = cluster_of(NODES, [db().on("a1"), pod("w").apart_from(WEB).on("a2")])
    assert PLUGIN.prepare(pod("p").build(), cluster) is SKIP
    assert PLUGIN.prepare(pod("p").near(DB, ZONE, weight=5).build(), cluster) is SKIP


def test_a_pod_that_minds_on_a_node_without_the_key_does_not_matter():
    cluster = cluster_of(NODES, [db().apart_from(WEB, ZONE).on("bare")])
    assert PLUGIN.prepare(pod("p").label(WEB).build(), cluster) is SKIP


UNPARSABLE = selector(None, expression("app", "Near"))


def test_a_term_that_cannot_be_parsed_rejects_the_pod():
    answer = PLUGIN.prepare(pod("p").apart_from(UNPARSABLE).build(), cluster_of(NODES))
    assert answer.code is Code.UNRESOLVABLE
    assert answer.reasons[0].startswith("parsing pod: requiredAntiAffinityTerms: ")
    with pytest.raises(SchedulingError, match="parsing pod"):
        rate(PLUGIN, pod("p").apart_from(UNPARSABLE), cluster_of(NODES))


def test_an_existing_pod_s_term_that_cannot_be_parsed_counts_for_nothing():
    other = db().apart_from(UNPARSABLE).near(WEB, ZONE, weight=5).on("a1")
    assert PLUGIN.prepare(pod("p").label(WEB).build(), cluster_of(NODES, [other])) is SKIP
    assert rate(PLUGIN, pod("p").label(WEB), cluster_of(NODES, [other]), raw=True)["a1"] == 5, "its other kinds of terms do"


def test_pods_that_come_later_are_seen():
    cluster = cluster_of(NODES)
    a_pod = pod("p").label(WEB).apart_from(DB)
    assert set(judge(PLUGIN, a_pod, cluster).values()) == {None}
    cluster.add_pod(db().on("a1").build(), "a1")
    cluster.add_pod(pod("o").apart_from(WEB).on("a2").build(), "a2")
    assert judge(PLUGIN, a_pod, cluster) == {"a1": ANTI_AFFINITY, "a2": EXISTING, "b1": None, "bare": None}
    cluster.remove_pod("default/db")
    assert judge(PLUGIN, a_pod, cluster)["a1"] is None


def test_a_dry_run_follows_pods():
    cluster = cluster_of(NODES, [db().on("a1")])
    prepared = PLUGIN.prepare(pod("p").label(WEB).near(DB, ZONE).build(), cluster)
    row = cluster.row_of("a1")
    tried = prepared.copy()
    PLUGIN.remove_pod(tried, db().build(), row, cluster)
    PLUGIN.add_pod(tried, pod("o").label(DB).apart_from(WEB).build(), cluster.row_of("b1"), cluster)
    codes = PLUGIN.filter(tried, cluster.rows())[[row, cluster.row_of("a2"), cluster.row_of("b1")]]
    assert list(codes) == [1, 1, 3], "nobody in zone a, and one in zone b who wants to be alone, under a key that was not there before"
    assert list(PLUGIN.filter(prepared, cluster.rows())[[row, cluster.row_of("b1")]]) == [0, 1], "the original is as it was"


@pytest.mark.parametrize(
    ("why", "a_pod", "placed", "raw"),
    [
        ("near, preferred", pod("p").near(DB, ZONE, weight=10), [db().on("a1")], [10, 10, 0, 0]),
        ("each pod counts", pod("p").near(DB, ZONE, weight=10), [db("1").on("a1"), db("2").on("a2")], [20, 20, 0, 0]),
        ("apart, preferred", pod("p").apart_from(DB, ZONE, weight=10), [db().on("a1")], [-10, -10, 0, 0]),
        ("over two keys", pod("p").near(DB, ZONE, weight=1).near(DB, weight=2), [db().on("a1")], [3, 1, 0, 0]),
        ("what the other requires, with weight 1", pod("p").label(WEB), [db().near(WEB, ZONE).on("a1")], [1, 1, 0, 0]),
        ("what the other prefers", pod("p").label(WEB), [db().near(WEB, weight=7).on("a1")], [7, 0, 0, 0]),
        ("what the other prefers apart", pod("p").label(WEB), [db().apart_from(WEB, weight=7).on("a1")], [-7, 0, 0, 0]),
        ("what the other requires apart adds nothing", pod("p").label(WEB), [db().apart_from(WEB).on("a1")], None),
        ("nobody matches", pod("p").near(WEB, ZONE, weight=10), [db().on("a1")], None),
        ("a match on a node without the key is none", pod("p").near(DB, ZONE, weight=10), [db().on("bare")], None),
        ("both ways", pod("p").label(WEB).near(DB, weight=10), [db().near(WEB, weight=7).on("a1")], [17, 0, 0, 0]),
        (
            "what cancels out is recorded still",
            pod("p").near(DB, weight=10).apart_from(DB, weight=10),
            [db().on("a1")],
            [0, 0, 0, 0],
        ),
    ],
)
def test_score(why, a_pod, placed, raw):
    scores = rate(PLUGIN, a_pod, cluster_of(NODES, placed), raw=True)
    assert (list(scores.values()) or None) == raw, why


@pytest.mark.parametrize(
    ("why", "arguments", "a_pod", "raw"),
    [
        ("hard affinity weighs more", InterPodAffinityArgs(hard_pod_affinity_weight=50), pod("p").label(WEB), [50, 7]),
        ("or nothing", InterPodAffinityArgs(hard_pod_affinity_weight=0), pod("p").label(WEB), [0, 7]),
        ("others ignored", InterPodAffinityArgs(ignore_preferred_terms_of_existing_pods=True), pod("p").label(WEB), []),
        (
            "not if the pod prefers something itself",
            InterPodAffinityArgs(ignore_preferred_terms_of_existing_pods=True),
            pod("p").label(WEB).near({"app": "x"}, weight=3),
            [1, 7],
        ),
    ],
)
def test_arguments(why, arguments, a_pod, raw):
    placed = [db("1").near(WEB).on("a1"), db("2").near(WEB, weight=7).on("a2")]
    assert list(rate(InterPodAffinity(arguments), a_pod, cluster_of(NODES[:2], placed), raw=True).values()) == raw, why


@pytest.mark.parametrize(
    ("raw", "scores"),
    [([-30, 0, 10, 60], [0, 33, 44, 100]), ([0, 29, 100], [0, 28, 100]), ([5, 5], [0, 0]), ([], []), ([7], [0])],
)
def test_normalisation(raw, scores):
    """In this order of operations 29 of 100 gives 28: 100.0 × 0.29 is a little less than 29."""
    assert list(normalize_affinity(np.array(raw, np.int64))) == scores


OTHER = pod("o").label(DB)


@pytest.mark.parametrize(
    ("why", "waiting", "action", "before", "after", "woken"),
    [
        ("a wanted pod came", pod("p").near(DB), Action.ADD, None, OTHER.on("n"), True),
        ("it matches one of two terms", pod("p").near(DB).near(WEB), Action.ADD, None, OTHER.on("n"), False),
        ("it has no node yet", pod("p").near(DB), Action.ADD, None, OTHER, False),
        ("nothing is wanted", pod("p").apart_from(DB), Action.ADD, None, OTHER.on("n"), False),
        ("an unwanted pod went", pod("p").apart_from(DB), Action.DELETE, OTHER.on("n"), None, True),
        ("a wanted pod went", pod("p").near(DB), Action.DELETE, OTHER.on("n"), None, False),
        ("the gap: another's anti-affinity", pod("p").label(WEB), Action.DELETE, OTHER.apart_from(WEB).on("n"), None, False),
        ("it began to match", pod("p").near(DB), Action.UPDATE_POD_LABEL, pod("o").on("n"), OTHER.on("n"), True),
        ("it matched before", pod("p").near(DB), Action.UPDATE_POD_LABEL, OTHER.on("n"), OTHER.label(x="y").on("n"), False),
        ("it ceased to be unwanted", pod("p").apart_from(DB), Action.UPDATE_POD_LABEL, OTHER.on("n"), pod("o").on("n"), True),
        ("it became unwanted", pod("p").apart_from(DB), Action.UPDATE_POD_LABEL, pod("o").on("n"), OTHER.on("n"), False),
        ("a hint that fails wakes", pod("p").near(UNPARSABLE), Action.ADD, None, OTHER.on("n"), True),
    ],
)
def test_pod_events(why, waiting, action, before, after, woken):
    objects = (None if before is None else before.build(), None if after is None else after.build())
    assert wakes(PLUGIN, waiting, ClusterEvent(Resource.ASSIGNED_POD, action, *objects)) is woken, why


A, B, BARE = node("n").zone("a"), node("n").zone("b"), node("n")
NEAR, APART = pod("p").near(DB, ZONE), pod("p").apart_from(DB, ZONE)


@pytest.mark.parametrize(
    ("why", "waiting", "action", "before", "after", "woken"),
    [
        ("a new node with the key", NEAR, Action.ADD, None, A, True),
        ("a new node without", NEAR, Action.ADD, None, BARE, False),
        ("any new node, to be apart", APART, Action.ADD, None, BARE, True),
        ("an affinity key appeared", NEAR, Action.UPDATE_NODE_LABEL, BARE, A, True),
        ("it changed", NEAR, Action.UPDATE_NODE_LABEL, A, B, True),
        ("it vanished", NEAR, Action.UPDATE_NODE_LABEL, A, BARE, False),
        ("an anti-affinity key vanished", APART, Action.UPDATE_NODE_LABEL, A, BARE, True),
        ("it changed", APART, Action.UPDATE_NODE_LABEL, A, B, True),
        ("it appeared", APART, Action.UPDATE_NODE_LABEL, BARE, A, False),
        ("another label", NEAR, Action.UPDATE_NODE_LABEL, A, A.label(disk="ssd"), False),
        ("taints wake always, by the rule for all that wait for nodes", NEAR, Action.UPDATE_NODE_TAINT, A, A.taint("x"), True),
        ("a hint that fails wakes", pod("p").near(UNPARSABLE), Action.ADD, None, BARE, True),
    ],
)
def test_node_events(why, waiting, action, before, after, woken):
    event = ClusterEvent(Resource.NODE, action, None if before is None else before.build(), after.build())
    assert wakes(PLUGIN, waiting, event) is woken, why
