"""What a pod requires of its node: `nodeSelector` and required node affinity together.

NodeAffinity filters by it, and PodTopologySpread counts only the nodes that meet it.
Source: component-helpers scheduling/corev1/nodeaffinity/nodeaffinity.go (GetRequiredNodeAffinity), v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.model.node import Node
from binpack.model.pod import NodeAffinity, NodeSelectorTerm, Pod
from binpack.model.selectors import NodeTerm, Selector, SelectorError, compile_node_term, select_labels
from binpack.plugins.node_matching import RowTerm, any_of, compile_requirements, compile_term
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows


@dataclass(frozen=True, slots=True)
class RowRequirement:
    """A pod's requirement, compiled for the rows of a cluster."""

    selector: RowTerm
    terms: tuple[RowTerm, ...] | None

    def mask(self, rows: NodeRows) -> NDArray[np.bool_]:
        """Tell which rows meet it, shape [len(rows)]."""
        matched = self.selector.mask(rows)
        return matched if self.terms is None else matched & any_of(self.terms, rows)


@dataclass(frozen=True, slots=True)
class RequiredNodeAffinity:
    """A pod's requirement of its node.

    Parameters
    ----------
    selector : Selector
        The `nodeSelector`.
    terms : tuple[NodeTerm, ...] or None
        The usable terms of required node affinity, one of which must hold; None if the pod has none. Empty: no node will do.
    unparsable : bool
        There were terms that Kubernetes cannot parse. They never match.
    """

    selector: Selector
    terms: tuple[NodeTerm, ...] | None
    unparsable: bool = False

    @property
    def is_empty(self) -> bool:
        """Every node will do."""
        return self.selector.is_empty and self.terms is None

    def matches(self, node: Node) -> bool:
        """Tell whether a node meets it."""
        labels = node.metadata.labels
        if not self.selector.matches(labels):
            return False
        return self.terms is None or any(term.matches(labels, node.name) for term in self.terms)

    def compile(self, cluster: Cluster) -> RowRequirement:
        """Compile it for the rows of a cluster, as its nodes are now."""
        terms = None if self.terms is None else tuple(compile_term(term, cluster) for term in self.terms)
        return RowRequirement(compile_requirements(self.selector.requirements, cluster), terms)


def required_node_affinity(pod: Pod) -> RequiredNodeAffinity:
    """Read a pod's requirement of its node; terms that are empty or cannot be parsed are left out."""
    selector = select_labels(pod.spec.node_selector)
    raw_terms = required_terms(pod)
    if raw_terms is None:
        return RequiredNodeAffinity(selector, None)
    terms, unparsable = parse_terms(raw_terms)
    return RequiredNodeAffinity(selector, terms, unparsable)


def node_affinity_of(pod: Pod) -> NodeAffinity | None:
    """Return `spec.affinity.nodeAffinity`, if there is one."""
    return None if pod.spec.affinity is None else pod.spec.affinity.node_affinity


def required_terms(pod: Pod) -> tuple[NodeSelectorTerm, ...] | None:
    """Return the terms of a pod's required node affinity as they stand; None if it has none."""
    affinity = node_affinity_of(pod)
    required = None if affinity is None else affinity.required_during_scheduling_ignored_during_execution
    return None if required is None else required.node_selector_terms


def parse_terms(terms: Iterable[NodeSelectorTerm]) -> tuple[tuple[NodeTerm, ...], bool]:
    """Return the terms that can match, and whether one could not be parsed."""
    usable, unparsable = [], False
    for raw in terms:
        try:
            term = compile_node_term(raw)
        except SelectorError:
            unparsable = True
            continue
        if term is not None:
            usable.append(term)
    return tuple(usable), unparsable
