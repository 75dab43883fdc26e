"""DynamicResources: devices that a pod claims through ResourceClaims.

Claims are not modelled here: a pod that has none is treated exactly as upstream, one that has some is rejected and says so.
Source: dynamicresources/dynamicresources.go, v1.35.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.arguments import DynamicResourcesArgs
from binpack.framework.events import Action, EventHint, Resource
from binpack.framework.interface import SKIP, Allocation, Reads, Skip
from binpack.framework.normalize import default_normalization
from binpack.framework.points import Point
from binpack.framework.post_filter import FailedCycle, Outcome, PostFilterResult
from binpack.framework.status import Status, unresolvable
from binpack.model.pod import Pod
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

NOT_MODELLED = "the pod has resource claims, which are not modelled"


class DynamicResources:
    """Has nothing to say of a pod without claims, but for a phrase when no node is feasible."""

    name: ClassVar[str] = "DynamicResources"
    points: ClassVar[frozenset[Point]] = frozenset(
        {Point.PRE_ENQUEUE, Point.PRE_FILTER, Point.FILTER, Point.POST_FILTER, Point.SCORE, Point.RESERVE, Point.PRE_BIND}
    )
    reads: ClassVar[Reads] = Reads.CLUSTER
    class_key: ClassVar[tuple[str, ...]] = ("resourceClaims",)
    default_weight: ClassVar[int] = 2
    arguments: ClassVar[type | None] = DynamicResourcesArgs
    events: ClassVar[tuple[EventHint, ...]] = (
        EventHint(Resource.NODE, Action.ADD | Action.UPDATE_NODE_LABEL | Action.UPDATE_NODE_ALLOCATABLE),
    )
    normalize = default_normalization

    def __init__(self, arguments: DynamicResourcesArgs) -> None:
        self._arguments = arguments

    def pre_enqueue(self, pod: Pod) -> Status | None:
        """Let every pod in: what is wrong with claims shows when the pod is tried."""
        return None

    def prepare(self, pod: Pod, cluster: Cluster) -> Status | Skip:
        """Skip a pod without claims; reject another on every node."""
        return unresolvable(NOT_MODELLED) if pod.spec.resource_claims else SKIP

    def filter(self, prepared: None, rows: NodeRows) -> NDArray[np.uint32]:
        """Pass: nothing that is prepared ever comes here."""
        return np.zeros(len(rows), np.uint32)

    def status(self, prepared: None, code: int) -> Status:
        """Translate a code."""
        return unresolvable(NOT_MODELLED)

    def post_filter(self, pod: Pod, failed: FailedCycle) -> PostFilterResult:
        """Say that there is no claim whose devices could be given back.

        Upstream fails here if an earlier plugin rejected the pod for every node, for then its own PreFilter never ran.
        """
        if not failed.has_pre_filtered(self.name):
            return PostFilterResult(Outcome.ERROR, ("not found",))
        return PostFilterResult(Outcome.UNSCHEDULABLE, ("no new claims to deallocate",))

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> Skip:
        """Skip: without claims every node gets 0."""
        return SKIP

    def score(self, prepared: None, rows: NodeRows) -> NDArray[np.int64]:
        """Give 0; shape [len(rows)]."""
        return np.zeros(len(rows), np.int64)

    def reserve(self, pod: Pod, cluster: Cluster, row: int) -> Allocation | Status | None:
        """Allot nothing."""
        return None
