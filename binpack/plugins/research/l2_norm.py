"""L2Norm: the node whose free vector is closest to the pod's requests.

The norm-based rule of R. Panigrahy, K. Talwar, L. Uyeda and U. Wieder, "Heuristics for vector bin packing", Microsoft Research (2011),
with all weights 1. The square makes one resource that is left over worse than a little of each.
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


class L2Norm:
    """Prefers the smallest Euclidean norm of the free fractions of the node's allocatable, with the pod on it."""

    name: ClassVar[str] = "L2Norm"
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
        """Sum the squares of what stays free, in units of 1/SCALE, shape [len(rows)]: lower is better."""
        return total(prepared, rows, _square)


def _square(residual: Residual) -> NDArray[np.float64]:
    return (residual.free - residual.demand) * (residual.free - residual.demand)
