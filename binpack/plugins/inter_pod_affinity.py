"""InterPodAffinity: keeps pods near those that they require, and apart from those that they, or the others, do not want near.

Terms are compiled in `affinity_terms`, those of the pods that are there already are found in `carried_terms`; the score is in
`inter_pod_affinity_score`.
Source: interpodaffinity/plugin.go, filtering.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.arguments import InterPodAffinityArgs
from binpack.framework.events import EventHint
from binpack.framework.interface import SKIP, Reads, Skip
from binpack.framework.points import Point
from binpack.framework.status import Status, unresolvable, unschedulable
from binpack.model.pod import Pod
from binpack.model.selectors import SelectorError
from binpack.plugins.affinity_terms import AffinityTerm, carried_terms, incoming_terms, matching_pods, namespace_labels
from binpack.plugins.carried_terms import Kind, terms_in
from binpack.plugins.domains import domain_sums, no_sums
from binpack.plugins.inter_pod_affinity_hints import AFFINITY_EVENTS
from binpack.plugins.inter_pod_affinity_score import AffinitySums, normalize_affinity, prepare_affinity_score, score_affinity
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

AFFINITY = 1
ANTI_AFFINITY = 2
EXISTING_ANTI_AFFINITY = 3
_STATUSES = {
    AFFINITY: unresolvable("node(s) didn't match pod affinity rules"),
    ANTI_AFFINITY: unschedulable("node(s) didn't match pod anti-affinity rules"),
    EXISTING_ANTI_AFFINITY: unschedulable("node(s) didn't satisfy existing pods anti-affinity rules"),
}

_Sums = dict[str, NDArray[np.int64]]


@dataclass(slots=True)
class RequiredAffinity:
    """What the filter works with. The sums are by topology key and domain, shape [label values + 1] each.

    Parameters
    ----------
    pod : Pod
        The incoming pod.
    namespace_labels : Mapping[str, str]
        The labels of its namespace.
    affinity, anti_affinity : tuple[AffinityTerm, ...]
        Its required terms.
    matches_itself : bool
        It matches all its own affinity terms: it may be the first of its group.
    repelling : dict
        Terms of pods there that do not want the incoming pod near.
    attracting : dict
        Pods that match *all* its affinity terms.
    unwanted : dict
        Pods that match one of its anti-affinity terms, once a term.
    """

    pod: Pod
    namespace_labels: Mapping[str, str]
    affinity: tuple[AffinityTerm, ...]
    anti_affinity: tuple[AffinityTerm, ...]
    matches_itself: bool
    repelling: _Sums
    attracting: _Sums
    unwanted: _Sums

    def copy(self) -> RequiredAffinity:
        """Return an equal state that changes on its own."""
        sums = ({key: by_domain.copy() for key, by_domain in s.items()} for s in (self.repelling, self.attracting, self.unwanted))
        return RequiredAffinity(self.pod, self.namespace_labels, self.affinity, self.anti_affinity, self.matches_itself, *sums)


class InterPodAffinity:
    """The plugin, with the weight of the others' required affinity in its arguments."""

    name: ClassVar[str] = "InterPodAffinity"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_FILTER, Point.FILTER, Point.PRE_SCORE, Point.SCORE})
    reads: ClassVar[Reads] = Reads.STATIC | Reads.DOMAIN | Reads.CLUSTER
    class_key: ClassVar[tuple[str, ...]] = ("namespace", "labels", "affinity")
    default_weight: ClassVar[int] = 2
    arguments: ClassVar[type | None] = InterPodAffinityArgs
    events: ClassVar[tuple[EventHint, ...]] = AFFINITY_EVENTS

    def __init__(self, arguments: InterPodAffinityArgs) -> None:
        self._arguments = arguments

    @property
    def settings(self) -> InterPodAffinityArgs:
        """The arguments that it was built with."""
        return self._arguments

    def prepare(self, pod: Pod, cluster: Cluster) -> RequiredAffinity | Status | Skip:
        """Sum up by domain what attracts and what repels the pod."""
        try:
            own = incoming_terms(pod)
        except SelectorError as error:
            return unresolvable(f"parsing pod: {error}")
        of_namespace = namespace_labels(pod, cluster)
        repelling = _repelling(pod, of_namespace, cluster)
        if not (repelling or own.affinity or own.anti_affinity):
            return SKIP
        affinity = tuple(term.resolved(cluster) for term in own.affinity)
        anti_affinity = tuple(term.resolved(cluster) for term in own.anti_affinity)
        return RequiredAffinity(
            pod=pod,
            namespace_labels=of_namespace,
            affinity=affinity,
            anti_affinity=anti_affinity,
            matches_itself=all(term.matches_unseen_namespace(pod) for term in affinity),
            repelling=repelling,
            attracting=_attracting(affinity, cluster),
            unwanted=_unwanted(anti_affinity, cluster),
        )

    def add_pod(self, prepared: RequiredAffinity, other: Pod, row: int, cluster: Cluster) -> None:
        """Account for a pod that is now on a row."""
        _change(prepared, other, row, cluster, 1)

    def remove_pod(self, prepared: RequiredAffinity, other: Pod, row: int, cluster: Cluster) -> None:
        """Account for a pod that has left a row."""
        _change(prepared, other, row, cluster, -1)

    def filter(self, prepared: RequiredAffinity, rows: NodeRows) -> NDArray[np.uint32]:
        """Judge rows; of several violations the pod's affinity is named first, then its anti-affinity, then the others'."""
        codes = np.zeros(len(rows), np.uint32)
        codes[_any_positive(prepared.repelling, rows)] = EXISTING_ANTI_AFFINITY
        codes[_any_positive(prepared.unwanted, rows)] = ANTI_AFFINITY
        if prepared.affinity:
            codes[~_is_attracted(prepared, rows)] = AFFINITY
        return codes

    def status(self, prepared: RequiredAffinity, code: int) -> Status:
        """Translate a code."""
        return _STATUSES[code]

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> AffinitySums | Skip:
        """Sum up by domain what prefers the pod near or far."""
        return prepare_affinity_score(pod, cluster, self._arguments)

    def score(self, prepared: AffinitySums, rows: NodeRows) -> NDArray[np.int64]:
        """Add up the row's domains."""
        return score_affinity(prepared, rows)

    def normalize(self, prepared: AffinitySums, raw: NDArray[np.int64], feasible: NodeRows) -> NDArray[np.int64]:
        """Stretch the scores between the lowest and the highest."""
        return normalize_affinity(raw)


def _repelling(pod: Pod, of_namespace: Mapping[str, str], cluster: Cluster) -> _Sums:
    """Sums of the pods whose required anti-affinity matches the incoming pod; only keys under which there are any."""
    index = terms_in(cluster)
    sums: _Sums = {}
    for term in index.matching(Kind.ANTI_AFFINITY, pod, of_namespace):
        found = domain_sums(cluster, term.topology_key, index.column(cluster, Kind.ANTI_AFFINITY, term))
        if found.any():
            sums[term.topology_key] = sums[term.topology_key] + found if term.topology_key in sums else found
    return sums


def _attracting(terms: tuple[AffinityTerm, ...], cluster: Cluster) -> _Sums:
    if not terms:
        return {}
    column = matching_pods(cluster, terms)
    return {key: domain_sums(cluster, key, column) for key in _keys(terms)}


def _unwanted(terms: tuple[AffinityTerm, ...], cluster: Cluster) -> _Sums:
    sums = {key: no_sums(cluster, key) for key in _keys(terms)}
    for term in terms:
        sums[term.topology_key] += domain_sums(cluster, term.topology_key, matching_pods(cluster, (term,)))
    return sums


def _keys(terms: Iterable[AffinityTerm]) -> dict[str, None]:
    """Distinct topology keys in order."""
    return dict.fromkeys(term.topology_key for term in terms)


def _change(prepared: RequiredAffinity, other: Pod, row: int, cluster: Cluster, pods: int) -> None:
    """Follow a dry run."""
    pod = prepared.pod
    for term in carried_terms(other.spec.affinity, other.metadata.namespace).anti_affinity:
        if term.matches(pod.metadata.namespace, pod.metadata.labels, prepared.namespace_labels):
            prepared.repelling.setdefault(term.topology_key, no_sums(cluster, term.topology_key))
            _add(prepared.repelling, term.topology_key, row, cluster, pods)
    if prepared.affinity and all(term.matches_unseen_namespace(other) for term in prepared.affinity):
        for key in prepared.attracting:
            _add(prepared.attracting, key, row, cluster, pods)
    for term in prepared.anti_affinity:
        if term.matches_unseen_namespace(other):
            _add(prepared.unwanted, term.topology_key, row, cluster, pods)


def _add(sums: _Sums, topology_key: str, row: int, cluster: Cluster, pods: int) -> None:
    domain = cluster.label(topology_key)[row]
    if domain >= 0:
        sums[topology_key][domain] += pods


def _any_positive(sums: _Sums, rows: NodeRows) -> NDArray[np.bool_]:
    found = np.zeros(len(rows), np.bool_)
    for key, by_domain in sums.items():
        found |= (by_domain > 0).take(rows.label(key))
    return found


def _is_attracted(prepared: RequiredAffinity, rows: NodeRows) -> NDArray[np.bool_]:
    """Rows that have every topology key, and a pod matching all terms in every domain (or nowhere, for the first of a group)."""
    first_of_group = prepared.matches_itself and not any(by_domain.any() for by_domain in prepared.attracting.values())
    accepted = np.ones(len(rows), np.bool_)
    for key, by_domain in prepared.attracting.items():
        accepted_domains = np.ones(len(by_domain), np.bool_) if first_of_group else by_domain > 0
        accepted_domains[-1] = False
        accepted &= accepted_domains.take(rows.label(key))
    return accepted
