"""The unschedulable pool: pods that wait for an event, grouped by who rejected them.

Upstream asks the hints of every pod at every event. Here a whole group is passed over when nobody in it cares, which is most of
them at most events; what wakes is the same.
Source: pkg/scheduler/backend/queue/unschedulable_pods.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterator

from binpack.scheduler.queue.queued_pod import QueuedPod, Rejection


class UnschedulablePods:
    """Pods by `namespace/name` within groups by `Rejection`.

    Within a group pods stand in the order in which they came, hence by timestamp: a pod comes here at the moment of its failed
    attempt, or gated.
    """

    def __init__(self) -> None:
        self._groups: dict[Rejection, dict[str, QueuedPod]] = {}
        self._group_of: dict[str, Rejection] = {}

    def __len__(self) -> int:
        return len(self._group_of)

    def __contains__(self, key: str) -> bool:
        return key in self._group_of

    def __iter__(self) -> Iterator[str]:
        return iter(self._group_of)

    def get(self, key: str) -> QueuedPod | None:
        """Return a pod by `namespace/name`; None if it is not here."""
        rejection = self._group_of.get(key)
        return None if rejection is None else self._groups[rejection][key]

    def put(self, queued: QueuedPod) -> None:
        """Add a pod, or put it in place of an older state of itself."""
        before = self._group_of.get(queued.key)
        if before is not None and before != queued.rejection:
            self.remove(queued.key)
        self._groups.setdefault(queued.rejection, {})[queued.key] = queued
        self._group_of[queued.key] = queued.rejection

    def remove(self, key: str) -> QueuedPod | None:
        """Take a pod out and return it; None if it is not here."""
        rejection = self._group_of.pop(key, None)
        if rejection is None:
            return None
        group = self._groups[rejection]
        queued = group.pop(key)
        if not group:
            del self._groups[rejection]
        return queued

    def groups(self) -> list[Rejection]:
        """Return who holds pods back here: one entry a group."""
        return list(self._groups)

    def of(self, rejection: Rejection) -> list[QueuedPod]:
        """Return the pods of one group, in the order in which they came."""
        return list(self._groups[rejection].values())

    def older_than(self, time_us: int) -> list[QueuedPod]:
        """Return the pods, but for gated ones, whose last attempt lies before a time in microseconds."""
        found: list[QueuedPod] = []
        for rejection, group in self._groups.items():
            if rejection.gating_plugin is None:
                for queued in group.values():
                    if queued.timestamp_us >= time_us:
                        break
                    found.append(queued)
        return found

    def oldest_us(self) -> int | None:
        """Return the time of the longest past last attempt among the pods that are not gated; None if there is no such pod."""
        return min(
            (next(iter(group.values())).timestamp_us for rejection, group in self._groups.items() if rejection.gating_plugin is None),
            default=None,
        )

    def copy(self) -> UnschedulablePods:
        """Return an independent copy; the pods in it are values and shared."""
        twin = UnschedulablePods()
        twin._groups = {rejection: dict(group) for rejection, group in self._groups.items()}
        twin._group_of = dict(self._group_of)
        return twin
