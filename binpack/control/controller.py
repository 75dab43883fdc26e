"""What a controller is: three functions without state of their own, and the memory that the runtime keeps for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from binpack.control.actions import Actions, Done, Outcome
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.reader import Reader
from binpack.control.subjects import PodChange
from binpack.control.workqueue import RateLimiter

Wake = str | tuple[str, int]
"""A key to sync now, or a key and the delay in microseconds after which to sync it."""


class Controller(Protocol):
    """Drives the cluster towards what some objects say it should be.

    It is level triggered: whatever woke it and however often, `reconcile` compares what is desired with what is there. What it must
    remember from one sync to the next is plain data in `memory`, which can be copied, pickled, and lost.

    Attributes
    ----------
    name : str
        As in `kube-controller-manager --controllers`.
    resources : tuple[str, ...] or None
        What it watches; None for everything.
    pod_owners : tuple[str, ...] or None
        Of pods it watches those that an object of such a kind controls, and those that none does; None for all.
    pod_changes : tuple of PodChange or None
        Which changes of pods it watches, apart from their coming and going; None for all.
    max_retries : int or None
        After how many failures in a row a key is dropped until something wakes it again; None for never.
    workers : int
        How many keys it syncs at a time. Matters only where a sync takes time, because its client is throttled.
    """

    name: str
    resources: tuple[str, ...] | None
    pod_owners: tuple[str, ...] | None
    pod_changes: tuple[PodChange, ...] | None
    max_retries: int | None
    workers: int

    def new_limiter(self) -> RateLimiter:
        """Return the rate limiter of its queue."""

    def new_memory(self) -> Any:
        """Return the memory of a controller that has just started."""

    def observe(self, event: WatchEvent, reader: Reader, memory: Any, now_us: int) -> Iterable[Wake]:
        """Take note of one change, and say which keys it wakes."""

    def reconcile(self, key: str, reader: Reader, memory: Any, now_us: int) -> Actions:
        """Compare what is desired for a key with what is there, and plan the writes that bring it closer."""

    def conclude(self, key: str, plan: Actions, outcomes: tuple[Outcome, ...], reader: Reader, memory: Any, now_us: int) -> Actions | Done:
        """Learn what became of a plan; end the sync, or plan what follows from it."""
