"""The kubelets of all nodes: they admit, start, restart and stop the pods that are bound to their node, and report.

One client of the store stands for all of them; each node has a record of its own, and no kubelet looks at another node's.
Source: pkg/kubelet, v1.35.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Literal

from binpack.control.apiserver.store import Store
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.clock import timestamp_of
from binpack.control.heartbeats import LEASE_NAMESPACE, last_renewal_us
from binpack.control.node.api_access import ApiAccess, KubeletWriter
from binpack.control.node.configuration import KubeletConfiguration, pull_bandwidth
from binpack.control.node.container_start import ContainerStart
from binpack.control.node.images import ImageStore
from binpack.control.node.machine import Machine
from binpack.control.node.node_manager import NodeManager
from binpack.control.node.node_status import last_lease, reporting, steady_lease
from binpack.control.node.pod_keeper import PodKeeper
from binpack.control.node.pod_lifecycle import PodLifecycle
from binpack.control.node.pod_worker import NEVER
from binpack.control.node.timers import Timers
from binpack.control.node.timings import KubeletTimings
from binpack.control.node.usage import usage_at
from binpack.control.reader import Reader
from binpack.control.records import EventSink
from binpack.control.subjects import PodChange
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.policy import Lease

_What = Literal["register", "change", "fail", "recover", "stop-kubelet", "start-kubelet", "disconnect", "reconnect", "pod", "restart"]


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
        self._api = ApiAccess(store, store, store)
        self._starter = ContainerStart(store.clock, sink, self.configuration)
        lifecycle = PodLifecycle(store.clock, sink, self.timings, self._starter, self.configuration.max_restart_backoff_us)
        self._manager = NodeManager(self._api, sink, self.configuration, lifecycle)
        self._timers = Timers(store.clock, self.machines, self._manager)
        self._pods = PodKeeper(self._api, sink, lifecycle, self._timers)
        self._inbox: deque[tuple[_What, str, str]] = deque()

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

    def read_from(self, reader: Reader) -> None:
        """Let the kubelets know of what they have heard of alone."""
        self._api.view = reader

    def write_through(self, writer: KubeletWriter) -> None:
        """Let the kubelets' writes go through something else than the store itself."""
        self._api.writer = writer

    def forget(self) -> None:
        """Lose plans and news, as all kubelets do that crash at once. Containers run on, and what they have been through is on record."""
        self._inbox = deque(one for one in self._inbox if one[0] not in ("register", "change", "pod", "restart"))
        self._timers.clear()
        self._inbox.extend(("restart", machine.name, "") for machine in self.machines.values())

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
        return self._timers.next_us()

    def work(self) -> None:
        """Do all that is due now."""
        while self._inbox:
            self._handle(*self._inbox[0])
            self._inbox.popleft()
        while (due := self._timers.pop_due()) is not None:
            machine, worker = due
            if worker is not None:
                self._pods.advance(machine, worker)
            elif machine.retry_due_us <= self._store.clock.now_us:
                machine.retry_due_us = NEVER
                self._resume(machine)
            else:
                self._look_around(machine)

    def _observe_pod(self, event: WatchEvent, pod: Pod) -> None:
        machine = self.machines.get(pod.spec.node_name)
        if machine is None or not machine.reports:
            return
        worker = machine.workers.get(pod.metadata.uid)
        if worker is None:
            if event.type == "DELETED":
                machine.done.discard(pod.metadata.uid)
            elif not pod.is_terminal and pod.metadata.uid not in machine.done:
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
                node = self._api.view.find(Node, node_name)
                if node is not None:
                    machine.pull_bytes_per_second = pull_bandwidth(node, self.configuration.pull_bytes_per_second)
            case "pod":
                if machine.reports:
                    self._pods.look_at(machine, uid)
            case "fail":
                self._fail(machine)
            case "recover":
                self._recover(machine)
            case "stop-kubelet":
                self._silence(machine, has_kubelet=False)
            case "disconnect":
                self._silence(machine, is_connected=False)
            case "restart":
                self._restart(machine)
            case "start-kubelet" if not machine.has_kubelet:
                machine.has_kubelet = True
                self._resume(machine)
            case "reconnect" if not machine.is_connected:
                machine.is_connected = True
                self._resume(machine)

    # Nodes

    def _register(self, node_name: str) -> None:
        """Begin to report for a node that has just appeared. One that is known not to be Ready is taken to be down."""
        node = self._api.view.find(Node, node_name)
        known = self.machines.get(node_name)
        if node is None or (known is not None and known.uid == node.metadata.uid):
            return
        ready = next((one.status for one in node.status.conditions if one.type == "Ready"), "True")
        now_us = self._store.clock.now_us
        bandwidth = pull_bandwidth(node, self.configuration.pull_bytes_per_second)
        machine = self.machines[node_name] = Machine(node_name, ready == "True", now_us, bandwidth, uid=node.metadata.uid)
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
            self._pods.look_at_all(machine)
            self._timers.plan_machine(machine)

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
        self._manager.write_status(machine, self._manager.with_allocatable(node))

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
        machine.stop_timers()
        for worker in machine.workers.values():
            if worker.stage != "ended":
                worker.stage = "lost"

    def _recover(self, machine: Machine) -> None:
        """Start again."""
        if machine.is_up or self._api.view.find(Node, machine.name) is None:
            return
        machine.is_up = machine.has_kubelet = machine.is_connected = True
        machine.waiting, machine.pressure.victim = [], ""
        self._resume(machine)

    def _restart(self, machine: Machine) -> None:
        """Let a kubelet that has crashed find again what runs on its machine."""
        node = self._api.view.find(Node, machine.name)
        if node is None or node.metadata.uid != machine.uid:
            del self.machines[machine.name]
            self._register(machine.name)
        elif machine.works:
            machine.waiting, machine.pressure.victim, machine.retry_due_us = [], "", NEVER
            if machine.images.held:
                machine.images_change_us = min(machine.images_change_us, self._store.clock.now_us)
            self._resume(machine)

    def _silence(self, machine: Machine, *, has_kubelet: bool = True, is_connected: bool = True) -> None:
        """Let nothing more be heard of a node, because its kubelet stops or because it is cut off."""
        if machine.reports:
            self._fall_silent(machine)
        machine.has_kubelet = machine.has_kubelet and has_kubelet
        machine.is_connected = machine.is_connected and is_connected
        if not machine.works:
            machine.stop_timers()

    def _resume(self, machine: Machine) -> None:
        """Go on where a kubelet stopped, or was cut off: tell what has happened, and hear what has."""
        node = self._api.view.find(Node, machine.name)
        if node is None or not machine.is_up:
            return
        if machine.reports:
            self._report(machine, node)
        for worker in list(machine.workers.values()):
            self._pods.resume(machine, worker)
        if machine.reports:
            for uid in list(machine.workers):
                self._pods.look_at(machine, uid)
            self._pods.look_at_all(machine)
        self._timers.plan_machine(machine)

    def _look_around(self, machine: Machine) -> None:
        """Look at the signals of pressure, at the space for images, and report what has changed about the node."""
        for worker in self._manager.look_around(machine):
            self._pods.after_stop(machine, worker)
        self._timers.plan_machine(machine)
