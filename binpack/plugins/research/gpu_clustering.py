"""GpuClustering: pods of one kind together, after Gandiva (Xiao et al., OSDI 2018) as in "Beware of Fragmentation" (USENIX ATC 2023).

A kind is a share of a device, or a number of whole devices. Pods without devices score 0 everywhere: the tie rule places them.
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
from binpack.plugins.research.device_demand import GPU_SCALE, Demand, demand, free_gpu
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

ALL_OF_THE_KIND = 75
SOME_OF_THE_KIND = 50
NO_DEVICE_PODS = 25
FILLED = 25


class GpuClustering:
    """Prefers nodes whose device pods are of the pod's kind, and among those the fuller."""

    name: ClassVar[str] = "GpuClustering"
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
        """Score rows, shape [len(rows)]: what lives there, plus up to 25 for how full of 8 devices the node is, whatever it has."""
        if prepared.request is None:
            return np.zeros(len(rows), np.int64)
        pods = rows.take(rows.cluster.devices.pods)
        everyone = pods.sum(axis=0)
        alike = pods[prepared.request.kind] if prepared.request.kind < len(pods) else np.zeros_like(everyone)
        base = np.where(
            alike > 0, np.where(alike == everyone, ALL_OF_THE_KIND, SOME_OF_THE_KIND), np.where(everyone > 0, 0, NO_DEVICE_PODS)
        )
        filled = np.clip(GPU_SCALE - free_gpu(rows), 0, GPU_SCALE)
        return base + FILLED * filled // GPU_SCALE
