"""Check a certificate of evictions against the objects of a cluster: is the question that of the dump, and does the pod fit then?

Requests and allocatable are read from the objects, rules are asked of the independent checker of `binpack.state`; nothing here knows what
found the set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from binpack.errors import CertificateError
from binpack.model.base import replace
from binpack.model.kinds import KubernetesObject
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.policy import Namespace, PodDisruptionBudget
from binpack.model.requests import PODS, fit_requests, placed_requests, resource_list
from binpack.optimal.crowd import Crowd
from binpack.optimal.preemption_budgets import PreemptionBudget, by_importance, preemption_budgets
from binpack.optimal.verify_cluster import OnCluster
from binpack.state.decision_invariants import Before, check_decision
from binpack.state.invariants import Violation

MOST_PROBLEMS = 5
BETWEEN_TWO = ("ports", "pod-anti-affinity")


def eviction_problems(document: dict[str, Any], objects: Iterable[KubernetesObject]) -> OnCluster:
    """Say by names what is wrong with a certificate of evictions; no problems accept it.

    Parameters
    ----------
    document : dict
        A certificate whose integers could be read.
    objects : iterable of KubernetesObject
        The cluster that it is about, with the pod.

    Raises
    ------
    CertificateError
        If it lacks the names.
    """
    names, closed = document.get("names"), document.get("closed")
    node_names = None if not isinstance(names, dict) else names.get("nodes")
    if not isinstance(names, dict) or not _is_rows(node_names) or not _is_rows(closed) or not _is_names(document.get("evicted")):
        raise CertificateError("names, closed, evicted: accepted: the names of nodes, resources, budgets and victims")
    counts = [("nodes", len(document["instance"]["nodes"])), ("budgets", len(document["instance"]["budgets"]))]
    counts.append(("resources", len(document["instance"]["need"])))
    for name, count in counts:
        if not isinstance(names.get(name), list) or len(names[name]) != count:
            raise CertificateError(f"names.{name}: accepted: {count} entries, as the instance has")
    if any(len(group) != one["count"] for group, one in zip(names["nodes"], document["instance"]["nodes"], strict=True)):
        raise CertificateError("names.nodes: accepted: as many names as each node class has nodes")
    dump = _Dump(objects)
    pod = dump.pods.get(str(document.get("pod")))
    if pod is None:
        return OnCluster((f"pod: the cluster has no pod {document.get('pod')}",), ())
    expected = {name: number for number, group in enumerate(names["nodes"]) for name in group}
    shut = {item[0]: item[1] for item in document["closed"] if len(item) == 2}
    problems = [f"names.nodes: the cluster has no node {name}" for name in (*expected, *shut) if name not in dump.nodes]
    fits = document.get("evicted") == [] and document.get("on") is not None
    problems += (
        [] if fits else [f"names.nodes: node {name} is left out" for name in dump.nodes if name not in expected and name not in shut]
    )
    if problems:
        return OnCluster(tuple(problems[:MOST_PROBLEMS]), ())
    question = _Question(document, dump, pod, names)
    for name, number in expected.items():
        problems += question.differences(name, number)
    problems += question.budget_problems()
    unknown = [name for name in shut if not question.is_hopeless(name)]
    notes = [f"closed: {name} ({shut[name]}): no rule that this check knows keeps {pod.key} off" for name in unknown]
    if (document.get("on") is None) != (document.get("victims") is None) or (document.get("on") is None and document["evicted"]):
        problems.append("on, victims, evicted: accepted: all of them, or none where nothing makes room")
    elif document.get("on") is not None:
        problems += question.victims_problems(str(document["on"]), document["evicted"], document["victims"] or [])
        if expected.get(str(document["on"])) != document["node"]:
            problems.append(f"on: node {document['on']} is not of node class {document['node']}")
    return OnCluster(tuple(problems[:MOST_PROBLEMS]), tuple(notes[:MOST_PROBLEMS]))


class _Dump:
    def __init__(self, objects: Iterable[KubernetesObject]) -> None:
        everything = tuple(objects)
        self.nodes = {one.metadata.name: one for one in everything if isinstance(one, Node)}
        self.pods = {one.key: one for one in everything if isinstance(one, Pod) and one.status.phase not in ("Succeeded", "Failed")}
        self.namespaces = {one.metadata.name: one.metadata.labels for one in everything if isinstance(one, Namespace)}
        self.on: dict[str, list[Pod]] = {name: [] for name in self.nodes}
        for pod in self.pods.values():
            if pod.spec.node_name in self.on:
                self.on[pod.spec.node_name].append(pod)
        budgets = (one for one in everything if isinstance(one, PodDisruptionBudget))
        self.budgets = preemption_budgets(budgets, (pod for pods in self.on.values() for pod in pods))


class _Question:
    def __init__(self, document: Mapping[str, Any], dump: _Dump, pod: Pod, names: Mapping[str, Any]) -> None:
        self._instance, self._dump, self._pod = document["instance"], dump, pod
        self._resources = [str(name) for name in names.get("resources", [])]
        by_key = {budget.key: budget for budget in dump.budgets}
        self._budget_keys = [str(key) for key in names.get("budgets", [])]
        self._budgets = [by_key.get(key) for key in self._budget_keys]
        self._crowd = Crowd(pod for pods in dump.on.values() for pod in pods)

    def differences(self, name: str, number: int) -> list[str]:
        """Say where a node of the dump is not what the instance has."""
        where = f"instance.nodes[{number}] ({name})"
        node, stated = self._dump.nodes[name], self._instance["nodes"][number]
        wanted = self._wanted()
        if wanted != self._instance["need"]:
            return [f"instance.need: {self._instance['need']}, the pod asks for {wanted} of {', '.join(self._resources)}"]
        offered = resource_list(node.status.allocatable if node.status.allocatable is not None else node.status.capacity)
        free = [offered.get(resource, 0) for resource in self._resources]
        counted: dict[tuple[Any, ...], int] = {}
        for other in self._dump.on[name]:
            amounts = self._amounts(other)
            free = [left - amount for left, amount in zip(free, amounts, strict=True)]
            if other.priority < self._pod.priority:
                kind = self._kind(other, amounts)
                counted[kind] = counted.get(kind, 0) + 1
        classes = self._instance["classes"]
        listed = {
            (classes[one]["priority"], tuple(classes[one]["gives"]), tuple(classes[one]["budgets"])): pods
            for one, pods, _ in stated["pods"]
        }
        problems = []
        if free != stated["free"]:
            problems.append(f"{where}: states {stated['free']} free, the objects leave {free} of {', '.join(self._resources)}")
        if counted != listed:
            problems.append(f"{where}: its pods of lower priority are not those of the objects")
        return problems + self._forced_problems(where, name, stated, classes)

    def _forced_problems(self, where: str, name: str, stated: Mapping[str, Any], classes: Sequence[Mapping[str, Any]]) -> list[str]:
        """Pods that have to go must be pods that cannot be beside the one that comes."""
        forced = sum(item[2] for item in stated["pods"])
        if not forced:
            return []
        found: dict[tuple[Any, ...], int] = {}
        lower = [other for other in self._dump.on[name] if other.priority < self._pod.priority]
        for other in lower:
            rest = {one.key for one in lower if one is not other}
            if any(violation.invariant in BETWEEN_TWO for violation in self._violations(name, rest)):
                kind = self._kind(other)
                found[kind] = found.get(kind, 0) + 1
        for one, _, number in stated["pods"]:
            kind = (classes[one]["priority"], tuple(classes[one]["gives"]), tuple(classes[one]["budgets"]))
            if number > found.get(kind, 0):
                return [f"{where}: states that {number} pods of class {one} have to go, the rules say so of {found.get(kind, 0)}"]
        return []

    def budget_problems(self) -> list[str]:
        """Check that the budgets are all those of the dump, each with what it allows."""
        problems = []
        for key, allowed in zip(self._budget_keys, self._instance["budgets"], strict=False):
            there = next((one.allowed for one in self._dump.budgets if one.key == key), None)
            if there != allowed:
                problems.append(f"instance.budgets: {key} allows {allowed}, the objects say {'nothing of it' if there is None else there}")
        problems += [f"names.budgets: {one.key} is left out" for one in self._dump.budgets if one.key not in self._budget_keys]
        return problems

    def is_hopeless(self, name: str) -> bool:
        """Whether a known rule keeps the pod off a node, even without all pods of lower priority there."""
        return bool(self._violations(name, {other.key for other in self._dump.on[name] if other.priority < self._pod.priority}))

    def victims_problems(self, name: str, evicted: Sequence[str], chosen: Sequence[int]) -> list[str]:
        """Check the victims: on that node, of lower priority, in order, and enough."""
        there = {other.key: other for other in self._dump.on.get(name, [])}
        victims = [there[key] for key in evicted if key in there]
        problems = [f"evicted: {key} is not on node {name}" for key in evicted if key not in there]
        problems += [f"evicted: {other.key} is no pod of lower priority" for other in victims if other.priority >= self._pod.priority]
        if [other.key for other in by_importance(victims)] != [other.key for other in victims]:
            problems.append("evicted: not in the order of their importance")
        if not problems:
            problems += [str(violation) for violation in self._violations(name, set(evicted))]
            classes = [self._instance["classes"][one] for one in chosen]
            stated = [(one["priority"], tuple(one["gives"]), tuple(one["budgets"])) for one in classes]
            if stated != [self._kind(other) for other in victims]:
                problems.append("evicted: the classes under victims are not those of the pods")
        return problems

    def _violations(self, name: str, without: set[str]) -> list[Violation]:
        anew = replace(self._pod, spec=replace(self._pod.spec, node_name=""))
        there = {other.key: other for other in (*self._crowd.around(anew), *self._dump.on[name]) if other.key not in without}
        violations = check_decision(Before(self._dump.nodes, tuple(there.values()), self._dump.namespaces), anew, name)
        # What was wrong with the node's other pods before is not the fault of the one that comes.
        return [violation for violation in violations if violation.pod in ("", self._pod.key)]

    def _wanted(self) -> list[int]:
        asked = fit_requests(self._pod)
        return [1 if resource == PODS else asked.get(resource, 0) for resource in self._resources]

    def _amounts(self, other: Pod) -> list[int]:
        taken = placed_requests(other)
        return [1 if resource == PODS else taken.get(resource, 0) for resource in self._resources]

    def _kind(self, other: Pod, amounts: Sequence[int] | None = None) -> tuple[Any, ...]:
        return other.priority, tuple(self._amounts(other) if amounts is None else amounts), self._charged(other)

    def _charged(self, other: Pod) -> tuple[int, ...]:
        return tuple(n for n, budget in enumerate(self._budgets) if isinstance(budget, PreemptionBudget) and budget.charges(other))


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_names, value))
