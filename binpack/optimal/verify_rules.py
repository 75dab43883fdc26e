"""Do the objects of a dump have the rules between pods that a certificate's instance states? One that they lack would make a bound false.

Read from the pods themselves: required anti-affinity, host ports, hard topology spread. What is not recognised is named, not rejected: the
instance may know it from a plugin that this check does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from binpack.model.base import encoded, replace
from binpack.model.node import Node
from binpack.model.pod import Pod, PodAffinityTerm, TopologySpreadConstraint
from binpack.state.decision_invariants import selects
from binpack.state.invariants import check_placement, matches_node_affinity

MOST_PAIRS = 20_000
"""Pairs of kinds of pods to compare for one rule; a rule of more is not recognised."""


class RulesOfPods:
    """Compares the rules of an instance with those of the objects.

    Parameters
    ----------
    instance : mapping
        Of a certificate, its members known to be those of the objects.
    classes, node_classes : sequence of sequence
        The pods and the nodes of each class.
    standing : sequence of Pod
        Pods on nodes that are in no class.
    takes : callable
        Whether a node, by name, takes a pod as far as taints, selectors and cordons say.
    """

    def __init__(
        self,
        instance: Mapping[str, Any],
        classes: Sequence[Sequence[Pod]],
        node_classes: Sequence[Sequence[Node]],
        standing: Sequence[Pod],
        takes: Callable[[str, Pod], bool],
    ) -> None:
        self._instance, self._nodes, self._standing = instance, node_classes, standing
        self._takes = takes
        self._present = Counter((pod.spec.node_name, number) for number, pods in enumerate(classes) for pod in pods)
        self._kinds = [_kinds(pods) for pods in classes]

    def unknown(self, rules: Sequence[str]) -> list[str]:
        """Name the rules that the objects do not show.

        Parameters
        ----------
        rules : sequence of str
            The names of the resources that are rules, the last columns of the sizes.
        """
        first = len(self._instance["size"][0]) - len(rules) if self._instance["size"] else 0
        found = [name for number, name in enumerate(rules) if not self._is_clique_row(first + number)]
        found += ["limits"] if any(not self._is_limit(i, k) for i, k in self._limited(first)) else []
        found += ["exclusions"] if not all(self._is_exclusion(*one) for one in self._instance["exclusions"]) else []
        found += ["spreads"] if not all(self._is_spread(*one) for one in self._instance["spreads"]) else []
        found += ["caps"] if not all(self._is_cap(*one) for one in self._instance["caps"]) else []
        return found

    def _is_clique_row(self, row: int) -> bool:
        """Pods of which no two can share a node."""
        asking = [number for number, size in enumerate(self._instance["size"]) if size[row]]
        most = sum(self._instance["demand"][number] for number in asking)
        narrow = [number for number, capacity in enumerate(self._instance["capacity"]) if capacity[row] < most]
        if any(self._instance["size"][number][row] != 1 for number in asking):
            return False
        if any(self._instance["capacity"][number][row] < 1 for number in narrow):
            return False
        return self._all_apart(asking, asking, narrow)

    def _limited(self, first: int) -> Iterable[tuple[int, int]]:
        """Pairs of classes whose limit says more than the sizes in real resources do; where it is 0 others look."""
        for number, (sizes, demand) in enumerate(zip(self._instance["size"], self._instance["demand"], strict=True)):
            for kind, capacity in enumerate(self._instance["capacity"]):
                fits = min([demand, *(free // size for size, free in zip(sizes[:first], capacity[:first], strict=True) if size)])
                if 0 < self._instance["limit"][number][kind] < fits:
                    yield number, kind

    def _is_limit(self, number: int, kind: int) -> bool:
        """No two pods of the class can be together; or none of them can come, and those that are there may stay."""
        if self._all_apart([number], [number], [kind]):
            return True
        limit, pods = self._instance["limit"][number][kind], [pod for pod, _ in self._kinds[number]]
        names = [node.metadata.name for node in self._nodes[kind]]
        return all(self._present[name, number] <= limit and not any(self._takes(name, pod) for pod in pods) for name in names)

    def _is_exclusion(self, left: Sequence[int], right: Sequence[int]) -> bool:
        return self._all_apart(left, right, range(len(self._nodes)))

    def _is_cap(self, classes: Sequence[int], domain: Sequence[int], room: Sequence[int]) -> bool:
        if any(one < 1 for one in room):
            return False
        return any(self._is_domain(key, domain) and self._all_apart(classes, classes, (), key) for key in self._keys(classes))

    def _all_apart(self, left: Sequence[int], right: Sequence[int], node_classes: Iterable[int], key: str | None = None) -> bool:
        """Whether no pod of one side can be with one of the other: on those nodes, or in a domain of one topology key."""
        one, other = ([kind for number in side for kind in self._kinds[number]] for side in (left, right))
        same = list(left) == list(right)
        pairs = [*combinations(one, 2), *((kind, kind) for kind in one if kind[1] > 1)] if same else [(a, b) for a in one for b in other]
        if len(pairs) > MOST_PAIRS:
            return False
        nodes = [node for number in node_classes for node in self._nodes[number]]
        labelled: dict[str, bool] = {}
        for (pod, _), (other_pod, _) in pairs:
            keys = _keys_apart(pod, other_pod) | _keys_apart(other_pod, pod)
            if key is not None:
                if key not in keys:
                    return False
                continue
            for name in keys - labelled.keys():
                labelled[name] = all(name in node.metadata.labels for node in nodes)
            if not any(labelled[name] for name in keys) and not _share_a_port(pod, other_pod):
                return False
        return True

    def _keys(self, classes: Sequence[int]) -> list[str]:
        pod = self._kinds[classes[0]][0][0]
        return sorted({term.topology_key for term in _anti_affinity(pod)})

    def _is_domain(self, key: str, domain: Sequence[int]) -> bool:
        """Whether the domains of node classes are the values of a label, nodes without it being in none."""
        values: dict[int, str] = {}
        for number, nodes in zip(domain, self._nodes, strict=True):
            for node in nodes:
                value = node.metadata.labels.get(key)
                if (value is None) != (number < 0) or (value is not None and values.setdefault(number, value) != value):
                    return False
        return len(set(values.values())) == len(values)

    def _is_spread(self, classes: Sequence[int], domain: Sequence[int], base: Sequence[int], skew: int, zero: int) -> bool:
        """Whether all pods of the classes have one hard constraint that counts them, and no other pod that moves."""
        example = self._kinds[classes[0]][0][0]
        return any(self._is_constraint(one, example, classes, domain, base, skew, zero) for one in _hard(example))

    def _is_constraint(
        self,
        constraint: TopologySpreadConstraint,
        example: Pod,
        classes: Sequence[int],
        domain: Sequence[int],
        base: Sequence[int],
        skew: int,
        zero: int,
    ) -> bool:
        # Keys whose values are those of each pod, and nodes that are not counted, are beyond this check.
        if constraint.max_skew != skew or constraint.match_label_keys or constraint.node_taints_policy == "Honor":
            return False
        if not self._is_domain(constraint.topology_key, domain) or bool(zero) != (len(base) < (constraint.min_domains or 1)):
            return False
        namespace = example.metadata.namespace
        for number, kinds in enumerate(self._kinds):
            for pod, _ in kinds:
                counted = pod.metadata.namespace == namespace and selects(constraint.label_selector, pod.metadata.labels)
                if counted != (number in classes):
                    return False
                if counted and constraint not in _hard(pod):
                    return False
                if counted and not all(matches_node_affinity(node, pod) for nodes in self._nodes for node in nodes[:1]):
                    return False
        counts = [0] * len(base)
        by_name = {node.metadata.name: number for number, nodes in zip(domain, self._nodes, strict=True) for node in nodes}
        for pod in self._standing:
            there = by_name.get(pod.spec.node_name, -1)
            alive = pod.metadata.namespace == namespace and pod.metadata.deletion_timestamp is None
            if there >= 0 and alive and selects(constraint.label_selector, pod.metadata.labels):
                counts[there] += 1
        return counts == list(base)


def _kinds(pods: Sequence[Pod]) -> list[tuple[Pod, int]]:
    """Pods that no rule between pods tells apart: an example, and how many."""
    found: dict[tuple[Any, ...], tuple[Pod, int]] = {}
    for pod in pods:
        ports = [port for container in pod.spec.containers for port in container.ports if port.host_port]
        affinity = pod.spec.affinity
        rules = encoded((affinity, pod.spec.topology_spread_constraints, ports, pod.spec.node_selector))
        key = (pod.metadata.namespace, tuple(sorted(pod.metadata.labels.items())), rules)
        example, count = found.get(key, (pod, 0))
        found[key] = (example, count + 1)
    return list(found.values())


def _anti_affinity(pod: Pod) -> tuple[PodAffinityTerm, ...]:
    affinity = None if pod.spec.affinity is None else pod.spec.affinity.pod_anti_affinity
    return () if affinity is None else affinity.required_during_scheduling_ignored_during_execution


def _hard(pod: Pod) -> list[TopologySpreadConstraint]:
    return [one for one in pod.spec.topology_spread_constraints if one.when_unsatisfiable == "DoNotSchedule"]


def _keys_apart(pod: Pod, other: Pod) -> set[str]:
    """The topology keys over which a pod's required anti-affinity keeps another pod away; namespace selectors are not looked at."""
    return {
        term.topology_key
        for term in _anti_affinity(pod)
        if other.metadata.namespace in (term.namespaces or (() if term.namespace_selector is not None else (pod.metadata.namespace,)))
        and not term.match_label_keys
        and not term.mismatch_label_keys
        and selects(term.label_selector, other.metadata.labels)
    }


def _share_a_port(pod: Pod, other: Pod) -> bool:
    node = Node()
    both = [replace(one, spec=replace(one.spec, node_name=node.metadata.name or "n")) for one in (pod, other)]
    named = replace(node, metadata=replace(node.metadata, name="n"))
    return any(violation.invariant == "ports" for violation in check_placement([named], both))
