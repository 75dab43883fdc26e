"""ReplicaSet: keeps a number of equal pods running.

Source: pkg/controller/replicaset/replica_set.go and replica_set_utils.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from binpack.control.actions import Actions, Create, Delete, Done, Outcome, UpdateStatus, Write, first_error, is_moot
from binpack.control.apiserver.errors import NotFoundError
from binpack.control.apiserver.resources import ApiObject
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.clock import timestamp_of
from binpack.control.conditions import find_condition, is_active, is_ready, with_condition, without_condition
from binpack.control.controller import Wake
from binpack.control.controllers.expectations import Expectations
from binpack.control.controllers.ownership import claim, is_controlled_by, selector_of
from binpack.control.controllers.pods import (
    compare_for_deletion,
    in_order,
    is_available,
    matters_to_owner,
    next_availability_us,
    pod_from_template,
    slow_start_batches,
)
from binpack.control.reader import Reader
from binpack.control.records import Record
from binpack.control.subjects import PodChange
from binpack.control.workqueue import RateLimiter
from binpack.model.base import replace
from binpack.model.meta import Condition, controller_of
from binpack.model.pod import Pod
from binpack.model.workloads import ReplicaSet, ReplicaSetStatus
from binpack.units import US_PER_S

BURST_REPLICAS = 500


@dataclass(slots=True)
class ReplicaSetMemory:
    """What the controller remembers between syncs."""

    expectations: Expectations = field(default_factory=Expectations)


class _Sync(NamedTuple):
    """What one sync has found out so far; carried from the plan to its conclusion.

    `step` says what was planned: to claim pods, to manage them, or to write the status.
    """

    step: Literal["claim", "manage", "status"]
    replica_set: ReplicaSet
    active: tuple[Pod, ...] = ()
    terminating: int = 0
    manages: bool = False
    error: str = ""


class ReplicaSetController:
    """Compares a ReplicaSet's replicas with its active pods, and creates or deletes the difference."""

    name = "replicaset-controller"
    resources: tuple[str, ...] | None = ("ReplicaSet", "Pod")
    pod_owners: tuple[str, ...] | None = ("ReplicaSet",)
    pod_changes: tuple[PodChange, ...] | None = None
    max_retries: int | None = None
    workers: int = 5

    def new_limiter(self) -> RateLimiter:
        """Return client-go's default limiter."""
        return RateLimiter()

    def new_memory(self) -> ReplicaSetMemory:
        """Return empty expectations."""
        return ReplicaSetMemory()

    def observe(self, event: WatchEvent, reader: Reader, memory: ReplicaSetMemory, now_us: int) -> Iterable[Wake]:
        """Wake a ReplicaSet for each change of it and of its pods; count what was expected."""
        if isinstance(event.object, Pod):
            return _observe_pod(event, reader, memory)
        return (_key(event.object),) if isinstance(event.object, ReplicaSet) else ()

    def reconcile(self, key: str, reader: Reader, memory: ReplicaSetMemory, now_us: int) -> Actions:
        """Claim the pods of a ReplicaSet, then manage them."""
        namespace, _, name = key.partition("/")
        replica_set = reader.find(ReplicaSet, name, namespace)
        if replica_set is None:
            memory.expectations.forget(key)
            return Actions()
        selector = selector_of(replica_set.spec.selector)
        uid = replica_set.metadata.uid
        owned = [pod for pod in reader.dependents(Pod, uid) if is_controlled_by(pod, uid)]
        orphans = [pod for pod in reader.orphans(Pod, namespace, selector) if is_active(pod)]
        claims = claim(replica_set, selector, (pod for pod in owned if is_active(pod)), orphans)
        terminating = sum(pod.is_terminating and not pod.is_terminal and selector.matches(pod.metadata.labels) for pod in owned)
        sync = _Sync("claim", replica_set, claims.claimed, terminating, memory.expectations.are_met(key, now_us))
        if claims.writes:
            return Actions((claims.writes,), note=sync)
        return _manage(key, sync, reader, memory, now_us)

    def conclude(
        self, key: str, plan: Actions, outcomes: tuple[Outcome, ...], reader: Reader, memory: ReplicaSetMemory, now_us: int
    ) -> Actions | Done:
        """Go from claiming to managing to the status, and learn from each."""
        sync: _Sync | None = plan.note
        if sync is None:
            return Done()
        match sync.step:
            case "claim":
                error = first_error(tuple(one for one in outcomes if not isinstance(one.error, NotFoundError)))
                return Done(error) if error else _manage(key, sync, reader, memory, now_us)
            case "manage":
                return _write_status(sync, *_managed(key, sync, plan, outcomes, memory), now_us)
            case "status":
                return _finish(sync, plan, outcomes)


def pods_to_delete(pods: tuple[Pod, ...], related: list[Pod], count: int, now_us: int) -> list[Pod]:
    """Choose which pods go when a ReplicaSet shrinks.

    Parameters
    ----------
    pods : tuple of Pod
        The active pods of the ReplicaSet.
    related : list of Pod
        The active pods of all ReplicaSets of the same controller; of two pods alike, the one whose node has more of them goes first.
    count : int
        How many go. If it is all of them, they are not sorted.
    now_us : int
    """
    if count >= len(pods):
        return list(pods)
    on_node: dict[str, int] = {}
    for pod in related:
        on_node[pod.spec.node_name] = on_node.get(pod.spec.node_name, 0) + 1

    def compare(first: Pod, second: Pod) -> int:
        first_rank, second_rank = on_node.get(first.spec.node_name, 0), on_node.get(second.spec.node_name, 0)
        return compare_for_deletion(first, second, now_us, first_rank=first_rank, second_rank=second_rank)

    return in_order(pods, compare)[:count]


def replica_set_status(replica_set: ReplicaSet, active: tuple[Pod, ...], terminating: int, error: str, now_us: int) -> ReplicaSetStatus:
    """Compute the status from the pods as they were before this sync changed them.

    Parameters
    ----------
    replica_set : ReplicaSet
    active : tuple of Pod
    terminating : int
    error : str
        Why managing failed; empty if it did not, or was not tried.
    now_us : int
    """
    old, spec = replica_set.status, replica_set.spec
    template_labels = spec.template.metadata.labels.items()
    conditions = old.conditions
    failure = find_condition(conditions, "ReplicaFailure")
    if error and failure is None:
        reason = "FailedCreate" if len(active) < replicas_of(replica_set) else "FailedDelete"
        now = timestamp_of(now_us)
        conditions = with_condition(conditions, Condition("ReplicaFailure", "True", reason, error, last_transition_time=now))
    elif not error and failure is not None:
        conditions = without_condition(conditions, "ReplicaFailure")
    return ReplicaSetStatus(
        observed_generation=replica_set.metadata.generation,
        replicas=len(active),
        fully_labeled_replicas=sum([template_labels <= pod.metadata.labels.items() for pod in active]),
        ready_replicas=sum(map(is_ready, active)),
        available_replicas=sum([is_available(pod, spec.min_ready_seconds, now_us) for pod in active]),
        terminating_replicas=terminating,
        conditions=conditions,
    )


def replicas_of(replica_set: ReplicaSet) -> int:
    """Return `spec.replicas`, which is 1 when it is not given."""
    return 1 if replica_set.spec.replicas is None else replica_set.spec.replicas


def _observe_pod(event: WatchEvent, reader: Reader, memory: ReplicaSetMemory) -> Iterator[Wake]:
    pod, former = event.object, event.previous
    owner = _owner(pod, reader)
    if former is not None and controller_of(former.metadata) != controller_of(pod.metadata):
        old_owner = _owner(former, reader)
        if old_owner is not None:
            yield _key(old_owner)
    if owner is not None:
        key = _key(owner)
        if event.type == "ADDED":
            memory.expectations.observe_creation(key)
        if event.type == "DELETED" or pod.metadata.deletion_timestamp is not None:
            memory.expectations.observe_deletion(key, f"{pod.metadata.namespace}/{pod.metadata.name}")
        if isinstance(pod, Pod) and isinstance(former, Pod) and event.type == "MODIFIED" and not matters_to_owner(former, pod):
            return
        yield key
        seconds = owner.spec.min_ready_seconds
        if seconds > 0 and isinstance(former, Pod) and isinstance(pod, Pod) and is_ready(pod) and not is_ready(former):
            yield key, seconds * US_PER_S
    elif _is_new_orphan(event):
        for candidate in reader.selecting(ReplicaSet, pod.metadata.namespace, pod.metadata.labels):
            if selector_of(candidate.spec.selector).matches(pod.metadata.labels):
                yield _key(candidate)


def _is_new_orphan(event: WatchEvent) -> bool:
    """Tell whether an object without a controller has just appeared, lost its controller or changed its labels."""
    meta, former = event.object.metadata, event.previous
    if event.type == "DELETED" or controller_of(meta) is not None:
        return False
    return former is None or former.metadata.labels != meta.labels or controller_of(former.metadata) is not None


def _owner(value: ApiObject, reader: Reader) -> ReplicaSet | None:
    """Resolve a pod's controller reference, if it names a ReplicaSet that is there with that uid."""
    reference = controller_of(value.metadata)
    if reference is None or reference.kind != "ReplicaSet":
        return None
    found = reader.find(ReplicaSet, reference.name, value.metadata.namespace)
    return found if found is not None and found.metadata.uid == reference.uid else None


def _manage(key: str, sync: _Sync, reader: Reader, memory: ReplicaSetMemory, now_us: int) -> Actions:
    """Plan the creation or deletion of the difference, unless the last one has not been seen yet or the ReplicaSet is terminating."""
    replica_set, active = sync.replica_set, sync.active
    manages = sync.manages and replica_set.metadata.deletion_timestamp is None
    sync = sync._replace(step="manage", manages=manages)
    missing = replicas_of(replica_set) - len(active)
    if not manages or missing == 0:
        return Actions(note=sync)
    if missing > 0:
        count = min(missing, BURST_REPLICAS)
        memory.expectations.expect_creations(key, count, now_us)
        write = Create(pod_from_template(replica_set.spec.template, replica_set))
        return Actions(slow_start_batches([write] * count), note=sync)
    doomed = pods_to_delete(active, _related(replica_set, reader), min(-missing, BURST_REPLICAS), now_us)
    memory.expectations.expect_deletions(key, [pod.key for pod in doomed], now_us)
    deletions: tuple[Write, ...] = tuple(Delete(pod) for pod in doomed)
    return Actions((deletions,), note=sync)


def _related(replica_set: ReplicaSet, reader: Reader) -> list[Pod]:
    """Return the active pods of all ReplicaSets that the same controller owns; none without a controller."""
    reference = controller_of(replica_set.metadata)
    if reference is None:
        return []
    siblings = [one for one in reader.dependents(ReplicaSet, reference.uid) if is_controlled_by(one, reference.uid)]
    pods = {pod.key: pod for one in siblings for pod in reader.dependents(Pod, one.metadata.uid) if is_active(pod)}
    return list(pods.values())


def _managed(
    key: str, sync: _Sync, plan: Actions, outcomes: tuple[Outcome, ...], memory: ReplicaSetMemory
) -> tuple[str, tuple[Record, ...]]:
    """Take back what was expected and did not happen; return the first error and the Events."""
    records, error, created = [], "", 0
    for outcome in outcomes:
        write = outcome.write
        if outcome.error is None and outcome.result is not None:
            verb, reason = ("Created", "SuccessfulCreate") if isinstance(write, Create) else ("Deleted", "SuccessfulDelete")
            created += isinstance(write, Create)
            records.append(Record(sync.replica_set, "Normal", reason, f"{verb} pod: {outcome.result.metadata.name}"))
            continue
        if is_moot(outcome):
            continue
        if isinstance(write, Delete):
            memory.expectations.observe_deletion(key, f"{write.object.metadata.namespace}/{write.object.metadata.name}")
            if isinstance(outcome.error, NotFoundError):
                continue
        reason, verb = ("FailedCreate", "creating") if isinstance(write, Create) else ("FailedDelete", "deleting")
        records.append(Record(sync.replica_set, "Warning", reason, f"Error {verb}: {outcome.error}"))
        error = error or str(outcome.error)
    planned = sum(isinstance(write, Create) for stage in plan.stages for write in stage)
    memory.expectations.observe_creation(key, planned - created)
    return error, tuple(records)


def _write_status(sync: _Sync, error: str, records: tuple[Record, ...], now_us: int) -> Actions:
    replica_set = sync.replica_set
    # Only a pass that managed knows whether a failure is over.
    known = error if sync.manages else _standing_failure(replica_set)
    status = replica_set_status(replica_set, sync.active, sync.terminating, known, now_us)
    sync = sync._replace(step="status", error=error)
    stages = ((UpdateStatus(replace(replica_set, status=status)),),) if status != replica_set.status else ()
    wait_us = None
    seconds = replica_set.spec.min_ready_seconds
    if seconds > 0 and status.ready_replicas != status.available_replicas:
        wait_us = next_availability_us(sync.active, seconds, now_us) or seconds * US_PER_S
    return Actions(stages, records, requeue_after_us=wait_us, note=sync)


def _standing_failure(replica_set: ReplicaSet) -> str:
    failure = find_condition(replica_set.status.conditions, "ReplicaFailure")
    return failure.message if failure is not None else ""


def _finish(sync: _Sync, plan: Actions, outcomes: tuple[Outcome, ...]) -> Done:
    # A ReplicaSet that has gone meanwhile needs no status.
    failed = first_error(tuple(one for one in outcomes if not isinstance(one.error, NotFoundError)))
    return Done(sync.error or failed, plan.requeue_after_us)


def _key(value: ReplicaSet) -> str:
    return f"{value.metadata.namespace}/{value.metadata.name}"
