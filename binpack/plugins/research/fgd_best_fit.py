"""FGDBestFit: what "Beware of Fragmentation" (Weng et al., USENIX ATC 2023) calls BestFit.

The mean of the free fractions of cpu and devices with the pod on the node, in whole percent; fractions are of 128 cores and 8 devices on
every node. The truncation to percent is part of the policy: within a percent the tie rule decides. (`BestFit` here has neither.)
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.events import EventHint
from binpack.framework.interface import Reads
from binpack.framework.points import Point
from binpack.model.pod import Pod
from binpack.plugins.research.device_demand import CPU_SCALE, GPU_SCALE, Demand, demand, free_cpu, free_gpu
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows
from binpack.units import MAX_NODE_SCORE


class FGDBestFit:
    """Prefers the node that the pod leaves fullest, counted on a fixed scale."""

    name: ClassVar[str] = "FGDBestFit"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_SCORE, Point.SCORE})
    reads: ClassVar[Reads] = Reads.ROW
    class_key: ClassVar[tuple[str, ...]] = ("requests", "devices")
    arguments: ClassVar[type | None] = None
    default_weight: ClassVar[int] = 1
    events: ClassVar[tuple[EventHint, ...]] = ()

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> Demand:
        """Return the pod's demand."""
        return demand(pod, cluster)

    def score(self, prepared: Demand, rows: NodeRows) -> NDArray[np.int64]:
        """Score rows in whole percent, shape [len(rows)]; nodes larger than the scale may fall below 0."""
        cpu = ((free_cpu(rows) - prepared.cpu_milli) / CPU_SCALE) * 0.5
        gpu = ((free_gpu(rows) - prepared.gpu_milli) / GPU_SCALE) * 0.5
        return ((1 - (cpu + gpu)) * MAX_NODE_SCORE).astype(np.int64)

    def normalize(self, prepared: Demand, raw: NDArray[np.int64], feasible: NodeRows) -> NDArray[np.int64]:
        """Stretch between the lowest and the highest feasible node; 0 when all are equal."""
        lowest, highest = int(raw.min(initial=np.iinfo(np.int64).max)), int(raw.max(initial=np.iinfo(np.int64).min))
        return np.zeros_like(raw) if highest <= lowest else (raw - lowest) * MAX_NODE_SCORE // (highest - lowest)
