"""The affinity terms that the pods of a cluster carry, found by whom they match.

Each distinct term is one count column ("how many pods of this row carry it"), so that an existing pod's term against an incoming pod
costs nothing when another pod comes or goes. An incoming pod asks only the terms that can match one of its labels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from binpack.model.pod import Pod
from binpack.plugins.affinity_terms import AffinityTerm, PodTerms, carried_terms
from binpack.plugins.per_cluster import PerCluster
from binpack.state.classes import PodClass
from binpack.state.cluster import Cluster


class Kind(StrEnum):
    """The four lists of terms that a pod may have."""

    AFFINITY = "affinity"
    ANTI_AFFINITY = "antiAffinity"
    PREFERRED_AFFINITY = "preferredAffinity"
    PREFERRED_ANTI_AFFINITY = "preferredAntiAffinity"


class CarriedTerms:
    """An index over the terms of every pod class that a cluster has met. Classes are never forgotten, so it only grows."""

    def __init__(self) -> None:
        self._seen = 0
        self._weights: dict[PodClass, dict[tuple[Kind, AffinityTerm], int]] = {}
        self._known: set[tuple[Kind, AffinityTerm]] = set()
        self._numbers: dict[tuple[Kind, AffinityTerm], int] = {}
        self._numbered: dict[PodClass, dict[int, int]] = {}
        self._by_label: dict[tuple[Kind, str, str], list[AffinityTerm]] = defaultdict(list)
        self._unlabelled: dict[Kind, list[AffinityTerm]] = defaultdict(list)

    def catch_up(self, classes: list[PodClass]) -> None:
        """Take in the classes that were met since."""
        for pod_class in classes[self._seen :]:
            for kind, term in self._terms_of(pod_class):
                self._index(kind, term)
        self._seen = len(classes)

    def matching(self, kind: Kind, pod: Pod, namespace_labels: Mapping[str, str]) -> Iterator[AffinityTerm]:
        """Yield the distinct terms of a kind that match a pod, given the labels of its namespace."""
        labels = pod.metadata.labels
        candidates = [self._unlabelled[kind]] if kind in self._unlabelled else []
        candidates += [self._by_label[kind, *label] for label in labels.items() if (kind, *label) in self._by_label]
        for terms in candidates:
            for term in terms:
                if term.matches(pod.metadata.namespace, labels, namespace_labels):
                    yield term

    def column(self, cluster: Cluster, kind: Kind, term: AffinityTerm) -> NDArray[np.int64]:
        """Sum the weight of a term over each row's pods, shape [capacity]: 1 a required term, its own weight a preferred one."""
        return cluster.column(("InterPodAffinity", kind, term), self._weight(kind, term), label_keys=frozenset())

    def column_number(self, cluster: Cluster, kind: Kind, term: AffinityTerm) -> int:
        """Return the number of that column in `cluster.counts.values`."""
        return cluster.column_number(("InterPodAffinity", kind, term), self._weight(kind, term), label_keys=frozenset())

    @property
    def label_keys(self) -> frozenset[str]:
        """The pod labels that any of the terms reads."""
        return frozenset().union(*(term.selector.keys() for _, term in self._known))

    def __len__(self) -> int:
        return len(self._known)

    def _weight(self, kind: Kind, term: AffinityTerm) -> Callable[[PodClass], int]:
        number = self._numbers.setdefault((kind, term), len(self._numbers))

        def weight(pod_class: PodClass) -> int:
            return self._numbered_of(pod_class).get(number, 0)

        return weight

    def _numbered_of(self, pod_class: PodClass) -> dict[int, int]:
        """The weights of a class's terms by their number: asked for each term of each class, and a number is quickly looked up."""
        found = self._numbered.get(pod_class)
        if found is None:
            weights = self._terms_of(pod_class)
            found = {self._numbers.setdefault(term, len(self._numbers)): weight for term, weight in weights.items()}
            self._numbered[pod_class] = found
        return found

    def _terms_of(self, pod_class: PodClass) -> dict[tuple[Kind, AffinityTerm], int]:
        found = self._weights.get(pod_class)
        if found is None:
            found = self._weights[pod_class] = weights_by_term(carried_terms(pod_class.affinity, pod_class.namespace))
        return found

    def _index(self, kind: Kind, term: AffinityTerm) -> None:
        if (kind, term) in self._known or term.selector.nothing:
            return
        self._known.add((kind, term))
        demanded = next((r for r in term.selector.requirements if r.operator == "In"), None)
        if demanded is None:
            self._unlabelled[kind].append(term)
            return
        for value in demanded.values:
            self._by_label[kind, demanded.key, value].append(term)


def weights_by_term(terms: PodTerms) -> dict[tuple[Kind, AffinityTerm], int]:
    """Add up a pod's terms: a term that it has twice weighs twice. Preferred anti-affinity is negative."""
    weights: dict[tuple[Kind, AffinityTerm], int] = defaultdict(int)
    for term in terms.affinity:
        weights[Kind.AFFINITY, term] += 1
    for term in terms.anti_affinity:
        weights[Kind.ANTI_AFFINITY, term] += 1
    for term, weight in terms.preferred_affinity:
        weights[Kind.PREFERRED_AFFINITY, term] += weight
    for term, weight in terms.preferred_anti_affinity:
        weights[Kind.PREFERRED_ANTI_AFFINITY, term] -= weight
    return dict(weights)


def terms_in(cluster: Cluster) -> CarriedTerms:
    """Return the index over a cluster's terms, as of now."""
    index = _INDEX.of(cluster)
    index.catch_up(cluster.classes.all)
    return index


_INDEX = PerCluster(lambda cluster: CarriedTerms(), version=lambda cluster: None)
