"""Clients whose watch lags, each with a cache of its own that follows the store with a delay, as an informer's does; clients that stop."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Protocol

from binpack.control.apiserver.resources import ApiObject, resource_of
from binpack.control.apiserver.store import Store
from binpack.control.apiserver.tables import ObjectTables
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.plane import Client
from binpack.model.node import Node


class WatchCache(ObjectTables):
    """The objects as one watcher knows them.

    What it is told it turns into what is new to it: an object that it knows already was not added, one that it does not know was not
    removed, and the former state is the one that it had. Source: client-go tools/cache/delta_fifo.go and store.go.
    """

    __slots__ = ()

    def apply(self, event: WatchEvent) -> WatchEvent | None:
        """Follow one write, and return it as this watcher sees it; None if it is nothing new."""
        resource, meta = event.resource, event.object.metadata
        address = (resource, meta.namespace, meta.name)
        known = self.find(resource, meta.name, meta.namespace)
        if event.type == "DELETED":
            if known is None:
                return None
            del self._tables[resource][meta.namespace][meta.name]
            self._indices.move(address, known, None)
            return WatchEvent(event.revision, "DELETED", resource, event.object, known)
        self._tables.setdefault(resource, {}).setdefault(meta.namespace, {})[meta.name] = event.object
        if known is not None and known.metadata.uid != meta.uid:
            # Another object of the same name, whose predecessor's removal was missed.
            self._indices.move(address, known, None)
            known = None
        self._indices.move(address, known, event.object)
        return WatchEvent(event.revision, "ADDED" if known is None else "MODIFIED", resource, event.object, known)

    def replace(self, objects: Iterable[ApiObject], revision: int) -> list[WatchEvent]:
        """Take over a fresh list, and return the events that lead from what was known to it."""
        listed = list(objects)
        present = {(resource_of(one), one.metadata.namespace, one.metadata.name): one.metadata.uid for one in listed}
        gone = [
            WatchEvent(revision, "DELETED", resource_of(one), one, one)
            for one in self.everything()
            if present.get((resource_of(one), one.metadata.namespace, one.metadata.name)) != one.metadata.uid
        ]
        come = [WatchEvent(int(one.metadata.resource_version), "ADDED", resource_of(one), one, None) for one in listed]
        return [event for event in map(self.apply, [*gone, *come]) if event is not None]


class CachedClient(Client, Protocol):
    """A client that can read from a cache, and that can lose what it knows."""

    def read_from(self, reader: WatchCache) -> None:
        """Read from there from now on."""

    def forget(self) -> None:
        """Lose queue and memory, as in a crash."""


class LateClient:
    """Lets a client hear of every write some time after it was made. What the client reads by itself is as new as ever.

    Parameters
    ----------
    client : Client
    store : Store
    delay_us : int
        How long a write takes to arrive.
    """

    def __init__(self, client: Client, store: Store, *, delay_us: int = 0) -> None:
        self.name = client.name
        self.resources = client.resources
        self.pod_owners = client.pod_owners
        self.pod_changes = client.pod_changes
        self.client = client
        self.delay_us = delay_us
        self._store = store
        self._waiting: deque[tuple[int, WatchEvent]] = deque()

    def observe(self, event: WatchEvent) -> bool:
        """Let a write be under way."""
        arrives_us = self._store.clock.now_us + self.delay_us
        # Order is kept: nothing overtakes what is under way already.
        self._waiting.append((max(arrives_us, self._waiting[-1][0] if self._waiting else 0), event))
        return True

    def next_wake_us(self) -> int | None:
        """Return when something arrives, or when the client has something to do."""
        own_us = self.client.next_wake_us()
        if not self._waiting:
            return own_us
        return self._waiting[0][0] if own_us is None else min(own_us, self._waiting[0][0])

    def work(self) -> None:
        """Let the client see what has arrived; if nothing has, let it take a step."""
        now_us = self._store.clock.now_us
        if not self._waiting or self._waiting[0][0] > now_us:
            self.client.work()
            return
        while self._waiting and self._waiting[0][0] <= now_us:
            self.show(self._waiting.popleft()[1])

    def show(self, event: WatchEvent) -> None:
        """Let the client see one write."""
        self.client.observe(event)


class LaggingClient(LateClient):
    """A client that hears of every write some time after it was made, and reads what it has heard of.

    Parameters
    ----------
    runtime : CachedClient
        A controller or the scheduler. It reads from this client's cache from now on.
    store : Store
    delay_us : int
        How long a write takes to arrive.
    knows_all : bool
        True if it knows what is in the store already, for it runs and has heard of every write; else it is shown all.

    Attributes
    ----------
    cache : WatchCache
        What the client reads.
    """

    def __init__(self, runtime: CachedClient, store: Store, *, delay_us: int = 0, knows_all: bool = False) -> None:
        super().__init__(runtime, store, delay_us=delay_us)
        self.resources = self.pod_owners = self.pod_changes = None  # its cache holds everything
        self.runtime = runtime
        self.cache = WatchCache()
        runtime.read_from(self.cache)
        if knows_all:
            self.cache.replace(store.everything(), store.revision)
        else:
            self.list_anew()

    def show(self, event: WatchEvent) -> None:
        """Let the client see one write."""
        seen = self.cache.apply(event)
        if seen is not None:
            self._tell(seen)

    def list_anew(self) -> None:
        """List everything, and show the client what is new to it, nodes first."""
        self._waiting.clear()
        listed = sorted(self._store.everything(), key=lambda value: not isinstance(value, Node))
        for seen in self.cache.replace(listed, self._store.revision):
            self._tell(seen)

    def start_anew(self) -> None:
        """Let the client begin without queue, memory and cache, as after a crash."""
        self.runtime.forget()
        self.cache = WatchCache()
        self.runtime.read_from(self.cache)
        self.list_anew()

    def _tell(self, event: WatchEvent) -> None:
        if self.runtime.resources is None or event.resource in self.runtime.resources:
            self.runtime.observe(event)


class StoppedClient:
    """Stands where a client stood that has been stopped: it hears and does nothing."""

    resources: frozenset[str] = frozenset()
    pod_owners: frozenset[str] = frozenset()
    pod_changes = None

    def __init__(self, client: Client) -> None:
        self.name = client.name
        self.client = client

    def observe(self, event: WatchEvent) -> bool:
        """Hear nothing."""
        return False

    def next_wake_us(self) -> int | None:
        """Return None: it has nothing to do."""
        return None

    def work(self) -> None:
        """Do nothing."""
