"""The sync of a DaemonSet: number the revisions, put a pod on every node, replace old ones, count.

Source: pkg/controller/daemon/daemon_controller.go (syncDaemonSet), v1.35.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from binpack.control.actions import Actions, Create, Delete, Done, Outcome, UpdateStatus, Write, first_error, is_moot, with_records
from binpack.control.apiserver.errors import NotFoundError
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.conditions import is_ready
from binpack.control.controller import Wake
from binpack.control.controllers.daemonset.managing import Changes, Failures, manage, roll
from binpack.control.controllers.daemonset.nodes import Fitness, build_pod, by_target, fitness, with_daemon_tolerations
from binpack.control.controllers.daemonset.status import daemon_set_status
from binpack.control.controllers.expectations import Expectations
from binpack.control.controllers.ownership import as_written, claim, is_controlled_by, selector_of
from binpack.control.controllers.pods import matters_to_owner, slow_start_batches
from binpack.control.controllers.revisions import HASH_LABEL, claim_revisions, collision, numbered, to_forget
from binpack.control.reader import Reader
from binpack.control.records import Record
from binpack.control.subjects import PodChange
from binpack.control.workqueue import RateLimiter
from binpack.model.base import replace
from binpack.model.meta import LabelSelector, controller_of
from binpack.model.node import Node
from binpack.model.pod import Pod, PodSpec
from binpack.model.revisions import ControllerRevision
from binpack.model.workloads import DaemonSet
from binpack.units import US_PER_S

BURST_PODS = 250


@dataclass(slots=True)
class DaemonSetMemory:
    """What the controller remembers between syncs.

    Parameters
    ----------
    expectations : Expectations
    failures : dict[str, Failures]
        By `uid:generation:node`.
    """

    expectations: Expectations = field(default_factory=Expectations)
    failures: dict[str, Failures] = field(default_factory=dict)


class _Claimed(NamedTuple):
    """A set and what is its own."""

    daemon_set: DaemonSet
    pods: tuple[Pod, ...]
    revisions: tuple[ControllerRevision, ...]


class _Numbered(NamedTuple):
    """What is to be managed once the revision of the template is written."""

    claimed: _Claimed


class _Sync(NamedTuple):
    """What one sync has found out so far."""

    step: Literal["manage", "roll", "status"]
    daemon_set: DaemonSet
    spec: PodSpec
    digest: str
    revisions: tuple[ControllerRevision, ...]
    fits: Mapping[str, Fitness]
    pods: Mapping[str, list[Pod]]
    wait_us: int | None = None
    error: str = ""
    observed: bool = True


class DaemonSetController:
    """Keeps one pod on every node that its template fits."""

    name = "daemonset-controller"
    resources: tuple[str, ...] | None = ("DaemonSet", "Pod", "Node")
    pod_owners: tuple[str, ...] | None = ("DaemonSet",)
    pod_changes: tuple[PodChange, ...] | None = None
    max_retries: int | None = None
    workers: int = 2

    def new_limiter(self) -> RateLimiter:
        """Return client-go's default limiter."""
        return RateLimiter()

    def new_memory(self) -> DaemonSetMemory:
        """Return empty expectations."""
        return DaemonSetMemory()

    def observe(self, event: WatchEvent, reader: Reader, memory: DaemonSetMemory, now_us: int) -> Iterator[Wake]:
        """Wake a set for its changes and for those of its pods; all sets for a node that comes, goes, or changes labels or taints."""
        value = event.object
        if isinstance(value, DaemonSet):
            yield _key(value)
        elif isinstance(value, Node):
            yield from _observe_node(event, value, reader)
        elif isinstance(value, Pod):
            yield from _observe_pod(event, value, reader, memory)

    def reconcile(self, key: str, reader: Reader, memory: DaemonSetMemory, now_us: int) -> Actions:
        """Claim pods and number the revisions; when there is nothing of that to write, manage."""
        namespace, _, name = key.partition("/")
        found = reader.find(DaemonSet, name, namespace)
        if found is None:
            memory.expectations.forget(key)
            return Actions()
        if found.spec.selector is None or found.spec.selector == LabelSelector():
            said = "This daemon set is selecting all pods. A non-empty selector is required."
            return Actions(records=(Record(found, "Warning", "SelectingAll", said),))
        if found.metadata.deletion_timestamp is not None:
            return Actions()
        uid, selector = found.metadata.uid, selector_of(found.spec.selector)
        owned = [pod for pod in reader.dependents(Pod, uid) if is_controlled_by(pod, uid)]
        pods = claim(found, selector, owned, reader.orphans(Pod, namespace, selector))
        revisions = claim_revisions(found, reader)
        claimed = _Claimed(found, pods.claimed, revisions.claimed)
        if pods.writes or revisions.writes:
            return Actions(((*revisions.writes, *pods.writes),), note=claimed)
        return _number(key, claimed, reader, memory, now_us)

    def conclude(
        self, key: str, plan: Actions, outcomes: tuple[Outcome, ...], reader: Reader, memory: DaemonSetMemory, now_us: int
    ) -> Actions | Done:
        """Go on from claiming to numbering, managing, rolling and the status."""
        error = first_error(tuple(one for one in outcomes if not isinstance(one.error, NotFoundError)))
        match plan.note:
            case _Claimed() as claimed:
                pods, revisions = as_written(claimed.pods, outcomes), as_written(claimed.revisions, outcomes)
                return Done(error) if error else _number(key, _Claimed(claimed.daemon_set, pods, revisions), reader, memory, now_us)
            case _Numbered() as made:
                if error:
                    taken = collision(made.claimed.daemon_set, outcomes, reader)
                    return Actions(((taken,),), note=error) if taken is not None else Done(error)
                written = next(one.result for one in outcomes if isinstance(one.result, ControllerRevision))
                return _manage(key, made.claimed, written, reader, memory, now_us)
            case _Sync() as sync if sync.step == "status":
                return Done(sync.error or error, plan.requeue_after_us)
            case _Sync() as sync:
                return _after_changes(key, sync, plan, outcomes, error, reader, memory, now_us)
            case _:
                return Done(plan.note or error)


def _number(key: str, claimed: _Claimed, reader: Reader, memory: DaemonSetMemory, now_us: int) -> Actions:
    """Give the template its revision."""
    number = numbered(claimed.daemon_set, claimed.revisions)
    if number.writes:
        return Actions((number.writes,), note=_Numbered(claimed))
    return _manage(key, claimed, number.update, reader, memory, now_us)


def _manage(
    key: str, claimed: _Claimed, update: ControllerRevision, reader: Reader, memory: DaemonSetMemory, now_us: int
) -> Actions:  # fmt: skip
    """Compare the nodes with the pods."""
    found = claimed.daemon_set
    known = {one.metadata.name: one for one in claimed.revisions} | {update.metadata.name: update}
    digest = update.metadata.labels.get(HASH_LABEL, "")
    spec = with_daemon_tolerations(found.spec.template.spec)
    fits = {node.name: fitness(spec, node) for node in sorted(reader.scan(Node), key=lambda node: node.name)}
    sync = _Sync("manage", found, spec, digest, tuple(known.values()), fits, by_target(claimed.pods))
    if not memory.expectations.are_met(key, now_us):
        return _write_status(sync._replace(observed=False), now_us)
    changes = manage(found, sync.fits, sync.pods, digest, memory.failures, now_us)
    return _perform(key, sync._replace(wait_us=min(changes.waits_us, default=None)), changes, memory, now_us)


def _after_changes(
    key: str,
    sync: _Sync,
    plan: Actions,
    outcomes: tuple[Outcome, ...],
    error: str,
    reader: Reader,
    memory: DaemonSetMemory,
    now_us: int,
) -> Actions:
    """Roll once what was managed is seen to be there, else count."""
    records = _settle(key, sync.daemon_set, plan, outcomes, memory)
    sync = sync._replace(error=sync.error or error, pods=_by_node(sync, reader) if outcomes else sync.pods)
    if sync.step == "manage" and not sync.error and _is_rolling(sync.daemon_set) and _are_seen(outcomes, reader):
        changes = roll(sync.daemon_set, sync.fits, sync.pods, sync.digest, now_us)
        return with_records(_perform(key, sync._replace(step="roll"), changes, memory, now_us), records)
    return with_records(_write_status(sync, now_us), records)


def _observe_node(event: WatchEvent, node: Node, reader: Reader) -> Iterator[str]:
    """Wake the sets to which a node that came or went, or changed its labels or taints, makes a difference."""
    former = event.previous
    if event.type == "DELETED":
        yield from (_key(one) for one in reader.scan(DaemonSet))
        return
    if isinstance(former, Node) and former.metadata.labels == node.metadata.labels and former.spec.taints == node.spec.taints:
        return
    for daemon_set in reader.scan(DaemonSet):
        spec = with_daemon_tolerations(daemon_set.spec.template.spec)
        if former is None or not isinstance(former, Node) or fitness(spec, node) != fitness(spec, former):
            yield _key(daemon_set)


def _observe_pod(event: WatchEvent, pod: Pod, reader: Reader, memory: DaemonSetMemory) -> Iterator[Wake]:
    former, reference = event.previous, controller_of(pod.metadata)
    if reference is None:
        if former is None or former.metadata.labels != pod.metadata.labels:
            for candidate in reader.selecting(DaemonSet, pod.metadata.namespace, pod.metadata.labels):
                if selector_of(candidate.spec.selector).matches(pod.metadata.labels):
                    yield _key(candidate)
        return
    owner = reader.find(DaemonSet, reference.name, pod.metadata.namespace) if reference.kind == "DaemonSet" else None
    if owner is None or owner.metadata.uid != reference.uid:
        return
    key = _key(owner)
    if event.type == "ADDED":
        memory.expectations.observe_creation(key)
    if event.type == "DELETED" or pod.is_terminating:
        memory.expectations.observe_deletion(key, pod.key)
    if event.type == "MODIFIED" and isinstance(former, Pod) and not matters_to_owner(former, pod):
        return
    yield key
    seconds = owner.spec.min_ready_seconds
    if seconds > 0 and isinstance(former, Pod) and is_ready(pod) and not is_ready(former):
        yield key, (seconds + 1) * US_PER_S


def _is_rolling(daemon_set: DaemonSet) -> bool:
    return daemon_set.spec.update_strategy.type != "OnDelete"


def _by_node(sync: _Sync, reader: Reader) -> dict[str, list[Pod]]:
    uid = sync.daemon_set.metadata.uid
    return by_target(pod for pod in reader.dependents(Pod, uid) if is_controlled_by(pod, uid))


def _perform(key: str, sync: _Sync, changes: Changes, memory: DaemonSetMemory, now_us: int) -> Actions:
    creates, deletes = changes.creates[:BURST_PODS], changes.deletes[:BURST_PODS]
    if creates or deletes:
        memory.expectations.expect(key, len(creates), [pod.key for pod in deletes], now_us)
    new = [Create(build_pod(sync.daemon_set, sync.spec, sync.digest, name)) for name in creates]
    stages: list[tuple[Write, ...]] = [tuple(Delete(pod) for pod in deletes)] if deletes else []
    stages += slow_start_batches(new)
    return Actions(tuple(stages), tuple(changes.records), note=sync)


def _settle(
    key: str, daemon_set: DaemonSet, plan: Actions, outcomes: tuple[Outcome, ...], memory: DaemonSetMemory
) -> tuple[Record, ...]:  # fmt: skip
    """Take back what was expected and did not happen; tell what did."""
    records: list[Record] = []
    for one in outcomes:
        if one.error is None and one.result is not None:
            verb, reason = ("Created", "SuccessfulCreate") if isinstance(one.write, Create) else ("Deleted", "SuccessfulDelete")
            records.append(Record(daemon_set, "Normal", reason, f"{verb} pod: {one.result.metadata.name}"))
        elif not is_moot(one) and not isinstance(one.error, NotFoundError):
            verb, reason = ("creating", "FailedCreate") if isinstance(one.write, Create) else ("deleting", "FailedDelete")
            records.append(Record(daemon_set, "Warning", reason, f"Error {verb}: {one.error}"))
    done = {id(one.write) for one in outcomes if one.error is None}
    for write in (write for stage in plan.stages for write in stage if id(write) not in done):
        if isinstance(write, Create):
            memory.expectations.observe_creation(key)
        else:
            memory.expectations.observe_deletion(key, f"{write.object.metadata.namespace}/{write.object.metadata.name}")
    return tuple(records)


def _are_seen(outcomes: tuple[Outcome, ...], reader: Reader) -> bool:
    """Tell whether the reader shows what this sync has written, so that nothing is waited for."""
    for one in outcomes:
        if one.result is None:
            continue
        meta = one.result.metadata
        found = reader.find(Pod, meta.name, meta.namespace)
        is_there = found is not None and found.metadata.uid == meta.uid and not found.is_terminating
        if isinstance(one.write, Create) != is_there:
            return False
    return True


def _write_status(sync: _Sync, now_us: int) -> Actions:
    owner, pods = sync.daemon_set, sync.pods
    status = daemon_set_status(owner, sync.fits, pods, sync.digest, now_us, observed=sync.observed)
    writes: tuple[Write, ...] = (UpdateStatus(replace(owner, status=status)),) if status != owner.status else ()
    hashes = {pod.metadata.labels.get(HASH_LABEL) for there in pods.values() for pod in there} | {sync.digest}
    live = {one.metadata.name for one in sync.revisions if one.metadata.labels.get(HASH_LABEL) in hashes}
    forgotten = to_forget(sync.revisions, live, owner.spec.revision_history_limit)
    wait_us, seconds = sync.wait_us, owner.spec.min_ready_seconds
    if seconds > 0 and status.number_ready != status.number_available:
        wait_us = min(seconds * US_PER_S, wait_us or seconds * US_PER_S)
    stages = tuple(stage for stage in (writes, forgotten) if stage)
    return Actions(stages, requeue_after_us=wait_us, note=sync._replace(step="status"))


def _key(value: DaemonSet) -> str:
    return f"{value.metadata.namespace}/{value.metadata.name}"
