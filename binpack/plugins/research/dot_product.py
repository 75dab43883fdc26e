"""DotProduct: the node whose free resources are those that the pod asks for, large nodes before small ones.

The dot product rule of R. Panigrahy, K. Talwar, L. Uyeda and U. Wieder, "Heuristics for vector bin packing", Microsoft Research
(2011), with all weights 1. There one bin is open and the rule picks its next item; here the item is given and the rule picks among
bins, so that of two nodes with free vectors of one direction it takes the emptier. Their bins are equal. For nodes of several sizes
both vectors are in fractions of the largest allocatable in the cluster (TetrisAlignment refers to each node's own).
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Prepared:
    """The pod's dimensions, and the largest allocatable in the cluster of each."""

    dimensions: tuple[Dimension, ...]
    capacities: tuple[int, ...]


class DotProduct:
    """Prefers the largest dot product of request and free amount, before the pod is placed."""

    name: ClassVar[str] = "DotProduct"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_SCORE, Point.SCORE})
    reads: ClassVar[Reads] = Reads.ROW | Reads.CLUSTER
    class_key: ClassVar[tuple[str, ...]] = ("requests",)
    arguments: ClassVar[type | None] = None
    default_weight: ClassVar[int] = 1
    events: ClassVar[tuple[EventHint, ...]] = ()
    normalize = highest_is_best

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> Prepared:
        """Return the pod's dimensions and the capacities that fractions refer to."""
        found = dimensions(pod, cluster)
        # Holes have no allocatable, so that they cannot be the largest.
        return Prepared(found, tuple(int(cluster.allocatable[d.position].max(initial=0)) for d in found))

    def score(self, prepared: Prepared, rows: NodeRows) -> NDArray[np.int64]:
        """Sum the products, in units of 1/SCALE, shape [len(rows)]: higher is better."""
        return total(prepared.dimensions, rows, _product, prepared.capacities)


def _product(residual: Residual) -> NDArray[np.float64]:
    return residual.demand * residual.free
