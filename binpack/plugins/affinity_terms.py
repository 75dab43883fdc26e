"""Inter-pod affinity terms, compiled: whose pods a term speaks of, seen from the pod that has it and from the pod it is held against.

Source: kube-scheduler framework/types.go (AffinityTerm, PodInfo.Update) and interpodaffinity/plugin.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from binpack.model.pod import Affinity, Pod, PodAffinity, PodAffinityTerm, WeightedPodAffinityTerm
from binpack.model.selectors import NOTHING, Selector, SelectorError, compile_label_selector
from binpack.state.classes import PodClass
from binpack.state.cluster import Cluster

_NO_LABELS: Mapping[str, str] = {}
T = TypeVar("T")
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class AffinityTerm:
    """A term as its owner carries it.

    Parameters
    ----------
    selector : Selector
        Which pods, by their labels.
    topology_key : str
    namespaces : frozenset[str]
        Namespaces by name.
    namespace_selector : Selector
        Further namespaces, by their labels.
    """

    selector: Selector
    topology_key: str
    namespaces: frozenset[str]
    namespace_selector: Selector

    def matches(self, namespace: str, labels: Mapping[str, str], namespace_labels: Mapping[str, str]) -> bool:
        """Tell whether a pod of a namespace, which has the given labels itself, is one that the term speaks of."""
        return (namespace in self.namespaces or self.namespace_selector.matches(namespace_labels)) and self.selector.matches(labels)

    def matches_unseen_namespace(self, pod: Pod) -> bool:
        """Tell whether a pod is one that the term speaks of, its namespace's labels not being looked at."""
        return self.matches(pod.metadata.namespace, pod.metadata.labels, _NO_LABELS)

    def resolved(self, cluster: Cluster) -> AffinityTerm:
        """Return the term as kube-scheduler holds it for an *incoming* pod: namespaces that its selector selects are named.

        The namespace selector stays, and is asked about an empty set of labels from then on. So one made only of NotIn and
        DoesNotExist matches every namespace.
        """
        selector = self.namespace_selector
        namespaces = self.namespaces
        if not selector.is_empty and not selector.nothing:
            found = (n.metadata.name for n in cluster.catalog.list("Namespace") if selector.matches(n.metadata.labels))
            namespaces = namespaces.union(found)
        return AffinityTerm(self.selector, self.topology_key, namespaces, selector)


Weighted = tuple[AffinityTerm, int]


@dataclass(frozen=True, slots=True)
class PodTerms:
    """All terms of a pod, by kind."""

    affinity: tuple[AffinityTerm, ...] = ()
    anti_affinity: tuple[AffinityTerm, ...] = ()
    preferred_affinity: tuple[Weighted, ...] = ()
    preferred_anti_affinity: tuple[Weighted, ...] = ()


def incoming_terms(pod: Pod) -> PodTerms:
    """Compile the terms of a pod that is to be placed.

    Raises
    ------
    SelectorError
        If a selector cannot be parsed; the message says which kinds of terms, as kube-scheduler's does.
    """
    problems: list[str] = []

    def note(kind: str, error: SelectorError) -> None:
        problems.append(f"{kind}: {error}")

    terms = _compile(pod.spec.affinity, pod.metadata.namespace, note)
    if problems:
        raise SelectorError(problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")
    return terms


def carried_terms(affinity: Affinity | None, namespace: str) -> PodTerms:
    """Compile the terms of a pod that stands on a node; a kind with a selector that cannot be parsed counts as absent."""
    return _compile(affinity, namespace, lambda kind, error: None)


def namespace_labels(pod: Pod, cluster: Cluster) -> Mapping[str, str]:
    """Return the labels of a pod's namespace; none if there is no such Namespace object."""
    namespace = cluster.catalog.get("Namespace", pod.metadata.namespace)
    return _NO_LABELS if namespace is None else namespace.metadata.labels


def matching_pods(cluster: Cluster, terms: tuple[AffinityTerm, ...]) -> NDArray[np.int64]:
    """Count each row's pods that match all given terms of an incoming pod (resolved ones), shape [capacity]."""
    key, weight, label_keys = _matching(terms)
    return cluster.column(key, weight, label_keys=label_keys, demand=_demand(terms))


def matching_pods_number(cluster: Cluster, terms: tuple[AffinityTerm, ...]) -> int:
    """Return the number of that column in `cluster.counts.values`."""
    key, weight, label_keys = _matching(terms)
    return cluster.column_number(key, weight, label_keys=label_keys, demand=_demand(terms))


def _demand(terms: tuple[AffinityTerm, ...]) -> tuple[str, tuple[str, ...]] | None:
    return next((demand for term in terms if (demand := term.selector.demand()) is not None), None)


def _matching(terms: tuple[AffinityTerm, ...]) -> tuple[Hashable, Callable[[PodClass], int], frozenset[str]]:
    choices = tuple((None if t.namespace_selector.matches(_NO_LABELS) else t.namespaces, t.selector) for t in terms)

    def weight(pod_class: PodClass) -> int:
        return int(
            all(
                (namespaces is None or pod_class.namespace in namespaces) and selector.matches(pod_class.labels)
                for namespaces, selector in choices
            )
        )

    return ("InterPodAffinity", choices), weight, frozenset().union(*(selector.keys() for _, selector in choices))


def _compile(affinity: Affinity | None, namespace: str, on_error: Callable[[str, SelectorError], None]) -> PodTerms:
    if affinity is None:
        return PodTerms()

    def compiled(kind: str, compile_one: Callable[[T, str], C], terms: Iterable[T]) -> tuple[C, ...]:
        try:
            return tuple(compile_one(term, namespace) for term in terms)
        except SelectorError as error:
            on_error(kind, error)
            return ()

    near, apart = affinity.pod_affinity or PodAffinity(), affinity.pod_anti_affinity or PodAffinity()
    return PodTerms(
        compiled("requiredAffinityTerms", _term, near.required_during_scheduling_ignored_during_execution),
        compiled("requiredAntiAffinityTerms", _term, apart.required_during_scheduling_ignored_during_execution),
        compiled("preferredAffinityTerms", _weighted, near.preferred_during_scheduling_ignored_during_execution),
        compiled("preferredAntiAffinityTerms", _weighted, apart.preferred_during_scheduling_ignored_during_execution),
    )


def _term(term: PodAffinityTerm, owner_namespace: str) -> AffinityTerm:
    own_namespace_only = not term.namespaces and term.namespace_selector is None
    return AffinityTerm(
        selector=compile_label_selector(term.label_selector),
        topology_key=term.topology_key,
        namespaces=frozenset((owner_namespace,) if own_namespace_only else term.namespaces),
        namespace_selector=NOTHING if term.namespace_selector is None else compile_label_selector(term.namespace_selector),
    )


def _weighted(term: WeightedPodAffinityTerm, owner_namespace: str) -> Weighted:
    return _term(term.pod_affinity_term, owner_namespace), term.weight
