"""The control plane: a store and its clients, and the rule in which order they act at one instant.

After every step of any client, all others hear of its writes. Then the first client in order that has something to do takes the next
step. So at one instant kubelets act before controllers and controllers before the scheduler, and nobody waits for time to pass
before everybody is done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from binpack.control.apiserver.resources import resource_of
from binpack.control.apiserver.store import Store
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.subjects import PodChange, Subject, concerns, subject_of
from binpack.errors import BinpackError
from binpack.model.node import Node

KEPT_EVENTS = 10_000
MAX_STEPS_AT_ONE_INSTANT = 2_000_000
_NEVER = 1 << 62


class Client(Protocol):
    """Whoever watches the store and writes to it."""

    @property
    def name(self) -> str:
        """Its component's name."""

    @property
    def resources(self) -> Collection[str] | None:
        """What it watches; None for everything."""

    @property
    def pod_owners(self) -> Collection[str] | None:
        """The kinds whose pods it watches, by their controller, and pods without one; None for all pods."""

    @property
    def pod_changes(self) -> Collection[PodChange] | None:
        """Which changes of pods it watches; None for all. That a pod comes or goes it hears anyway."""

    def observe(self, event: WatchEvent) -> bool:
        """Hear of one write to one of `resources` (None: to any), and tell whether that may have changed `next_wake_us`."""

    def next_wake_us(self) -> int | None:
        """Return when it has something to do; None if nothing is planned."""

    def work(self) -> None:
        """Take one step."""


class ControlPlane:
    """A store and its clients.

    Parameters
    ----------
    store : Store
    clients : sequence of Client
        In the order in which they act at one instant.

    Attributes
    ----------
    steps : int
        How many steps clients have taken.
    """

    def __init__(self, store: Store, clients: Sequence[Client]) -> None:
        self.store = store
        self.clients = tuple(clients)
        self.steps = 0
        self._delivered = 0
        self._wakes = [_NEVER] * len(self.clients)
        self._first_asked = 0
        self._subscribers_of: dict[Subject, tuple[_Subscriber, ...]] = {}

    def client(self, name: str) -> Client:
        """Return a client by its name."""
        return next(client for client in self.clients if client.name == name)

    def put_in_place(self, name: str, client: Client) -> None:
        """Let another client stand where the one of that name stands."""
        position = next(position for position, one in enumerate(self.clients) if one.name == name)
        self.clients = (*self.clients[:position], client, *self.clients[position + 1 :])
        self._subscribers_of.clear()
        self._ask(position)

    def deliver(self) -> None:
        """Let all clients hear of the writes that they have not heard of."""
        revision = self.store.revision
        if revision == self._delivered:
            return
        touched: dict[int, None] = {}
        for event in self.store.watch(self._delivered):
            subject = subject_of(event)
            for position, observe in self._subscribers_of.get(subject) or self._subscribers(subject):
                if observe(event):
                    touched[position] = None
        self._delivered = revision
        for position in touched:
            self._ask(position)
        if len(self.store.history) > 2 * KEPT_EVENTS:
            self.store.compact(revision - KEPT_EVENTS)

    def relist(self, position: int) -> None:
        """Show a client all objects as if they had just appeared, nodes first: what a client does that starts, or whose watch broke."""
        client = self.clients[position]
        for value in sorted(self.store.everything(), key=lambda one: not isinstance(one, Node)):
            resource = resource_of(value)
            if client.resources is None or resource in client.resources:
                client.observe(WatchEvent(int(value.metadata.resource_version), "ADDED", resource, value, None))
        self._ask(position)

    def settle(self) -> None:
        """Let the clients act until nobody has anything to do at the present instant.

        Raises
        ------
        BinpackError
            If that never comes, because clients undo each other's work.
        """
        now_us = self.store.clock.now_us
        self.deliver()
        position, limit = 0, self.steps + MAX_STEPS_AT_ONE_INSTANT
        while position < len(self.clients):
            if self._wakes[position] > now_us:
                position += 1
                continue
            if self.steps >= limit:
                raise BinpackError(f"{self.clients[position].name} and others keep each other busy at {now_us} us without an end")
            self.clients[position].work()
            self.steps += 1
            # Before the first one asked nobody has got anything to do.
            self._first_asked = position
            self._ask(position)
            self.deliver()
            position = self._first_asked

    def refresh(self) -> None:
        """Ask all clients anew when they have something to do, after something other than a write has changed that."""
        for position in range(len(self.clients)):
            self._ask(position)

    @property
    def next_wake_us(self) -> int | None:
        """When the next client has something to do; None if nothing is planned."""
        soonest = min(self._wakes, default=_NEVER)
        return None if soonest == _NEVER else soonest

    def _ask(self, position: int) -> None:
        wake_us = self.clients[position].next_wake_us()
        self._wakes[position] = _NEVER if wake_us is None else wake_us
        self._first_asked = min(position, self._first_asked)

    def _subscribers(self, subject: Subject) -> tuple[_Subscriber, ...]:
        """Return who has to hear of a write, by position."""
        found = tuple(
            (position, one.observe)
            for position, one in enumerate(self.clients)
            if concerns(subject, one.resources, one.pod_owners, one.pod_changes)
        )
        self._subscribers_of[subject] = found
        return found


_Subscriber = tuple[int, Callable[[WatchEvent], bool]]
