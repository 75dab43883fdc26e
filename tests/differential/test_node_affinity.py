"""NodeAffinity against loops over nodes, terms and requirements, unparsable ones included."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.errors import SchedulingError
from binpack.framework.arguments import NodeAffinityArgs
from binpack.framework.events import Action, ClusterEvent, Resource
from binpack.framework.status import unresolvable
from binpack.model import pod as model
from binpack.model.base import replace
from binpack.model.meta import LabelSelectorRequirement
from binpack.plugins.node_affinity import NodeAffinity
from binpack.testing import node, pod
from binpack.testing.plugin_contract import check_filter, check_score
from binpack.testing.trial import cluster_of, judge, rate, wakes

NAMES = ("n0", "n1", "n2", "n3")
KEYS = ("a", "example.com/b")
VALUES = ("x", "5", "05", "10", "")
BAD_KEYS, BAD_VALUES = ("bad key", "/", ""), ("-1", "a b")
NUMBERS = {"5": 5, "05": 5, "10": 10}
OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")

parsable = st.one_of(
    st.builds(
        lambda key, operator, values: LabelSelectorRequirement(key, operator, tuple(values)),
        st.sampled_from(KEYS),
        st.sampled_from(("In", "NotIn")),
        st.lists(st.sampled_from(VALUES), min_size=1, max_size=3),
    ),
    st.builds(LabelSelectorRequirement, st.sampled_from(KEYS), st.sampled_from(("Exists", "DoesNotExist"))),
    st.builds(
        lambda key, operator, value: LabelSelectorRequirement(key, operator, (value,)),
        st.sampled_from(KEYS),
        st.sampled_from(("Gt", "Lt")),
        st.sampled_from(("5", "05", "7")),
    ),
)
anything = st.builds(
    lambda key, operator, values: LabelSelectorRequirement(key, operator, tuple(values)),
    st.sampled_from((*KEYS, *BAD_KEYS)),
    st.sampled_from((*OPERATORS, "Within")),
    st.lists(st.sampled_from((*VALUES, *BAD_VALUES)), max_size=2),
)
good_fields = st.builds(
    lambda operator, name: LabelSelectorRequirement("metadata.name", operator, (name,)),
    st.sampled_from(("In", "NotIn")),
    st.sampled_from((*NAMES, "gone")),
)
any_fields = st.builds(
    lambda key, operator, names: LabelSelectorRequirement(key, operator, tuple(names)),
    st.sampled_from(("metadata.name", "metadata.uid")),
    st.sampled_from(("In", "NotIn", "Exists")),
    st.lists(st.sampled_from(NAMES), max_size=2),
)


def terms(requirements, fields):
    return st.builds(
        lambda expressions, names: model.NodeSelectorTerm(tuple(expressions), tuple(names)),
        st.lists(requirements, max_size=2),
        st.lists(fields, max_size=2),
    )


good_terms = terms(parsable, good_fields)
mixed_terms = st.one_of(good_terms, terms(anything, any_fields))


def affinities(term):
    weighted = st.builds(model.PreferredSchedulingTerm, st.sampled_from((0, 1, 10, 100)), term)
    return st.one_of(
        st.none(),
        st.builds(
            lambda required, preferred: model.NodeAffinity(
                None if required is None else model.NodeSelector(tuple(required)), None if preferred is None else tuple(preferred)
            ),
            st.one_of(st.none(), st.lists(term, max_size=3)),
            st.one_of(st.none(), st.lists(weighted, max_size=3)),
        ),
    )


label_sets = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=2)


# The plain twin


def can_be_parsed(term):
    for requirement in term.match_expressions:
        if requirement.key in BAD_KEYS or any(value in BAD_VALUES for value in requirement.values):
            return False
        if requirement.operator in ("In", "NotIn"):
            fine = len(requirement.values) >= 1
        elif requirement.operator in ("Exists", "DoesNotExist"):
            fine = len(requirement.values) == 0
        elif requirement.operator in ("Gt", "Lt"):
            fine = len(requirement.values) == 1 and requirement.values[0].isdigit()
        else:
            fine = False
        if not fine:
            return False
    for field in term.match_fields:
        if field.key != "metadata.name" or field.operator not in ("In", "NotIn") or len(field.values) != 1:
            return False
    return True


def meets(requirement, a_node):
    present = requirement.key in a_node.metadata.labels
    value = a_node.metadata.labels.get(requirement.key)
    if requirement.operator == "In":
        return present and value in requirement.values
    if requirement.operator == "NotIn":
        return not present or value not in requirement.values
    if requirement.operator == "Exists":
        return present
    if requirement.operator == "DoesNotExist":
        return not present
    if not present or value not in NUMBERS:
        return False
    bound = int(requirement.values[0])
    return NUMBERS[value] > bound if requirement.operator == "Gt" else NUMBERS[value] < bound


def holds(term, a_node):
    if not term.match_expressions and not term.match_fields:
        return False
    for requirement in term.match_expressions:
        if not meets(requirement, a_node):
            return False
    return all((field.operator == "In") == (a_node.name == field.values[0]) for field in term.match_fields)


def own_matches(selector, affinity, a_node):
    """Whether selector and affinity match; "error" where an unparsable term is all that is left."""
    for key, value in selector.items():
        if a_node.metadata.labels.get(key) != value:
            return False
    if affinity is None or affinity.required_during_scheduling_ignored_during_execution is None:
        return True
    unparsable = False
    for term in affinity.required_during_scheduling_ignored_during_execution.node_selector_terms:
        if not can_be_parsed(term):
            unparsable = True
        elif holds(term, a_node):
            return True
    return "error" if unparsable else False


def added_matches(added, a_node):
    if added is None or added.required_during_scheduling_ignored_during_execution is None:
        return True
    return any(holds(term, a_node) for term in added.required_during_scheduling_ignored_during_execution.node_selector_terms)


def shortlist(affinity):
    required = None if affinity is None else affinity.required_during_scheduling_ignored_during_execution
    if required is None or not required.node_selector_terms:
        return None
    union = set()
    for term in required.node_selector_terms:
        names = None
        for field in term.match_fields:
            if field.key == "metadata.name" and field.operator == "In":
                names = set(field.values) if names is None else names & set(field.values)
        if names is None:
            return None
        union |= names
    return union


def verdict(selector, affinity, added, a_node):
    listed = shortlist(affinity)
    if listed is not None and not listed:
        return unresolvable("pod affinity terms conflict")
    if listed is not None and a_node.name not in listed:
        return unresolvable("node(s) didn't satisfy plugin(s) [NodeAffinity]")
    if not added_matches(added, a_node):
        return unresolvable("node(s) didn't match scheduler-enforced node affinity")
    if own_matches(selector, affinity, a_node) is not True:
        return unresolvable("node(s) didn't match Pod's node affinity/selector")
    return None


def preferred_terms(affinity):
    return None if affinity is None else affinity.preferred_during_scheduling_ignored_during_execution


def raw_score(affinity, added, a_node):
    total = 0
    for term in (*(preferred_terms(affinity) or ()), *(preferred_terms(added) or ())):
        if term.weight != 0 and holds(term.preference, a_node):
            total += term.weight
    return total


@given(st.lists(label_sets, min_size=1, max_size=4), label_sets, affinities(mixed_terms), affinities(good_terms))
def test_plain_twin(labels, selector, affinity, added):
    nodes = [node(name).without_labels().label(own).build() for name, own in zip(NAMES, labels, strict=False)]
    plain = pod("p").build()
    a_pod = replace(plain, spec=replace(plain.spec, node_selector=selector, affinity=model.Affinity(node_affinity=affinity)))
    plugin, cluster = NodeAffinity(NodeAffinityArgs(added_affinity=added)), cluster_of(nodes)

    assert judge(plugin, a_pod, cluster) == {n.name: verdict(selector, affinity, added, n) for n in nodes}
    check_filter(plugin, a_pod, cluster)
    check_score(plugin, a_pod, cluster)
    if any(term.weight != 0 and not can_be_parsed(term.preference) for term in preferred_terms(affinity) or ()):
        with pytest.raises(SchedulingError):
            rate(plugin, a_pod, cluster)
    elif preferred_terms(affinity) is None and preferred_terms(added) is None:
        assert rate(plugin, a_pod, cluster) == {}
    else:
        raw = {n.name: raw_score(affinity, added, n) for n in nodes}
        highest = max(0, *raw.values())
        assert rate(plugin, a_pod, cluster, raw=True) == raw
        assert rate(plugin, a_pod, cluster) == {name: value if highest == 0 else 100 * value // highest for name, value in raw.items()}


@given(label_sets, label_sets, label_sets, affinities(mixed_terms), affinities(good_terms))
def test_plain_twin_of_the_hint(before, after, selector, affinity, added):
    plain = pod("p").build()
    a_pod = replace(plain, spec=replace(plain.spec, node_selector=selector, affinity=model.Affinity(node_affinity=affinity)))
    plugin = NodeAffinity(NodeAffinityArgs(added_affinity=added))
    old, new = (node("n0").without_labels().label(labels).build() for labels in (before, after))
    matches = own_matches(selector, affinity, new)
    worth_it = added_matches(added, new) and matches is not False
    # A hint that fails wakes the pod, whatever it was before.
    changed = matches == "error" or own_matches(selector, affinity, old) is not True
    assert wakes(plugin, a_pod, ClusterEvent(Resource.NODE, Action.ADD, None, new)) is worth_it
    assert wakes(plugin, a_pod, ClusterEvent(Resource.NODE, Action.UPDATE_NODE_LABEL, old, new)) is (worth_it and changed)
