"""A small cluster's API server for tests of its clients, with the clients that a test asks for and no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from binpack.control.apiserver.identity import Identities
from binpack.control.apiserver.store import Store
from binpack.control.clock import Clock
from binpack.control.controller import Controller
from binpack.control.controller_manager import start
from binpack.control.plane import ControlPlane
from binpack.control.records import EventSink
from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.pod import Pod
from binpack.sim.streams import stream
from binpack.units import US_PER_S


@dataclass
class Bench:
    """A store and some controllers, with a clock that the test turns."""

    store: Store
    sink: EventSink = field(default_factory=EventSink)
    plane: ControlPlane | None = None

    def start(self, *kinds: type[Controller]) -> Bench:
        """Start controllers; they see all that is in the store, and act."""
        self.plane = ControlPlane(self.store, start(kinds, self.store, self.sink))
        return self.settle()

    def settle(self) -> Bench:
        """Let the controllers act until they are quiet."""
        assert self.plane is not None
        self.plane.settle()
        return self

    def wait(self, seconds: float) -> Bench:
        """Let time pass, with a halt wherever a controller wants to act."""
        assert self.plane is not None
        end_us = self.store.clock.now_us + int(seconds * US_PER_S)
        while (wake_us := self.plane.next_wake_us) is not None and wake_us <= end_us:
            self.store.clock.now_us = max(wake_us, self.store.clock.now_us)
            self.settle()
        self.store.clock.now_us = end_us
        return self.settle()

    def memory(self, name: str):
        """Return what a controller remembers."""
        assert self.plane is not None
        return self.plane.client(name).memory

    def pods(self, **fields) -> list[Pod]:
        """Return the pods by name."""
        return self.store.list_objects(Pod, **fields)

    def edit_pod(self, pod: Pod, *, node: str | None = None, phase: str | None = None, ready: bool | None = None) -> Pod:
        """Do to a pod what scheduler and kubelet would."""
        if node is not None:
            pod = self.store.bind(pod, node)
        status = pod.status
        if phase is not None:
            status = replace(status, phase=phase)
        if ready is not None:
            others = tuple(one for one in status.conditions if one.type != "Ready")
            now = self.store.clock.timestamp
            status = replace(status, conditions=(*others, Condition("Ready", "True" if ready else "False", last_transition_time=now)))
        return self.store.update_status(replace(pod, status=status))

    def run_all(self) -> Bench:
        """Bind all pods and let them be Ready."""
        for pod in self.pods():
            if not pod.spec.node_name and not pod.is_terminating:
                self.edit_pod(pod, node="n1", phase="Running", ready=True)
        return self.settle()

    def told(self) -> list[str]:
        """Return the Events so far as `reason: message`, and forget them."""
        told = [f"{one.reason}: {one.message}" for one in self.sink.recorded]
        self.sink.recorded.clear()
        return told


@pytest.fixture
def store() -> Store:
    return Store(Clock(), Identities(stream(0, "apiserver")))


@pytest.fixture
def bench(store: Store) -> Bench:
    return Bench(store)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let a method of the store fail as long as a condition on its first argument holds."""

    def arrange(method: str, error: Exception, when: Callable[[object], bool] = lambda _: True) -> None:
        original = getattr(Store, method)

        def attempt(self: Store, *arguments: object, **options: object) -> object:
            if when(arguments[0]):
                raise error
            return original(self, *arguments, **options)

        monkeypatch.setattr(Store, method, attempt)

    return arrange
