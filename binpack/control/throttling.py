"""A client that writes no more often than its requests are let through: client-side throttling, as client-go does it."""

from __future__ import annotations

from collections.abc import Collection
from copy import copy

from binpack.control.apiserver.store import Store
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.plane import Client
from binpack.control.subjects import PodChange
from binpack.control.workqueue import Throttle, TokenBucket


class ThrottledClient:
    """Lets a client take a step only when there is a token for a request; each write of the step takes one.

    Parameters
    ----------
    client : Client
    store : Store
    throttle : Throttle
    """

    def __init__(self, client: Client, store: Store, throttle: Throttle) -> None:
        self.name = client.name
        self.client = client
        self._store = store
        self._bucket = TokenBucket(throttle.qps, throttle.burst)
        self._unused = self._bucket
        self._resumes_us = 0
        self._has_token = False

    @property
    def resources(self) -> Collection[str] | None:
        """What it watches."""
        return self.client.resources

    @property
    def pod_owners(self) -> Collection[str] | None:
        """Whose pods it watches."""
        return self.client.pod_owners

    @property
    def pod_changes(self) -> Collection[PodChange] | None:
        """Which changes of pods it watches."""
        return self.client.pod_changes

    def observe(self, event: WatchEvent) -> bool:
        """Let the client hear of a write."""
        return self.client.observe(event)

    def next_wake_us(self) -> int | None:
        """Return when the client has something to do and may do it."""
        own_us = self.client.next_wake_us()
        return None if own_us is None else max(own_us, self._resumes_us)

    def work(self) -> None:
        """Let the client take a step, if its next request may be made."""
        now_us = self._store.clock.now_us
        if not self._has_token:
            self._has_token, self._unused = True, copy(self._bucket)
            self._resumes_us = now_us + self._bucket.reserve(now_us)
        if self._resumes_us > now_us:
            return
        before = self._store.revision
        self.client.work()
        self._has_token = False
        written = self._store.revision - before
        if written == 0:
            self._bucket = self._unused
        for _ in range(written - 1):
            self._resumes_us = now_us + self._bucket.reserve(now_us)
