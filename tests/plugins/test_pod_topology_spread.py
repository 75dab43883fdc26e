from __future__ import annotations

import numpy as np
import pytest

from binpack.errors import SchedulingError
from binpack.framework.arguments import PodTopologySpreadArgs
from binpack.framework.interface import SKIP
from binpack.framework.status import unresolvable, unschedulable
from binpack.model.pod import TopologySpreadConstraint
from binpack.plugins.pod_topology_spread import PodTopologySpread
from binpack.state.node_rows import NodeRows
from binpack.testing import HOSTNAME, ZONE, expression, node, pod, selector, service
from binpack.testing.trial import cluster_of, judge, rate

PLUGIN = PodTopologySpread(PodTopologySpreadArgs())
SKEWED = unschedulable("node(s) didn't match pod topology spread constraints")
UNLABELLED = unresolvable("node(s) didn't match pod topology spread constraints (missing required label)")
WEB = {"app": "web"}
SOFT = "ScheduleAnyway"


def web(name="p", **more):
    return pod(name, **more).label(WEB)


def zones(**counts):
    """A node in each zone, and so many web pods on it."""
    nodes = [node(zone).zone(zone) for zone in counts]
    return nodes, [web(f"{zone}-{i}").on(zone) for zone, count in counts.items() for i in range(count)]


def passing(verdicts):
    return [name for name, verdict in verdicts.items() if verdict is None]


@pytest.mark.parametrize(
    ("why", "a_pod", "fits"),
    [
        ("the emptiest zone only", web().spread(ZONE), "c"),
        ("a larger skew", web().spread(ZONE, max_skew=2), "bc"),
        ("larger still", web().spread(ZONE, max_skew=4), "abc"),
        ("a pod that its selector leaves out counts itself not", pod("p").spread(ZONE, labels=WEB), "bc"),
        ("an empty selector counts no pod, but matches this one", web().spread(ZONE, labels=selector()), "abc"),
        ("a selector over labels that no pod has", web().spread(ZONE, labels={"app": "db"}), "abc"),
        ("no soft constraint filters", web().spread(ZONE, when=SOFT), "abc"),
        ("both constraints must hold", web().spread(ZONE, max_skew=2).spread(HOSTNAME), "c"),
        ("matchLabelKeys narrow the selector", web().label(v="2").spread(ZONE, labels=WEB, match_label_keys=["v"]), "abc"),
        ("a key that the pod lacks is skipped", web().spread(ZONE, labels=WEB, match_label_keys=["v"]), "c"),
    ],
)
def test_filter(why, a_pod, fits):
    nodes, placed = zones(a=3, b=1, c=0)
    verdicts = judge(PLUGIN, a_pod, cluster_of(nodes, placed))
    assert passing(verdicts) == list(fits), why
    assert {verdict for verdict in verdicts.values() if verdict is not None} <= {SKEWED}


@pytest.mark.parametrize(
    ("why", "policy", "min_domains", "fits"),
    [
        ("ignored taints: zone c sets the minimum", "Ignore", None, []),
        ("honoured: zone c is no domain", "Honor", None, ["b"]),
        ("honoured, and too few domains", "Honor", 3, []),
    ],
)
def test_tainted_zones(why, policy, min_domains, fits):
    """The example of the specification: A has 3 pods, B 1, C none and a taint; c passes here, for taints are another plugin's matter."""
    nodes = [node("a").zone("a"), node("b").zone("b"), node("c").zone("c").taint("spot")]
    placed = [web(f"a{i}").on("a") for i in range(3)] + [web("b0").on("b")]
    a_pod = web().spread(ZONE, node_taints_policy=policy, min_domains=min_domains)
    assert [name for name in passing(judge(PLUGIN, a_pod, cluster_of(nodes, placed))) if name != "c"] == fits, why


@pytest.mark.parametrize(("min_domains", "fits"), [(None, ["a", "b"]), (2, ["a", "b"]), (3, [])])
def test_with_fewer_domains_than_wanted_the_minimum_is_zero(min_domains, fits):
    nodes, placed = zones(a=1, b=1)
    assert passing(judge(PLUGIN, web().spread(ZONE, min_domains=min_domains), cluster_of(nodes, placed))) == fits


def test_a_node_without_a_key_is_rejected_for_good_and_counts_for_nothing():
    nodes = [node("a").zone("a"), node("b").zone("b"), node("bare").zone("b").without_labels().zone("b")]
    placed = [web("1").on("a"), web("2").on("bare")]
    # `bare` lacks the host name, so its pod does not count in zone b either: all keys are needed for any of them.
    verdicts = judge(PLUGIN, web().spread(ZONE).spread(HOSTNAME), cluster_of(nodes, placed))
    assert verdicts == {"a": SKEWED, "b": None, "bare": UNLABELLED}


def test_the_first_violated_constraint_gives_the_reason():
    nodes = [node("a").zone("a").without_labels().zone("a"), node("b").zone("b")]
    verdicts = judge(PLUGIN, web().spread(ZONE).spread(HOSTNAME), cluster_of(nodes, [web("1").on("a"), web("2").on("a")]))
    assert verdicts["a"] == UNLABELLED, "zone a counts nothing, for its node has no host name"


@pytest.mark.parametrize(
    ("why", "other", "fits"),
    [
        ("a web pod", web("o"), "b"),
        ("a terminating one does not count", web("o").terminating(), "ab"),
        ("one of another namespace does not", web("o", namespace="prod"), "ab"),
    ],
)
def test_who_counts(why, other, fits):
    nodes, _ = zones(a=0, b=0)
    assert passing(judge(PLUGIN, web().spread(ZONE), cluster_of(nodes, [other.on("a")]))) == list(fits), why


@pytest.mark.parametrize(("policy", "fits"), [(None, "ab"), ("Honor", "ab"), ("Ignore", "")])
def test_node_affinity_narrows_the_domains(policy, fits):
    nodes, placed = zones(a=1, b=1, c=0)
    a_pod = web().spread(ZONE, node_affinity_policy=policy).requires_node(expression(ZONE, "In", "a", "b"))
    assert [name for name in passing(judge(PLUGIN, a_pod, cluster_of(nodes, placed))) if name != "c"] == list(fits)


def test_holes_count_for_nothing():
    nodes, placed = zones(a=1, b=1, c=0)
    cluster = cluster_of(nodes, placed)
    cluster.remove_node("c")
    assert passing(judge(PLUGIN, web().spread(ZONE), cluster)) == ["a", "b"], "zone c no longer sets the minimum"


def test_pods_without_hard_constraints_are_skipped():
    cluster = cluster_of([node("n")])
    assert PLUGIN.prepare(pod("p").build(), cluster) is SKIP
    assert PLUGIN.prepare(web().spread(ZONE, when=SOFT).build(), cluster) is SKIP


def test_a_selector_that_cannot_be_parsed_fails_the_cycle():
    wrong = selector(None, expression("app", "Near", "web"))
    cluster = cluster_of([node("n")])
    with pytest.raises(SchedulingError, match=r"default/p.*Near"):
        PLUGIN.prepare(pod("p").spread(ZONE, labels=wrong).build(), cluster)
    assert PLUGIN.prepare(pod("p").spread(ZONE, labels=wrong, when=SOFT).build(), cluster) is SKIP, "it is not even read"


def test_a_dry_run_counts_what_counting_afresh_does_not():
    nodes, placed = zones(a=1, b=1)
    leaving = web("leaving").on("a").terminating().build()
    cluster = cluster_of(nodes, [*placed, leaving])
    a_pod = web().spread(ZONE).build()
    prepared = PLUGIN.prepare(a_pod, cluster)
    row = cluster.row_of("a")
    PLUGIN.remove_pod(prepared, leaving, row, cluster)
    assert list(PLUGIN.filter(prepared, cluster.rows())[[row, cluster.row_of("b")]]) == [0, 2], "a counts 0, though its pod is there"


def test_a_copy_changes_on_its_own():
    nodes, placed = zones(a=1, b=1)
    cluster = cluster_of(nodes, placed)
    prepared = PLUGIN.prepare(web().spread(ZONE).build(), cluster)
    before = PLUGIN.filter(prepared, cluster.rows())
    PLUGIN.add_pod(prepared.copy(), web("other").build(), cluster.row_of("a"), cluster)
    assert list(PLUGIN.filter(prepared, cluster.rows())) == list(before)


SPREAD_NODES = [node("n1").zone("a"), node("n2").zone("a"), node("n3").zone("b"), node("n4").zone("b"), node("n5").zone("c")]
SPREAD_PODS = [web("1").on("n1"), web("2").on("n1"), web("3").on("n3")]


@pytest.mark.parametrize(
    ("why", "a_pod", "raw", "scores"),
    [
        ("zones", web().spread(ZONE, when=SOFT), [3, 3, 2, 2, 0], [0, 0, 33, 33, 100]),
        ("zones and hosts", web().spread(ZONE, when=SOFT).spread(HOSTNAME, when=SOFT), [7, 3, 4, 2, 0], [0, 57, 42, 71, 100]),
        ("the system's defaults, through a Service", web(), [13, 9, 10, 8, 6], [46, 76, 69, 84, 100]),
    ],
)
def test_score(why, a_pod, raw, scores):
    """The example of the specification: 2 matching pods on n1 and 1 on n3, over three zones and five nodes."""
    cluster = cluster_of(SPREAD_NODES, SPREAD_PODS)
    cluster.put(service("web"))
    assert list(rate(PLUGIN, a_pod, cluster, raw=True).values()) == raw, why
    assert list(rate(PLUGIN, a_pod, cluster).values()) == scores, why


def test_own_constraints_ignore_nodes_without_the_label():
    nodes = [node("n1").zone("a"), node("n2").zone("b"), node("n3")]
    cluster = cluster_of(nodes, [web(f"a{i}").on("n1") for i in range(3)] + [web("b0").on("n2")])
    assert rate(PLUGIN, web().spread(ZONE, when=SOFT), cluster) == {"n1": 25, "n2": 100, "n3": 0}


def test_system_defaults_let_a_node_without_the_label_count_as_a_domain():
    nodes = [node("n1").zone("a"), node("n2").zone("b"), node("n3")]
    cluster = cluster_of(nodes, [web("1").on("n1"), web("2").on("n3")])
    cluster.put(service("web"))
    # Three domains, "" among them: ln 5; n3 gets its host's part only.
    assert rate(PLUGIN, web(), cluster, raw=True) == {"n1": round(1.609 + 2 + 1.609 + 4), "n2": 6, "n3": round(1.609 + 2)}


def test_an_empty_zone_label_is_the_domain_of_those_without_any():
    nodes = [node("n1").zone("a"), node("n2").zone(""), node("n3")]
    cluster = cluster_of(nodes, [web("1").on("n3")])
    cluster.put(service("web"))
    raw = rate(PLUGIN, web(), cluster, raw=True)
    assert raw["n2"] == round(1.386 + 4 + 2), "ln 4, and the pod of n3 counts in its zone"


def test_hosts_are_counted_by_node_and_not_by_label():
    nodes = [node("n1").label({HOSTNAME: "same"}), node("n2").label({HOSTNAME: "same"})]
    cluster = cluster_of(nodes, [web("1").on("n1")])
    assert rate(PLUGIN, web().spread(HOSTNAME, when=SOFT), cluster) == {"n1": 0, "n2": 100}


def test_all_equal_at_nothing_is_a_hundred():
    assert rate(PLUGIN, web().spread(ZONE, when=SOFT), cluster_of(SPREAD_NODES)) == dict.fromkeys(["n1", "n2", "n3", "n4", "n5"], 100)


def test_only_feasible_nodes_make_domains():
    cluster = cluster_of(SPREAD_NODES, SPREAD_PODS)
    feasible = NodeRows(cluster, np.array([cluster.row_of("n1"), cluster.row_of("n3")]))
    prepared = PLUGIN.prepare_score(web().spread(ZONE, when=SOFT).build(), cluster, feasible)
    # Two zones: ln 4 = 1.386; the pods of zones count whoever is feasible.
    assert list(PLUGIN.score(prepared, feasible)) == [round(2 * 1.386), round(1.386)]


LISTED = PodTopologySpreadArgs(
    default_constraints=(
        TopologySpreadConstraint(max_skew=1, topology_key=ZONE, when_unsatisfiable="DoNotSchedule"),
        TopologySpreadConstraint(max_skew=1, topology_key=HOSTNAME, when_unsatisfiable=SOFT),
    ),
    defaulting_type="List",
)


@pytest.mark.parametrize(
    ("why", "a_pod", "fits"),
    [
        ("a listed default filters a service's pod", web(), "c"),
        ("a pod without a service has no default", pod("p").label(app="db"), "abc"),
        ("own constraints of the other kind switch it off", web().spread(ZONE, when=SOFT), "abc"),
    ],
)
def test_listed_defaults(why, a_pod, fits):
    nodes, placed = zones(a=1, b=1, c=0)
    cluster = cluster_of(nodes, placed)
    cluster.put(service("web"))
    plugin = PodTopologySpread(LISTED)
    assert passing(judge(plugin, a_pod, cluster)) == list(fits), why


def test_listed_defaults_ignore_nodes_without_the_label():
    cluster = cluster_of([node("n1"), node("n2").without_labels()], [web("1").on("n1")])
    cluster.put(service("web"))
    assert rate(PodTopologySpread(LISTED), web(), cluster) == {"n1": 100, "n2": 0}
