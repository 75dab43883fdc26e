"""BestFit: the node that the pod leaves fullest.

Several resources are compared by the sum of their free fractions, the L1 norm of what is left, as in L. T. Kou and G. Markowsky,
"Multidimensional bin packing algorithms", IBM Journal of Research and Development 21 (1977). With one resource it is the best fit of
D. S. Johnson, "Fast algorithms for bin packing", Journal of Computer and System Sciences 8 (1974).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.events import EventHint
from binpack.framework.interface import Reads
from binpack.framework.points import Point
from binpack.model.pod import Pod
from binpack.plugins.research.extremes import lowest_is_best
from binpack.plugins.research.residual import Dimension, Residual, dimensions, total
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows


class BestFit:
    """Prefers the smallest sum of free fractions of the node's allocatable, with the pod on it."""

    name: ClassVar[str] = "BestFit"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_SCORE, Point.SCORE})
    reads: ClassVar[Reads] = Reads.ROW
    class_key: ClassVar[tuple[str, ...]] = ("requests",)
    arguments: ClassVar[type | None] = None
    default_weight: ClassVar[int] = 1
    events: ClassVar[tuple[EventHint, ...]] = ()
    normalize = lowest_is_best

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> tuple[Dimension, ...]:
        """Return the pod's dimensions."""
        return dimensions(pod, cluster)

    def score(self, prepared: tuple[Dimension, ...], rows: NodeRows) -> NDArray[np.int64]:
        """Sum what stays free, in units of 1/SCALE, shape [len(rows)]: lower is better."""
        return total(prepared, rows, _left)


def _left(residual: Residual) -> NDArray[np.float64]:
    return residual.free - residual.demand
