"""PodTopologySpread against loops over constraints, nodes and pods, dry runs included."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from binpack.framework.arguments import PodTopologySpreadArgs
from binpack.framework.interface import Skip
from binpack.framework.status import unresolvable, unschedulable
from binpack.model.base import replace
from binpack.model.meta import LabelSelector
from binpack.model.pod import TopologySpreadConstraint
from binpack.plugins.pod_topology_spread import PodTopologySpread
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows
from binpack.testing import HOSTNAME, ZONE, node, pod, service
from binpack.testing.plugin_contract import check_filter, check_score
from binpack.testing.strategies import label_selectors, labels, node_selector_terms, taints, tolerations
from binpack.testing.trial import judge, rate

HARD, SOFT = "DoNotSchedule", "ScheduleAnyway"
KEYS = (ZONE, HOSTNAME, "disk")
SYSTEM = (
    TopologySpreadConstraint(max_skew=3, topology_key=HOSTNAME, when_unsatisfiable=SOFT),
    TopologySpreadConstraint(max_skew=5, topology_key=ZONE, when_unsatisfiable=SOFT),
)

constraints = st.builds(
    TopologySpreadConstraint,
    max_skew=st.integers(1, 3),
    topology_key=st.sampled_from(KEYS),
    when_unsatisfiable=st.sampled_from((HARD, SOFT)),
    label_selector=st.one_of(st.none(), st.just(LabelSelector()), label_selectors()),
    min_domains=st.sampled_from((None, None, 1, 2, 3)),
    node_affinity_policy=st.sampled_from((None, "Honor", "Ignore")),
    node_taints_policy=st.sampled_from((None, "Honor", "Ignore")),
    match_label_keys=st.sampled_from(((), ("app",), ("tier", "absent"))),
)
bare_constraints = constraints.map(lambda c: replace(c, label_selector=None, match_label_keys=()))
arguments = st.one_of(
    st.just(PodTopologySpreadArgs()),
    st.lists(bare_constraints, max_size=2).map(lambda some: PodTopologySpreadArgs(tuple(some), "List")),
)


@st.composite
def some_nodes(draw):
    found = []
    for number in range(draw(st.integers(1, 6))):
        chosen = draw(st.fixed_dictionaries({}, optional={ZONE: st.sampled_from(("a", "b", "")), "disk": st.sampled_from(("a", "b"))}))
        if draw(st.integers(0, 4)):
            chosen[HOSTNAME] = draw(st.sampled_from((f"n{number}", f"n{number}", "shared")))
        builder = node(f"n{number}").without_labels().label(chosen).with_taints(*draw(st.lists(taints(), max_size=1)))
        found.append(builder.build())
    return found


@st.composite
def some_pods(draw, nodes):
    found = []
    for number in range(draw(st.integers(0, 8))):
        builder = pod(f"q{number}", namespace=draw(st.sampled_from(("default", "default", "other")))).label(draw(labels()))
        builder = builder.terminating() if draw(st.integers(0, 4)) == 0 else builder
        found.append(builder.on(draw(st.sampled_from(nodes)).name).build())
    return found


@st.composite
def incoming_pods(draw):
    builder = pod("p").label(draw(labels()))
    for toleration in draw(st.lists(tolerations(), max_size=1)):
        builder = builder.tolerates(toleration.key, toleration.value, operator=toleration.operator, effect=toleration.effect)
    for term in draw(st.lists(node_selector_terms(), max_size=2)):
        builder = builder.requires_node(*term.match_expressions)
    plain = builder.build()
    own = tuple(draw(st.lists(constraints, max_size=3)))
    return replace(plain, spec=replace(plain.spec, topology_spread_constraints=own))


@st.composite
def cases(draw):
    nodes = draw(some_nodes())
    services = draw(st.lists(labels(), max_size=2))
    return nodes, draw(some_pods(nodes)), draw(incoming_pods()), services


def build(nodes, placed, services):
    cluster = Cluster()
    for number, selects in enumerate(services):
        cluster.put(replace(service(f"s{number}"), spec=replace(service("x").spec, selector=selects)))
    gone = node("gone").zone("c").build()
    cluster.add_node(gone)
    for a_node in nodes:
        cluster.add_node(a_node)
    for other in placed:
        cluster.add_pod(other, other.spec.node_name)
    cluster.remove_node("gone")
    return cluster


def rows_of(cluster, nodes):
    return NodeRows(cluster, np.array([cluster.row_of(a_node.name) for a_node in nodes], np.intp))


# The plain twin


def meets(operator, wanted, value):
    if operator == "In":
        return value is not None and value in wanted
    if operator == "NotIn":
        return value is None or value not in wanted
    if operator == "Exists":
        return value is not None
    if operator == "DoesNotExist":
        return value is None
    if value is None or not value.isdigit():
        return False
    return int(value) > int(wanted[0]) if operator == "Gt" else int(value) < int(wanted[0])


class PlainConstraint:
    def __init__(self, constraint, requirements):
        self.key, self.skew = constraint.topology_key, constraint.max_skew
        self.requirements = requirements  # None: nothing; empty: everything
        self.min_domains = constraint.min_domains or 1
        self.affinity = constraint.node_affinity_policy != "Ignore"
        self.taints = constraint.node_taints_policy == "Honor"

    def selects(self, other_labels):
        if self.requirements is None:
            return False
        return all(meets(operator, wanted, other_labels.get(key)) for key, operator, wanted in self.requirements)

    def count(self, placed, a_node, a_pod):
        if not self.requirements:
            return 0
        total = 0
        for other in placed:
            if other.spec.node_name != a_node.name or other.metadata.namespace != a_pod.metadata.namespace:
                continue
            if other.metadata.deletion_timestamp is None and self.selects(other.metadata.labels):
                total += 1
        return total

    def includes(self, a_node, a_pod):
        if self.affinity and not matches_node(a_pod, a_node):
            return False
        return not self.taints or all(is_tolerated(taint, a_pod) for taint in a_node.spec.taints if taint.effect != "PreferNoSchedule")


def matches_node(a_pod, a_node):
    affinity = a_pod.spec.affinity
    if affinity is None:
        return True
    for term in affinity.node_affinity.required_during_scheduling_ignored_during_execution.node_selector_terms:
        if all(meets(e.operator, e.values, a_node.metadata.labels.get(e.key)) for e in term.match_expressions):
            return True
    return False


def is_tolerated(taint, a_pod):
    for toleration in a_pod.spec.tolerations:
        concerned = toleration.effect in ("", taint.effect) and toleration.key in ("", taint.key)
        if concerned and (toleration.operator == "Exists" or toleration.value == taint.value):
            return True
    return False


def plain_constraints(a_pod, services, args, kind):
    own = a_pod.spec.topology_spread_constraints
    if own:
        found = []
        for constraint in own:
            if constraint.when_unsatisfiable != kind:
                continue
            selector, requirements = constraint.label_selector, None
            if selector is not None:
                requirements = [(key, "In", (value,)) for key, value in selector.match_labels.items()]
                requirements += [(e.key, e.operator, e.values) for e in selector.match_expressions]
                for key in constraint.match_label_keys:
                    if key in a_pod.metadata.labels:
                        requirements.append((key, "In", (a_pod.metadata.labels[key],)))
            found.append(PlainConstraint(constraint, requirements))
        return found
    deduced = {}
    for selects in services:
        if all(a_pod.metadata.labels.get(key) == value for key, value in selects.items()):
            deduced.update(selects)
    if not deduced:
        return []
    requirements = [(key, "In", (value,)) for key, value in deduced.items()]
    defaults = SYSTEM if args.defaulting_type == "System" else args.default_constraints
    return [PlainConstraint(constraint, requirements) for constraint in defaults if constraint.when_unsatisfiable == kind]


class PlainFilter:
    def __init__(self, nodes, placed, a_pod, services, args):
        self.pod = a_pod
        self.constraints = plain_constraints(a_pod, services, args, HARD)
        self.counts = []
        for constraint in self.constraints:
            counts = {}
            for a_node in nodes:
                if self.has_all_keys(a_node) and constraint.includes(a_node, a_pod):
                    value = a_node.metadata.labels[constraint.key]
                    counts[value] = counts.get(value, 0) + constraint.count(placed, a_node, a_pod)
            self.counts.append(counts)

    def has_all_keys(self, a_node):
        return all(constraint.key in a_node.metadata.labels for constraint in self.constraints)

    def change(self, other, a_node, pods):
        if other.metadata.namespace != self.pod.metadata.namespace or not self.has_all_keys(a_node):
            return
        for constraint, counts in zip(self.constraints, self.counts, strict=True):
            if constraint.selects(other.metadata.labels) and constraint.includes(a_node, self.pod):
                counts[a_node.metadata.labels[constraint.key]] += pods

    def verdict(self, a_node):
        for constraint, counts in zip(self.constraints, self.counts, strict=True):
            value = a_node.metadata.labels.get(constraint.key)
            if value is None:
                return unresolvable("node(s) didn't match pod topology spread constraints (missing required label)")
            lowest = min(counts.values(), default=0) if len(counts) >= constraint.min_domains else 0
            own = 1 if constraint.selects(self.pod.metadata.labels) else 0
            if counts.get(value, 0) + own - lowest > constraint.skew:
                return unschedulable("node(s) didn't match pod topology spread constraints")
        return None


def half_away(value):
    return math.floor(value) + (1 if value - math.floor(value) >= 0.5 else 0)


def plain_scores(nodes, placed, a_pod, services, args, feasible):
    """Raw and normalised scores by node name; None where nothing is scored."""
    constraints = plain_constraints(a_pod, services, args, SOFT)
    if not constraints:
        return None
    need_all = bool(a_pod.spec.topology_spread_constraints) or args.defaulting_type == "List"

    def has_all_keys(a_node):
        return all(constraint.key in a_node.metadata.labels for constraint in constraints)

    ignored = [a_node.name for a_node in feasible if need_all and not has_all_keys(a_node)]
    scored = [a_node for a_node in feasible if a_node.name not in ignored]
    domains, weights = [], []
    for constraint in constraints:
        values = {}
        if constraint.key != HOSTNAME:
            values = {a_node.metadata.labels.get(constraint.key, ""): 0 for a_node in scored}
        weights.append(math.log((len(scored) if constraint.key == HOSTNAME else len(values)) + 2))
        for a_node in nodes:
            value = a_node.metadata.labels.get(constraint.key, "")
            if value in values and (not need_all or has_all_keys(a_node)) and constraint.includes(a_node, a_pod):
                values[value] += constraint.count(placed, a_node, a_pod)
        domains.append(values)
    raw = dict.fromkeys(ignored, 0)
    for a_node in scored:
        total = 0.0
        for constraint, values, weight in zip(constraints, domains, weights, strict=True):
            if constraint.key in a_node.metadata.labels:
                at_host = constraint.key == HOSTNAME
                pods = constraint.count(placed, a_node, a_pod) if at_host else values[a_node.metadata.labels[constraint.key]]
                total += float(pods) * weight + float(constraint.skew - 1)
        raw[a_node.name] = half_away(total)
    final = dict.fromkeys(ignored, 0)
    lowest = min((raw[a_node.name] for a_node in scored), default=0)
    highest = max((raw[a_node.name] for a_node in scored), default=0)
    for a_node in scored:
        final[a_node.name] = 100 if highest == 0 else 100 * (highest + lowest - raw[a_node.name]) // highest
    return raw, final


@given(cases(), arguments)
def test_filter(case, args):
    nodes, placed, a_pod, services = case
    cluster, plugin = build(nodes, placed, services), PodTopologySpread(args)
    plain = PlainFilter(nodes, placed, a_pod, services, args)
    assert judge(plugin, a_pod, cluster) == {a_node.name: plain.verdict(a_node) for a_node in nodes}
    check_filter(plugin, a_pod, cluster)


@given(cases(), arguments, st.data())
def test_dry_runs(case, args, data):
    nodes, placed, a_pod, services = case
    cluster, plugin = build(nodes, placed, services), PodTopologySpread(args)
    prepared = plugin.prepare(a_pod, cluster)
    if isinstance(prepared, Skip):
        return
    plain, tried = PlainFilter(nodes, placed, a_pod, services, args), prepared.copy()
    where = {a_node.name: a_node for a_node in nodes}
    for other in data.draw(st.permutations(placed)):
        on, row = where[other.spec.node_name], cluster.row_of(other.spec.node_name)
        leaves = data.draw(st.booleans())
        plain.change(other, on, -1 if leaves else 1)
        (plugin.remove_pod if leaves else plugin.add_pod)(tried, other, row, cluster)
    untouched = PlainFilter(nodes, placed, a_pod, services, args)
    for state, twin in ((tried, plain), (prepared, untouched)):
        codes = plugin.filter(state, rows_of(cluster, nodes))
        assert [plugin.status(state, int(code)) if code else None for code in codes] == [twin.verdict(a_node) for a_node in nodes]


@given(cases(), arguments, st.data())
def test_score(case, args, data):
    nodes, placed, a_pod, services = case
    cluster, plugin = build(nodes, placed, services), PodTopologySpread(args)
    expected = plain_scores(nodes, placed, a_pod, services, args, nodes)
    raw = rate(plugin, a_pod, cluster, raw=True)
    assert (raw or None) == (None if expected is None else expected[0])
    check_score(plugin, a_pod, cluster)

    feasible = data.draw(st.lists(st.sampled_from(nodes), min_size=1, unique_by=lambda a_node: a_node.name))
    expected = plain_scores(nodes, placed, a_pod, services, args, feasible)
    rows = rows_of(cluster, feasible)
    prepared = plugin.prepare_score(a_pod, cluster, rows)
    assert isinstance(prepared, Skip) is (expected is None)
    if expected is not None:
        scores = plugin.score(prepared, rows)
        names = [a_node.name for a_node in feasible]
        assert dict(zip(names, scores.tolist(), strict=True)) == expected[0]
        assert dict(zip(names, plugin.normalize(prepared, scores, rows).tolist(), strict=True)) == expected[1]
