"""What is wrong with a node selector term, all of it, and in agreement with the compiler of selectors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.model.meta import LabelSelectorRequirement
from binpack.model.pod import NodeSelectorTerm
from binpack.model.selector_errors import label_name_errors, node_term_errors
from binpack.model.selectors import SelectorError, compile_node_term

RULE = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"


def expression(key="zone", operator="In", *values):
    return NodeSelectorTerm(match_expressions=(LabelSelectorRequirement(key, operator, values),))


def on_fields(key="metadata.name", operator="In", *values):
    return NodeSelectorTerm(match_fields=(LabelSelectorRequirement(key, operator, values),))


@pytest.mark.parametrize(
    ("term", "messages"),
    [
        (NodeSelectorTerm(), []),
        (expression("zone", "In", "a", ""), []),
        (expression("example.com/zone", "DoesNotExist"), []),
        (expression("gen", "Gt", "4"), []),
        (on_fields("metadata.name", "NotIn", "node-1"), []),
        (
            expression("zone", "Equals", "a"),
            [
                't.matchExpressions[0].operator: Unsupported value: "Equals": supported values: "In", "NotIn", "Exists", "DoesNotExist", '
                '"Gt", "Lt"'
            ],
        ),
        (
            expression("-zone", "In"),
            [
                f't.matchExpressions[0].key: Invalid value: "-zone": name part {RULE}, up to 63 of them, after an optional DNS subdomain '
                "and '/'",
                "t.matchExpressions[0].values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
            ],
        ),
        (
            expression("zone", "Exists", "a"),
            ['t.matchExpressions[0].values: Invalid value: ["a"]: values set must be empty for exists and does not exist'],
        ),
        (
            expression("gen", "Lt", "4", "x"),
            [
                "t.matchExpressions[0].values: Invalid value: [\"4\", \"x\"]: for 'Gt', 'Lt' operators, exactly one value is required",
                "t.matchExpressions[0].values[1]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
            ],
        ),
        (
            expression("gen", "Gt", "-1"),
            [f't.matchExpressions[0].values[0]: Invalid value: "-1": a valid label must be an empty string or {RULE}'],
        ),
        (
            on_fields("metadata.uid", "Exists"),
            [
                't.matchFields[0].key: Unsupported value: "metadata.uid": supported values: "metadata.name"',
                't.matchFields[0].operator: Unsupported value: "Exists": supported values: "In", "NotIn"',
            ],
        ),
        (on_fields("metadata.name", "In", "a", "b"), ['t.matchFields[0].values: Invalid value: ["a", "b"]: must have one element']),
    ],
)
def test_node_terms(term, messages):
    assert [str(error) for error in node_term_errors(term, "t")] == messages


@pytest.mark.parametrize("name", ["a", "nvidia.com/gpu", "a" * 63, "kubernetes.io/hostname"])
def test_good_label_names(name):
    assert label_name_errors(name, "n") == []


@pytest.mark.parametrize("name", ["", "a b", "a" * 64, "/a", "Example.com/a", "a/b/c", "a/"])
def test_bad_label_names(name):
    assert [error.path for error in label_name_errors(name, "n")] == ["n"]


keys = st.sampled_from(["zone", "metadata.name", "bad key", "example.com/a"])
operators = st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "Is"])
value_lists = st.lists(st.sampled_from(["a", "", "4", "-1", "no value"]), max_size=2).map(tuple)
requirements = st.lists(st.builds(LabelSelectorRequirement, keys, operators, value_lists), max_size=2).map(tuple)


@given(st.builds(NodeSelectorTerm, requirements, requirements))
def test_agrees_with_the_compiler(term):
    try:
        compile_node_term(term)
    except SelectorError:
        assert node_term_errors(term, "t") != []
    else:
        assert node_term_errors(term, "t") == []
