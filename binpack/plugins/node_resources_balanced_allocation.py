"""NodeResourcesBalancedAllocation: prefers nodes whose resources would be used in equal measure.

Source: noderesources/balanced_allocation.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.arguments import NodeResourcesBalancedAllocationArgs
from binpack.framework.events import EventHint
from binpack.framework.interface import SKIP, Reads, Skip
from binpack.framework.normalize import no_normalization
from binpack.framework.points import Point
from binpack.model.pod import Pod
from binpack.plugins.resource_allocation import ScoredRequest, Use, scored_requests, uses
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows
from binpack.units import MAX_NODE_SCORE


class NodeResourcesBalancedAllocation:
    """Scores the spread of the resources' fractions in use: the lower, the better.

    Parameters
    ----------
    arguments : NodeResourcesBalancedAllocationArgs
    """

    name: ClassVar[str] = "NodeResourcesBalancedAllocation"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_SCORE, Point.SCORE})
    reads: ClassVar[Reads] = Reads.ROW
    class_key: ClassVar[tuple[str, ...]] = ("requests",)
    arguments: ClassVar[type | None] = NodeResourcesBalancedAllocationArgs
    default_weight: ClassVar[int] = 1
    events: ClassVar[tuple[EventHint, ...]] = ()
    normalize = no_normalization

    def __init__(self, arguments: NodeResourcesBalancedAllocationArgs) -> None:
        self._resources = arguments.resources

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> tuple[ScoredRequest, ...] | Skip:
        """Return the configured resources with what the pod really requests; a pod that requests none of them is not scored."""
        requests = scored_requests(self._resources, cluster.classes.of(pod).placed, nonzero=False)
        return requests if any(request.amount for request in requests) else SKIP

    def score(self, prepared: tuple[ScoredRequest, ...], rows: NodeRows) -> NDArray[np.int64]:
        """Score rows: 100 × (1 - σ), σ the standard deviation of the fractions requested; shape [len(rows)]."""
        deviation = _deviation(uses(prepared, rows), len(rows))
        return ((1 - deviation) * MAX_NODE_SCORE).astype(np.int64)


def _deviation(of: Sequence[Use], rows: int) -> NDArray[np.float64]:
    """Return the standard deviation of the fractions in use, shape [rows]; rows on which the same resources count are one group."""
    fractions = [np.minimum(1.0, use.requested / use.allocatable) for use in of]
    if all(use.counted is None for use in of):
        return _standard_deviation(fractions, rows)
    groups = np.zeros(rows, np.int64)
    for bit, use in enumerate(of):
        groups |= np.int64(1 << bit) if use.counted is None else use.counted * np.int64(1 << bit)
    deviation = np.zeros(rows)
    for group in np.unique(groups).tolist():
        here = np.flatnonzero(groups == group)
        deviation[here] = _standard_deviation([f.take(here) for bit, f in enumerate(fractions) if group >> bit & 1], len(here))
    return deviation


def _standard_deviation(fractions: Sequence[NDArray[np.float64]], rows: int) -> NDArray[np.float64]:
    """Return the standard deviation over the resources, shape [rows], operation by operation as upstream: every double is the same."""
    if len(fractions) < 2:
        return np.zeros(rows)
    if len(fractions) == 2:
        # Half the difference differs from the general formula in the last bit.
        return np.abs((fractions[0] - fractions[1]) / 2)
    mean = sum(fractions, np.zeros(rows)) / len(fractions)
    squares = np.zeros(rows)
    for fraction in fractions:
        squares += (fraction - mean) * (fraction - mean)
    deviation: NDArray[np.float64] = np.sqrt(squares / len(fractions))
    return deviation
