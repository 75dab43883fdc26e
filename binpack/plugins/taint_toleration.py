"""TaintToleration: keeps pods off nodes whose taints they do not tolerate, and prefers nodes with fewer soft taints.

Source: tainttoleration/taint_toleration.go, v1.35.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.events import Action, ClusterEvent, EventHint, Resource
from binpack.framework.interface import Reads
from binpack.framework.normalize import reversed_normalization
from binpack.framework.points import Point
from binpack.framework.status import Status, unresolvable
from binpack.model.node import Taint
from binpack.model.pod import Pod
from binpack.model.tolerations import NO_EXECUTE, NO_SCHEDULE, PREFER_NO_SCHEDULE, untolerated
from binpack.plugins.hints import is_own
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows


def _is_kept_off(pod: Pod, taints: tuple[Taint, ...]) -> bool:
    return bool(untolerated(taints, pod.spec.tolerations, NO_SCHEDULE, NO_EXECUTE))


def _became_tolerable(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    """The node's hard taints are tolerated, and it is new or they were not before."""
    if _is_kept_off(pod, event.after.spec.taints):
        return False
    return event.before is None or _is_kept_off(pod, event.before.spec.taints)


class TaintToleration:
    """Judges each distinct set of taints once: a cluster of thousands of nodes has a handful."""

    name: ClassVar[str] = "TaintToleration"
    points: ClassVar[frozenset[Point]] = frozenset({Point.FILTER, Point.PRE_SCORE, Point.SCORE})
    reads: ClassVar[Reads] = Reads.STATIC
    class_key: ClassVar[tuple[str, ...]] = ("tolerations",)
    arguments: ClassVar[type | None] = None
    default_weight: ClassVar[int] = 3
    events: ClassVar[tuple[EventHint, ...]] = (
        EventHint(Resource.NODE, Action.ADD | Action.UPDATE_NODE_TAINT, _became_tolerable),
        EventHint(Resource.POD, Action.UPDATE_POD_TOLERATION, is_own),
    )
    normalize = reversed_normalization

    def prepare(self, pod: Pod, cluster: Cluster) -> NDArray[np.uint32]:
        """Return a verdict for each set of taints, shape [taint sets]."""
        return np.array([_is_kept_off(pod, taints) for taints in cluster.taint_sets], np.uint32)

    def filter(self, prepared: NDArray[np.uint32], rows: NodeRows) -> NDArray[np.uint32]:
        """Judge rows: 1 where a hard taint is not tolerated; shape [len(rows)]."""
        return prepared.take(rows.taint_set)

    def status(self, prepared: NDArray[np.uint32], code: int) -> Status:
        """Translate a code into a status with its reasons."""
        return unresolvable("node(s) had untolerated taint(s)")

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> NDArray[np.int64]:
        """Return how many soft taints of each set are not tolerated, shape [taint sets]."""
        # Only tolerations of the soft effect, or of any, count here; scoring and filtering differ in that.
        soft = tuple(t for t in pod.spec.tolerations if t.effect in ("", PREFER_NO_SCHEDULE))
        return np.array([len(untolerated(taints, soft, PREFER_NO_SCHEDULE)) for taints in cluster.taint_sets], np.int64)

    def score(self, prepared: NDArray[np.int64], rows: NodeRows) -> NDArray[np.int64]:
        """Count the soft taints that are not tolerated, shape [len(rows)]: fewer are better."""
        return prepared.take(rows.taint_set)
