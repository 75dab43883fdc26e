"""Faults for controllers, scheduler and kubelets: watches that lag, stutter and break, writes that conflict, crashes between two writes.

A client is level triggered if a cluster ends the same with them and without.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from binpack.control.apiserver.errors import ConflictError
from binpack.control.apiserver.resources import ApiObject, qualified_plural, resource_of
from binpack.control.apiserver.store import Store
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.clock import Clock
from binpack.control.lagging import CachedClient, LaggingClient
from binpack.control.node.kubelet import Kubelets
from binpack.control.plane import ControlPlane
from binpack.control.runtime import ControllerRuntime
from binpack.control.scheduling import Scheduler
from binpack.model.pod import Pod
from binpack.model.policy import Namespace
from binpack.units import US_PER_S

T = TypeVar("T", bound=ApiObject)


@dataclass(frozen=True, slots=True)
class Faults:
    """How much goes wrong, as probabilities, until a time; after it all is well.

    Parameters
    ----------
    until_us : int
        When the last fault happens.
    max_delay_us : int
        An event arrives up to so long after its write; each watcher draws its own delays, and keeps the order.
    repeats : float
        That an event arrives twice.
    breaks : float
        That a watch breaks at an event: nothing arrives any more until the watcher lists anew, within `max_break_us`.
    max_break_us : int
    conflicts : float
        That a write is refused, because somebody else was faster.
    crashes : float
        That a client crashes before a write, and begins without memory.
    """

    until_us: int
    max_delay_us: int = 2 * US_PER_S
    repeats: float = 0.05
    breaks: float = 0.002
    max_break_us: int = 30 * US_PER_S
    conflicts: float = 0.05
    crashes: float = 0.01


class FaultyWrites(CachedClient, Protocol):
    """A client that loses what it knows in a crash, and whose writes can fail."""

    def write_through(self, writer: Any) -> None:
        """Write there from now on."""


class Crash(BaseException):
    """A client dies at this point. No exception of its own: nothing may catch it but the one who starts it anew."""


def disturb(plane: ControlPlane, faults: Faults, generator: Callable[[str], np.random.Generator]) -> None:
    """Let all controllers of a control plane, its scheduler and its kubelets meet faults from now on.

    Parameters
    ----------
    plane : ControlPlane
    faults : Faults
    generator : callable
        Gives each client, by its name, a random stream of its own.
    """
    for client in plane.clients:
        if isinstance(client, ControllerRuntime | Kubelets | Scheduler):
            plane.put_in_place(client.name, FaultyClient(client, plane.store, faults, generator(client.name)))


class FaultyClient(LaggingClient):
    """A client whose watch and writes meet faults.

    Attributes
    ----------
    crashes, breaks : int
        How often it has crashed, and how often its watch has broken.
    """

    def __init__(self, runtime: FaultyWrites, store: Store, faults: Faults, generator: np.random.Generator) -> None:
        self.crashes = 0
        self.breaks = 0
        self._faults = faults
        self._generator = generator
        self._lists_at_us: int | None = None
        runtime.write_through(FaultyWriter(store, faults, generator))
        super().__init__(runtime, store)

    def observe(self, event: WatchEvent) -> bool:
        """Let a write be under way, once or twice, or break the watch."""
        now_us = self._store.clock.now_us
        if self._lists_at_us is not None:
            return False
        if now_us >= self._faults.until_us:
            self.delay_us = 0
            return super().observe(event)
        if self._happens(self._faults.breaks):
            self.breaks += 1
            self._waiting.clear()
            self._lists_at_us = now_us + self._up_to(self._faults.max_break_us)
            return True
        self.delay_us = self._up_to(self._faults.max_delay_us)
        super().observe(event)
        return super().observe(event) if self._happens(self._faults.repeats) else True

    def next_wake_us(self) -> int | None:
        """Return when something arrives, the watch begins anew, or the controller has something to do."""
        soonest_us = super().next_wake_us()
        if self._lists_at_us is None:
            return soonest_us
        return self._lists_at_us if soonest_us is None else min(soonest_us, self._lists_at_us)

    def work(self) -> None:
        """Take a step; begin anew after a crash."""
        if self._lists_at_us is not None and self._lists_at_us <= self._store.clock.now_us:
            self._lists_at_us = None
            self.list_anew()
            return
        try:
            super().work()
        except Crash:
            self.crashes += 1
            self._lists_at_us = None
            self.start_anew()

    def _happens(self, probability: float) -> bool:
        return bool(self._generator.random() < probability)

    def _up_to(self, most_us: int) -> int:
        return int(self._generator.integers(0, most_us, endpoint=True))


class FaultyWriter:
    """A store to which some writes fail, and before some of whose writes the writer dies.

    Parameters
    ----------
    store : Store
    faults : Faults
    generator : numpy.random.Generator
    """

    def __init__(self, store: Store, faults: Faults, generator: np.random.Generator) -> None:
        self._store = store
        self._faults = faults
        self._generator = generator

    @property
    def clock(self) -> Clock:
        """The run's clock."""
        return self._store.clock

    def find(self, kind: str, name: str, namespace: str = "") -> ApiObject | None:
        """Return one object as it is stored."""
        return self._store.find(kind, name, namespace)

    def create(self, new: T) -> T:
        """Store a new object, unless something goes wrong."""
        self._stumble(new, may_conflict=False)
        return self._store.create(new)

    def bind(self, pod: Pod, node_name: str) -> Pod:
        """Bind a pod, unless something goes wrong."""
        self._stumble(pod)
        return self._store.bind(pod, node_name)

    def update(self, changed: T) -> T:
        """Replace an object's spec and metadata, unless something goes wrong."""
        self._stumble(changed)
        return self._store.update(changed)

    def update_status(self, changed: T) -> T:
        """Replace an object's status, unless something goes wrong."""
        self._stumble(changed)
        return self._store.update_status(changed)

    def finalize(self, namespace: Namespace) -> Namespace:
        """Replace a namespace's finalizers, unless something goes wrong."""
        self._stumble(namespace)
        return self._store.finalize(namespace)

    def delete(self, kind: type[T] | str, name: str, namespace: str = "", **options: Any) -> ApiObject:
        """Delete an object, unless something goes wrong."""
        found = self._store.find(kind, name, namespace)
        if found is not None:
            self._stumble(found)
        return self._store.delete(kind, name, namespace, **options)

    def _stumble(self, value: ApiObject, *, may_conflict: bool = True) -> None:
        if self._store.clock.now_us >= self._faults.until_us:
            return
        if self._generator.random() < self._faults.crashes:
            raise Crash
        if may_conflict and self._generator.random() < self._faults.conflicts:
            raise ConflictError(qualified_plural(resource_of(value)), value.metadata.name)
