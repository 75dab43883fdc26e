"""A watch as a client of the API has it: of one resource, through selectors, from a revision, with bookmarks.

An object that begins to match is ADDED to whoever watches through a selector, one that no longer matches is DELETED.
Source: apiserver pkg/storage/cacher/cache_watcher.go and pkg/storage/etcd3/watcher.go, v1.35.
"""

from __future__ import annotations

from typing import NamedTuple

from binpack.control.apiserver.fields import matches_fields, parse_field_selector
from binpack.control.apiserver.resources import ApiObject
from binpack.control.apiserver.store import Store
from binpack.control.apiserver.watch import WatchEvent, WatchEventType
from binpack.model.base import replace
from binpack.model.selectors import EVERYTHING, Selector


class Bookmark(NamedTuple):
    """Nothing has happened to what is watched up to a revision: after a break, watch from there.

    Parameters
    ----------
    revision : int
    """

    revision: int


class Watch:
    """A watch that is asked for its events; plain data, which can be copied and pickled with its store.

    Parameters
    ----------
    store : Store
    resource : str
        For example "Pod".
    revision : int, optional
        The watch tells of the writes after it. Without it, the objects that are there come first, as if they had just been added.
    namespace : str, optional
        Of all namespaces without it.
    labels, fields
        What the objects have to match.

    Attributes
    ----------
    revision : int
        Up to where it has told.
    """

    __slots__ = ("_fields", "_initial", "_labels", "_namespace", "_resource", "_store", "revision")

    def __init__(
        self,
        store: Store,
        resource: str,
        revision: int | None = None,
        *,
        namespace: str | None = None,
        labels: Selector = EVERYTHING,
        fields: str = "",
    ) -> None:
        self._store = store
        self._resource = resource
        self._namespace = namespace
        self._labels = labels
        self._fields = parse_field_selector(fields)
        self._initial = revision is None
        self.revision = store.revision if revision is None else revision

    def events(self) -> list[WatchEvent]:
        """Return what has happened since the last time.

        Raises
        ------
        ExpiredError
            If compaction was faster: list again, and watch from the list's revision.
        """
        told: list[WatchEvent] = []
        if self._initial:
            self._initial = False
            present = (one for one in self._store.scan(self._resource, self._namespace) if self._matches(one))
            told += [WatchEvent(int(one.metadata.resource_version), "ADDED", self._resource, one, None) for one in present]
            self.revision = self._store.revision
        for event in self._store.watch(self.revision, (self._resource,)):
            seen = self._seen(event)
            if seen is not None:
                told.append(seen)
        self.revision = self._store.revision
        return told

    def bookmark(self) -> Bookmark:
        """Return a bookmark at the last revision of which all events have been told."""
        return Bookmark(self.revision)

    def _seen(self, event: WatchEvent) -> WatchEvent | None:
        """Return a write as this watch sees it: None if it concerns nothing that matches or matched."""
        before = event.previous is not None and self._matches(event.previous)
        now = event.type != "DELETED" and self._matches(event.object)
        if not before and not now:
            return None
        if before == now:
            return event
        kind: WatchEventType = "ADDED" if now else "DELETED"
        if event.type == kind:
            return event
        # Whoever watches through the selector gets the last object that matched, at the revision at which it ceased to.
        shown = event.object if now or event.previous is None else _at(event.previous, event.revision)
        return WatchEvent(event.revision, kind, event.resource, shown, event.previous if before else None)

    def _matches(self, value: ApiObject) -> bool:
        return (
            (self._namespace is None or value.metadata.namespace == self._namespace)
            and self._labels.matches(value.metadata.labels)
            and matches_fields(self._fields, value)
        )


def _at(value: ApiObject, revision: int) -> ApiObject:
    return replace(value, metadata=replace(value.metadata, resource_version=str(revision)))
