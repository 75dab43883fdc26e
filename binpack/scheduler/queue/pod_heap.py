"""Pods in an order, found by key: what activeQ and both backoff queues are made of."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

from binpack.scheduler.queue.queued_pod import QueuedPod

_SLACK = 64


class PodHeap:
    """A binary heap with a dictionary beside it. A removed pod's entry stays in the heap until it comes up, or too many do."""

    def __init__(self) -> None:
        self._pods: dict[str, QueuedPod] = {}
        self._entries: list[tuple[Any, int, QueuedPod]] = []
        self._pushes = 0

    def __len__(self) -> int:
        return len(self._pods)

    def __contains__(self, key: str) -> bool:
        return key in self._pods

    def __iter__(self) -> Iterator[str]:
        return iter(self._pods)

    def get(self, key: str) -> QueuedPod | None:
        """Return a pod by `namespace/name`; None if it is not here."""
        return self._pods.get(key)

    def add(self, queued: QueuedPod, order: tuple[Any, ...]) -> None:
        """Add a pod, or put it in place of an older state of itself. The smallest order comes first, then who was added first."""
        self._pods[queued.key] = queued
        heapq.heappush(self._entries, (order, self._pushes, queued))
        self._pushes += 1
        if len(self._entries) > 2 * len(self._pods) + _SLACK:
            self._entries = [entry for entry in self._entries if self._is_current(entry)]
            heapq.heapify(self._entries)

    def remove(self, key: str) -> QueuedPod | None:
        """Take a pod out and return it; None if it is not here."""
        return self._pods.pop(key, None)

    def peek(self) -> QueuedPod | None:
        """Return the first pod and leave it; None if there is none."""
        while self._entries and not self._is_current(self._entries[0]):
            heapq.heappop(self._entries)
        return self._entries[0][2] if self._entries else None

    def pop(self) -> QueuedPod | None:
        """Take out the first pod and return it; None if there is none."""
        first = self.peek()
        if first is not None:
            heapq.heappop(self._entries)
            del self._pods[first.key]
        return first

    def first(self, count: int) -> list[QueuedPod]:
        """Return at most so many pods in their order and leave them."""
        taken: list[tuple[Any, int, QueuedPod]] = []
        while len(taken) < count and self.peek() is not None:
            taken.append(heapq.heappop(self._entries))
        for entry in taken:
            heapq.heappush(self._entries, entry)
        return [queued for _, _, queued in taken]

    def copy(self) -> PodHeap:
        """Return an independent copy; the pods in it are values and shared."""
        twin = PodHeap()
        twin._pods, twin._entries, twin._pushes = dict(self._pods), list(self._entries), self._pushes
        return twin

    def _is_current(self, entry: tuple[Any, int, QueuedPod]) -> bool:
        queued = entry[2]
        return self._pods.get(queued.key) is queued
