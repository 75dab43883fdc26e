"""Pods that are being tried, and what happened meanwhile: an event that comes during an attempt must not be lost on its pod.

Source: pkg/scheduler/backend/queue/active_queue.go (`inFlightPods`, `inFlightEvents`), v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable

from binpack.framework.events import ClusterEvent
from binpack.model.base import Value, replace
from binpack.model.pod import Pod


class _Attempt(Value, frozen=True):
    """One attempt: which one it is, the pod as it is now (None: deleted meanwhile), and where its events begin."""

    number: int
    pod: Pod | None
    start: int


class InFlight:
    """Attempts by the pod's `namespace/name`, and one list of events that they share."""

    def __init__(self) -> None:
        self._attempts: dict[str, _Attempt] = {}
        self._events: list[ClusterEvent] = []
        self._first = 0  # the number, over the whole run, of the first event in the list

    def __len__(self) -> int:
        return len(self._attempts)

    def __contains__(self, key: str) -> bool:
        """Tell whether a pod that still exists is being tried."""
        attempt = self._attempts.get(key)
        return attempt is not None and attempt.pod is not None

    def keys(self) -> list[str]:
        """Return the pods that are being tried and still exist, in the order in which they were popped."""
        return [key for key in self._attempts if key in self]

    @property
    def recorded_events(self) -> int:
        """How many events are kept for the attempts under way."""
        return len(self._events)

    def start(self, pod: Pod, number: int) -> None:
        """Note that an attempt begins: its number tells it from another one of a pod of the same name."""
        self._attempts[pod.key] = _Attempt(number, pod, self._first + len(self._events))

    def record(self, events: Iterable[ClusterEvent]) -> None:
        """Keep events for the pods that are being tried; nobody is: nothing to keep."""
        if self._attempts:
            self._events.extend(events)

    def update(self, pod: Pod) -> None:
        """Replace the object of a pod that is being tried: it comes back as this."""
        self._attempts[pod.key] = replace(self._attempts[pod.key], pod=pod)

    def delete(self, key: str) -> None:
        """Note that a pod is gone: it will not come back."""
        if key in self._attempts:
            self._attempts[key] = replace(self._attempts[key], pod=None)

    def current(self, key: str, number: int) -> Pod | None:
        """Return the pod of an attempt as it is now; None if it is gone, or is tried under another number."""
        attempt = self._attempts.get(key)
        return attempt.pod if attempt is not None and attempt.number == number else None

    def events_since_start(self, key: str) -> list[ClusterEvent]:
        """Return what happened since a pod's attempt began, in order."""
        return self._events[self._attempts[key].start - self._first :]

    def finish(self, key: str, number: int) -> None:
        """Note that an attempt is over, and forget the events that no other attempt needs."""
        attempt = self._attempts.get(key)
        if attempt is None or attempt.number != number:
            return
        del self._attempts[key]
        needed = min((other.start for other in self._attempts.values()), default=self._first + len(self._events))
        del self._events[: needed - self._first]
        self._first = needed

    def copy(self) -> InFlight:
        """Return an independent copy; the objects in it are values and shared."""
        twin = InFlight()
        twin._attempts, twin._events, twin._first = dict(self._attempts), list(self._events), self._first
        return twin
