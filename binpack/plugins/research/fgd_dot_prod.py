"""FGDDotProd: what "Beware of Fragmentation" (Weng et al., USENIX ATC 2023) calls DotProd.

One minus the dot product of request and free amount: a large product is bad, the opposite sign of Tetris' alignment (`DotProduct` here).
Amounts are fractions of 128 cores and 8 devices on every node.
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
from binpack.plugins.research.device_demand import CPU_SCALE, GPU_SCALE, Demand, demand, free_cpu, free_gpu
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows
from binpack.units import MAX_NODE_SCORE, MIN_NODE_SCORE


class FGDDotProd:
    """Prefers the smallest dot product of request and free amount, before the pod is placed."""

    name: ClassVar[str] = "FGDDotProd"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_SCORE, Point.SCORE})
    reads: ClassVar[Reads] = Reads.ROW
    class_key: ClassVar[tuple[str, ...]] = ("requests", "devices")
    arguments: ClassVar[type | None] = None
    default_weight: ClassVar[int] = 1
    events: ClassVar[tuple[EventHint, ...]] = ()
    normalize = no_normalization

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> Demand:
        """Return the pod's demand."""
        return demand(pod, cluster)

    def score(self, prepared: Demand, rows: NodeRows) -> NDArray[np.int64]:
        """Score rows in whole percent, shape [len(rows)]."""
        cpu = (free_cpu(rows) / CPU_SCALE) * (prepared.cpu_milli / CPU_SCALE)
        gpu = (free_gpu(rows) / GPU_SCALE) * (prepared.gpu_milli / GPU_SCALE)
        percent = (MAX_NODE_SCORE * (1 - (cpu + gpu) / 2)).astype(np.int64)
        # Only nodes larger than the scale leave the range.
        return np.clip(percent, MIN_NODE_SCORE, MAX_NODE_SCORE)
