"""The history of writes, from which watches are served until compaction removes it. One write, one revision, one event.

Source: etcd's revisions and compaction; apiserver pkg/storage (watch from a resourceVersion, bookmarks, 410 when too old).
"""

from __future__ import annotations

from collections.abc import Container
from typing import Literal

from binpack.control.apiserver.errors import ExpiredError, TooLargeVersionError
from binpack.control.apiserver.resources import ApiObject
from binpack.model.base import Value

WatchEventType = Literal["ADDED", "MODIFIED", "DELETED"]


class WatchEvent(Value, frozen=True):
    """One write.

    Parameters
    ----------
    revision : int
        The store's revision after the write, and the object's resourceVersion.
    type : str
        ADDED, MODIFIED or DELETED.
    resource : str
        The table written to, for example "Pod".
    object : ApiObject
        The object after the write; for DELETED its last state.
    previous : ApiObject or None
        The object before the write; None for ADDED.
    """

    revision: int
    type: WatchEventType
    resource: str
    object: ApiObject
    previous: ApiObject | None


class History:
    """The events since the last compaction, in the order of their revisions.

    Parameters
    ----------
    revision : int
        The revision at which the history begins.

    Attributes
    ----------
    revision : int
        The latest revision.
    compacted : int
        Events up to and including this revision are gone.
    """

    __slots__ = ("_events", "compacted", "revision")

    def __init__(self, revision: int = 0) -> None:
        self.revision = revision
        self.compacted = revision
        self._events: list[WatchEvent] = []

    def __len__(self) -> int:
        return len(self._events)

    def append(self, event: WatchEvent) -> None:
        """Record a write, whose revision must be the next."""
        self._events.append(event)
        self.revision = event.revision

    def since(self, revision: int, resources: Container[str] | None = None) -> list[WatchEvent]:
        """Return the events after a revision, of the given resources or of all.

        Raises
        ------
        ExpiredError
            If compaction has removed some of them.
        """
        if revision < self.compacted:
            raise ExpiredError(f"too old resource version: {revision} ({self.compacted})")
        events = self._events[revision - self.compacted :]
        return events if resources is None else [event for event in events if event.resource in resources]

    def compact(self, revision: int) -> None:
        """Forget the events up to and including a revision.

        Raises
        ------
        ExpiredError
            If they are gone already.
        TooLargeVersionError
            If there is no such revision yet.
        """
        if revision > self.revision:
            raise TooLargeVersionError(revision, self.revision)
        if revision <= self.compacted:
            raise ExpiredError(f"required revision has been compacted: {revision} ({self.compacted})")
        del self._events[: revision - self.compacted]
        self.compacted = revision
