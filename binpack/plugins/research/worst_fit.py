"""WorstFit: the node that the pod leaves emptiest.

The opposite of BestFit, by the same measure: the sum of the free fractions. It spreads the load; as the online rule of packing it is
from D. S. Johnson, "Fast algorithms for bin packing", Journal of Computer and System Sciences 8 (1974).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.events import EventHint
from binpack.framework.interface import Reads
from binpack.framework.points import Point
from binpack.model.pod import Pod
from binpack.plugins.research.extremes import highest_is_best
from binpack.plugins.research.residual import Dimension, Residual, dimensions, total
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows


class WorstFit:
    """Prefers the largest sum of free fractions of the node's allocatable, with the pod on it."""

    name: ClassVar[str] = "WorstFit"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_SCORE, Point.SCORE})
    reads: ClassVar[Reads] = Reads.ROW
    class_key: ClassVar[tuple[str, ...]] = ("requests",)
    arguments: ClassVar[type | None] = None
    default_weight: ClassVar[int] = 1
    events: ClassVar[tuple[EventHint, ...]] = ()
    normalize = highest_is_best

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> tuple[Dimension, ...]:
        """Return the pod's dimensions."""
        return dimensions(pod, cluster)

    def score(self, prepared: tuple[Dimension, ...], rows: NodeRows) -> NDArray[np.int64]:
        """Sum what stays free, in units of 1/SCALE, shape [len(rows)]: higher is better."""
        return total(prepared, rows, _left)


def _left(residual: Residual) -> NDArray[np.float64]:
    return residual.free - residual.demand
