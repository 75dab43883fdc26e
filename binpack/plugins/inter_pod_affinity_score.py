"""The score of InterPodAffinity: what the pod prefers of the pods in a node's domains, and what they prefer, or require, of it.

Source: interpodaffinity/scoring.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.errors import SchedulingError
from binpack.framework.arguments import InterPodAffinityArgs
from binpack.framework.interface import SKIP, Skip
from binpack.model.pod import Pod
from binpack.model.selectors import SelectorError
from binpack.plugins.affinity_terms import incoming_terms, matching_pods, namespace_labels
from binpack.plugins.carried_terms import Kind, terms_in
from binpack.plugins.domains import domain_sums
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows
from binpack.units import MAX_NODE_SCORE


@dataclass(frozen=True, slots=True)
class AffinitySums:
    """Weights of all matching terms, by topology key and domain; shape [label values + 1] each."""

    by_key: dict[str, NDArray[np.int64]]


def prepare_affinity_score(pod: Pod, cluster: Cluster, arguments: InterPodAffinityArgs) -> AffinitySums | Skip:
    """Sum up by domain (PreScore); skip if no term matches a pod anywhere.

    Raises
    ------
    SchedulingError
        If a selector of the pod cannot be parsed.
    """
    try:
        own = incoming_terms(pod)
    except SelectorError as error:
        raise SchedulingError(f"parsing pod: {error}") from None
    if arguments.ignore_preferred_terms_of_existing_pods and not (own.preferred_affinity or own.preferred_anti_affinity):
        return SKIP
    weighted = [*own.preferred_affinity, *((term, -weight) for term, weight in own.preferred_anti_affinity)]
    columns: dict[str, NDArray[np.int64]] = {}
    contributions = [(t.topology_key, w * matching_pods(cluster, (t.resolved(cluster),))) for t, w in weighted]
    contributions += _of_existing_pods(pod, cluster, arguments)
    for key, column in contributions:
        columns[key] = columns[key] + column if key in columns else column
    sums = {key: domain_sums(cluster, key, column) for key, column in columns.items()}
    if not any(by_domain.any() for by_domain in sums.values()) and not _is_any_recorded(contributions, cluster):
        return SKIP
    return AffinitySums(sums)


def score_affinity(prepared: AffinitySums, rows: NodeRows) -> NDArray[np.int64]:
    """Add up the domains of each row; may be negative; shape [len(rows)]."""
    raw = np.zeros(len(rows), np.int64)
    for key, by_domain in prepared.by_key.items():
        raw += by_domain.take(rows.label(key))
    return raw


def normalize_affinity(raw: NDArray[np.int64]) -> NDArray[np.int64]:
    """`int(100.0 × ((raw - min) / (max - min)))` in this order of operations; all 0 when all are equal."""
    if len(raw) == 0:
        return raw
    lowest, highest = int(raw.min()), int(raw.max())
    if highest == lowest:
        return np.zeros_like(raw)
    return (float(MAX_NODE_SCORE) * ((raw - lowest) / (highest - lowest))).astype(np.int64)


def _of_existing_pods(pod: Pod, cluster: Cluster, arguments: InterPodAffinityArgs) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield topology key and column for each term of existing pods that matches; their required anti-affinity adds nothing."""
    index = terms_in(cluster)
    of_namespace = namespace_labels(pod, cluster)
    factors = {
        Kind.AFFINITY: arguments.hard_pod_affinity_weight,
        Kind.PREFERRED_AFFINITY: 1,
        Kind.PREFERRED_ANTI_AFFINITY: 1,
    }
    for kind, factor in factors.items():
        if factor:
            for term in index.matching(kind, pod, of_namespace):
                yield term.topology_key, factor * index.column(cluster, kind, term)


def _is_any_recorded(contributions: list[tuple[str, NDArray[np.int64]]], cluster: Cluster) -> bool:
    """Contributions that cancel each other out are contributions still."""
    return any((column[cluster.label(key) >= 0] != 0).any() for key, column in contributions)
