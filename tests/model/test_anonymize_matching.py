"""Anonymised dumps: what matched before matches after, what could not be parsed still cannot."""

from hypothesis import given
from hypothesis import strategies as st

from binpack.model.anonymize import anonymize
from binpack.model.meta import LabelSelector, LabelSelectorRequirement, ObjectMeta
from binpack.model.node import Node, NodeSpec, Taint
from binpack.model.pod import Affinity, NodeAffinity, NodeSelector, NodeSelectorTerm, Pod, PodSpec, Toleration
from binpack.model.policy import Service, ServiceSpec
from binpack.model.selectors import SelectorError, compile_label_selector, compile_node_term
from binpack.model.tolerations import tolerates
from binpack.model.workloads import ReplicaSet, ReplicaSetSpec

KEYS = st.sampled_from(["app", "gen", "acme.com/x", "kubernetes.io/hostname", "topology.kubernetes.io/zone", "a b", ""])
VALUES = st.sampled_from(["", "web", "7", "12", "-3", "true", "n1", "n2", "zone-a", "not valid", "+5"])
LABELS = st.dictionaries(KEYS, VALUES, max_size=4)
OPERATORS = st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "Near"])
REQUIREMENTS = st.builds(LabelSelectorRequirement, KEYS, OPERATORS, st.lists(VALUES, max_size=2).map(tuple))
SELECTORS = st.builds(LabelSelector, LABELS, st.lists(REQUIREMENTS, max_size=2).map(tuple))
NODE_NAMES = st.lists(st.sampled_from(["n1", "n2", "n9"]), max_size=2).map(tuple)
FIELDS = st.builds(LabelSelectorRequirement, st.sampled_from(["metadata.name", "metadata.x"]), OPERATORS, NODE_NAMES)
TERMS = st.builds(NodeSelectorTerm, st.lists(REQUIREMENTS, max_size=2).map(tuple), st.lists(FIELDS, max_size=1).map(tuple))


def outcome(compile_it, *arguments):
    try:
        compiled = compile_it()
    except SelectorError:
        return "unparsable"
    return None if compiled is None else compiled.matches(*arguments)


@given(SELECTORS, LABELS, LABELS)
def test_label_selectors_match_as_before(selector, labels, service):
    originals = [
        Pod(metadata=ObjectMeta(name="p", namespace="a", labels=labels)),
        ReplicaSet(metadata=ObjectMeta(name="r", namespace="a"), spec=ReplicaSetSpec(selector=selector)),
        Service(metadata=ObjectMeta(name="s", namespace="a"), spec=ServiceSpec(selector=service)),
    ]
    pod, replica_set, renamed_service = anonymize(originals, salt="s")
    before = outcome(lambda: compile_label_selector(selector), labels)
    assert outcome(lambda: compile_label_selector(replica_set.spec.selector), pod.metadata.labels) == before
    assert (renamed_service.spec.selector.items() <= pod.metadata.labels.items()) == (service.items() <= labels.items())


@given(st.lists(TERMS, min_size=1, max_size=2), st.lists(LABELS, min_size=2, max_size=2), LABELS)
def test_node_terms_match_as_before(terms, node_labels, node_selector):
    required = NodeSelector(tuple(terms))
    affinity = Affinity(node_affinity=NodeAffinity(required_during_scheduling_ignored_during_execution=required))
    originals = [Node(metadata=ObjectMeta(name=name, labels=labels)) for name, labels in zip(("n1", "n2"), node_labels, strict=True)]
    pod = Pod(metadata=ObjectMeta(name="p", namespace="a"), spec=PodSpec(affinity=affinity, node_selector=node_selector))
    *nodes, renamed = anonymize([*originals, pod], salt="s")
    renamed_terms = renamed.spec.affinity.node_affinity.required_during_scheduling_ignored_during_execution.node_selector_terms
    for before, after in zip(originals, nodes, strict=True):
        for term, renamed_term in zip(terms, renamed_terms, strict=True):
            expected = outcome(lambda term=term: compile_node_term(term), before.metadata.labels, before.name)
            assert outcome(lambda term=renamed_term: compile_node_term(term), after.metadata.labels, after.name) == expected
        selected = renamed.spec.node_selector.items() <= after.metadata.labels.items()
        assert selected == (node_selector.items() <= before.metadata.labels.items())


TAINTS = st.builds(Taint, KEYS, VALUES, st.sampled_from(["NoSchedule", "NoExecute", "PreferNoSchedule"]))
TOLERATIONS = st.builds(
    Toleration, KEYS, st.sampled_from(["", "Equal", "Exists", "Gt"]), VALUES, st.sampled_from(["", "NoSchedule", "NoExecute"])
)


@given(st.lists(TAINTS, max_size=3), st.lists(TOLERATIONS, max_size=3))
def test_taints_are_tolerated_as_before(taints, tolerations):
    node = Node(metadata=ObjectMeta(name="n1"), spec=NodeSpec(taints=tuple(taints)))
    pod = Pod(metadata=ObjectMeta(name="p", namespace="a"), spec=PodSpec(tolerations=tuple(tolerations)))
    renamed_node, renamed_pod = anonymize([node, pod], salt="s")
    before = [[tolerates(toleration, taint) for toleration in tolerations] for taint in taints]
    after = [[tolerates(toleration, taint) for toleration in renamed_pod.spec.tolerations] for taint in renamed_node.spec.taints]
    assert after == before
