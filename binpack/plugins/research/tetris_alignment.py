"""TetrisAlignment: the node whose free resources are those that the pod asks for.

The alignment score of R. Grandl, G. Ananthanarayanan, S. Kandula, S. Rao and A. Akella, "Multi-resource packing for cluster
schedulers", SIGCOMM 2014: the dot product of request and free amount, both in fractions of the machine's own capacity.
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


class TetrisAlignment:
    """Prefers the largest dot product of request and free amount, before the pod is placed, in fractions of the node's allocatable."""

    name: ClassVar[str] = "TetrisAlignment"
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
        """Sum the products, in units of 1/SCALE, shape [len(rows)]: higher is better."""
        return total(prepared, rows, _product)


def _product(residual: Residual) -> NDArray[np.float64]:
    return residual.demand * residual.free
