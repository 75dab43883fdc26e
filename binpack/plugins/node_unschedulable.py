"""NodeUnschedulable: keeps pods off cordoned nodes.

Source: nodeunschedulable/node_unschedulable.go, v1.35.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.events import Action, ClusterEvent, EventHint, Resource
from binpack.framework.interface import SKIP, Reads, Skip
from binpack.framework.points import Point
from binpack.framework.status import Status, unresolvable
from binpack.model.node import Taint
from binpack.model.pod import Pod
from binpack.model.tolerations import NO_SCHEDULE, tolerates
from binpack.plugins.hints import is_own
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

UNSCHEDULABLE = Taint(key="node.kubernetes.io/unschedulable", effect=NO_SCHEDULE)


def _tolerates_cordons(pod: Pod) -> bool:
    return any(tolerates(toleration, UNSCHEDULABLE) for toleration in pod.spec.tolerations)


def _was_uncordoned(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    """The node is schedulable, and is new or was not so before."""
    return not event.after.spec.unschedulable and (event.before is None or event.before.spec.unschedulable)


def _tolerates_now(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    return is_own(pod, event, cluster) and _tolerates_cordons(event.after)


class NodeUnschedulable:
    """Rejects nodes with `spec.unschedulable`, whatever their list of taints says."""

    name: ClassVar[str] = "NodeUnschedulable"
    points: ClassVar[frozenset[Point]] = frozenset({Point.FILTER})
    reads: ClassVar[Reads] = Reads.STATIC
    class_key: ClassVar[tuple[str, ...]] = ("tolerations",)
    arguments: ClassVar[type | None] = None
    events: ClassVar[tuple[EventHint, ...]] = (
        EventHint(Resource.NODE, Action.ADD | Action.UPDATE_NODE_TAINT, _was_uncordoned),
        EventHint(Resource.POD, Action.UPDATE_POD_TOLERATION, _tolerates_now),
    )

    def prepare(self, pod: Pod, cluster: Cluster) -> Skip | None:
        """Skip a pod that tolerates the taint of cordoned nodes."""
        return SKIP if _tolerates_cordons(pod) else None

    def filter(self, prepared: None, rows: NodeRows) -> NDArray[np.uint32]:
        """Judge rows: 1 where the node is cordoned; shape [len(rows)]."""
        return rows.unschedulable.astype(np.uint32)

    def status(self, prepared: None, code: int) -> Status:
        """Translate a code into a status with its reasons."""
        return unresolvable("node(s) were unschedulable")
