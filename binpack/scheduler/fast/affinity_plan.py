"""Compiles inter-pod affinity into domain sums; by hostname, where each node has a name of its own, into count columns by row."""

from __future__ import annotations

from dataclasses import dataclass, field

from binpack.framework.arguments import InterPodAffinityArgs
from binpack.model.pod import Pod
from binpack.plugins.affinity_terms import AffinityTerm, incoming_terms, matching_pods_number, namespace_labels
from binpack.plugins.carried_terms import Kind, terms_in
from binpack.plugins.spread_constraints import HOSTNAME
from binpack.scheduler.fast.geometry import Geometry
from binpack.scheduler.fast.plan import DomainTerm
from binpack.scheduler.fast.vectors import Vectors
from binpack.state.cluster import Cluster


@dataclass(slots=True)
class AffinityTerms:
    """What InterPodAffinity comes to: the parts of a plan of these names."""

    clear: list[int] = field(default_factory=list)
    near: int | None = None
    repel: list[DomainTerm] = field(default_factory=list)
    attract: list[DomainTerm] = field(default_factory=list)
    prefer: list[DomainTerm] = field(default_factory=list)
    prefer_hosts: list[tuple[int, int]] = field(default_factory=list)
    first_of_group: bool = False


class AffinityCompiler:
    """Compiles the terms of pods for one cluster.

    Parameters
    ----------
    cluster : Cluster
    geometry : Geometry
    vectors : Vectors
    """

    def __init__(self, cluster: Cluster, geometry: Geometry, vectors: Vectors) -> None:
        self._cluster = cluster
        self._geometry = geometry
        self._vectors = vectors

    def filter_terms(self, pod: Pod, found: AffinityTerms) -> None:
        """Add what the filter reads: the pod's own required terms, and the others' required anti-affinity."""
        cluster = self._cluster
        own, index = incoming_terms(pod), terms_in(cluster)
        repelling = [(term, index.column_number(cluster, Kind.ANTI_AFFINITY, term)) for term in self._matching(pod, Kind.ANTI_AFFINITY)]
        anti_affinity = [term.resolved(cluster) for term in own.anti_affinity]
        repelling += [(term, matching_pods_number(cluster, (term,))) for term in anti_affinity]
        for term, column in repelling:
            if self._is_by_row(term):
                found.clear.append(column)
            else:
                found.repel.append(self._domain_term(term, column))
        affinity = tuple(term.resolved(cluster) for term in own.affinity)
        if affinity:
            column = matching_pods_number(cluster, affinity)
            found.first_of_group = all(term.matches_unseen_namespace(pod) for term in affinity)
            found.near = column if any(self._is_by_row(term) for term in affinity) else None
            found.attract += [self._domain_term(term, column) for term in affinity if not self._is_by_row(term)]

    def score_terms(self, pod: Pod, arguments: InterPodAffinityArgs, found: AffinityTerms) -> None:
        """Add what the score reads: the pod's own preferred terms, and what the others prefer, or require, of it."""
        cluster = self._cluster
        own, index = incoming_terms(pod), terms_in(cluster)
        weighted = [*own.preferred_affinity, *((term, -weight) for term, weight in own.preferred_anti_affinity)]
        if arguments.ignore_preferred_terms_of_existing_pods and not weighted:
            return
        scored = [(term, weight, matching_pods_number(cluster, (term.resolved(cluster),))) for term, weight in weighted]
        factors = {Kind.AFFINITY: arguments.hard_pod_affinity_weight, Kind.PREFERRED_AFFINITY: 1, Kind.PREFERRED_ANTI_AFFINITY: 1}
        for kind, factor in factors.items():
            if factor:
                scored += [(term, factor, index.column_number(cluster, kind, term)) for term in self._matching(pod, kind)]
        for term, factor, column in scored:
            if self._is_by_row(term):
                found.prefer_hosts.append((column, factor))
            else:
                found.prefer.append(self._domain_term(term, column, factor))

    def _is_by_row(self, term: AffinityTerm) -> bool:
        return term.topology_key == HOSTNAME and self._geometry.shape(HOSTNAME).unique

    def _matching(self, pod: Pod, kind: Kind) -> list[AffinityTerm]:
        return list(terms_in(self._cluster).matching(kind, pod, namespace_labels(pod, self._cluster)))

    def _domain_term(self, term: AffinityTerm, column: int, factor: int = 1) -> DomainTerm:
        vector = self._vectors.number(term.topology_key, None, lambda: None)
        return DomainTerm(term.topology_key, self._vectors.sum(column, vector), factor)
