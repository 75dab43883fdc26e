"""The kubelets of all nodes: they start, restart and stop the pods that are bound to their node, and report.

One client of the store stands for all of them; each node has a record of its own, and no kubelet looks at another node's.
Source: pkg/kubelet, v1.35. Not there: admission on the node, image pulls, probes that fail, node-pressure eviction.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from binpack.control.apiserver.store import Store
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.clock import time_of, timestamp_of
from binpack.control.heartbeats import LEASE_NAMESPACE, last_renewal_us
from binpack.control.node.node_status import last_lease, reporting, steady_lease
from binpack.control.node.pod_worker import PodWorker, ordinary_init_containers, status_of
from binpack.control.node.readiness import ready_after_us
from binpack.control.node.restart import backoff_after_exit, should_restart
from binpack.control.node.timings import KubeletTimings
from binpack.control.node.workload_model import KILLED_EXIT_CODE, workload_model
from binpack.control.records import EventSink, Record
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.policy import Lease
from binpack.units import US_PER_S

_What = Literal["register", "fail", "recover", "accept", "stop", "replan"]


@dataclass(slots=True)
class Machine:
    """One node's kubelet.

    Parameters
    ----------
    is_up : bool
        It reports, and its containers run.
    since_us : int
        Since when it has renewed its Lease.
    workers : dict[str, PodWorker]
        By pod (namespace/name).
    """

    is_up: bool
    since_us: int
    workers: dict[str, PodWorker] = field(default_factory=dict)


class Kubelets:
    """The kubelets of a cluster, as a client of the store.

    Parameters
    ----------
    store : Store
    sink : EventSink
    timings : KubeletTimings, optional
    """

    name = "kubelet"
    resources = frozenset({"Node", "Pod"})

    def __init__(self, store: Store, sink: EventSink, timings: KubeletTimings | None = None) -> None:
        self.timings = timings if timings is not None else KubeletTimings()
        self.machines: dict[str, Machine] = {}
        self._store = store
        self._sink = sink
        self._inbox: deque[tuple[_What, str, str]] = deque()
        self._timers: list[tuple[int, int, str, str]] = []
        self._timer_count = 0

    def fail(self, node_name: str) -> None:
        """Let a node's machine stop: its containers die, and it reports nothing any more."""
        self._inbox.append(("fail", node_name, ""))

    def recover(self, node_name: str) -> None:
        """Let a node's machine start again."""
        self._inbox.append(("recover", node_name, ""))

    def observe(self, event: WatchEvent) -> bool:
        """Take note of what concerns a node of ours or a pod on it."""
        value, waiting = event.object, len(self._inbox)
        if isinstance(value, Node):
            if event.type == "ADDED":
                self._inbox.append(("register", value.name, ""))
            elif event.type == "DELETED":
                self.machines.pop(value.name, None)
        elif isinstance(value, Pod) and value.spec.node_name:
            self._observe_pod(event, value)
        return len(self._inbox) > waiting

    def next_wake_us(self) -> int | None:
        """Return when a kubelet has something to do."""
        if self._inbox:
            return self._store.clock.now_us
        while self._timers and self._worker_of(self._timers[0]) is None:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def work(self) -> None:
        """Do all that is due now."""
        while self._inbox:
            what, node_name, key = self._inbox.popleft()
            self._handle(what, node_name, key)
        now_us = self._store.clock.now_us
        while self._timers and self._timers[0][0] <= now_us:
            timer = heapq.heappop(self._timers)
            worker = self._worker_of(timer)
            pod = None if worker is None else self._pod_of(worker)
            if worker is not None and pod is not None:
                self._advance(worker, pod)

    def _observe_pod(self, event: WatchEvent, pod: Pod) -> None:
        node_name, key = pod.spec.node_name, pod.key
        machine = self.machines.get(node_name)
        if machine is None or not machine.is_up:
            return
        worker = machine.workers.get(key)
        if event.type == "DELETED":
            if worker is not None and worker.uid == pod.metadata.uid:
                del machine.workers[key]
        elif worker is None or worker.uid != pod.metadata.uid:
            if not pod.is_terminal:
                self._inbox.append(("accept", node_name, key))
        elif event.previous is not None:
            former = event.previous.metadata
            if former.deletion_timestamp != pod.metadata.deletion_timestamp:
                self._inbox.append(("stop", node_name, key))
            elif former.annotations != pod.metadata.annotations:
                self._inbox.append(("replan", node_name, key))

    def _handle(self, what: _What, node_name: str, key: str) -> None:
        match what:
            case "register":
                self._register(node_name)
            case "fail":
                self._fail(node_name)
            case "recover":
                self._recover(node_name)
            case _:
                machine = self.machines.get(node_name)
                namespace, _, name = key.partition("/")
                pod = self._store.find(Pod, name, namespace)
                if machine is None or not machine.is_up or pod is None or pod.spec.node_name != node_name:
                    return
                if what == "accept":
                    self._accept(machine, pod)
                elif (worker := machine.workers.get(key)) is not None and worker.uid == pod.metadata.uid:
                    if what == "stop":
                        self._stop(worker, pod)
                    elif worker.stage == "running":
                        self._plan_running(worker, pod)

    # Nodes

    def _register(self, node_name: str) -> None:
        """Begin to report for a node that has just appeared. One that is known not to be Ready is taken to be down."""
        node = self._store.find(Node, node_name)
        if node is None:
            return
        ready = next((one.status for one in node.status.conditions if one.type == "Ready"), "True")
        machine = self.machines[node_name] = Machine(ready == "True", self._store.clock.now_us)
        if machine.is_up:
            self._report(machine, node)
            for pod in self._store.pods_on(node_name):
                if not pod.is_terminal:
                    self._accept(machine, pod)

    def _report(self, machine: Machine, node: Node) -> None:
        now_us = self._store.clock.now_us
        machine.since_us = now_us
        lease = steady_lease(node.name, timestamp_of(now_us))
        present = self._store.find(Lease, node.name, LEASE_NAMESPACE)
        if present is None:
            self._store.create(lease)
        else:
            self._store.update(replace(lease, metadata=replace(present.metadata, annotations=lease.metadata.annotations)))
        self._store.update_status(reporting(node, timestamp_of(now_us)))

    def _fail(self, node_name: str) -> None:
        machine = self.machines.get(node_name)
        if machine is None or not machine.is_up:
            return
        machine.is_up = False
        for worker in machine.workers.values():
            worker.timer = -1
            if worker.stage != "ended":
                worker.stage = "lost"
        lease = self._store.find(Lease, node_name, LEASE_NAMESPACE)
        if lease is not None:
            renewed_us = last_renewal_us(machine.since_us, self._store.clock.now_us)
            self._store.update(last_lease(lease, timestamp_of(renewed_us)))

    def _recover(self, node_name: str) -> None:
        """Start again: what was deleted meanwhile is removed, what was running is started anew or, if it must not be, has failed."""
        machine, node = self.machines.get(node_name), self._store.find(Node, node_name)
        if machine is None or machine.is_up or node is None:
            return
        machine.is_up = True
        self._report(machine, node)
        former, machine.workers = machine.workers, {}
        now_us = self._store.clock.now_us
        for pod in self._store.pods_on(node_name):
            if pod.is_terminal:
                continue
            worker = former.get(pod.key)
            if worker is None or worker.uid != pod.metadata.uid or not worker.has_run:
                self._accept(machine, pod)
                continue
            worker = PodWorker(worker.uid, worker.key, node_name, has_run=True, restarts=worker.restarts + 1)
            worker.exit_code, worker.started_us, worker.exited_us = KILLED_EXIT_CODE, now_us, now_us
            machine.workers[pod.key] = worker
            if should_restart(pod.spec.restart_policy, KILLED_EXIT_CODE, is_terminating=pod.is_terminating):
                self._write(worker, pod)
                self._set_timer(worker, now_us + self.timings.sandbox_us + self.timings.start_us)
            else:
                self._end(worker, pod)

    # Pods

    def _accept(self, machine: Machine, pod: Pod) -> None:
        """Begin to look after a pod: start it, or (a pod of a cluster that is there already) take over what runs."""
        if pod.key in machine.workers and machine.workers[pod.key].uid == pod.metadata.uid:
            return
        now_us = self._store.clock.now_us
        worker = PodWorker(pod.metadata.uid, pod.key, pod.spec.node_name)
        machine.workers[pod.key] = worker
        if pod.status.phase == "Running":
            _take_over(worker, pod, now_us)
            if pod.is_terminating:
                self._stop(worker, pod)
            else:
                self._plan_running(worker, pod)
        elif pod.is_terminating:
            worker.exit_code, worker.started_us, worker.exited_us = KILLED_EXIT_CODE, now_us, now_us
            self._end(worker, pod)
        else:
            self._write(worker, pod)
            delay_us = self.timings.sandbox_us
            if ordinary_init_containers(pod) == 0:
                delay_us += self.timings.start_us
            self._set_timer(worker, now_us + delay_us)

    def _advance(self, worker: PodWorker, pod: Pod) -> None:
        """Do what a pod's timer was set for."""
        now_us = self._store.clock.now_us
        match worker.stage:
            case "sandbox" | "init" if not worker.has_run and worker.init_done < ordinary_init_containers(pod):
                self._next_init_container(worker, pod, now_us)
            case "sandbox" | "init" | "starting" | "backoff":
                self._run(worker, pod, now_us)
            case "running":
                model = workload_model(pod)
                if model.duration_us is not None and now_us >= worker.started_us + model.duration_us:
                    self._exit(worker, pod, now_us, model.exit_code)
                else:
                    worker.is_ready = True
                    self._write(worker, pod)
                    self._plan_running(worker, pod)
            case "stopping":
                worker.exited_us = now_us
                self._end(worker, pod)
            case _:
                pass

    def _next_init_container(self, worker: PodWorker, pod: Pod, now_us: int) -> None:
        worker.init_done += worker.stage == "init"
        worker.stage = "init" if worker.init_done < ordinary_init_containers(pod) else "starting"
        self._write(worker, pod)
        delay_us = self.timings.init_container_us if worker.stage == "init" else self.timings.start_us
        self._set_timer(worker, now_us + delay_us)

    def _run(self, worker: PodWorker, pod: Pod, now_us: int) -> None:
        if worker.stage == "backoff":
            worker.restarts += 1
        worker.stage, worker.has_run, worker.started_us = "running", True, now_us
        worker.is_ready = ready_after_us(pod) == 0
        self._write(worker, pod)
        self._plan_running(worker, pod)

    def _plan_running(self, worker: PodWorker, pod: Pod) -> None:
        """Set the timer for the next thing that a running pod does by itself: become ready, or exit."""
        now_us = self._store.clock.now_us
        times = []
        duration_us = workload_model(pod).duration_us
        if duration_us is not None:
            times.append(worker.started_us + duration_us)
        if not worker.is_ready:
            times.append(worker.started_us + ready_after_us(pod))
        if times:
            self._set_timer(worker, max(min(times), now_us))
        else:
            worker.timer = -1

    def _exit(self, worker: PodWorker, pod: Pod, now_us: int, exit_code: int) -> None:
        """Let the containers exit, and start them again if the policy says so."""
        worker.exit_code, worker.exited_us, worker.is_ready = exit_code, now_us, False
        if not should_restart(pod.spec.restart_policy, exit_code, is_terminating=pod.is_terminating):
            self._end(worker, pod)
            return
        backoff = backoff_after_exit(worker.backoff_us, now_us - worker.started_us)
        worker.backoff_us, worker.stage = backoff.next_us, "backoff"
        if backoff.delay_us == 0:
            self._run(worker, pod, now_us)
            return
        meta, container = pod.metadata, pod.spec.containers[0].name if pod.spec.containers else ""
        message = f"Back-off restarting failed container {container} in pod {meta.name}_{meta.namespace}({meta.uid})"
        self._sink.record(now_us, self.name, Record(pod, "Warning", "BackOff", message))
        self._write(worker, pod)
        self._set_timer(worker, now_us + backoff.delay_us)

    def _stop(self, worker: PodWorker, pod: Pod) -> None:
        """Begin to terminate a pod, or shorten the time that it has left."""
        now_us = self._store.clock.now_us
        if worker.stage in ("ended", "lost"):
            return
        if worker.stage not in ("running", "stopping"):
            worker.exited_us, worker.exit_code = now_us, worker.exit_code if worker.has_run else KILLED_EXIT_CODE
            self._end(worker, pod)
            return
        grace_us = max(pod.metadata.deletion_grace_period_seconds or 0, 1) * US_PER_S
        stop_us = workload_model(pod).stop_us
        if worker.stage == "running":
            for container in pod.spec.containers:
                record = Record(pod, "Normal", "Killing", f"Stopping container {container.name}")
                self._sink.record(now_us, self.name, record)
        worker.stage = "stopping"
        worker.exit_code = 0 if stop_us <= grace_us else KILLED_EXIT_CODE
        self._set_timer(worker, now_us + min(stop_us, grace_us))

    def _end(self, worker: PodWorker, pod: Pod) -> None:
        """Report that nothing of a pod runs any more; if it is being deleted, remove it."""
        worker.stage, worker.timer, worker.is_ready = "ended", -1, False
        self._write(worker, pod)
        if pod.is_terminating:
            meta = pod.metadata
            self._store.delete(Pod, meta.name, meta.namespace, uid=meta.uid, grace_seconds=0)

    def _write(self, worker: PodWorker, pod: Pod) -> None:
        self._store.update_status(replace(pod, status=status_of(pod, worker, self._store.clock.now_us)))

    # Timers

    def _set_timer(self, worker: PodWorker, time_us: int) -> None:
        """Let a worker's next step be at a time; a timer that was set before no longer counts."""
        self._timer_count += 1
        worker.timer = self._timer_count
        heapq.heappush(self._timers, (time_us, worker.timer, worker.node, worker.key))

    def _worker_of(self, timer: tuple[int, int, str, str]) -> PodWorker | None:
        _, number, node_name, key = timer
        machine = self.machines.get(node_name)
        worker = None if machine is None else machine.workers.get(key)
        return worker if worker is not None and worker.timer == number else None

    def _pod_of(self, worker: PodWorker) -> Pod | None:
        namespace, _, name = worker.key.partition("/")
        pod = self._store.find(Pod, name, namespace)
        return pod if pod is not None and pod.metadata.uid == worker.uid else None


def _take_over(worker: PodWorker, pod: Pod, now_us: int) -> None:
    """Read from a running pod's status since when it has run."""
    running = [one.state.running.started_at for one in pod.status.container_statuses if one.state.running is not None]
    times = [time for time in (*running, pod.status.start_time) if time is not None]
    worker.stage, worker.has_run, worker.is_ready = "running", True, True
    worker.started_us = time_of(times[0]) if times else now_us
    worker.restarts = max((one.restart_count for one in pod.status.container_statuses), default=0)
