"""What a run leaves behind: the event log, a row a pod, the cluster over time.

The recorder is a client of the store like others: it sees what was written and nothing else. It writes nothing itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from binpack.control.apiserver.store import Store
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.records import EventSink, RecordedEvent
from binpack.model.base import Value
from binpack.model.meta import controller_of
from binpack.model.node import Node
from binpack.model.pod import Pod, PodSpec
from binpack.model.requests import CPU, MEMORY, placed_requests
from binpack.sim.summaries import PodState, Summary, state_of, summary_of, summary_of_state


class Change(Value, frozen=True):
    """One write, as far as it is told.

    Parameters
    ----------
    time_us : int
    revision : int
    what : str
        ADDED, MODIFIED or DELETED.
    kind, namespace, name : str
    summary : tuple of pairs
        The fields that say what matters about the object.
    """

    time_us: int
    revision: int
    what: str
    kind: str
    namespace: str
    name: str
    summary: tuple[tuple[str, Any], ...]


LogEntry = RecordedEvent | Change


_ENDED = ("Succeeded", "Failed")
_MAX_KNOWN = 1_000


@dataclass(slots=True)
class PodRow:
    """The life of one pod; times in microseconds, None for what has not happened; and what it counts for now."""

    namespace: str
    pod: str
    uid: str
    owner_kind: str | None
    owner: str | None
    priority: int
    cpu_requested_millicores: int
    memory_requested_bytes: int
    created_us: int
    node: str | None = None
    phase: str = "Pending"
    scheduled_us: int | None = None
    started_us: int | None = None
    ready_us: int | None = None
    finished_us: int | None = None
    deleted_us: int | None = None
    state: PodState | None = None

    def values(self) -> tuple[Any, ...]:
        """Return the values in the order of the table's schema."""
        waiting_us = None if self.scheduled_us is None else self.scheduled_us - self.created_us
        return (
            self.namespace,
            self.pod,
            self.uid,
            self.owner_kind,
            self.owner,
            self.priority,
            self.cpu_requested_millicores,
            self.memory_requested_bytes,
            self.node,
            self.phase,
            self.created_us,
            self.scheduled_us,
            self.started_us,
            self.ready_us,
            self.finished_us,
            self.deleted_us,
            waiting_us,
        )


@dataclass(slots=True)
class Totals:
    """The cluster now, in the order of the table `cluster` after its time."""

    nodes: int = 0
    nodes_ready: int = 0
    nodes_in_use: int = 0
    pods_pending: int = 0
    pods_bound: int = 0
    pods_running: int = 0
    pods_ready: int = 0
    cpu_allocatable_millicores: int = 0
    cpu_requested_millicores: int = 0
    memory_allocatable_bytes: int = 0
    memory_requested_bytes: int = 0

    def values(self) -> tuple[int, ...]:
        """Return the values in the order of the table's schema."""
        return (
            self.nodes,
            self.nodes_ready,
            self.nodes_in_use,
            self.pods_pending,
            self.pods_bound,
            self.pods_running,
            self.pods_ready,
            self.cpu_allocatable_millicores,
            self.cpu_requested_millicores,
            self.memory_allocatable_bytes,
            self.memory_requested_bytes,
        )


class Recorder:
    """Listens to all writes.

    Parameters
    ----------
    store : Store
    sink : EventSink
        Its Events and the writes go into one log, in the order in which they happened.
    keeps_log : bool
        False to keep the tables only.

    Attributes
    ----------
    pods : dict[str, PodRow]
        By uid, in the order of creation.
    totals : Totals
    series : list of tuples
        The cluster at each instant at which something changed: time, then totals.
    """

    name = "recorder"
    resources = None
    pod_owners = None
    pod_changes = None

    def __init__(self, store: Store, sink: EventSink, *, keeps_log: bool = True) -> None:
        self.pods: dict[str, PodRow] = {}
        self.totals = Totals()
        self.series: list[tuple[int, ...]] = []
        self.log: list[LogEntry] = []
        self._keeps_log = keeps_log
        self._store = store
        self._sink = sink
        self._pods_on: dict[str, int] = {}
        self._told: dict[str, Summary] = {}
        self._requests: dict[int, tuple[PodSpec, tuple[int, int]]] = {}
        self._unmarked_us: int | None = None

    def next_wake_us(self) -> int | None:
        """Return nothing: it only listens."""
        return None

    def work(self) -> None:
        """Do nothing."""

    def observe(self, event: WatchEvent) -> bool:
        """Take note of one write."""
        now_us = self._store.clock.now_us
        if self._unmarked_us is not None and self._unmarked_us != now_us:
            self._mark()
        if self._sink.recorded:
            self._drain()
        value = event.object
        if isinstance(value, Pod):
            self._observe_pod(event, value, now_us)
            return False
        if isinstance(value, Node):
            self._count_node(event, now_us)
        summary = summary_of(value)
        uid = value.metadata.uid
        former = self._told.pop(uid, ()) if event.type == "DELETED" else self._told.get(uid, ())
        if summary is not None and (event.type != "MODIFIED" or summary != former):
            if summary and event.type != "DELETED":
                self._told[uid] = summary
            self._tell(event, summary, now_us)
        return False

    def finish(self) -> None:
        """Take in what came after the last write."""
        self._drain()
        if self._unmarked_us is not None:
            self._mark()

    def _drain(self) -> None:
        if self._keeps_log:
            self.log.extend(self._sink.recorded)
        self._sink.recorded.clear()

    def _tell(self, event: WatchEvent, summary: Summary, now_us: int) -> None:
        if self._keeps_log:
            value, meta = event.object, event.object.metadata
            self.log.append(Change(now_us, event.revision, event.type, value.kind, meta.namespace, meta.name, summary))

    def _mark(self) -> None:
        """Note the totals as they were at the last instant at which they changed; of several changes the last one counts."""
        row = (self._unmarked_us or 0, *self.totals.values())
        self._unmarked_us = None
        if self.series and self.series[-1][0] == row[0]:
            self.series[-1] = row
        else:
            self.series.append(row)

    # Pods

    def _observe_pod(self, event: WatchEvent, pod: Pod, now_us: int) -> None:
        uid = pod.metadata.uid
        state = state_of(pod)
        row = self.pods.get(uid)
        if row is None:
            row = self._new_row(pod, now_us)
        elif state == row.state and event.type == "MODIFIED":
            return
        before, after = row.state, None if event.type == "DELETED" else state
        if before is None or after is None or before[1] != after[1] or after[0] in _ENDED:
            if before is not None:
                self._count(row, before, -1)
            if after is not None:
                self._count(row, after, 1)
        elif after[1]:
            # Where it is and what it asks for stays; so it is with most changes.
            self.totals.pods_running += (after[0] == "Running") - (before[0] == "Running")
            self.totals.pods_ready += after[2] - before[2]
        # A pod can be removed in the very write that would have reported its end.
        row.phase = state[0] or row.phase
        if event.type == "DELETED":
            row.deleted_us, row.state = now_us, None
        else:
            row.state = state
            _follow(row, state, now_us)
        self._unmarked_us = now_us
        self._tell(event, summary_of_state(state), now_us)

    def _new_row(self, pod: Pod, now_us: int) -> PodRow:
        meta, owner, (cpu, memory) = pod.metadata, controller_of(pod.metadata), self._requests_of(pod)
        row = PodRow(
            namespace=meta.namespace,
            pod=meta.name,
            uid=meta.uid,
            owner_kind=None if owner is None else owner.kind,
            owner=None if owner is None else owner.name,
            priority=pod.priority,
            cpu_requested_millicores=cpu,
            memory_requested_bytes=memory,
            created_us=now_us,
        )
        self.pods[meta.uid] = row
        return row

    def _requests_of(self, pod: Pod) -> tuple[int, int]:
        """Return milli-cores and bytes that a pod asks for; new pods of one template are given the very same spec."""
        if pod.status.container_statuses:
            # It runs already, and may be in mid-resize.
            return _amounts(pod)
        known = self._requests.get(id(pod.spec))
        if known is None or known[0] is not pod.spec:
            if len(self._requests) >= _MAX_KNOWN:
                self._requests.clear()
            known = self._requests[id(pod.spec)] = (pod.spec, _amounts(pod))
        return known[1]

    def _count(self, row: PodRow, state: PodState, sign: int) -> None:
        """Add what a pod counts for in a state, or take it away."""
        totals, (phase, node, ready, _) = self.totals, state
        if phase in _ENDED:
            return
        if not node:
            totals.pods_pending += sign
            return
        totals.pods_bound += sign
        totals.pods_running += sign * (phase == "Running")
        totals.pods_ready += sign * ready
        totals.cpu_requested_millicores += sign * row.cpu_requested_millicores
        totals.memory_requested_bytes += sign * row.memory_requested_bytes
        before = self._pods_on.get(node, 0)
        self._pods_on[node] = before + sign
        totals.nodes_in_use += (before + sign > 0) - (before > 0)

    # Nodes

    def _count_node(self, event: WatchEvent, now_us: int) -> None:
        node, former = event.object, event.previous
        assert isinstance(node, Node)
        before = self.totals.values()
        if isinstance(former, Node):
            self._add_node(former, -1)
        if event.type != "DELETED":
            self._add_node(node, 1)
        if self.totals.values() != before:
            self._unmarked_us = now_us

    def _add_node(self, node: Node, sign: int) -> None:
        allocatable = node.status.allocatable or {}
        cpu, memory = allocatable.get(CPU), allocatable.get(MEMORY)
        self.totals.nodes += sign
        self.totals.nodes_ready += sign * node_is_ready(node)
        self.totals.cpu_allocatable_millicores += sign * (0 if cpu is None else cpu.ceil_milli())
        self.totals.memory_allocatable_bytes += sign * (0 if memory is None else memory.ceil_units())


def _amounts(pod: Pod) -> tuple[int, int]:
    requests = placed_requests(pod)
    return requests.get(CPU, 0), requests.get(MEMORY, 0)


def _follow(row: PodRow, state: PodState, now_us: int) -> None:
    """Note what happens to a pod for the first time."""
    phase, node, ready, _ = state
    if node and row.scheduled_us is None:
        row.node, row.scheduled_us = node, now_us
    if phase == "Running" and row.started_us is None:
        row.started_us = now_us
    if ready and row.ready_us is None:
        row.ready_us = now_us
    if phase in _ENDED and row.finished_us is None:
        row.finished_us = now_us


def node_is_ready(node: Node) -> bool:
    """Tell whether a node's condition Ready is True."""
    return any(condition.type == "Ready" and condition.status == "True" for condition in node.status.conditions)
