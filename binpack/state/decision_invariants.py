"""Was a decision legal? Inter-pod affinity and topology spread, which need hold only at the moment a pod is placed.

Plain Python over the objects, sharing no code with the plugins. The state is the one before the decision.
Source of the rules: Kubernetes v1.35, plugins interpodaffinity and podtopologyspread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from binpack.model.base import replace
from binpack.model.meta import LabelSelector
from binpack.model.node import Node, Taint
from binpack.model.pod import Pod, PodAffinity, PodAffinityTerm, TopologySpreadConstraint
from binpack.state.invariants import (
    Violation,
    check_placement,
    expression_matches,
    has_untolerated_taint,
    matches_node_affinity,
)

NamespaceLabels = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Before:
    """The cluster as it was before a decision.

    Parameters
    ----------
    nodes : Mapping[str, Node]
        By name.
    pods : Sequence[Pod]
        Those on nodes (`spec.nodeName`), without terminal ones.
    namespaces : Mapping[str, Mapping[str, str]]
        Labels by namespace.
    """

    nodes: Mapping[str, Node]
    pods: Sequence[Pod]
    namespaces: NamespaceLabels

    def placed(self) -> Iterator[tuple[Pod, Node]]:
        """Yield each pod that stands on a node there is, with the node."""
        for pod in self.pods:
            node = self.nodes.get(pod.spec.node_name)
            if node is not None:
                yield pod, node


def check_decision(before: Before, pod: Pod, node_name: str) -> list[Violation]:
    """Check one decision: everything that must hold when a pod is put on a node.

    Parameters
    ----------
    before : Before
    pod : Pod
        The incoming pod, with its own spread constraints (a profile's default ones are not hard unless configured so).
    node_name : str

    Returns
    -------
    list[Violation]
        Empty if the decision was legal.
    """
    node = before.nodes.get(node_name)
    if node is None:
        return [Violation("node-exists", node_name, pod.key, "there is no such node")]
    bound = replace(pod, spec=replace(pod.spec, node_name=node_name))
    there = [other for other in before.pods if other.spec.node_name == node_name]
    violations = check_placement([node], [*there, bound])
    if node.spec.unschedulable and has_untolerated_taint(_cordoned(node), pod):
        violations.append(Violation("unschedulable", node_name, pod.key, "the node is cordoned"))
    violations += _affinity(before, pod, node)
    violations += _anti_affinity(before, pod, node)
    violations += _others_anti_affinity(before, pod, node)
    violations += _spread(before, pod, node)
    return violations


def selects(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Tell whether a label selector selects labels: null selects nothing, `{}` everything."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in selector.match_labels.items()):
        return False
    return all(expression_matches(expression, labels) for expression in selector.match_expressions)


def _cordoned(node: Node) -> Node:
    return replace(node, spec=replace(node.spec, taints=(Taint("node.kubernetes.io/unschedulable", "", "NoSchedule"),)))


def _affinity(before: Before, pod: Pod, node: Node) -> list[Violation]:
    terms = _required(pod.spec.affinity.pod_affinity if pod.spec.affinity else None)
    if not terms:
        return []
    missing = [term.topology_key for term in terms if term.topology_key not in node.metadata.labels]
    if missing:
        return [Violation("pod-affinity", node.metadata.name, pod.key, f"the node has no label {missing[0]}")]
    # Only a pod that matches every term counts for any of them.
    matching = [(q, on) for q, on in before.placed() if all(_matches(term, pod, q, before.namespaces, incoming=True) for term in terms)]
    near = [any(_same_domain(term.topology_key, node, on) for _, on in matching) for term in terms]
    if all(near):
        return []
    counted = any(term.topology_key in on.metadata.labels for _, on in matching for term in terms)
    itself = all(_matches(term, pod, pod, before.namespaces, incoming=True) for term in terms)
    if not counted and itself:
        return []
    return [Violation("pod-affinity", node.metadata.name, pod.key, "no matching pod in the domain of some term")]


def _anti_affinity(before: Before, pod: Pod, node: Node) -> list[Violation]:
    terms = _required(pod.spec.affinity.pod_anti_affinity if pod.spec.affinity else None)
    for term in terms:
        for other, on in before.placed():
            if _same_domain(term.topology_key, node, on) and _matches(term, pod, other, before.namespaces, incoming=True):
                detail = f"pod {other.key} is in the same {term.topology_key}"
                return [Violation("pod-anti-affinity", node.metadata.name, pod.key, detail)]
    return []


def _others_anti_affinity(before: Before, pod: Pod, node: Node) -> list[Violation]:
    for other, on in before.placed():
        for term in _required(other.spec.affinity.pod_anti_affinity if other.spec.affinity else None):
            if _same_domain(term.topology_key, node, on) and _matches(term, other, pod, before.namespaces, incoming=False):
                detail = f"pod {other.key} in the same {term.topology_key} keeps it away"
                return [Violation("pod-anti-affinity", node.metadata.name, pod.key, detail)]
    return []


def _required(affinity: PodAffinity | None) -> tuple[PodAffinityTerm, ...]:
    return () if affinity is None else affinity.required_during_scheduling_ignored_during_execution


def _same_domain(key: str, node: Node, other: Node) -> bool:
    return key in node.metadata.labels and node.metadata.labels[key] == other.metadata.labels.get(key)


def _matches(term: PodAffinityTerm, owner: Pod, other: Pod, namespaces: NamespaceLabels, *, incoming: bool) -> bool:
    """Tell whether a term of `owner` matches the pod `other`. The owner is the incoming pod, or else it stands on a node already."""
    names = set(term.namespaces)
    if not term.namespaces and term.namespace_selector is None:
        names.add(owner.metadata.namespace)
    labels = namespaces.get(other.metadata.namespace, {})
    if incoming:
        # The incoming pod's namespaceSelector is first turned into names, and then asked once more about no labels at all (v1.35).
        names |= {name for name, of in namespaces.items() if selects(term.namespace_selector, of)}
        labels = {}
    if other.metadata.namespace not in names and not selects(term.namespace_selector, labels):
        return False
    return selects(term.label_selector, other.metadata.labels)


def _spread(before: Before, pod: Pod, node: Node) -> list[Violation]:
    hard = [c for c in pod.spec.topology_spread_constraints if c.when_unsatisfiable == "DoNotSchedule"]
    keys = [constraint.topology_key for constraint in hard]
    for constraint in hard:
        key = constraint.topology_key
        if key not in node.metadata.labels:
            return [Violation("topology-spread", node.metadata.name, pod.key, f"the node has no label {key}")]
        counts = _domain_counts(before, pod, constraint, keys)
        least = min(counts.values(), default=0)
        if len(counts) < (constraint.min_domains or 1):
            least = 0
        itself = 1 if _counts_for(constraint, pod, pod.metadata.labels) else 0
        skew = counts.get(node.metadata.labels[key], 0) + itself - least
        if skew > constraint.max_skew:
            return [Violation("topology-spread", node.metadata.name, pod.key, f"skew {skew} over {key} exceeds {constraint.max_skew}")]
    return []


def _domain_counts(before: Before, pod: Pod, constraint: TopologySpreadConstraint, keys: Sequence[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    on_node: Counter[str] = Counter()
    selector = constraint.label_selector
    # Keys that the pod has no label for add nothing, and leave an empty selector empty.
    merged = any(key in pod.metadata.labels for key in constraint.match_label_keys)
    empty = selector is not None and not selector.match_labels and not selector.match_expressions and not merged
    for other in before.pods:
        same = other.metadata.namespace == pod.metadata.namespace and other.metadata.deletion_timestamp is None
        if same and not empty and _counts_for(constraint, pod, other.metadata.labels):
            on_node[other.spec.node_name] += 1
    for name, node in before.nodes.items():
        labels = node.metadata.labels
        if all(key in labels for key in keys) and _included(constraint, node, pod):
            counts[labels[constraint.topology_key]] += on_node[name]
    return counts


def _included(constraint: TopologySpreadConstraint, node: Node, pod: Pod) -> bool:
    if constraint.node_affinity_policy != "Ignore" and not matches_node_affinity(node, pod):
        return False
    return constraint.node_taints_policy != "Honor" or not has_untolerated_taint(node, pod)


def _counts_for(constraint: TopologySpreadConstraint, pod: Pod, labels: Mapping[str, str]) -> bool:
    own = pod.metadata.labels
    same_keys = all(labels.get(key) == own[key] for key in constraint.match_label_keys if key in own)
    return same_keys and selects(constraint.label_selector, labels)
