"""Pod garbage collection: removes pods that nobody else will: of nodes that are gone, never bound, or ended long ago in great numbers.

Upstream looks every 20 s. Here a pass happens only when it can find something, always at a multiple of 20 s.
Source: pkg/controller/podgc/gc_controller.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from binpack.control.actions import Actions, Delete, Done, Outcome, UpdateStatus, Write, first_error
from binpack.control.apiserver.errors import NotFoundError
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.clock import timestamp_of
from binpack.control.conditions import is_true, transitioned
from binpack.control.controller import Wake
from binpack.control.controllers.ended_pods import EndedPods
from binpack.control.reader import Reader
from binpack.control.subjects import PodChange
from binpack.control.workqueue import RateLimiter
from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.units import US_PER_S

PASS_PERIOD_US = 20 * US_PER_S
QUARANTINE_US = 40 * US_PER_S
MAX_TERMINATED_PODS = 12_500
OUT_OF_SERVICE_TAINT = "node.kubernetes.io/out-of-service"

_PASS = "pass"


@dataclass(slots=True)
class PodGarbageMemory:
    """What the controller has seen, so that a pass looks at what may be garbage and at nothing else.

    Parameters
    ----------
    quarantine_until_us : dict[str, int]
        By name of a node that is missing: when it is taken to be gone for good.
    ended : EndedPods
        Pods that have ended.
    missing_nodes : dict[str, None]
        Names of nodes that were missing when a pod was seen on them or when they were deleted; an ordered set.
    out_of_service : dict[str, None]
        Nodes that were seen with the taint; an ordered set.
    unbound : dict[str, None]
        Pods that were seen terminating without a node, by namespace/name; an ordered set.
    """

    quarantine_until_us: dict[str, int] = field(default_factory=dict)
    ended: EndedPods = field(default_factory=EndedPods)
    missing_nodes: dict[str, None] = field(default_factory=dict)
    out_of_service: dict[str, None] = field(default_factory=dict)
    unbound: dict[str, None] = field(default_factory=dict)


class PodGarbageCollector:
    """Looks at pods without a home."""

    name = "pod-garbage-collector-controller"
    resources: tuple[str, ...] | None = ("Pod", "Node")
    pod_owners: tuple[str, ...] | None = None
    pod_changes: tuple[PodChange, ...] | None = ("spec", "metadata", "phase")
    max_retries: int | None = None
    workers: int = 1

    def new_limiter(self) -> RateLimiter:
        """Return client-go's default limiter."""
        return RateLimiter()

    def new_memory(self) -> PodGarbageMemory:
        """Return an empty memory."""
        return PodGarbageMemory()

    def observe(self, event: WatchEvent, reader: Reader, memory: PodGarbageMemory, now_us: int) -> Iterable[Wake]:
        """Wake the next pass when it will find something."""
        value = event.object
        if isinstance(value, Pod):
            wakes = _note_pod(event, value, reader, memory)
        else:
            wakes = isinstance(value, Node) and _note_node(event, value, reader, memory)
        return ((_PASS, _until_next_pass(now_us)),) if wakes else ()

    def reconcile(self, key: str, reader: Reader, memory: PodGarbageMemory, now_us: int) -> Actions:
        """Make one pass."""
        surplus = _found(reader, memory.ended.surplus(MAX_TERMINATED_PODS))
        nodes = [reader.find(Node, name) for name in memory.out_of_service]
        stranded = [pod for node in nodes if node is not None for pod in reader.pods_on(node.name) if is_out_of_service(pod, node)]
        orphaned = [pod for name in _nodes_gone(reader, memory, now_us) for pod in reader.pods_on(name)]
        unbound = [pod for pod in _found(reader, memory.unbound) if pod.is_terminating and not pod.spec.node_name]
        memory.unbound = {pod.key: None for pod in unbound}
        chosen = {pod.metadata.uid: (pod, False) for pod in (*surplus, *stranded, *unbound)}
        chosen |= {pod.metadata.uid: (pod, True) for pod in orphaned}
        marks: list[Write] = [UpdateStatus(_failed(pod, now_us, orphaned=lost)) for pod, lost in chosen.values() if not pod.is_terminal]
        removals = tuple(Delete(pod, grace_seconds=0) for pod, _ in chosen.values())
        wait_us = PASS_PERIOD_US if memory.quarantine_until_us else None
        return Actions((tuple(marks), removals) if chosen else (), requeue_after_us=wait_us)

    def conclude(
        self, key: str, plan: Actions, outcomes: tuple[Outcome, ...], reader: Reader, memory: PodGarbageMemory, now_us: int
    ) -> Done:
        """Retry what failed."""
        return Done(first_error(tuple(one for one in outcomes if not isinstance(one.error, NotFoundError))), plan.requeue_after_us)


def _note_node(event: WatchEvent, node: Node, reader: Reader, memory: PodGarbageMemory) -> bool:
    memory.out_of_service.pop(node.name, None)
    if event.type == "DELETED":
        gone = bool(reader.pods_on(node.name))
        if gone:
            memory.missing_nodes[node.name] = None
        return gone
    is_marked = _is_marked(node)
    if is_marked:
        memory.out_of_service[node.name] = None
    return is_marked


def _note_pod(event: WatchEvent, pod: Pod, reader: Reader, memory: PodGarbageMemory) -> bool:
    former, is_terminal = event.previous, pod.is_terminal
    if is_terminal and event.type != "DELETED":
        memory.ended.put(pod)
    elif is_terminal or not isinstance(former, Pod) or former.is_terminal:
        memory.ended.drop(pod.key)
    if memory.unbound:
        memory.unbound.pop(pod.key, None)
    if event.type == "DELETED":
        return False
    may_be_garbage = False
    if not pod.spec.node_name:
        may_be_garbage = pod.is_terminating
        if may_be_garbage:
            memory.unbound[pod.key] = None
    else:
        node = reader.find(Node, pod.spec.node_name)
        if node is None:
            memory.missing_nodes[pod.spec.node_name] = None
        may_be_garbage = node is None or (pod.is_terminating and _is_marked(node))
    return may_be_garbage or len(memory.ended) > MAX_TERMINATED_PODS


def _found(reader: Reader, keys: Iterable[str]) -> list[Pod]:
    found = (reader.find(Pod, name, namespace) for namespace, _, name in (key.partition("/") for key in keys))
    return [pod for pod in found if pod is not None]


def is_out_of_service(pod: Pod, node: Node | None) -> bool:
    """Tell whether a terminating pod is on a node that is not Ready and that an operator has declared out of service."""
    if node is None or not pod.is_terminating or is_true(node.status.conditions, "Ready"):
        return False
    return _is_marked(node)


def _nodes_gone(reader: Reader, memory: PodGarbageMemory, now_us: int) -> list[str]:
    """Quarantine the names of nodes that pods are bound to and that are not there; return those whose quarantine is over."""
    missing = [name for name in memory.missing_nodes if reader.find(Node, name) is None and reader.pods_on(name)]
    memory.missing_nodes = dict.fromkeys(missing)
    until_us = {name: memory.quarantine_until_us.get(name, now_us + QUARANTINE_US) for name in missing}
    memory.quarantine_until_us = {name: until for name, until in until_us.items() if until > now_us}
    return [name for name, until in until_us.items() if until <= now_us]


def _failed(pod: Pod, now_us: int, *, orphaned: bool) -> Pod:
    status = replace(pod.status, phase="Failed")
    if orphaned:
        condition = Condition("DisruptionTarget", "True", "DeletionByPodGC", "PodGC: node no longer exists")
        status = replace(status, conditions=transitioned(status.conditions, condition, timestamp_of(now_us)))
    return replace(pod, status=status)


def _is_marked(node: Node) -> bool:
    return any(taint.key == OUT_OF_SERVICE_TAINT for taint in node.spec.taints)


def _until_next_pass(now_us: int) -> int:
    return -now_us % PASS_PERIOD_US
