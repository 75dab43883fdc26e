"""kube-scheduler's node order: zones in turn, and what happens to it when zones come, go and come back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.state.order import NodeTree, zone_key

ZONE, REGION = "topology.kubernetes.io/zone", "topology.kubernetes.io/region"
BETA_ZONE = "failure-domain.beta.kubernetes.io/zone"


def tree_of(*nodes: tuple[str, str]) -> NodeTree:
    tree = NodeTree()
    for name, zone in nodes:
        tree.add(name, {ZONE: zone} if zone else {})
    return tree


@pytest.mark.parametrize(
    ("why", "labels", "same_as"),
    [
        ("empty labels are no zone", {ZONE: "", REGION: ""}, {}),
        ("a deprecated label goes before its successor", {BETA_ZONE: "a", ZONE: "b"}, {ZONE: "a"}),
        ("also if it is empty", {BETA_ZONE: "", ZONE: "b"}, {}),
    ],
)
def test_zone_keys(why: str, labels: dict[str, str], same_as: dict[str, str]) -> None:
    assert zone_key(labels) == zone_key(same_as), why


def test_a_region_is_part_of_the_zone() -> None:
    assert len({zone_key({REGION: region, ZONE: zone}) for region in ("a", "b", "") for zone in ("a", "b", "")}) == 9


def test_zones_take_turns_in_the_order_of_their_first_nodes() -> None:
    assert tree_of(("n1", "a"), ("n2", "b"), ("n3", ""), ("n4", "a"), ("n5", "a")).names() == ["n1", "n2", "n3", "n4", "n5"]
    assert tree_of(("n1", "a"), ("n4", "a"), ("n2", "b"), ("n3", "")).names() == ["n1", "n2", "n3", "n4"]


def test_a_zone_that_comes_back_comes_last() -> None:
    tree = tree_of(("a1", "a"), ("b1", "b"))
    tree.remove("a1")
    tree.add("a2", {ZONE: "a"})
    assert tree.names() == ["b1", "a2"]


def test_a_node_that_changes_zone_keeps_its_place_until_a_node_joins_or_leaves() -> None:
    tree = tree_of(("a1", "a"), ("b1", "b"), ("a2", "a"))
    as_listed = tree.names()
    tree.update("a1", {ZONE: "c"})
    assert tree.names() == as_listed == ["a1", "b1", "a2"]
    tree.add("c2", {ZONE: "c"})
    assert tree.names() == ["a2", "b1", "a1", "c2"]


# The plain twin: a list of zones, each with a list of names.

LABELS = st.dictionaries(st.sampled_from((ZONE, REGION, BETA_ZONE)), st.sampled_from(("a", "b", "")))
CHANGES = st.lists(st.tuples(st.sampled_from(("add", "remove", "update")), st.sampled_from("uvwxyz"), LABELS), max_size=25)


class Plain:
    def __init__(self) -> None:
        self.zones: list[tuple[Any, list[str]]] = []
        self.listed: list[str] = []

    def key(self, labels: dict[str, str]) -> tuple[str, str]:
        return labels.get(REGION, ""), labels.get(BETA_ZONE, labels.get(ZONE, ""))

    def insert(self, name: str, labels: dict[str, str]) -> None:
        for key, names in self.zones:
            if key == self.key(labels):
                names.append(name)
                return
        self.zones.append((self.key(labels), [name]))

    def drop(self, name: str) -> None:
        self.zones = [(key, [other for other in names if other != name]) for key, names in self.zones]
        self.zones = [(key, names) for key, names in self.zones if names]

    def list_anew(self) -> None:
        longest = max((len(names) for _, names in self.zones), default=0)
        self.listed = [names[turn] for turn in range(longest) for _, names in self.zones if turn < len(names)]


@given(CHANGES)
def test_plain_twin(changes: list[tuple[str, str, dict[str, str]]]) -> None:
    tree, plain, present = NodeTree(), Plain(), dict[str, tuple[str, str]]()
    for change, name, labels in changes:
        if change == "add" and name not in present:
            tree.add(name, labels)
            plain.insert(name, labels)
            plain.list_anew()
            present[name] = plain.key(labels)
        elif change == "remove" and name in present:
            tree.remove(name)
            plain.drop(name)
            plain.list_anew()
            del present[name]
        elif change == "update" and name in present:
            tree.update(name, labels)
            if present[name] != plain.key(labels):
                plain.drop(name)
                plain.insert(name, labels)
            present[name] = plain.key(labels)
        assert tree.names() == plain.listed
        assert tree.copy().names() == plain.listed
