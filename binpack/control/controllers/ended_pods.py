"""The pods that have ended, in the order in which they are removed when there are too many."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush

from binpack.model.pod import Pod

Rank = tuple[bool, float, str, str]
"""Where an ended pod stands: evicted ones first, then the oldest, then by name; the last is namespace/name."""


def removal_rank(pod: Pod) -> Rank:
    """Return where an ended pod stands among those that are too many."""
    created = pod.metadata.creation_timestamp
    return pod.status.reason != "Evicted", 0.0 if created is None else created.timestamp(), pod.metadata.name, pod.key


@dataclass(slots=True)
class EndedPods:
    """Ranks of pods, by namespace/name. One that changes or goes leaves its entry in the heap until that comes up."""

    _rank_of: dict[str, Rank] = field(default_factory=dict)
    _heap: list[Rank] = field(default_factory=list)
    _first: list[Rank] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._rank_of)

    def put(self, pod: Pod) -> None:
        """Take in a pod that has ended, or that has another rank now."""
        rank = removal_rank(pod)
        if self._rank_of.get(rank[-1]) != rank:
            self._rank_of[rank[-1]] = rank
            heappush(self._heap, rank)

    def drop(self, key: str) -> None:
        """Forget a pod."""
        self._rank_of.pop(key, None)

    def surplus(self, threshold: int) -> list[str]:
        """Return the pods that are more than a threshold, namespace/name, the first to be removed first; with threshold 0 none is."""
        count = len(self) - threshold if threshold > 0 else 0
        if count <= 0:
            return []
        # Those of the last answer are gone by now, as a rule.
        for rank in self._first:
            if self._rank_of.get(rank[-1]) == rank:
                heappush(self._heap, rank)
        first: list[Rank] = []
        self._first = first
        while len(first) < count:
            rank = heappop(self._heap)
            # A pod that came back under its old rank has two entries.
            if self._rank_of.get(rank[-1]) == rank and (not first or first[-1] != rank):
                first.append(rank)
        return [rank[-1] for rank in first]
