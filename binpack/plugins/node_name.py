"""NodeName: a pod that names its node fits there alone.

Source: nodename/node_name.go, v1.35.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.events import Action, EventHint, Resource
from binpack.framework.interface import SKIP, Reads, Skip
from binpack.framework.points import Point
from binpack.framework.status import Status, unresolvable
from binpack.model.pod import Pod
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

NO_ROW = -1


class NodeName:
    """Rejects nodes other than the one in `spec.nodeName`.

    A pod with a node name normally never reaches the scheduler, so for nearly all pods the plugin skips. The name is no part of a
    pod's class (it would make each node's pods a class of their own): an answer of this plugin must not be shared between pods.
    """

    name: ClassVar[str] = "NodeName"
    points: ClassVar[frozenset[Point]] = frozenset({Point.FILTER})
    reads: ClassVar[Reads] = Reads.STATIC
    class_key: ClassVar[tuple[str, ...]] = ()
    arguments: ClassVar[type | None] = None
    events: ClassVar[tuple[EventHint, ...]] = (EventHint(Resource.NODE, Action.ADD),)

    def prepare(self, pod: Pod, cluster: Cluster) -> int | Skip:
        """Return the row of the node that the pod names; `NO_ROW` if there is no such node."""
        if not pod.spec.node_name:
            return SKIP
        row = cluster.row_of(pod.spec.node_name)
        return NO_ROW if row is None else row

    def filter(self, prepared: int, rows: NodeRows) -> NDArray[np.uint32]:
        """Judge rows: 1 where another node is meant; shape [len(rows)]."""
        others: NDArray[np.bool_] = rows.numbers != prepared
        return others.astype(np.uint32)

    def status(self, prepared: int, code: int) -> Status:
        """Translate a code into a status with its reasons."""
        return unresolvable("node(s) didn't match the requested node name")
