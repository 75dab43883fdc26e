"""The passes of the node lifecycle controller: health, NoSchedule taints, NoExecute taints at the pace of each zone.

Upstream's monitor looks at all nodes every 5 s. Here a pass happens only when it can find something: after a change of a node or its
Lease, and when a silent node's grace is over; always at a multiple of 5 s. Passes left out would have done nothing.
Source: pkg/controller/nodelifecycle/node_lifecycle_controller.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from binpack.control.actions import Actions, Done, Outcome, Update, UpdateStatus, Write, first_error
from binpack.control.apiserver.errors import NotFoundError
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.clock import timestamp_of
from binpack.control.conditions import find_condition, with_condition
from binpack.control.controller import Wake
from binpack.control.controllers.node_lifecycle.health import examine, next_pass_us
from binpack.control.controllers.node_lifecycle.taints import (
    NOT_READY,
    UNREACHABLE,
    has_no_execute,
    no_execute_key,
    ready_status,
    with_no_execute,
    with_no_schedule_taints,
)
from binpack.control.controllers.node_lifecycle.zones import EXCLUDE_LABEL, Zone, interval_of, zone_of, zone_state
from binpack.control.heartbeats import LEASE_NAMESPACE
from binpack.control.reader import Reader
from binpack.control.records import Record
from binpack.control.subjects import PodChange
from binpack.control.workqueue import RateLimiter
from binpack.model.base import replace
from binpack.model.node import Node
from binpack.model.policy import Lease
from binpack.units import US_PER_MS

TAINT_PASS_US = 100 * US_PER_MS

_MONITOR = "monitor"
_TAINT_ZONES = "taint-zones"
_TAINTS_OF = "taints:"


@dataclass(slots=True)
class NodeLifecycleMemory:
    """What the controller remembers between passes.

    Parameters
    ----------
    first_seen_us : dict[str, int]
        By node.
    zones : dict[str, Zone]
        By zone key.
    zone_of_node : dict[str, str]
        In which zone a node was last seen.
    all_down : bool
        All zones were fully disrupted in the last pass.
    """

    first_seen_us: dict[str, int] = field(default_factory=dict)
    zones: dict[str, Zone] = field(default_factory=dict)
    zone_of_node: dict[str, str] = field(default_factory=dict)
    all_down: bool = False


class NodeLifecycleController:
    """Turns a node's silence into conditions and taints."""

    name = "node-lifecycle-controller"
    resources: tuple[str, ...] | None = ("Node", "Lease")
    pod_owners: tuple[str, ...] | None = None
    pod_changes: tuple[PodChange, ...] | None = None
    max_retries: int | None = None
    workers: int = 1

    def new_limiter(self) -> RateLimiter:
        """Return client-go's default limiter."""
        return RateLimiter()

    def new_memory(self) -> NodeLifecycleMemory:
        """Return an empty memory."""
        return NodeLifecycleMemory()

    def observe(self, event: WatchEvent, reader: Reader, memory: NodeLifecycleMemory, now_us: int) -> Iterator[Wake]:
        """Wake the taints of a changed node at once, and the monitor at its next pass if the change matters to it."""
        value, former = event.object, event.previous
        if isinstance(value, Lease):
            if value.metadata.namespace == LEASE_NAMESPACE:
                yield _MONITOR, next_pass_us(now_us) - now_us
            return
        if not isinstance(value, Node):
            return
        if event.type != "DELETED":
            yield _TAINTS_OF + value.name
        if (
            not isinstance(former, Node)
            or event.type == "DELETED"
            or ready_status(former) != ready_status(value)
            or former.metadata.labels != value.metadata.labels
        ):
            yield _MONITOR, next_pass_us(now_us) - now_us

    def reconcile(self, key: str, reader: Reader, memory: NodeLifecycleMemory, now_us: int) -> Actions:
        """Make one pass: over all nodes, over the zones' queues, or over one node's NoSchedule taints."""
        if key == _MONITOR:
            return _monitor(reader, memory, now_us)
        if key == _TAINT_ZONES:
            return _taint_zones(reader, memory, now_us)
        node = reader.find(Node, key.removeprefix(_TAINTS_OF))
        tainted = None if node is None else with_no_schedule_taints(node, timestamp_of(now_us))
        if node is None or tainted is None or tainted is node:
            return Actions()
        return Actions(((Update(tainted),),))

    def conclude(
        self, key: str, plan: Actions, outcomes: tuple[Outcome, ...], reader: Reader, memory: NodeLifecycleMemory, now_us: int
    ) -> Done:
        """Work the zones' queues right after the monitor."""
        error = first_error(tuple(one for one in outcomes if not isinstance(one.error, NotFoundError)))
        return Done(error, plan.requeue_after_us, wakes=(_TAINT_ZONES,) if key == _MONITOR else ())


def _monitor(reader: Reader, memory: NodeLifecycleMemory, now_us: int) -> Actions:
    """Examine every node, then judge the zones."""
    writes: list[Write] = []
    records: list[Record] = []
    checks: list[int] = []
    nodes: list[Node] = []
    for node in reader.scan(Node):
        first_seen_us = memory.first_seen_us.setdefault(node.name, now_us)
        health = examine(node, reader.find(Lease, node.name, LEASE_NAMESPACE), first_seen_us, now_us)
        if health.silent_from_us is not None:
            checks.append(health.silent_from_us)
        if health.node is not node:
            writes.append(UpdateStatus(health.node))
            if ready_status(node) == "True":
                records.append(Record(node, "Normal", "NodeNotReady", f"Node {node.name} status is now: NodeNotReady"))
                _mark_pods(node, reader, now_us, writes, records)
        nodes.append(health.node)
    _forget_absent(nodes, memory)
    writes.extend(_queue_for_taints(nodes, memory, now_us))
    writes.extend(_judge_zones(nodes, memory, now_us))
    wait_us = min(checks) - now_us if checks else None
    return Actions((tuple(writes),) if writes else (), tuple(records), requeue_after_us=wait_us)


def _mark_pods(node: Node, reader: Reader, now_us: int, writes: list[Write], records: list[Record]) -> None:
    """Turn the condition Ready of all pods on a silent node to False; their phases stay."""
    for pod in reader.pods_on(node.name):
        ready = find_condition(pod.status.conditions, "Ready")
        if ready is not None and ready.status == "True":
            lost = replace(ready, status="False", last_transition_time=timestamp_of(now_us))
            status = replace(pod.status, conditions=with_condition(pod.status.conditions, lost))
            writes.append(UpdateStatus(replace(pod, status=status)))
            records.append(Record(pod, "Warning", "NodeNotReady", "Node is not ready"))


def _forget_absent(nodes: list[Node], memory: NodeLifecycleMemory) -> None:
    present = {node.name for node in nodes}
    for name in [name for name in memory.first_seen_us if name not in present]:
        del memory.first_seen_us[name]
        zone = memory.zones.get(memory.zone_of_node.pop(name, ""))
        if zone is not None:
            zone.leave(name)
    for node in nodes:
        key = zone_of(node)
        former = memory.zone_of_node.get(node.name)
        if former is not None and former != key:
            memory.zones[former].leave(node.name)
        memory.zone_of_node[node.name] = key
        memory.zones.setdefault(key, Zone(next_token_us=0))


def _queue_for_taints(nodes: list[Node], memory: NodeLifecycleMemory, now_us: int) -> list[Write]:
    """Let nodes that are not Ready wait for their NoExecute taint, swap a wrong one, take it off nodes that are Ready."""
    writes: list[Write] = []
    for node in nodes:
        zone, key = memory.zones[memory.zone_of_node[node.name]], no_execute_key(ready_status(node))
        opposite = {NOT_READY: UNREACHABLE, UNREACHABLE: NOT_READY}.get(key or "")
        if key is None:
            zone.leave(node.name)
        if key is None or (opposite is not None and has_no_execute(node, opposite)):
            changed = with_no_execute(node, key, timestamp_of(now_us))
            if changed is not node:
                writes.append(Update(changed))
        else:
            zone.join(node.name)
    return writes


def _judge_zones(nodes: list[Node], memory: NodeLifecycleMemory, now_us: int) -> list[Write]:
    """Set each zone's pace. With all zones down nothing is tainted any more: it is the control plane that is cut off."""
    counts: dict[str, tuple[int, int]] = {}
    for node in nodes:
        if EXCLUDE_LABEL not in node.metadata.labels:
            key, is_ready = memory.zone_of_node[node.name], ready_status(node) == "True"
            ready, not_ready = counts.get(key, (0, 0))
            counts[key] = (ready + is_ready, not_ready + (not is_ready))
    states = {key: zone_state(*count) for key, count in counts.items()}
    for key in [key for key in memory.zones if key not in states and not memory.zones[key].waiting]:
        del memory.zones[key]
        memory.zone_of_node = {name: zone for name, zone in memory.zone_of_node.items() if zone != key}
    all_down = bool(states) and all(state == "FullDisruption" for state in states.values())
    was_down, memory.all_down = memory.all_down, all_down
    if all_down:
        for key, state in states.items():
            memory.zones[key].state = state
            memory.zones[key].pace(None, now_us)
        return _untaint_all(nodes, memory, now_us) if not was_down else []
    if was_down:
        # A fresh grace for everybody: the silence may have been ours.
        memory.first_seen_us = dict.fromkeys(memory.first_seen_us, now_us)
    for key, state in states.items():
        memory.zones[key].state = state
        memory.zones[key].pace(interval_of(state, sum(counts[key])), now_us)
    return []


def _untaint_all(nodes: list[Node], memory: NodeLifecycleMemory, now_us: int) -> list[Write]:
    for node in nodes:
        memory.zones[memory.zone_of_node[node.name]].leave(node.name)
    changed = ((node, with_no_execute(node, None, timestamp_of(now_us))) for node in nodes)
    return [Update(after) for before, after in changed if after is not before]


def _taint_zones(reader: Reader, memory: NodeLifecycleMemory, now_us: int) -> Actions:
    """Taint the nodes whose turn has come, and come back when the next token is there."""
    writes: list[Write] = []
    waits: list[int] = []
    for zone in memory.zones.values():
        while zone.waiting and zone.take_token(now_us):
            name = next(iter(zone.waiting))
            del zone.waiting[name]
            node = reader.find(Node, name)
            key = None if node is None else no_execute_key(ready_status(node))
            if node is not None and key is not None:
                changed = with_no_execute(node, key, timestamp_of(now_us))
                if changed is not node:
                    writes.append(Update(changed))
        if zone.waiting and zone.interval_us is not None:
            waits.append(-(-(zone.next_token_us - now_us) // TAINT_PASS_US) * TAINT_PASS_US)
    return Actions((tuple(writes),) if writes else (), requeue_after_us=min(waits, default=None))
