"""One node and its kubelet, in virtual time and without a scheduler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from binpack.control.apiserver.store import Store
from binpack.control.conditions import find_condition
from binpack.control.node.configuration import KubeletConfiguration
from binpack.control.node.kubelet import Kubelets
from binpack.control.plane import ControlPlane
from binpack.control.records import EventSink
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.pod import Container, Pod
from binpack.model.quantity import Quantity
from binpack.testing import node, pod
from binpack.units import US_PER_S

GI = 1 << 30


@dataclass
class Ward:
    """One node, its kubelet, and a clock that the test turns."""

    store: Store
    sink: EventSink
    plane: ControlPlane

    @property
    def kubelets(self) -> Kubelets:
        return self.plane.clients[0]

    def settle(self) -> Ward:
        self.plane.refresh()
        self.plane.settle()
        return self

    def until(self, seconds: float) -> Ward:
        return self._until_us(int(seconds * US_PER_S))

    def wait(self, seconds: float) -> Ward:
        return self._until_us(self.store.clock.now_us + int(seconds * US_PER_S))

    def _until_us(self, end_us: int) -> Ward:
        while (wake_us := self.plane.next_wake_us) is not None and wake_us <= end_us:
            self.store.clock.now_us = max(wake_us, self.store.clock.now_us)
            self.settle()
        self.store.clock.now_us = end_us
        return self.settle()

    def run(self, built: Pod) -> Ward:
        if built.spec.priority:
            # Without a PriorityClass: as if it had been there when the class was.
            self.store.load(replace(built, spec=replace(built.spec, node_name="n1"), status=replace(built.status, phase="Pending")))
        else:
            self.store.bind(self.store.create(built), "n1")
        return self.settle()

    def bind(self, builder) -> Ward:
        return self.run(builder.build())

    def phase(self) -> str | None:
        found = self.get()
        return None if found is None else found.status.phase

    def ready(self) -> str:
        return self.condition("Ready").status

    def get(self, name: str = "web") -> Pod | None:
        return self.store.find(Pod, name, "default")

    def state(self, container: str, name: str = "web"):
        status = self.get(name).status
        return next(one for one in (*status.container_statuses, *status.init_container_statuses) if one.name == container)

    def condition(self, kind: str, name: str = "web"):
        return find_condition(self.get(name).status.conditions, kind)

    @staticmethod
    def built(
        *containers: Container, init: tuple[Container, ...] = (), policy: str = "Always", workload: str = "", name: str = "web", **spec
    ) -> Pod:
        one = pod(name).restarts(policy).annotate({"binpack.dev/workload": workload} if workload else {}).build()
        return replace(one, spec=replace(one.spec, containers=containers or (Container(name="main"),), init_containers=init, **spec))

    def reasons(self) -> list[str]:
        return [one.reason for one in self.sink.recorded]


@pytest.fixture
def machine() -> Node:
    """4 cores, 8 GiB, 100 GiB of disk."""
    built = node("n1").cpu("4").memory("8Gi").build()
    capacity = {**built.status.capacity, "ephemeral-storage": Quantity.of(100 * GI)}
    return replace(built, status=replace(built.status, capacity=capacity, allocatable=capacity))


@pytest.fixture
def ward_of(store) -> Callable[..., Ward]:
    """Put a node there, with its kubelet as it is configured."""

    def make(a_node: Node, **configuration) -> Ward:
        sink = EventSink()
        kubelets = Kubelets(store, sink, configuration=KubeletConfiguration(**configuration))
        store.load(a_node)
        return Ward(store, sink, ControlPlane(store, [kubelets])).settle()

    return make


@pytest.fixture
def ward(ward_of, machine) -> Ward:
    return ward_of(machine)
