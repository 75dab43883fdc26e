"""FGDRandom: what "Beware of Fragmentation" (Weng et al., USENIX ATC 2023) calls Random: any node that fits, any device that fits."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.events import EventHint
from binpack.framework.interface import Allocation, Reads
from binpack.framework.normalize import no_normalization
from binpack.framework.points import Point
from binpack.framework.status import Status
from binpack.model.devices import SHARE, device_request
from binpack.model.pod import Pod
from binpack.plugins.device_rules import allot, best_fit
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows
from binpack.units import MAX_NODE_SCORE


class FGDRandom:
    """Draws one node and scores it 100, all others 0; then draws one of its devices that suffice. One uniform number each."""

    name: ClassVar[str] = "FGDRandom"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_SCORE, Point.SCORE, Point.RESERVE})
    reads: ClassVar[Reads] = Reads.FEASIBLE | Reads.DECISION
    class_key: ClassVar[tuple[str, ...]] = ("devices",)
    arguments: ClassVar[type | None] = None
    default_weight: ClassVar[int] = 1
    events: ClassVar[tuple[EventHint, ...]] = ()
    normalize = no_normalization

    def prepare_random_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows, generator: np.random.Generator) -> int:
        """Return the row of the drawn node; the draw counts through the feasible nodes by name."""
        drawn = int(generator.random() * len(feasible))
        ranks = feasible.take(cluster.name_ranks())
        return int(feasible.numbers[np.argpartition(ranks, drawn)[drawn]])

    def score(self, prepared: int, rows: NodeRows) -> NDArray[np.int64]:
        """Score rows: 100 for the drawn one, 0 for the others; shape [len(rows)]."""
        return np.where(rows.numbers == prepared, MAX_NODE_SCORE, 0)

    def reserve_at_random(self, pod: Pod, cluster: Cluster, row: int, generator: np.random.Generator) -> Allocation | Status | None:
        """Allot a share of any device that suffices, each with the same probability; whole devices by lowest index."""
        request = device_request(pod)
        if request is None or cluster.devices.held(pod.key) is not None:
            return None
        free = cluster.devices.free[:, row]
        roomy = np.flatnonzero(free >= request.milli)
        if request.kind != SHARE or request.count > 1 or len(roomy) == 0:
            return allot(self.name, pod, cluster, request, best_fit(request, free))
        return allot(self.name, pod, cluster, request, (int(roomy[int(generator.random() * len(roomy))]),))
