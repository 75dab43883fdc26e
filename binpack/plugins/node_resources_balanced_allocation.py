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
    """Return the standard deviation of the fractions in use, shape [rows]; 0 where fewer than two resources count.

    The order of the operations is upstream's, so that every double is the same.
    """
    counted = [np.ones(rows, np.bool_) if use.counted is None else use.counted for use in of]
    fractions = [np.minimum(1.0, use.requested / use.allocatable) for use in of]
    numbers = sum(counted, np.zeros(rows, np.int64))
    # Of two resources upstream takes half the difference, which differs from the general formula in the last bit.
    difference = np.zeros(rows)
    for fraction, counts in zip(fractions, counted, strict=True):
        difference = np.where(counts, fraction - difference, difference)
    halves = np.where(numbers == 2, np.abs(difference / 2), 0.0)
    if len(of) < 3:
        return halves
    many = np.maximum(numbers, 1)
    mean = sum((fraction * counts for fraction, counts in zip(fractions, counted, strict=True)), np.zeros(rows)) / many
    squares = np.zeros(rows)
    for fraction, counts in zip(fractions, counted, strict=True):
        squares += (fraction - mean) * (fraction - mean) * counts
    return np.where(numbers > 2, np.sqrt(squares / many), halves)
