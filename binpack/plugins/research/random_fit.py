"""RandomFit: any node that fits, each with the same probability. The yardstick that a policy has to beat."""

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


class RandomFit:
    """Draws one node and scores it 100, all others 0: one draw a decision, whatever the number of nodes."""

    name: ClassVar[str] = "RandomFit"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_SCORE, Point.SCORE})
    reads: ClassVar[Reads] = Reads.FEASIBLE | Reads.DECISION
    class_key: ClassVar[tuple[str, ...]] = ()
    arguments: ClassVar[type | None] = None
    default_weight: ClassVar[int] = 1
    events: ClassVar[tuple[EventHint, ...]] = ()
    normalize = no_normalization

    def prepare_random_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows, generator: np.random.Generator) -> int:
        """Return the row of the drawn node.

        The draw counts through the feasible nodes by name, so that it does not matter in which order they were found.
        """
        drawn = int(generator.integers(len(feasible)))
        ranks = feasible.take(cluster.name_ranks())
        return int(feasible.numbers[np.argpartition(ranks, drawn)[drawn]])

    def score(self, prepared: int, rows: NodeRows) -> NDArray[np.int64]:
        """Score rows: 100 for the drawn one, 0 for the others; shape [len(rows)]."""
        return np.where(rows.numbers == prepared, MAX_NODE_SCORE, 0)
