"""backoffQ: pods that may be tried again, but not yet.

Source: pkg/scheduler/backend/queue/backoff_queue.go, v1.35.
"""

from __future__ import annotations

from typing import Any

from binpack.scheduler.queue.pod_heap import PodHeap
from binpack.scheduler.queue.queued_pod import QueuedPod
from binpack.units import US_PER_S


class BackoffQueue:
    """Two heaps: pods that plugins rejected, and pods whose attempt failed with an error.

    Parameters
    ----------
    initial_us : int
        The wait after the first failed attempt, in microseconds; it doubles with each further one.
    max_us : int
        The longest wait in microseconds; 0 switches backoff off.
    """

    def __init__(self, initial_us: int, max_us: int) -> None:
        self.initial_us = initial_us
        self.max_us = max_us
        self._rejected = PodHeap()
        self._errors = PodHeap()

    def __len__(self) -> int:
        return len(self._rejected) + len(self._errors)

    def __contains__(self, key: str) -> bool:
        return key in self._rejected or key in self._errors

    def keys(self) -> list[str]:
        """Return the pods' `namespace/name`, in no particular order."""
        return [*self._rejected, *self._errors]

    def duration_us(self, queued: QueuedPod) -> int:
        """Return how long a pod waits after its last failed attempt, in microseconds."""
        count = queued.error_count or queued.unschedulable_count
        if count == 0:
            return 0
        doublings = count - 1
        return self.max_us if self.initial_us > self.max_us >> doublings else self.initial_us << doublings

    def expiry_us(self, queued: QueuedPod) -> int | None:
        """Return the whole second at which a pod's backoff expires; None if it has none."""
        duration_us = self.duration_us(queued)
        return _whole_second(queued.timestamp_us + duration_us) if duration_us else None

    def is_backing_off(self, queued: QueuedPod, now_us: int) -> bool:
        """Tell whether a pod still waits.

        Both times are cut to whole seconds, and the second of the expiry itself still counts: a pod that failed at 10.3 s with a
        backoff of 1 s expires at 11 and waits until 12.
        """
        expiry_us = self.expiry_us(queued)
        return expiry_us is not None and expiry_us >= _whole_second(now_us)

    def get(self, key: str) -> QueuedPod | None:
        """Return a pod by `namespace/name`; None if it is not here."""
        return self._rejected.get(key) or self._errors.get(key)

    def add(self, queued: QueuedPod, sort_key: tuple[Any, ...]) -> None:
        """Add a pod, or a newer state of it. Equal expiries are ordered as activeQ is."""
        expiry_us = self.expiry_us(queued) or 0
        if queued.rejection.is_error:
            self._errors.add(queued, (expiry_us, queued.sequence))
        else:
            self._rejected.add(queued, (expiry_us, *sort_key, queued.sequence))

    def remove(self, key: str) -> QueuedPod | None:
        """Take a pod out and return it; None if it is not here."""
        return self._rejected.remove(key) or self._errors.remove(key)

    def pop_early(self) -> QueuedPod | None:
        """Take out the rejected pod that expires first, expired or not; failed ones always wait."""
        return self._rejected.pop()

    def pop_completed(self, now_us: int) -> list[QueuedPod]:
        """Take out every pod that waits no longer."""
        completed: list[QueuedPod] = []
        for heap in (self._errors, self._rejected):
            while (first := heap.peek()) is not None and not self.is_backing_off(first, now_us):
                heap.pop()
                completed.append(first)
        return completed

    def next_release_us(self) -> int | None:
        """Return the first instant at which `pop_completed` finds a pod; None if there is no pod."""
        first = [self.expiry_us(queued) or 0 for queued in (self._errors.peek(), self._rejected.peek()) if queued is not None]
        return min(first) + US_PER_S if first else None

    def copy(self) -> BackoffQueue:
        """Return an independent copy; the pods in it are values and shared."""
        twin = BackoffQueue(self.initial_us, self.max_us)
        twin._rejected, twin._errors = self._rejected.copy(), self._errors.copy()
        return twin


def _whole_second(time_us: int) -> int:
    return time_us // US_PER_S * US_PER_S
