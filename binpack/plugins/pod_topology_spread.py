"""PodTopologySpread: keeps the pods that a constraint selects evenly spread over zones, nodes or any other domain.

Hard constraints filter, soft ones score. What is counted is in `spread_constraints`; the score is in `pod_topology_spread_score`.
Source: podtopologyspread/plugin.go, filtering.go, v1.35.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.arguments import PodTopologySpreadArgs
from binpack.framework.events import EventHint
from binpack.framework.interface import SKIP, Reads, Skip
from binpack.framework.points import Point
from binpack.framework.status import Status, unresolvable, unschedulable
from binpack.model.pod import Pod
from binpack.plugins.node_inclusion import NodeInclusion
from binpack.plugins.pod_topology_spread_hints import spread_hints
from binpack.plugins.pod_topology_spread_score import SoftSpread, normalize_spread, prepare_spread_score, score_spread
from binpack.plugins.spread_constraints import HARD, SpreadConstraint, counted_pods, spread_constraints
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

MISSING_LABEL = 1
SKEWED = 2
_REASON = "node(s) didn't match pod topology spread constraints"
_STATUSES = {MISSING_LABEL: unresolvable(f"{_REASON} (missing required label)"), SKEWED: unschedulable(_REASON)}


@dataclass(slots=True)
class HardSpread:
    """One hard constraint and the counts of its domains.

    Parameters
    ----------
    constraint : SpreadConstraint
    included : NDArray[np.bool_]
        The rows that count, shape [capacity].
    present : NDArray[np.bool_]
        The domains that those rows make, shape [label values + 1]; also those with no pods, for they set the minimum.
    counts : NDArray[np.int64]
        Matching pods by domain, shape [label values + 1].
    self_match : int
        1 if the pod matches its own constraint.
    """

    constraint: SpreadConstraint
    included: NDArray[np.bool_]
    present: NDArray[np.bool_]
    counts: NDArray[np.int64]
    self_match: int

    def copy(self) -> HardSpread:
        """Return an equal state that changes on its own."""
        return HardSpread(self.constraint, self.included, self.present, self.counts.copy(), self.self_match)

    def domain_codes(self) -> NDArray[np.uint32]:
        """Judge each domain; shape [label values + 1], the last entry for rows without the label."""
        counts = self.counts[self.present]
        lowest = int(counts.min()) if len(counts) and len(counts) >= self.constraint.min_domains else 0
        skewed = self.counts + (self.self_match - lowest) > self.constraint.max_skew
        codes = np.where(skewed, np.uint32(SKEWED), np.uint32(0))
        codes[-1] = MISSING_LABEL
        return codes


@dataclass(slots=True)
class HardSpreads:
    """What the filter works with: the hard constraints in order, and the namespace whose pods they count."""

    namespace: str
    constraints: list[HardSpread]

    def copy(self) -> HardSpreads:
        """Return an equal state that changes on its own."""
        return HardSpreads(self.namespace, [spread.copy() for spread in self.constraints])


class PodTopologySpread:
    """The plugin, with the profile's default constraints in its arguments."""

    name: ClassVar[str] = "PodTopologySpread"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_FILTER, Point.FILTER, Point.PRE_SCORE, Point.SCORE})
    reads: ClassVar[Reads] = Reads.STATIC | Reads.ROW | Reads.DOMAIN | Reads.CLUSTER | Reads.FEASIBLE
    class_key: ClassVar[tuple[str, ...]] = (
        "namespace",
        "labels",
        "topologySpreadConstraints",
        "owner",
        "nodeSelector",
        "affinity",
        "tolerations",
    )
    default_weight: ClassVar[int] = 2
    arguments: ClassVar[type[PodTopologySpreadArgs]] = PodTopologySpreadArgs

    def __init__(self, arguments: PodTopologySpreadArgs) -> None:
        self._arguments = arguments

    @property
    def settings(self) -> PodTopologySpreadArgs:
        """The arguments that it was built with."""
        return self._arguments

    @property
    def events(self) -> tuple[EventHint, ...]:
        """Pods that join or leave a count, and nodes that join, leave or change their domains."""
        return spread_hints(self._arguments)

    def prepare(self, pod: Pod, cluster: Cluster) -> HardSpreads | Skip:
        """Count matching pods by domain, over the nodes that carry *every* topology key of the pod's hard constraints."""
        constraints = spread_constraints(pod, cluster, self._arguments, HARD)
        if not constraints:
            return SKIP
        keyed = np.logical_and.reduce([cluster.label(constraint.topology_key) >= 0 for constraint in constraints])
        inclusion = NodeInclusion(pod, cluster)
        return HardSpreads(
            pod.metadata.namespace, [_count(pod, cluster, constraint, keyed, inclusion.rows(constraint)) for constraint in constraints]
        )

    def add_pod(self, prepared: HardSpreads, other: Pod, row: int, cluster: Cluster) -> None:
        """Count a pod that is now on a row."""
        _change(prepared, other, row, cluster, 1)

    def remove_pod(self, prepared: HardSpreads, other: Pod, row: int, cluster: Cluster) -> None:
        """Uncount a pod that has left a row."""
        _change(prepared, other, row, cluster, -1)

    def filter(self, prepared: HardSpreads, rows: NodeRows) -> NDArray[np.uint32]:
        """Take each constraint's verdict on the row's domain; the first violated constraint decides."""
        codes = np.zeros(len(rows), np.uint32)
        for spread in prepared.constraints:
            own = spread.domain_codes().take(rows.label(spread.constraint.topology_key))
            codes = np.where(codes == 0, own, codes)
        return codes

    def status(self, prepared: HardSpreads, code: int) -> Status:
        """Translate a code."""
        return _STATUSES[code]

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> SoftSpread | Skip:
        """Weigh the soft constraints by how many domains the feasible nodes have."""
        return prepare_spread_score(pod, cluster, feasible, self._arguments)

    def score(self, prepared: SoftSpread, rows: NodeRows) -> NDArray[np.int64]:
        """Add up matching pods in the row's domains, weighted."""
        return score_spread(prepared, rows)

    def normalize(self, prepared: SoftSpread, raw: NDArray[np.int64], feasible: NodeRows) -> NDArray[np.int64]:
        """Turn round: fewer pods, higher score."""
        return normalize_spread(prepared, raw, feasible)


def _count(
    pod: Pod, cluster: Cluster, constraint: SpreadConstraint, keyed: NDArray[np.bool_], admitted: NDArray[np.bool_] | None
) -> HardSpread:
    included = keyed if admitted is None else keyed & admitted
    domains = np.where(included, cluster.label(constraint.topology_key), -1)
    column = counted_pods(cluster, pod.metadata.namespace, constraint.selector)
    counts = np.zeros(len(cluster.label_values(constraint.topology_key)) + 1, np.int64)
    np.add.at(counts, domains, column)
    present = np.zeros(len(counts), np.bool_)
    present[domains] = True
    counts[-1], present[-1] = 0, False
    return HardSpread(constraint, included, present, counts, int(constraint.selector.matches(pod.metadata.labels)))


def _change(prepared: HardSpreads, other: Pod, row: int, cluster: Cluster, pods: int) -> None:
    """Follow a dry run. Here a terminating pod counts, and an empty selector selects it, other than when counting afresh."""
    if other.metadata.namespace != prepared.namespace:
        return
    for spread in prepared.constraints:
        if spread.included[row] and spread.constraint.selector.matches(other.metadata.labels):
            spread.counts[cluster.label(spread.constraint.topology_key)[row]] += pods
