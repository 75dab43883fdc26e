"""Is the instance of a certificate that of a dump? The pods and nodes that it names are added up anew from the objects.

Requests and allocatable are read from the objects, and whether a node takes a pod is asked of the independent checker of `binpack.state`;
nothing here knows what built the problem.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from binpack.errors import CertificateError
from binpack.model.base import encoded
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.requests import PODS, fit_requests, placed_requests, resource_list
from binpack.optimal.verify_amounts import amount_problems
from binpack.optimal.verify_rules import RulesOfPods
from binpack.state.invariants import check_static

MOST_PROBLEMS = 5
CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")

Contents = Counter[tuple[int, tuple[tuple[int, int], ...]]]
"""Nodes by (node class, pods of each class)."""


@dataclass
class Members:
    """Who is in which class, by name.

    Attributes
    ----------
    pods, nodes : list of list of str
        The members of each pod class and of each node class.
    """

    pods: list[list[str]]
    nodes: list[list[str]]
    class_of: dict[str, int] = field(init=False)
    node_class_of: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.class_of = {key: number for number, keys in enumerate(self.pods) for key in keys}
        self.node_class_of = {name: number for number, names in enumerate(self.nodes) for name in names}

    def contents(self, placed: Mapping[str, str]) -> Contents:
        """Count equal nodes that hold a member, by what they hold in a placement (pod to node)."""
        held: dict[str, Counter[int]] = {}
        for key, node in placed.items():
            if key in self.class_of and node in self.node_class_of:
                held.setdefault(node, Counter())[self.class_of[key]] += 1
        return Counter((self.node_class_of[node], tuple(sorted(content.items()))) for node, content in held.items())


def read_members(document: Mapping[str, Any]) -> Members | None:
    """Read who is in which class; None if the certificate does not say.

    Raises
    ------
    CertificateError
        If it says it in a form that cannot be.
    """
    raw = document.get("members")
    if raw is None:
        return None
    counts = {"pods": document["instance"]["demand"], "nodes": document["instance"]["supply"]}
    for name, expected in counts.items():
        groups = raw.get(name) if isinstance(raw, dict) else None
        if not isinstance(groups, list) or not all(isinstance(one, list) and all(isinstance(key, str) for key in one) for one in groups):
            raise CertificateError(f"members.{name}: accepted: a list of lists of names")
        if [len(one) for one in groups] != expected:
            raise CertificateError(f"members.{name}: accepted: as many names in each class as the instance has")
        if len({key for one in groups for key in one}) != sum(expected):
            raise CertificateError(f"members.{name}: a name is there twice (accepted: each in one class)")
    return Members(raw["pods"], raw["nodes"])


def member_problems(
    document: Mapping[str, Any], members: Members, pods: Mapping[str, Pod], nodes: Mapping[str, Node]
) -> tuple[list[str], list[str]]:
    """Say where the instance is not what the objects say, and what of it this check cannot judge.

    Parameters
    ----------
    document : mapping
        A certificate whose integers could be read.
    members : Members
    pods : mapping from key to Pod
        All that have not ended.
    nodes : mapping from name to Node
    """
    problems = [f"members.pods: the cluster has no pod {key}" for key in members.class_of if key not in pods]
    problems += [f"members.nodes: the cluster has no node {name}" for name in members.node_class_of if name not in nodes]
    problems += [f"members.nodes: node {name} is left out" for name in nodes if name not in members.node_class_of]
    if problems:
        return problems[:MOST_PROBLEMS], []
    check = _Check(document, members, pods, nodes)
    # Where most of a resource is asked for, tiers say who asks for it and not who comes first.
    counted = amount_problems(document, members.pods, pods) if document.get("goal") == "resource" else check.tiers()
    problems = check.sizes() + counted + check.capacities()
    notes = check.closed() + check.unjudged()
    return problems[:MOST_PROBLEMS], notes


class _Check:
    def __init__(self, document: Mapping[str, Any], members: Members, pods: Mapping[str, Pod], nodes: Mapping[str, Node]) -> None:
        self._instance, self._goal, self._members = document["instance"], document.get("goal"), members
        self._pods, self._nodes = pods, nodes
        self._left_out: set[str] = set()
        self._answers: dict[tuple[tuple[bytes, ...], str], bool] = {}
        names = document.get("names")
        resources, units = (names.get("resources"), names.get("units")) if isinstance(names, dict) else (None, None)
        width = len((self._instance["size"] or self._instance["capacity"] or [[]])[0])
        if not isinstance(resources, list) or not isinstance(units, list) or not len(resources) == len(units) == width:
            raise CertificateError(f"names.resources, names.units: accepted: {width} names and {width} units, as the instance has")
        if PODS not in resources or not all(isinstance(unit, int) and unit >= 1 for unit in units):
            raise CertificateError(f'names.resources: accepted: requests, then "{PODS}", then rules between pods; units: integers >= 1')
        # What comes after the places for pods is no resource of nodes but a rule written as one.
        self._resources = [str(name) for name in resources[: resources.index(PODS) + 1]]
        self._rules = [str(name) for name in resources[len(self._resources) :]]
        self._units = [int(unit) for unit in units[: len(self._resources)]]

    def sizes(self) -> list[str]:
        """What each pod asks for is the size of its class in whole units."""
        problems = []
        for number, keys in enumerate(self._members.pods):
            stated = [size * unit for size, unit in zip(self._instance["size"][number], self._units, strict=False)]
            for key in keys:
                asked = fit_requests(self._pods[key])
                amounts = [1 if name == PODS else asked.get(name, 0) for name in self._resources]
                self._left_out.update(name for name, amount in asked.items() if amount and name not in self._resources)
                if amounts != stated:
                    r = next(r for r, amount in enumerate(amounts) if amount != stated[r])
                    what = f"{stated[r]} of {self._resources[r]}, pod {key} of this class asks for {amounts[r]}"
                    problems.append(f"instance.size[{number}]: {what}")
                    break
        return problems

    def tiers(self) -> list[str]:
        """Pods of a class have one priority, and the higher priority has the lower tier."""
        problems = []
        by_tier: dict[int, set[int]] = {}
        for number, keys in enumerate(self._members.pods):
            priorities = {self._pods[key].priority for key in keys}
            if len(priorities) != 1:
                problems.append(f"members.pods[{number}]: pods of priorities {sorted(priorities)} in one class")
            by_tier.setdefault(self._instance["tier"][number], set()).update(priorities)
        ordered = [by_tier[tier] for tier in sorted(by_tier)]
        if any(len(one) != 1 for one in ordered) or [max(one) for one in ordered] != sorted((max(one) for one in ordered), reverse=True):
            problems.append("instance.tier: tiers and priorities do not go together")
        return problems

    def capacities(self) -> list[str]:
        """What the pods that stay leave of a node is what its class offers: no less, or the bound would be false."""
        standing: dict[str, list[Pod]] = {}
        present: dict[str, list[int]] = {}
        for key, pod in self._pods.items():
            if not pod.spec.node_name:
                continue
            if key not in self._members.class_of:
                standing.setdefault(pod.spec.node_name, []).append(pod)
            else:
                present.setdefault(pod.spec.node_name, []).append(self._members.class_of[key])
        sizes = self._instance["size"]
        most = [sum(row[r] * pods for row, pods in zip(sizes, self._instance["demand"], strict=True)) for r in range(len(self._resources))]
        problems = []
        for number, names in enumerate(self._members.nodes):
            stated = self._instance["capacity"][number]
            for name in names:
                free = self._free(self._nodes[name], standing.get(name, []))
                held = present.get(name, [])
                for r, resource in enumerate(self._resources):
                    there = min(free[r] // self._units[r], most[r])
                    load = sum(sizes[one][r] for one in held)
                    # A node that is overcommitted today may go on as it is.
                    if stated[r] != there and not (stated[r] > there and stated[r] == load):
                        what = f"{stated[r]} of {resource} in units of {self._units[r]}, node {name} of this class offers {there}"
                        problems.append(f"instance.capacity[{number}]: {what}")
                        break
                if problems[MOST_PROBLEMS:]:
                    return problems
        return problems

    def _free(self, node: Node, standing: Sequence[Pod]) -> list[int]:
        offered = resource_list(node.status.allocatable if node.status.allocatable is not None else node.status.capacity)
        taken: Counter[str] = Counter({PODS: len(standing)})
        for pod in standing:
            taken.update(placed_requests(pod))
        return [max(0, offered.get(name, 0) - taken[name]) for name in self._resources]

    def closed(self) -> list[str]:
        """Name the pairs of classes that are said not to go together where no rule is known that says so."""
        unknown = []
        for number, keys in enumerate(self._members.pods):
            kinds = {_kind(self._pods[key]): self._pods[key] for key in reversed(keys)}
            for node_class, names in enumerate(self._members.nodes):
                if self._instance["limit"][number][node_class]:
                    continue
                if any(self._takes(name, kind, pod) for name in names for kind, pod in kinds.items()):
                    unknown.append(f"{keys[0]} on {names[0]}")
        if not unknown:
            return []
        rest = "" if len(unknown) == 1 else f" and {len(unknown) - 1} more"
        return [f"nodes that do not take some pods for reasons that this check does not know: {unknown[0]}{rest}"]

    def _takes(self, name: str, kind: tuple[bytes, ...], pod: Pod) -> bool:
        """Whether no known rule keeps pods of a kind off a node. Classes differ in their requests more often than in this."""
        if (kind, name) not in self._answers:
            node = self._nodes[name]
            self._answers[kind, name] = not _is_shut(node) and not check_static(node, pod)
        return self._answers[kind, name]

    def unjudged(self) -> list[str]:
        """What is taken from the instance as it is."""
        notes = []
        classes = [[self._pods[key] for key in keys] for keys in self._members.pods]
        nodes = [[self._nodes[name] for name in names] for names in self._members.nodes]
        standing = [pod for key, pod in self._pods.items() if pod.spec.node_name and key not in self._members.class_of]
        rules = RulesOfPods(self._instance, classes, nodes, standing, lambda name, pod: self._takes(name, _kind(pod), pod)).unknown(
            self._rules
        )
        if rules:
            notes.append(f"rules between pods that the objects do not show are those of the instance: {', '.join(dict.fromkeys(rules))}")
        if self._left_out:
            notes.append(f"resources that the instance leaves out: {', '.join(sorted(self._left_out))}")
        if self._goal == "cost":
            notes.append("the costs of nodes are those of the instance")
        left_out = [key for key in self._pods if key not in self._members.class_of]
        if left_out:
            notes.append(f"{len(left_out)} pods of the cluster are no part of the question, as {left_out[0]}")
        return notes


def _is_shut(node: Node) -> bool:
    return node.spec.unschedulable or any(label in node.metadata.labels for label in CONTROL_PLANE)


def _kind(pod: Pod) -> tuple[bytes, ...]:
    """What decides about a node: selector, node affinity and tolerations."""
    affinity = None if pod.spec.affinity is None else pod.spec.affinity.node_affinity
    return encoded(pod.spec.node_selector), encoded(affinity), encoded(pod.spec.tolerations)


def placed_contents(document: Mapping[str, Any], kinds: Sequence[int] | None = None) -> Contents:
    """The placement by classes, counted as `Members.contents` does; `kinds` are the node classes of a plan's kinds of nodes."""
    counted: Contents = Counter()
    for number, nodes, content in document["placement"]:
        pairs = tuple(sorted((pair[0], pair[1]) for pair in content if pair[1]))
        if pairs:
            counted[number if kinds is None else kinds[number], pairs] += nodes
    return counted


def counted(kinds: Iterable[Sequence[Any]]) -> Contents:
    """Today's kinds of nodes of a plan, counted in the same way; nodes that hold nothing are left out."""
    found: Contents = Counter()
    for node_class, nodes, content in kinds:
        pairs = tuple(sorted((pair[0], pair[1]) for pair in content if pair[1]))
        if pairs:
            found[node_class, pairs] += nodes
    return found
