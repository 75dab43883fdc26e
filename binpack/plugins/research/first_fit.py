"""FirstFit: the first node that fits, in the order of names.

Source: D. S. Johnson, "Fast algorithms for bin packing", Journal of Computer and System Sciences 8 (1974).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.events import EventHint
from binpack.framework.interface import Reads
from binpack.framework.normalize import no_normalization
from binpack.framework.points import Point
from binpack.model.pod import Pod
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows
from binpack.units import MAX_NODE_SCORE


class FirstFit:
    """Scores one node 100 and all others 0: a hundred marks could not keep more than a hundred nodes in order."""

    name: ClassVar[str] = "FirstFit"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_SCORE, Point.SCORE})
    reads: ClassVar[Reads] = Reads.FEASIBLE
    class_key: ClassVar[tuple[str, ...]] = ()
    arguments: ClassVar[type | None] = None
    default_weight: ClassVar[int] = 1
    events: ClassVar[tuple[EventHint, ...]] = ()
    normalize = no_normalization

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> int:
        """Return the feasible row whose node has the bytewise lowest name."""
        return int(feasible.numbers[feasible.take(cluster.name_ranks()).argmin()])

    def score(self, prepared: int, rows: NodeRows) -> NDArray[np.int64]:
        """Score rows: 100 for the first, 0 for the others; shape [len(rows)]."""
        return np.where(rows.numbers == prepared, MAX_NODE_SCORE, 0)
