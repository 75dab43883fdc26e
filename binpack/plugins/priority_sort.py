"""PrioritySort: higher priority first, then who has waited longer.

Source: queuesort/priority_sort.go, v1.35.
"""

from __future__ import annotations

from typing import ClassVar

from binpack.framework.events import EventHint
from binpack.framework.interface import Reads
from binpack.framework.points import Point
from binpack.model.pod import Pod


class PrioritySort:
    """Orders the active queue."""

    name: ClassVar[str] = "PrioritySort"
    points: ClassVar[frozenset[Point]] = frozenset({Point.QUEUE_SORT})
    reads: ClassVar[Reads] = Reads.STATIC
    class_key: ClassVar[tuple[str, ...]] = ("priority",)
    arguments: ClassVar[type | None] = None
    events: ClassVar[tuple[EventHint, ...]] = ()

    def sort_key(self, pod: Pod, queued_at_us: int) -> tuple[int, int]:
        """Return a key; the pod with the smallest is tried first.

        Parameters
        ----------
        pod : Pod
        queued_at_us : int
            When a failed attempt last brought the pod back (or it was first seen), not when it was created.
        """
        return (-pod.priority, queued_at_us)
