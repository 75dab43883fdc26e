"""The kubelets of all nodes: they admit, start, restart and stop the pods that are bound to their node, and report.

One client of the store stands for all of them; each node has a record of its own, and no kubelet looks at another node's.
Source: pkg/kubelet, v1.35.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable
from typing import Any, Literal

from binpack.control.apiserver.store import Store
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.clock import timestamp_of
from binpack.control.heartbeats import LEASE_NAMESPACE, last_renewal_us
from binpack.control.node.configuration import KubeletConfiguration, pull_bandwidth
from binpack.control.node.container_start import ContainerStart
from binpack.control.node.images import ImageStore
from binpack.control.node.machine import Machine
from binpack.control.node.node_manager import NodeManager
from binpack.control.node.node_status import last_lease, reporting, steady_lease
from binpack.control.node.plans import Plans
from binpack.control.node.pod_admission import PodAdmission
from binpack.control.node.pod_lifecycle import PodLifecycle
from binpack.control.node.pod_status import rejected, status_of
from binpack.control.node.pod_worker import NEVER, PodWorker
from binpack.control.node.timings import KubeletTimings
from binpack.control.node.usage import usage_at
from binpack.control.node.worker_states import after_reboot, taken_over
from binpack.control.records import EventSink, Record
from binpack.control.subjects import PodChange
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.policy import Lease

_What = Literal["register", "change", "fail", "recover", "stop-kubelet", "start-kubelet", "disconnect", "reconnect", "pod"]
_Timer = tuple[int, int, str, str]


class Kubelets:
    """The kubelets of a cluster, as a client of the store.

    Parameters
    ----------
    store : Store
    sink : EventSink
    timings : KubeletTimings, optional
    configuration : KubeletConfiguration, optional
        Of all of them; Kubernetes' defaults without it.
    """

    name = "kubelet"
    resources = frozenset({"Node", "Pod"})
    pod_owners = None
    pod_changes: tuple[PodChange, ...] = ("spec", "metadata")

    def __init__(
        self, store: Store, sink: EventSink, timings: KubeletTimings | None = None, configuration: KubeletConfiguration | None = None
    ) -> None:
        self.timings = timings if timings is not None else KubeletTimings()
        self.configuration = configuration if configuration is not None else KubeletConfiguration()
        self.machines: dict[str, Machine] = {}
        self._store = store
        self._sink = sink
        self._plans = Plans()
        self._starter = ContainerStart(store.clock, sink, self.configuration)
        self._lifecycle = PodLifecycle(store.clock, sink, self.timings, self._starter, self.configuration.max_restart_backoff_us)
        self._admission = PodAdmission(sink, store.clock)
        self._manager = NodeManager(store, sink, self.configuration, self._lifecycle)
        self._inbox: deque[tuple[_What, str, str]] = deque()
        self._timers: list[_Timer] = []
        self._timer_count = 0

    # What happens to machines

    def fail(self, node_name: str) -> None:
        """Let a node's machine stop: its containers die, and it reports nothing any more."""
        self._inbox.append(("fail", node_name, ""))

    def recover(self, node_name: str) -> None:
        """Let a node's machine start again."""
        self._inbox.append(("recover", node_name, ""))

    def stop_kubelet(self, node_name: str) -> None:
        """Let a node's kubelet stop: its containers run on, but nobody restarts, probes or reports them."""
        self._inbox.append(("stop-kubelet", node_name, ""))

    def start_kubelet(self, node_name: str) -> None:
        """Let a node's kubelet start again; it finds what has happened meanwhile."""
        self._inbox.append(("start-kubelet", node_name, ""))

    def disconnect(self, node_name: str) -> None:
        """Cut a node off from the API server: its kubelet goes on with the pods that it knows, and nothing is heard of it."""
        self._inbox.append(("disconnect", node_name, ""))

    def reconnect(self, node_name: str) -> None:
        """Let a node reach the API server again."""
        self._inbox.append(("reconnect", node_name, ""))

    def limit_pulls(self, bytes_per_second: int | None, node_names: Iterable[str] = ()) -> None:
        """Let a pull that begins from now on get no more than so much (None: what its node gives), on some nodes or on all."""
        for name in node_names or ("",):
            if bytes_per_second is None:
                self._starter.limits.pop(name, None)
            else:
                self._starter.limits[name] = bytes_per_second

    def usage(self, pod: Pod) -> dict[str, int]:
        """Return what a pod uses now by its workload model: milli-cores, bytes, processes. Empty if the model does not say."""
        machine = self.machines.get(pod.spec.node_name)
        worker = None if machine is None else machine.workers.get(pod.metadata.uid)
        return {} if worker is None else usage_at(worker, self._store.clock.now_us)

    # A client of the store

    def observe(self, event: WatchEvent) -> bool:
        """Take note of what concerns a node of ours or a pod on it."""
        value, waiting = event.object, len(self._inbox)
        if isinstance(value, Node):
            if event.type == "ADDED":
                self._inbox.append(("register", value.name, ""))
            elif event.type == "DELETED":
                self.machines.pop(value.name, None)
            elif isinstance(event.previous, Node) and event.previous.metadata.annotations != value.metadata.annotations:
                self._inbox.append(("change", value.name, ""))
        elif isinstance(value, Pod) and value.spec.node_name:
            self._observe_pod(event, value)
        return len(self._inbox) > waiting

    def next_wake_us(self) -> int | None:
        """Return when a kubelet has something to do."""
        if self._inbox:
            return self._store.clock.now_us
        while self._timers and self._is_stale(self._timers[0]):
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def work(self) -> None:
        """Do all that is due now."""
        while self._inbox:
            self._handle(*self._inbox.popleft())
        now_us = self._store.clock.now_us
        while self._timers and self._timers[0][0] <= now_us:
            timer = heapq.heappop(self._timers)
            if self._is_stale(timer):
                continue
            machine = self.machines[timer[2]]
            if timer[3]:
                self._advance(machine, machine.workers[timer[3]])
            else:
                self._look_around(machine)

    def _observe_pod(self, event: WatchEvent, pod: Pod) -> None:
        machine = self.machines.get(pod.spec.node_name)
        if machine is None or not machine.reports:
            return
        worker = machine.workers.get(pod.metadata.uid)
        if worker is None:
            if event.type != "DELETED" and not pod.is_terminal:
                self._inbox.append(("pod", machine.name, pod.metadata.uid))
        elif (
            event.type == "DELETED"
            or worker.pod.metadata.deletion_timestamp != pod.metadata.deletion_timestamp
            or (
                worker.pod.metadata.annotations is not pod.metadata.annotations
                and worker.pod.metadata.annotations != pod.metadata.annotations
            )
        ):
            self._inbox.append(("pod", machine.name, pod.metadata.uid))

    def _handle(self, what: _What, node_name: str, uid: str) -> None:
        machine = self.machines.get(node_name)
        match what:
            case "register":
                self._register(node_name)
            case _ if machine is None:
                return
            case "change":
                node = self._store.find(Node, node_name)
                if node is not None:
                    machine.pull_bytes_per_second = pull_bandwidth(node, self.configuration.pull_bytes_per_second)
            case "pod":
                if machine.reports:
                    self._look_at(machine, uid)
            case "fail":
                self._fail(machine)
            case "recover":
                self._recover(machine)
            case "stop-kubelet":
                self._silence(machine, has_kubelet=False)
            case "disconnect":
                self._silence(machine, is_connected=False)
            case "start-kubelet" if not machine.has_kubelet:
                machine.has_kubelet = True
                self._resume(machine)
            case "reconnect" if not machine.is_connected:
                machine.is_connected = True
                self._resume(machine)

    # Nodes

    def _register(self, node_name: str) -> None:
        """Begin to report for a node that has just appeared. One that is known not to be Ready is taken to be down."""
        node = self._store.find(Node, node_name)
        if node is None:
            return
        ready = next((one.status for one in node.status.conditions if one.type == "Ready"), "True")
        now_us = self._store.clock.now_us
        bandwidth = pull_bandwidth(node, self.configuration.pull_bytes_per_second)
        machine = self.machines[node_name] = Machine(node_name, ready == "True", now_us, bandwidth)
        self._starter.learn(node.status.images)
        machine.images = ImageStore.reported(node.status.images, now_us)
        machine.conditions = tuple(
            one.type
            for one in node.status.conditions
            if one.status == "True" and one.type in ("MemoryPressure", "DiskPressure", "PIDPressure")
        )
        machine.pressure.seen_us = dict.fromkeys(machine.conditions, now_us)
        if machine.is_up:
            self._report(machine, node)
            self._look_at_all(machine)
            self._plan_machine(machine)

    def _report(self, machine: Machine, node: Node) -> None:
        now_us = self._store.clock.now_us
        machine.since_us = now_us
        lease = steady_lease(node.name, timestamp_of(now_us))
        present = self._store.find(Lease, node.name, LEASE_NAMESPACE)
        if present is None:
            self._store.create(lease)
        else:
            self._store.update(replace(lease, metadata=replace(present.metadata, annotations=lease.metadata.annotations)))
        node = reporting(node, timestamp_of(now_us), machine.conditions)
        self._store.update_status(self._manager.with_allocatable(node))

    def _fall_silent(self, machine: Machine) -> None:
        """Write down the last renewal of a Lease."""
        lease = self._store.find(Lease, machine.name, LEASE_NAMESPACE)
        if lease is not None:
            renewed_us = last_renewal_us(machine.since_us, self._store.clock.now_us)
            self._store.update(last_lease(lease, timestamp_of(renewed_us)))

    def _fail(self, machine: Machine) -> None:
        if not machine.is_up:
            return
        if machine.reports:
            self._fall_silent(machine)
        machine.is_up = False
        machine.timer = -1
        for worker in machine.workers.values():
            worker.timer = -1
            if worker.stage != "ended":
                worker.stage = "lost"

    def _recover(self, machine: Machine) -> None:
        """Start again: what was deleted meanwhile is removed, what was running is started anew or, if it must not be, has failed."""
        node = self._store.find(Node, machine.name)
        if machine.is_up or node is None:
            return
        machine.is_up = machine.has_kubelet = machine.is_connected = True
        former, machine.workers, machine.requested, machine.users = machine.workers, {}, {}, 0
        machine.waiting, machine.pressure.victim = [], ""
        self._report(machine, node)
        now_us = self._store.clock.now_us
        for pod in self._store.pods_on(machine.name):
            worker = former.get(pod.metadata.uid)
            if pod.is_terminal:
                continue
            if worker is None or not worker.has_run:
                self._accept(machine, pod)
                continue
            worker = after_reboot(worker, pod, self._plans.of(pod), now_us)
            machine.add(worker)
            if worker.stage == "ended" or pod.is_terminating:
                worker.stage = "ended"
                self._ended(machine, worker)
            else:
                self._lifecycle.begin(worker, machine, now_us=now_us)
                self._write(machine, worker)
                self._plan(worker)
        self._plan_machine(machine)

    def _silence(self, machine: Machine, *, has_kubelet: bool = True, is_connected: bool = True) -> None:
        """Let nothing more be heard of a node, because its kubelet stops or because it is cut off."""
        if machine.reports:
            self._fall_silent(machine)
        machine.has_kubelet = machine.has_kubelet and has_kubelet
        machine.is_connected = machine.is_connected and is_connected
        if not machine.works:
            machine.timer = -1
            for worker in machine.workers.values():
                worker.timer = -1

    def _resume(self, machine: Machine) -> None:
        """Go on where a kubelet stopped, or was cut off: tell what has happened, and hear what has."""
        node = self._store.find(Node, machine.name)
        if node is None or not machine.is_up:
            return
        if machine.reports:
            self._report(machine, node)
        for worker in list(machine.workers.values()):
            if worker.is_alive:
                self._advance(machine, worker)
            elif machine.reports:
                self._ended(machine, worker)
        if machine.reports:
            for uid in list(machine.workers):
                self._look_at(machine, uid)
            self._look_at_all(machine)
        self._plan_machine(machine)

    def _look_around(self, machine: Machine) -> None:
        """Look at the signals of pressure, at the space for images, and report what has changed about the node."""
        for worker in self._manager.look_around(machine):
            self._after_stop(machine, worker)
        self._plan_machine(machine)

    # Pods

    def _look_at_all(self, machine: Machine) -> None:
        for pod in self._store.pods_on(machine.name):
            if not pod.is_terminal and pod.metadata.uid not in machine.workers:
                self._accept(machine, pod)

    def _look_at(self, machine: Machine, uid: str) -> None:
        """See what has changed about a pod."""
        pod = self._store.owner_of(uid)
        worker = machine.workers.get(uid)
        if worker is None:
            if isinstance(pod, Pod) and pod.spec.node_name == machine.name and not pod.is_terminal:
                self._accept(machine, pod)
            return
        if not isinstance(pod, Pod):
            # Gone without us: what runs is stopped all the same, and holds its resources until then.
            self._stop(machine, worker, 1)
            return
        former, worker.pod = worker.pod, pod
        if pod.is_terminating and (
            not worker.is_deleted or former.metadata.deletion_grace_period_seconds != pod.metadata.deletion_grace_period_seconds
        ):
            worker.is_deleted = True
            self._stop(machine, worker, pod.metadata.deletion_grace_period_seconds or 0)
        elif former.metadata.annotations != pod.metadata.annotations:
            self._replan(machine, worker)

    def _accept(self, machine: Machine, pod: Pod) -> None:
        """Begin to look after a pod: start it, or (a pod of a cluster that is there already) take over what runs."""
        now_us, plan = self._store.clock.now_us, self._plans.of(pod)
        if pod.status.phase == "Running":
            worker = taken_over(pod, plan, now_us)
            machine.add(worker)
            self._lifecycle.take_over(worker, now_us=now_us)
            worker.is_deleted = pod.is_terminating
            if pod.is_terminating:
                self._stop(machine, worker, pod.metadata.deletion_grace_period_seconds or 0)
            else:
                self._plan(worker)
            return
        worker = PodWorker(pod, plan)
        if pod.is_terminating:
            machine.add(worker)
            worker.is_deleted, worker.stage = True, "ended"
            self._ended(machine, worker)
            return
        self._admit(machine, worker)

    def _admit(self, machine: Machine, worker: PodWorker) -> None:
        """Admit a pod and start it, refuse it, or let it wait until others have made room."""
        pod, node = worker.pod, self._store.find(Node, machine.name)
        if node is None:
            return
        verdict = self._admission.judge(pod, worker.plan, node, machine)
        if verdict.rejection is not None:
            reason, message = verdict.rejection.reason, verdict.rejection.message
            now_us = self._store.clock.now_us
            self._sink.record(now_us, self.name, Record(pod, "Warning", reason, message))
            self._store.update_status(replace(pod, status=rejected(pod, reason, message, timestamp_of(now_us))))
            return
        machine.add(worker)
        for victim in verdict.victims:
            self._admission.condemn(victim)
            self._lifecycle.stop(victim, victim.pod.spec.termination_grace_period_seconds or 0, self._store.clock.now_us)
            self._after_stop(machine, victim)
        if any(victim.is_alive for victim in verdict.victims):
            worker.due_us = NEVER
            machine.waiting.append(worker.uid)
            return
        self._begin(machine, worker)

    def _begin(self, machine: Machine, worker: PodWorker) -> None:
        self._lifecycle.begin(worker, machine, now_us=self._store.clock.now_us)
        self._write(machine, worker)
        self._plan(worker)

    def _advance(self, machine: Machine, worker: PodWorker) -> None:
        """Do what a pod's timer was set for."""
        self._lifecycle.advance(worker, machine, self._store.clock.now_us)
        if worker.is_alive:
            self._write(machine, worker)
            self._plan(worker)
        else:
            self._ended(machine, worker)
        if worker.plan.has_usage or machine.images_change_us != NEVER:
            self._plan_machine(machine)

    def _replan(self, machine: Machine, worker: PodWorker) -> None:
        """Take over a changed workload model."""
        plan = self._plans.of(worker.pod)
        machine.users += plan.has_usage - worker.plan.has_usage
        worker.plan = plan
        if worker.stage == "active":
            self._lifecycle.take_over(worker, now_us=self._store.clock.now_us)
            self._plan(worker)
        self._plan_machine(machine)

    def _stop(self, machine: Machine, worker: PodWorker, grace_seconds: int) -> None:
        self._lifecycle.stop(worker, grace_seconds, self._store.clock.now_us)
        self._after_stop(machine, worker)

    def _after_stop(self, machine: Machine, worker: PodWorker) -> None:
        """Wait for a pod that is being ended, or see to its end if it has come."""
        if not worker.is_alive:
            self._ended(machine, worker)
            return
        if worker.disruption is not None:
            self._write(machine, worker)
        self._plan(worker)

    def _ended(self, machine: Machine, worker: PodWorker) -> None:
        """Report that nothing of a pod runs any more; if it is being deleted, remove it. Its resources are free again."""
        worker.timer = -1
        if worker.plan.requests and not worker.is_released:
            worker.is_released = True
            machine.release(worker)
            if machine.images.held:
                machine.images.touch((one.container.image for one in worker.plan.containers), self._store.clock.now_us)
        if machine.reports:
            pod = self._write(machine, worker)
            # What has been reported as ended is the API server's business alone.
            machine.workers.pop(worker.uid, None)
            if pod is not None and pod.is_terminating:
                self._store.delete(Pod, pod.metadata.name, pod.metadata.namespace, uid=worker.uid, grace_seconds=0)
        if machine.pressure.victim == worker.uid:
            machine.pressure.victim = ""
            machine.pressure_due_us = self._store.clock.now_us
        if machine.waiting:
            waiting, machine.waiting = machine.waiting, []
            for uid in waiting:
                self._retry(machine, uid)
        if worker.plan.has_usage or machine.pressure_due_us != NEVER:
            self._plan_machine(machine)

    def _retry(self, machine: Machine, uid: str) -> None:
        """Start a critical pod if those that it pushes off are gone."""
        worker = machine.workers.get(uid)
        if worker is None or not worker.is_alive:
            return
        if any(other.reason == "Preempting" and other.is_alive for other in machine.workers.values()):
            machine.waiting.append(uid)
        else:
            self._begin(machine, worker)

    def _write(self, machine: Machine, worker: PodWorker) -> Pod | None:
        """Write a pod's status, if the API server can be reached and still has the pod, and return the pod."""
        if not machine.reports:
            return None
        meta = worker.pod.metadata
        pod = self._store.find(Pod, meta.name, meta.namespace)
        if pod is None or pod.metadata.uid != meta.uid:
            return None
        return self._store.update_status(replace(pod, status=status_of(pod, worker, self._store.clock.now_us)))

    # Timers

    def _plan(self, worker: PodWorker) -> None:
        """Let a worker's next step be when something is due; a timer that was set before no longer counts."""
        due_us = worker.next_due_us()
        if due_us == NEVER:
            worker.timer = -1
            return
        worker.timer = self._set_timer(due_us, worker.node, worker.uid)

    def _plan_machine(self, machine: Machine) -> None:
        due_us = self._manager.next_due_us(machine) if machine.works else NEVER
        machine.timer = -1 if due_us == NEVER else self._set_timer(due_us, machine.name, "")

    def _set_timer(self, time_us: int, node_name: str, uid: str) -> int:
        self._timer_count += 1
        heapq.heappush(self._timers, (max(time_us, self._store.clock.now_us), self._timer_count, node_name, uid))
        return self._timer_count

    def _is_stale(self, timer: _Timer) -> bool:
        machine = self.machines.get(timer[2])
        if machine is None:
            return True
        subject: Any = machine.workers.get(timer[3]) if timer[3] else machine
        return subject is None or subject.timer != timer[1]
