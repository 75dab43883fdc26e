"""Pod garbage collection: removes pods that nobody else will: of nodes that are gone, never bound, or ended long ago in great numbers.

Upstream looks every 20 s. Here a pass happens only when it can find something, always at a multiple of 20 s.
Source: pkg/controller/podgc/gc_controller.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from binpack.control.actions import Actions, Delete, Done, Outcome, UpdateStatus, Write, first_error
from binpack.control.apiserver.errors import NotFoundError
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.clock import timestamp_of
from binpack.control.conditions import is_true, transitioned
from binpack.control.controller import Wake
from binpack.control.reader import Reader
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
    """What the controller remembers between passes.

    Parameters
    ----------
    quarantine_until_us : dict[str, int]
        By name of a node that is missing: when it is taken to be gone for good.
    terminated : dict[str, None]
        Pods that have ended, by namespace/name; an ordered set.
    """

    quarantine_until_us: dict[str, int] = field(default_factory=dict)
    terminated: dict[str, None] = field(default_factory=dict)


class PodGarbageCollector:
    """Looks at pods without a home."""

    name = "pod-garbage-collector-controller"
    resources: tuple[str, ...] | None = ("Pod", "Node")
    max_retries: int | None = None

    def new_limiter(self) -> RateLimiter:
        """Return client-go's default limiter."""
        return RateLimiter()

    def new_memory(self) -> PodGarbageMemory:
        """Return an empty memory."""
        return PodGarbageMemory()

    def observe(self, event: WatchEvent, reader: Reader, memory: PodGarbageMemory, now_us: int) -> Iterator[Wake]:
        """Wake the next pass when it will find something."""
        value = event.object
        if isinstance(value, Node):
            gone = event.type == "DELETED" and bool(reader.pods_on(value.name))
            if gone or any(taint.key == OUT_OF_SERVICE_TAINT for taint in value.spec.taints):
                yield _PASS, _until_next_pass(now_us)
        elif isinstance(value, Pod):
            if event.type == "DELETED" or not value.is_terminal:
                memory.terminated.pop(value.key, None)
            else:
                memory.terminated[value.key] = None
            if event.type != "DELETED" and (len(memory.terminated) > MAX_TERMINATED_PODS or _may_be_garbage(value, reader)):
                yield _PASS, _until_next_pass(now_us)

    def reconcile(self, key: str, reader: Reader, memory: PodGarbageMemory, now_us: int) -> Actions:
        """Make one pass."""
        pods = reader.scan(Pod)
        nodes = {node.name: node for node in reader.scan(Node)}
        surplus = surplus_terminated([pod for pod in pods if pod.is_terminal], MAX_TERMINATED_PODS)
        stranded = [pod for pod in pods if is_out_of_service(pod, nodes.get(pod.spec.node_name))]
        gone = _nodes_gone(pods, nodes, memory, now_us)
        orphaned = [pod for pod in pods if pod.spec.node_name in gone]
        unbound = [pod for pod in pods if pod.is_terminating and not pod.spec.node_name]
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


def surplus_terminated(pods: list[Pod], threshold: int) -> list[Pod]:
    """Return the ended pods that are too many: evicted ones first, then the oldest, then by name."""

    def order(pod: Pod) -> tuple[bool, float, str]:
        created = pod.metadata.creation_timestamp
        return pod.status.reason != "Evicted", 0.0 if created is None else created.timestamp(), pod.metadata.name

    return sorted(pods, key=order)[: max(len(pods) - threshold, 0)]


def is_out_of_service(pod: Pod, node: Node | None) -> bool:
    """Tell whether a terminating pod is on a node that is not Ready and that an operator has declared out of service."""
    if node is None or not pod.is_terminating or is_true(node.status.conditions, "Ready"):
        return False
    return any(taint.key == OUT_OF_SERVICE_TAINT for taint in node.spec.taints)


def _nodes_gone(pods: list[Pod], nodes: dict[str, Node], memory: PodGarbageMemory, now_us: int) -> set[str]:
    """Quarantine the names of nodes that pods are bound to and that are not there; return those whose quarantine is over."""
    missing = dict.fromkeys(pod.spec.node_name for pod in pods if pod.spec.node_name and pod.spec.node_name not in nodes)
    memory.quarantine_until_us = {name: memory.quarantine_until_us.get(name, now_us + QUARANTINE_US) for name in missing}
    gone = {name for name, until_us in memory.quarantine_until_us.items() if until_us <= now_us}
    memory.quarantine_until_us = {name: until for name, until in memory.quarantine_until_us.items() if name not in gone}
    return gone


def _failed(pod: Pod, now_us: int, *, orphaned: bool) -> Pod:
    status = replace(pod.status, phase="Failed")
    if orphaned:
        condition = Condition("DisruptionTarget", "True", "DeletionByPodGC", "PodGC: node no longer exists")
        status = replace(status, conditions=transitioned(status.conditions, condition, timestamp_of(now_us)))
    return replace(pod, status=status)


def _may_be_garbage(pod: Pod, reader: Reader) -> bool:
    if not pod.spec.node_name:
        return pod.is_terminating
    node = reader.find(Node, pod.spec.node_name)
    return node is None or (pod.is_terminating and any(taint.key == OUT_OF_SERVICE_TAINT for taint in node.spec.taints))


def _until_next_pass(now_us: int) -> int:
    return -now_us % PASS_PERIOD_US
