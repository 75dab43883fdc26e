"""The extension points of the scheduling framework, named as KubeSchedulerConfiguration names them.

Source: kube-scheduler/config/v1/types.go, v1.35.
"""

from __future__ import annotations

from enum import StrEnum


class Point(StrEnum):
    """Where a plugin may act. `MULTI_POINT` stands in a configuration for all points that a plugin implements."""

    PRE_ENQUEUE = "preEnqueue"
    QUEUE_SORT = "queueSort"
    PRE_FILTER = "preFilter"
    FILTER = "filter"
    POST_FILTER = "postFilter"
    PRE_SCORE = "preScore"
    SCORE = "score"
    RESERVE = "reserve"
    PERMIT = "permit"
    PRE_BIND = "preBind"
    BIND = "bind"
    POST_BIND = "postBind"
    MULTI_POINT = "multiPoint"

    @property
    def interface(self) -> str:
        """How kube-scheduler's messages call a plugin of this point: `FilterPlugin`."""
        return f"{self.value[0].upper()}{self.value[1:]}Plugin"


POINTS: tuple[Point, ...] = tuple(point for point in Point if point is not Point.MULTI_POINT)
"""The points at which plugins run, in the order of a scheduling attempt."""
