"""GpuPacking: devices in use before idle ones, idle ones before idle nodes, as in "Beware of Fragmentation" (USENIX ATC 2023).

Pods without devices score 0 everywhere: the tie rule places them.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.events import EventHint
from binpack.framework.interface import Reads
from binpack.framework.normalize import no_normalization
from binpack.framework.points import Point
from binpack.model.devices import MILLI_PER_DEVICE
from binpack.model.pod import Pod
from binpack.plugins.research.device_demand import Demand, demand
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

IDLE_NODE = 33
IDLE_DEVICES = 50
BUSY_DEVICES = 100

_NEVER = np.iinfo(np.int32).max


class GpuPacking:
    """Prefers nodes where the pod opens no idle device, and there the fullest devices."""

    name: ClassVar[str] = "GpuPacking"
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
        """Score rows, shape [len(rows)]; of rows where the pod does not fit the score means nothing."""
        request = prepared.request
        if request is None:
            return np.zeros(len(rows), np.int64)
        devices = rows.cluster.devices
        left = rows.take(devices.free)
        idle = np.count_nonzero(left == MILLI_PER_DEVICE, axis=0)
        # The fullest devices that suffice, as many as wanted; the walk by index among equals changes no sum.
        taken = np.sort(np.where(left >= request.milli, left, _NEVER), axis=0)[: request.count]
        opened = np.count_nonzero(taken == MILLI_PER_DEVICE, axis=0)
        percent = np.where(taken == _NEVER, 0, taken.astype(np.int64) * 100 // MILLI_PER_DEVICE).sum(axis=0)
        busy = np.where(opened > 0, np.maximum(IDLE_DEVICES - opened, IDLE_NODE), np.maximum(BUSY_DEVICES - percent // 10, IDLE_DEVICES))
        scores: NDArray[np.int64] = np.where(idle == rows.take(devices.counts), np.maximum(IDLE_NODE - idle, idle), busy).astype(np.int64)
        return scores
