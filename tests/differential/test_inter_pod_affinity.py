"""InterPodAffinity against loops over nodes, pods and terms, dry runs included."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from binpack.framework.arguments import InterPodAffinityArgs
from binpack.framework.interface import Skip
from binpack.framework.status import unresolvable, unschedulable
from binpack.model.base import replace
from binpack.model.meta import LabelSelector, LabelSelectorRequirement
from binpack.model.pod import Affinity, PodAffinity, PodAffinityTerm, WeightedPodAffinityTerm
from binpack.plugins.inter_pod_affinity import InterPodAffinity
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows
from binpack.testing import HOSTNAME, ZONE, namespace, node, pod
from binpack.testing.plugin_contract import check_filter, check_score
from binpack.testing.strategies import label_selectors, labels
from binpack.testing.trial import judge, rate

NAMESPACES = ("default", "dev", "prod")
KEYS = (ZONE, HOSTNAME)
UNPARSABLE = LabelSelector(match_expressions=(LabelSelectorRequirement("app", "Near"),))

selectors = st.one_of(st.none(), st.just(LabelSelector()), label_selectors(), label_selectors(), label_selectors())
team_selectors = st.one_of(st.none(), st.none(), st.just(LabelSelector()), label_selectors(("team",)))


def terms(label_selector):
    return st.builds(
        PodAffinityTerm,
        label_selector=label_selector,
        namespaces=st.lists(st.sampled_from(NAMESPACES), max_size=2, unique=True).map(tuple),
        topology_key=st.sampled_from(KEYS),
        namespace_selector=team_selectors,
    )


def halves(term):
    weighted = st.builds(WeightedPodAffinityTerm, st.sampled_from((1, 2, 5, 100)), term)
    required = st.lists(term, max_size=2).map(tuple)
    return st.one_of(st.none(), st.builds(PodAffinity, required, st.lists(weighted, max_size=2).map(tuple)))


def affinities(term):
    return st.one_of(st.none(), st.builds(Affinity, st.none(), halves(term), halves(term)))


good, any_selector = terms(selectors), terms(st.one_of(selectors, selectors, st.just(UNPARSABLE)))


@st.composite
def some_nodes(draw):
    found = []
    for number in range(draw(st.integers(1, 5))):
        chosen = draw(st.fixed_dictionaries({}, optional={ZONE: st.sampled_from(("a", "b"))}))
        if draw(st.integers(0, 4)):
            chosen[HOSTNAME] = f"n{number}"
        found.append(node(f"n{number}").without_labels().label(chosen).build())
    return found


@st.composite
def a_pod_of(draw, name, term):
    builder = pod(name, namespace=draw(st.sampled_from(NAMESPACES))).label(draw(labels()))
    plain = (builder.terminating() if draw(st.integers(0, 4)) == 0 else builder).build()
    return replace(plain, spec=replace(plain.spec, affinity=draw(affinities(term))))


@st.composite
def cases(draw):
    nodes, placed = draw(some_nodes()), []
    for number in range(draw(st.integers(0, 6))):
        other = draw(a_pod_of(f"q{number}", any_selector))
        placed.append(replace(other, spec=replace(other.spec, node_name=draw(st.sampled_from(nodes)).name)))
    teams = {name: draw(st.one_of(st.none(), labels(("team",)))) for name in NAMESPACES}
    return nodes, placed, draw(a_pod_of("p", good)), {name: team for name, team in teams.items() if team is not None}


def build(nodes, placed, teams):
    cluster = Cluster()
    for name, team in teams.items():
        plain = namespace(name)
        cluster.put(replace(plain, metadata=replace(plain.metadata, labels=team)))
    cluster.add_node(node("gone").zone("c").build())
    for a_node in nodes:
        cluster.add_node(a_node)
    for other in placed:
        cluster.add_pod(other, other.spec.node_name)
    cluster.remove_node("gone")
    return cluster


def rows_of(cluster, nodes):
    return NodeRows(cluster, np.array([cluster.row_of(a_node.name) for a_node in nodes], np.intp))


# The plain twin


def selects(selector, some_labels):
    if selector is None:
        return False
    for key, value in selector.match_labels.items():
        if some_labels.get(key) != value:
            return False
    for expression in selector.match_expressions:
        value = some_labels.get(expression.key)
        if expression.operator == "In" and value not in expression.values:
            return False
        if expression.operator == "NotIn" and value in expression.values:
            return False
        if expression.operator == "Exists" and value is None:
            return False
        if expression.operator == "DoesNotExist" and value is not None:
            return False
    return True


def names_of(term, owner):
    return set(term.namespaces) or (set() if term.namespace_selector is not None else {owner.metadata.namespace})


def existing_term_matches(term, owner, a_pod, teams):
    space = a_pod.metadata.namespace
    near = space in names_of(term, owner) or selects(term.namespace_selector, teams.get(space, {}))
    return near and selects(term.label_selector, a_pod.metadata.labels)


def incoming_term_matches(term, a_pod, other, teams):
    names = names_of(term, a_pod)
    selector = term.namespace_selector
    if selector is not None and (selector.match_labels or selector.match_expressions):
        for name, team in teams.items():
            if selects(selector, team):
                names.add(name)
    near = other.metadata.namespace in names or selects(selector, {})
    return near and selects(term.label_selector, other.metadata.labels)


def lists_of(a_pod):
    """Required affinity, required anti-affinity, and the preferred ones; of placed pods, a list with a broken selector is empty."""
    affinity = a_pod.spec.affinity or Affinity()
    near, apart = affinity.pod_affinity or PodAffinity(), affinity.pod_anti_affinity or PodAffinity()
    found = []
    for half in (near, apart):
        required = half.required_during_scheduling_ignored_during_execution
        found.append(() if any(t.label_selector == UNPARSABLE for t in required) else required)
    for half in (near, apart):
        preferred = half.preferred_during_scheduling_ignored_during_execution
        found.append(() if any(w.pod_affinity_term.label_selector == UNPARSABLE for w in preferred) else preferred)
    return found


def add(pairs, key, a_node, pods):
    if key in a_node.metadata.labels:
        pair = (key, a_node.metadata.labels[key])
        pairs[pair] = pairs.get(pair, 0) + pods
        if pairs[pair] == 0:
            del pairs[pair]


class PlainFilter:
    def __init__(self, nodes, placed, a_pod, teams):
        self.pod, self.teams = a_pod, teams
        self.near, self.apart, _, _ = lists_of(a_pod)
        self.existing, self.attracting, self.unwanted = {}, {}, {}
        where = {a_node.name: a_node for a_node in nodes}
        for other in placed:
            self.change(other, where[other.spec.node_name], 1)
        self.skips = not self.existing and not self.near and not self.apart

    def change(self, other, a_node, pods):
        for term in lists_of(other)[1]:
            if existing_term_matches(term, other, self.pod, self.teams):
                add(self.existing, term.topology_key, a_node, pods)
        if self.near and all(incoming_term_matches(term, self.pod, other, self.teams) for term in self.near):
            for term in self.near:
                add(self.attracting, term.topology_key, a_node, pods)
        for term in self.apart:
            if incoming_term_matches(term, self.pod, other, self.teams):
                add(self.unwanted, term.topology_key, a_node, pods)

    def is_attracted(self, a_node):
        satisfied = True
        for term in self.near:
            if term.topology_key not in a_node.metadata.labels:
                return False
            if self.attracting.get((term.topology_key, a_node.metadata.labels[term.topology_key]), 0) <= 0:
                satisfied = False
        if satisfied:
            return True
        return not self.attracting and all(incoming_term_matches(term, self.pod, self.pod, self.teams) for term in self.near)

    def verdict(self, a_node):
        if self.skips:
            return None
        if not self.is_attracted(a_node):
            return unresolvable("node(s) didn't match pod affinity rules")
        for term in self.apart:
            if self.unwanted.get((term.topology_key, a_node.metadata.labels.get(term.topology_key)), 0) > 0:
                return unschedulable("node(s) didn't match pod anti-affinity rules")
        for pair in a_node.metadata.labels.items():
            if self.existing.get(pair, 0) > 0:
                return unschedulable("node(s) didn't satisfy existing pods anti-affinity rules")
        return None


def plain_scores(nodes, placed, a_pod, teams, args):
    """Raw scores by node name; None where nothing is scored."""
    _, _, near, apart = lists_of(a_pod)
    if args.ignore_preferred_terms_of_existing_pods and not near and not apart:
        return None
    recorded = {}

    def record(key, a_node, weight):
        if key in a_node.metadata.labels:
            pair = (key, a_node.metadata.labels[key])
            recorded[pair] = recorded.get(pair, 0) + weight

    for other in placed:
        a_node = next(n for n in nodes if n.name == other.spec.node_name)
        for sign, weighted_terms in ((1, near), (-1, apart)):
            for weighted in weighted_terms:
                if incoming_term_matches(weighted.pod_affinity_term, a_pod, other, teams):
                    record(weighted.pod_affinity_term.topology_key, a_node, sign * weighted.weight)
        required, _, their_near, their_apart = lists_of(other)
        if args.hard_pod_affinity_weight > 0:
            for term in required:
                if existing_term_matches(term, other, a_pod, teams):
                    record(term.topology_key, a_node, args.hard_pod_affinity_weight)
        for sign, weighted_terms in ((1, their_near), (-1, their_apart)):
            for weighted in weighted_terms:
                if existing_term_matches(weighted.pod_affinity_term, other, a_pod, teams):
                    record(weighted.pod_affinity_term.topology_key, a_node, sign * weighted.weight)
    if not recorded:
        return None
    return {n.name: sum(recorded.get(pair, 0) for pair in n.metadata.labels.items()) for n in nodes}


def normalised(raw):
    lowest, highest = min(raw.values()), max(raw.values())
    if highest == lowest:
        return dict.fromkeys(raw, 0)
    return {name: int(100.0 * (float(value - lowest) / float(highest - lowest))) for name, value in raw.items()}


PLUGIN = InterPodAffinity(InterPodAffinityArgs())


@given(cases())
def test_filter(case):
    nodes, placed, a_pod, teams = case
    cluster = build(nodes, placed, teams)
    plain = PlainFilter(nodes, placed, a_pod, teams)
    assert isinstance(PLUGIN.prepare(a_pod, cluster), Skip) is plain.skips
    assert judge(PLUGIN, a_pod, cluster) == {a_node.name: plain.verdict(a_node) for a_node in nodes}
    check_filter(PLUGIN, a_pod, cluster)


@given(cases(), st.data())
def test_dry_runs(case, data):
    nodes, placed, a_pod, teams = case
    cluster = build(nodes, placed, teams)
    prepared = PLUGIN.prepare(a_pod, cluster)
    if isinstance(prepared, Skip):
        return
    plain, tried = PlainFilter(nodes, placed, a_pod, teams), prepared.copy()
    where = {a_node.name: a_node for a_node in nodes}
    for other in data.draw(st.permutations(placed)):
        if data.draw(st.booleans()):
            plain.change(other, where[other.spec.node_name], -1)
            PLUGIN.remove_pod(tried, other, cluster.row_of(other.spec.node_name), cluster)
    for _ in range(data.draw(st.integers(0, 2))):
        other, a_node = data.draw(a_pod_of("new", any_selector)), data.draw(st.sampled_from(nodes))
        plain.change(other, a_node, 1)
        PLUGIN.add_pod(tried, other, cluster.row_of(a_node.name), cluster)
    for state, twin in ((tried, plain), (prepared, PlainFilter(nodes, placed, a_pod, teams))):
        codes = PLUGIN.filter(state, rows_of(cluster, nodes))
        assert [PLUGIN.status(state, int(code)) if code else None for code in codes] == [twin.verdict(a_node) for a_node in nodes]


@given(cases(), st.sampled_from((0, 1, 50)), st.booleans())
def test_score(case, hard_weight, ignore):
    nodes, placed, a_pod, teams = case
    args = InterPodAffinityArgs(hard_weight, ignore)
    cluster, plugin = build(nodes, placed, teams), InterPodAffinity(args)
    expected = plain_scores(nodes, placed, a_pod, teams, args)
    assert (rate(plugin, a_pod, cluster, raw=True) or None) == expected
    if expected is not None:
        assert rate(plugin, a_pod, cluster) == normalised(expected)
    check_score(plugin, a_pod, cluster)


@given(cases(), st.data())
def test_counts_follow_the_cluster(case, data):
    """Columns and the index of terms, made for one pod, stay right while pods come and go."""
    nodes, placed, a_pod, teams = case
    cluster = build(nodes, [], teams)
    there = []
    for other in placed:
        judge(PLUGIN, a_pod, cluster)
        cluster.add_pod(other, other.spec.node_name)
        there.append(other)
        if data.draw(st.booleans()):
            cluster.remove_pod(there.pop(data.draw(st.integers(0, len(there) - 1))).key)
    plain = PlainFilter(nodes, there, a_pod, teams)
    assert judge(PLUGIN, a_pod, cluster) == {a_node.name: plain.verdict(a_node) for a_node in nodes}
