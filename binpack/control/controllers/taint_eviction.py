"""Taint eviction: deletes pods that do not, or no longer, tolerate a NoExecute taint of their node.

Source: pkg/controller/tainteviction/taint_eviction.go, v1.35. PodDisruptionBudgets are not consulted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from binpack.control.actions import Actions, Delete, Done, Outcome, UpdateStatus, first_error
from binpack.control.apiserver.errors import NotFoundError
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.clock import timestamp_of
from binpack.control.conditions import transitioned
from binpack.control.controller import Wake
from binpack.control.reader import Reader
from binpack.control.records import Record
from binpack.control.subjects import PodChange
from binpack.control.workqueue import RateLimiter
from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.node import Node, Taint
from binpack.model.pod import Pod, Toleration
from binpack.model.tolerations import NO_EXECUTE, tolerates
from binpack.units import US_PER_S

FOREVER = -1


@dataclass(slots=True)
class TaintEvictionMemory:
    """Deletions to come.

    Parameters
    ----------
    pending : dict[str, tuple[str, int]]
        By pod: its uid, and when it is deleted.
    """

    pending: dict[str, tuple[str, int]] = field(default_factory=dict)


class TaintEvictionController:
    """Counts for each pod how long it may stay, from the moment at which it first saw the taint."""

    name = "taint-eviction-controller"
    resources: tuple[str, ...] | None = ("Node", "Pod")
    pod_owners: tuple[str, ...] | None = None
    pod_changes: tuple[PodChange, ...] | None = ("spec", "metadata")
    max_retries: int | None = None
    workers: int = 1

    def new_limiter(self) -> RateLimiter:
        """Return client-go's default limiter."""
        return RateLimiter()

    def new_memory(self) -> TaintEvictionMemory:
        """Return an empty memory."""
        return TaintEvictionMemory()

    def observe(self, event: WatchEvent, reader: Reader, memory: TaintEvictionMemory, now_us: int) -> Iterable[Wake]:
        """Wake all pods of a node whose NoExecute taints change, and a pod that is bound to such a node or changes its tolerations."""
        value, former = event.object, event.previous
        if isinstance(value, Node):
            before = no_execute_taints(former) if isinstance(former, Node) else []
            changes = event.type != "DELETED" and no_execute_taints(value) != before
            return [pod.key for pod in reader.pods_on(value.name)] if changes else ()
        if not isinstance(value, Pod) or not value.spec.node_name:
            return ()
        if memory.pending and value.key in memory.pending:
            return (value.key,)
        node = None if event.type == "DELETED" else reader.find(Node, value.spec.node_name)
        return (value.key,) if node is not None and node.spec.taints and no_execute_taints(node) else ()

    def reconcile(self, key: str, reader: Reader, memory: TaintEvictionMemory, now_us: int) -> Actions:
        """Delete the pod, let it wait, or cancel its deletion."""
        namespace, _, name = key.partition("/")
        pod = reader.find(Pod, name, namespace)
        pending = memory.pending.get(key)
        if pod is None or pod.metadata.deletion_timestamp is not None or (pending is not None and pending[0] != pod.metadata.uid):
            memory.pending.pop(key, None)
            pending = None
        if pod is None or pod.metadata.deletion_timestamp is not None:
            return Actions()
        node = reader.find(Node, pod.spec.node_name) if pod.spec.node_name else None
        taints = [] if node is None else no_execute_taints(node)
        seconds = seconds_tolerated(taints, pod.spec.tolerations) if taints else FOREVER
        if seconds == FOREVER:
            cancelled = Record(pod, "Normal", "TaintManagerEviction", f"Cancelling deletion of Pod {key}")
            return Actions(records=(cancelled,)) if memory.pending.pop(key, None) is not None else Actions()
        due_us = now_us + seconds * US_PER_S
        if seconds > 0 and pending is not None:
            # Later changes do not move a deletion that is pending already.
            due_us = pending[1]
        memory.pending[key] = (pod.metadata.uid, due_us)
        if due_us > now_us:
            return Actions(requeue_after_us=due_us - now_us)
        return _delete(pod, now_us)

    def conclude(
        self, key: str, plan: Actions, outcomes: tuple[Outcome, ...], reader: Reader, memory: TaintEvictionMemory, now_us: int
    ) -> Done:
        """Forget a pod that is deleted; retry what failed."""
        error = first_error(tuple(one for one in outcomes if not isinstance(one.error, NotFoundError)))
        if plan.stages and not error:
            memory.pending.pop(key, None)
        return Done(error, plan.requeue_after_us)


def no_execute_taints(node: Node) -> list[Taint]:
    """Return the taints that also concern pods which are on the node already."""
    return [taint for taint in node.spec.taints if taint.effect == NO_EXECUTE]


def seconds_tolerated(taints: Iterable[Taint], tolerations: tuple[Toleration, ...]) -> int:
    """Return for how many seconds a pod tolerates all taints; 0 if one is not tolerated, FOREVER if there is no limit.

    For each taint the first toleration that covers it counts.
    """
    used: list[int | None] = []
    for taint in taints:
        cover = next((one for one in tolerations if tolerates(one, taint)), None)
        if cover is None:
            return 0
        used.append(cover.toleration_seconds)
    return shortest(used)


def shortest(seconds: list[int | None]) -> int:
    """Return the shortest of several tolerations' seconds (None: for ever); 0 for none, FOREVER if all are for ever."""
    if not seconds:
        return 0
    limited = [one for one in seconds if one is not None]
    return max(min(limited), 0) if limited else FOREVER


def _delete(pod: Pod, now_us: int) -> Actions:
    now = timestamp_of(now_us)
    reason, message = "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint"
    conditions = transitioned(pod.status.conditions, Condition("DisruptionTarget", "True", reason, message), now)
    marked = replace(pod, status=replace(pod.status, conditions=conditions))
    record = Record(pod, "Normal", "TaintManagerEviction", f"Marking for deletion Pod {pod.key}")
    return Actions(((UpdateStatus(marked),), (Delete(pod),)), (record,))
