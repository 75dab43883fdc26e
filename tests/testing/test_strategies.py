from __future__ import annotations

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from binpack.model.meta import LabelSelector
from binpack.model.node import Node, Taint
from binpack.model.pod import Pod, Toleration, TopologySpreadConstraint
from binpack.model.quantity import Quantity
from binpack.model.selectors import compile_label_selector, compile_node_term
from binpack.testing import HOSTNAME, node, pod
from binpack.testing.hypothesis_entry import register
from binpack.testing.strategies import (
    clusters,
    cpu_amounts,
    label_selectors,
    labels,
    memory_amounts,
    node_selector_terms,
    nodes,
    pods,
    quantities,
    quantity_texts,
    spread_constraints,
)

SEEK = settings(max_examples=500, derandomize=True, database=None)


@given(quantity_texts())
def test_quantity_texts_are_quantities(text):
    assert Quantity.parse(text).nanos >= 0


@given(quantities(), cpu_amounts(), memory_amounts())
def test_amounts(quantity, cpu, memory):
    assert quantity.nanos >= 0
    assert 0 <= cpu.ceil_milli() <= 2_000
    assert 0 <= memory.ceil_units() <= 4_096 << 20


@given(label_selectors(), labels())
def test_selectors_are_such_as_the_api_accepts(selector, some):
    assert compile_label_selector(selector).matches(some) in (True, False)


@given(node_selector_terms(), nodes())
def test_node_terms_are_such_as_the_api_accepts(term, drawn):
    assert compile_node_term(term).matches(drawn.metadata.labels, drawn.name) in (True, False)


@given(spread_constraints())
def test_spread_constraints_are_such_as_the_api_accepts(constraint):
    assert constraint.max_skew >= 1
    assert constraint.min_domains is None or constraint.when_unsatisfiable == "DoNotSchedule"


@given(nodes(name="n", tainted=False))
def test_nodes_without_taints(drawn):
    assert drawn.metadata.labels[HOSTNAME] == "n"
    assert drawn.spec.taints == ()
    assert not drawn.spec.unschedulable


@given(pods(name="p", namespaces=("one",), features=("requests",)))
def test_pods_have_the_chosen_features_only(drawn):
    assert drawn.key == "one/p"
    spec = drawn.spec
    assert (spec.affinity, spec.tolerations, spec.topology_spread_constraints, spec.node_selector, spec.priority) == (
        None,
        (),
        (),
        {},
        None,
    )


@given(pods(features=("spread",)))
def test_constraints_of_a_pod_differ_in_key_or_action(drawn):
    pairs = [(one.topology_key, one.when_unsatisfiable) for one in drawn.spec.topology_spread_constraints]
    assert len(pairs) == len(set(pairs))


@given(clusters(max_nodes=3, max_placed=4, max_pending=2))
def test_clusters_build_their_columns(case):
    cluster = case.state()
    assert len(cluster) == len(case.nodes)
    assert sorted(pod.key for pod, _ in cluster.pods()) == sorted(pod.key for pod in case.placed)
    assert [n.name for n in case.nodes] == [f"node-{number}" for number in range(len(case.nodes))]
    assert all(n.metadata.labels[HOSTNAME] == n.name for n in case.nodes)


@pytest.mark.parametrize(
    ("strategy", "least"),
    [
        (nodes(), node().cpu(0).memory("0Mi").pods(1).build()),
        (pods(features=()), pod().scheduler("default-scheduler").build()),
        (label_selectors(), LabelSelector()),
    ],
)
def test_everything_shrinks_to_the_plainest_object(strategy, least):
    assert find(strategy, lambda _: True, settings=SEEK) == least


def test_a_cluster_shrinks_to_one_empty_node():
    case = find(clusters(max_nodes=2, max_placed=2, max_pending=1, features=()), lambda case: len(case.nodes) > 0, settings=SEEK)
    assert (len(case.nodes), case.placed, case.pending) == (1, (), ())


def _same_port_twice(case):
    ports = [(pod.spec.node_name, port.host_port) for pod in case.placed for port in pod.spec.containers[0].ports]
    return len(ports) > len(set(ports))


@pytest.mark.parametrize(
    ("why", "happens"),
    [
        ("two pods want a port of one node", _same_port_twice),
        ("anti-affinity stands somewhere", lambda case: any(p.spec.affinity and p.spec.affinity.pod_anti_affinity for p in case.placed)),
        ("a cordoned node", lambda case: any(n.spec.unschedulable for n in case.nodes)),
        ("two zones", lambda case: len({n.metadata.labels.get("topology.kubernetes.io/zone") for n in case.nodes}) > 1),
    ],
)
def test_interesting_clusters_come_up(why, happens):
    find(clusters(), happens, settings=settings(SEEK, phases=(Phase.generate,)))


@pytest.mark.parametrize("kind", [Quantity, LabelSelector, Node, Pod, Taint, Toleration, TopologySpreadConstraint])
def test_types_resolve_once_registered(kind):
    register()

    @settings(max_examples=5, database=None, derandomize=True)
    @given(st.from_type(kind))
    def run(value):
        assert isinstance(value, kind)

    run()
