"""Labels, selectors and requirements over few keys and values, so that things match often and fail to match often."""

from __future__ import annotations

from functools import cache

from binpack.model.meta import LabelSelector, LabelSelectorRequirement
from binpack.model.pod import NodeSelectorTerm
from binpack.testing.hypothesis_import import strategies as st
from binpack.testing.values import ZONE

POD_LABEL_KEYS = ("app", "tier")
NODE_LABEL_KEYS = (ZONE, "disk", "rank")
VALUES = ("a", "b", "c")
RANKS = ("1", "2", "3")
"""Values of the node label `rank`, which `Gt` and `Lt` compare."""


@cache
def labels(keys: tuple[str, ...] = POD_LABEL_KEYS, values: tuple[str, ...] = VALUES) -> st.SearchStrategy[dict[str, str]]:
    """Labels over some of the keys."""
    value = st.sampled_from(values)
    return st.fixed_dictionaries({}, optional=dict.fromkeys(keys, value))


@cache
def label_requirements(
    keys: tuple[str, ...] = POD_LABEL_KEYS, values: tuple[str, ...] = VALUES
) -> st.SearchStrategy[LabelSelectorRequirement]:
    """One requirement of a label selector: `In`, `NotIn`, `Exists`, `DoesNotExist`."""
    key = st.sampled_from(keys)
    some = st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True).map(tuple)
    present = st.tuples(key, st.sampled_from(("Exists", "DoesNotExist")), st.just(()))
    among = st.tuples(key, st.sampled_from(("In", "NotIn")), some)
    return st.one_of(present, among).map(lambda parts: LabelSelectorRequirement(*parts))


@cache
def label_selectors(keys: tuple[str, ...] = POD_LABEL_KEYS, values: tuple[str, ...] = VALUES) -> st.SearchStrategy[LabelSelector]:
    """Label selectors; the empty one, which matches everything, among them."""
    expressions = st.lists(label_requirements(keys, values), max_size=2).map(tuple)
    return st.tuples(labels(keys, values), expressions).map(lambda parts: LabelSelector(*parts))


@cache
def node_requirements() -> st.SearchStrategy[LabelSelectorRequirement]:
    """One requirement of a node selector term: as for labels, and `Gt` and `Lt` on `rank`."""
    compared = st.tuples(st.sampled_from(("Gt", "Lt")), st.sampled_from(("0", *RANKS)))
    return st.one_of(
        label_requirements(NODE_LABEL_KEYS[:2], VALUES),
        label_requirements(("rank",), RANKS),
        compared.map(lambda parts: LabelSelectorRequirement("rank", parts[0], (parts[1],))),
    )


@cache
def node_selector_terms() -> st.SearchStrategy[NodeSelectorTerm]:
    """Terms of node affinity, with one or two requirements."""
    return st.lists(node_requirements(), min_size=1, max_size=2).map(lambda parts: NodeSelectorTerm(tuple(parts)))
