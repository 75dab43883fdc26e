"""When the kubelets have something to do: one heap for all pods and nodes, in which a later plan makes an earlier one stale."""

from __future__ import annotations

import heapq
from typing import Any

from binpack.control.clock import Clock
from binpack.control.node.machine import Machine
from binpack.control.node.node_manager import NodeManager
from binpack.control.node.pod_worker import NEVER, PodWorker

_Timer = tuple[int, int, str, str]


class Timers:
    """The timers of all machines and their pods.

    Parameters
    ----------
    clock : Clock
    machines : dict[str, Machine]
        By name.
    manager : NodeManager
        Knows when a node has to be looked at.
    """

    def __init__(self, clock: Clock, machines: dict[str, Machine], manager: NodeManager) -> None:
        self._clock = clock
        self._machines = machines
        self._manager = manager
        self._heap: list[_Timer] = []
        self._count = 0

    def plan(self, worker: PodWorker) -> None:
        """Let a worker's next step be when something is due; a timer that was set before no longer counts."""
        due_us = worker.next_due_us()
        worker.timer = -1 if due_us == NEVER else self._set(due_us, worker.node, worker.uid)

    def plan_machine(self, machine: Machine) -> None:
        """Let a node be looked at when something about it is due."""
        due_us = min(self._manager.next_due_us(machine), machine.retry_due_us) if machine.works else NEVER
        machine.timer = -1 if due_us == NEVER else self._set(due_us, machine.name, "")

    def next_us(self) -> int | None:
        """Return when the next timer is due; None if there is none."""
        while self._heap and self._is_stale(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop_due(self) -> tuple[Machine, PodWorker | None] | None:
        """Take out one timer that is due, and return its machine and pod; without a pod it is the node's own. None if none is due."""
        while self._heap and self._heap[0][0] <= self._clock.now_us:
            timer = heapq.heappop(self._heap)
            if not self._is_stale(timer):
                machine = self._machines[timer[2]]
                return machine, machine.workers[timer[3]] if timer[3] else None
        return None

    def clear(self) -> None:
        """Forget all timers."""
        self._heap.clear()
        for machine in self._machines.values():
            machine.stop_timers()

    def _set(self, time_us: int, node_name: str, uid: str) -> int:
        self._count += 1
        heapq.heappush(self._heap, (max(time_us, self._clock.now_us), self._count, node_name, uid))
        return self._count

    def _is_stale(self, timer: _Timer) -> bool:
        machine = self._machines.get(timer[2])
        if machine is None:
            return True
        subject: Any = machine.workers.get(timer[3]) if timer[3] else machine
        return subject is None or subject.timer != timer[1]
