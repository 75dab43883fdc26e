"""The score of PodTopologySpread: matching pods in a node's domains, weighted by the logarithm of the number of domains.

Source: podtopologyspread/scoring.go, v1.35.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.framework.arguments import PodTopologySpreadArgs
from binpack.framework.interface import SKIP, Skip
from binpack.model.pod import Pod
from binpack.plugins.node_inclusion import NodeInclusion
from binpack.plugins.spread_constraints import HOSTNAME, SOFT, SpreadConstraint, counted_pods, requires_all_keys, spread_constraints
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows
from binpack.units import MAX_NODE_SCORE


@dataclass(frozen=True, slots=True)
class SpreadPart:
    """What one constraint adds to a node's score.

    Parameters
    ----------
    topology_key : str or None
        None for the hostname, which counts by node object and not by the label's value.
    scores : NDArray[np.float64]
        By domain, shape [label values + 1]; by row, shape [capacity], where there is no topology key. 0 without the label.
    """

    topology_key: str | None
    scores: NDArray[np.float64]

    def on(self, rows: NodeRows) -> NDArray[np.float64]:
        """Look up the rows' scores, shape [len(rows)]."""
        return rows.take(self.scores) if self.topology_key is None else self.scores.take(rows.label(self.topology_key))


@dataclass(frozen=True, slots=True)
class SoftSpread:
    """What the score works with: one part a constraint, and the rows that lack a topology key and get 0 (None: they do not matter)."""

    parts: tuple[SpreadPart, ...]
    ignored: NDArray[np.bool_] | None


def prepare_spread_score(pod: Pod, cluster: Cluster, feasible: NodeRows, arguments: PodTopologySpreadArgs) -> SoftSpread | Skip:
    """Compile the soft constraints for the feasible set of one cycle (PreScore)."""
    constraints = spread_constraints(pod, cluster, arguments, SOFT)
    if not constraints:
        return SKIP
    keyed: NDArray[np.bool_] | None = None
    if requires_all_keys(pod, arguments):
        keyed = np.logical_and.reduce([cluster.label(constraint.topology_key) >= 0 for constraint in constraints])
        if np.array_equal(keyed, cluster.active):
            keyed = None
    inclusion = NodeInclusion(pod, cluster)
    parts = []
    for constraint in constraints:
        column = counted_pods(cluster, pod.metadata.namespace, constraint.selector)
        if constraint.topology_key == HOSTNAME:
            # The inclusion policies do not matter here: a node's own pods are looked at when it is scored.
            parts.append(_by_row(constraint, column, keyed, cluster, feasible))
        else:
            admitted = inclusion.rows(constraint)
            counted = column if admitted is None else np.where(admitted, column, 0)
            parts.append(_by_domain(constraint, counted, keyed, cluster, feasible))
    return SoftSpread(tuple(parts), None if keyed is None else ~keyed)


def score_spread(prepared: SoftSpread, rows: NodeRows) -> NDArray[np.int64]:
    """Add up the constraints in their order, as upstream, for the sum is one of floats; shape [len(rows)]."""
    total = np.zeros(len(rows), np.float64)
    for part in prepared.parts:
        total += part.on(rows)
    raw = _round(total)
    if prepared.ignored is not None:
        raw[rows.take(prepared.ignored)] = 0
    return raw


def normalize_spread(prepared: SoftSpread, raw: NDArray[np.int64], feasible: NodeRows) -> NDArray[np.int64]:
    """`100 × (max + min - raw) div max` over the nodes that are not ignored; all 100 when the maximum is 0."""
    if prepared.ignored is None:
        return _turned_round(raw)
    scored = ~feasible.take(prepared.ignored)
    scores = np.zeros_like(raw)
    scores[scored] = _turned_round(raw[scored])
    return scores


def _turned_round(raw: NDArray[np.int64]) -> NDArray[np.int64]:
    highest = int(raw.max(initial=0))
    if highest == 0:
        return np.full_like(raw, MAX_NODE_SCORE)
    return MAX_NODE_SCORE * (highest + int(raw.min()) - raw) // highest


def _by_row(
    constraint: SpreadConstraint, column: NDArray[np.int64], keyed: NDArray[np.bool_] | None, cluster: Cluster, feasible: NodeRows
) -> SpreadPart:
    scored = len(feasible) if keyed is None else int(np.count_nonzero(feasible.take(keyed)))
    scores = _weighted(column, scored, constraint)
    scores[cluster.label(constraint.topology_key) < 0] = 0.0
    return SpreadPart(None, scores)


def _by_domain(
    constraint: SpreadConstraint, column: NDArray[np.int64], keyed: NDArray[np.bool_] | None, cluster: Cluster, feasible: NodeRows
) -> SpreadPart:
    """Sum up the domains. Those without a feasible node get a score that nobody looks at."""
    values = cluster.label_values(constraint.topology_key)
    domains = cluster.label(constraint.topology_key)
    if keyed is not None:
        domains = np.where(keyed, domains, np.int32(-1))
    registered = np.zeros(len(values) + 1, np.bool_)
    registered[feasible.take(domains)] = True
    counts = np.zeros(len(values) + 1, np.int64)
    np.add.at(counts, domains, column)
    if keyed is not None:
        registered[-1] = False
    elif "" in values:
        # With the system's defaults a node without the label stands in the domain of the empty value.
        empty = values.index("")
        counts[empty] += counts[-1]
        registered[empty] |= registered[-1]
        registered[-1] = False
    scores = _weighted(counts, int(np.count_nonzero(registered)), constraint)
    scores[-1] = 0.0
    return SpreadPart(constraint.topology_key, scores)


def _weighted(counts: NDArray[np.int64], domains: int, constraint: SpreadConstraint) -> NDArray[np.float64]:
    # The last bit may differ from Go's for some numbers; no sum comes so near to a half that rounding would show it.
    return counts.astype(np.float64) * math.log(domains + 2) + float(constraint.max_skew - 1)


def _round(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round half away from zero. Adding a half is exact, for a value is 0 or at least 1: a logarithm of 3 or more, or a whole number."""
    return (values + 0.5).astype(np.int64)
