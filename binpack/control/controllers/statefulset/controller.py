"""The sync of a StatefulSet: claim, number the revisions, walk over the pods, count them.

Source: pkg/controller/statefulset/stateful_set.go and stateful_set_control.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from binpack.control.actions import Actions, Create, Delete, Done, Outcome, UpdateStatus, Write, first_error, with_records
from binpack.control.apiserver.errors import NotFoundError
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.conditions import is_ready
from binpack.control.controller import Wake
from binpack.control.controllers.ownership import as_written, claim, is_controlled_by, selector_of
from binpack.control.controllers.pods import matters_to_owner, next_availability_us
from binpack.control.controllers.revisions import HASH_LABEL, claim_revisions, collision, numbered, template_of, to_forget
from binpack.control.controllers.statefulset.identity import is_member, parent_and_ordinal
from binpack.control.controllers.statefulset.status import stateful_set_status
from binpack.control.controllers.statefulset.walking import Templates, walk
from binpack.control.reader import Reader
from binpack.control.records import Record
from binpack.control.subjects import PodChange
from binpack.control.workqueue import RateLimiter
from binpack.model.base import replace
from binpack.model.meta import controller_of
from binpack.model.pod import Pod
from binpack.model.revisions import ControllerRevision
from binpack.model.storage import PersistentVolumeClaim
from binpack.model.workloads import StatefulSet
from binpack.units import US_PER_S


class _Claimed(NamedTuple):
    """A set and what is its own."""

    stateful_set: StatefulSet
    pods: tuple[Pod, ...]
    revisions: tuple[ControllerRevision, ...]


class _Numbered(NamedTuple):
    """What is to be dealt with once the revision of the template is written."""

    claimed: _Claimed


class _Sync(NamedTuple):
    """What a sync has found out before it writes the status."""

    stateful_set: StatefulSet
    pods: tuple[Pod, ...]
    revisions: tuple[ControllerRevision, ...]
    current: str
    update: str
    error: str = ""
    is_last: bool = False


class StatefulSetController:
    """Gives every ordinal its pod and claims, one after the other or all at once."""

    name = "statefulset-controller"
    resources: tuple[str, ...] | None = ("StatefulSet", "Pod", "PersistentVolumeClaim")
    pod_owners: tuple[str, ...] | None = ("StatefulSet",)
    pod_changes: tuple[PodChange, ...] | None = None
    max_retries: int | None = None
    workers: int = 5

    def new_limiter(self) -> RateLimiter:
        """Return client-go's default limiter."""
        return RateLimiter()

    def new_memory(self) -> None:
        """Return nothing: names are fixed, so nothing can be made twice."""
        return

    def observe(self, event: WatchEvent, reader: Reader, memory: None, now_us: int) -> Iterator[Wake]:
        """Wake a set for its changes and for those of its members."""
        value, former = event.object, event.previous
        if isinstance(value, StatefulSet):
            yield _key(value)
        elif isinstance(value, PersistentVolumeClaim):
            if event.type == "DELETED":
                yield from _sets_of_former_pods(value, reader)
        elif isinstance(value, Pod):
            if event.type == "MODIFIED" and isinstance(former, Pod) and not matters_to_owner(former, value):
                return
            reference = controller_of(value.metadata)
            parent = reference.name if reference is not None and reference.kind == "StatefulSet" else ""
            if reference is None:
                parent = parent_and_ordinal(value.metadata.name)[0]
            owner = reader.find(StatefulSet, parent, value.metadata.namespace) if parent else None
            if owner is None:
                return
            yield _key(owner)
            seconds = owner.spec.min_ready_seconds
            if seconds > 0 and isinstance(former, Pod) and is_ready(value) and not is_ready(former):
                yield _key(owner), (seconds + 1) * US_PER_S

    def reconcile(self, key: str, reader: Reader, memory: None, now_us: int) -> Actions:
        """Claim pods and revisions; when there is nothing of that to write, number the revisions and walk."""
        namespace, _, name = key.partition("/")
        found = reader.find(StatefulSet, name, namespace)
        if found is None:
            return Actions()
        uid, selector = found.metadata.uid, selector_of(found.spec.selector)
        owned = [pod for pod in reader.dependents(Pod, uid) if is_controlled_by(pod, uid)]
        pods = claim(found, selector, owned, reader.orphans(Pod, namespace, selector), matches=lambda pod: is_member(found, pod))
        revisions = claim_revisions(found, reader)
        claimed = _Claimed(found, pods.claimed, revisions.claimed)
        if pods.writes or revisions.writes:
            return Actions(((*revisions.writes, *pods.writes),), note=claimed)
        return _number(claimed, reader, now_us)

    def conclude(self, key: str, plan: Actions, outcomes: tuple[Outcome, ...], reader: Reader, memory: None, now_us: int) -> Actions | Done:
        """Go on from claiming to numbering, walking and the status."""
        error = first_error(tuple(one for one in outcomes if not isinstance(one.error, NotFoundError)))
        match plan.note:
            case _Claimed() as claimed:
                pods, revisions = as_written(claimed.pods, outcomes), as_written(claimed.revisions, outcomes)
                return Done(error) if error else _number(_Claimed(claimed.stateful_set, pods, revisions), reader, now_us)
            case _Numbered() as made:
                if error:
                    taken = collision(made.claimed.stateful_set, outcomes, reader)
                    return Actions(((taken,),), note=error) if taken is not None else Done(error)
                written = next(one.result for one in outcomes if isinstance(one.result, ControllerRevision))
                return _walk(made.claimed, written, reader, now_us)
            case _Sync() as sync if sync.is_last:
                return Done(sync.error or error, plan.requeue_after_us)
            case _Sync() as sync:
                records = tuple(_failure(sync.stateful_set, one) for one in outcomes if one.error is not None)
                status = _write_status(sync._replace(error=sync.error or error), now_us)
                return with_records(status, records)
            case _:
                return Done(plan.note or error)


def _number(claimed: _Claimed, reader: Reader, now_us: int) -> Actions:
    """Give the template its revision."""
    found = claimed.stateful_set
    number = numbered(found, claimed.revisions)
    if number.writes and found.metadata.deletion_timestamp is None:
        return Actions((number.writes,), note=_Numbered(claimed))
    return _walk(claimed, number.update, reader, now_us)


def _walk(claimed: _Claimed, update: ControllerRevision, reader: Reader, now_us: int) -> Actions:
    """Deal with the pods."""
    found, namespace = claimed.stateful_set, claimed.stateful_set.metadata.namespace
    known = {one.metadata.name: one for one in claimed.revisions} | {update.metadata.name: update}
    current = known.get(found.status.current_revision, update)
    sync = _Sync(found, claimed.pods, tuple(known.values()), current.metadata.name, update.metadata.name)
    if found.metadata.deletion_timestamp is not None:
        return _write_status(sync, now_us)
    templates = Templates(template_of(current), template_of(update), sync.current, sync.update)
    walked = walk(found, claimed.pods, templates, lambda name: reader.find(PersistentVolumeClaim, name, namespace), now_us)
    return Actions(walked.stages, walked.records, note=sync._replace(error=walked.error))


def _failure(owner: StatefulSet, outcome: Outcome) -> Record:
    """Tell of a write that was refused."""
    verbs = {Create: "create", Delete: "delete"}
    verb, value = verbs.get(type(outcome.write), "update"), outcome.write.object
    kind = "Claim" if isinstance(value, PersistentVolumeClaim) else "Pod"
    said = f"{verb} {kind} {value.metadata.name} in StatefulSet {owner.metadata.name} failed error: {outcome.error}"
    return Record(owner, "Warning", f"Failed{verb.capitalize()}", said)


def _write_status(sync: _Sync, now_us: int) -> Actions:
    owner = sync.stateful_set
    status = stateful_set_status(owner, sync.pods, sync.current, sync.update, now_us)
    writes: list[Write] = [] if status == owner.status else [UpdateStatus(replace(owner, status=status))]
    live = {sync.current, sync.update, *(pod.metadata.labels.get(HASH_LABEL, "") for pod in sync.pods)}
    forgotten = to_forget(sync.revisions, live, owner.spec.revision_history_limit)
    wait_us, seconds = None, owner.spec.min_ready_seconds
    if seconds > 0 and status.ready_replicas != status.available_replicas:
        wait_us = next_availability_us(sync.pods, seconds, now_us) or seconds * US_PER_S
    stages = tuple(stage for stage in (tuple(writes), forgotten) if stage)
    return Actions(stages, requeue_after_us=wait_us, note=sync._replace(is_last=True))


def _key(value: StatefulSet) -> str:
    return f"{value.metadata.namespace}/{value.metadata.name}"


def _sets_of_former_pods(claim: PersistentVolumeClaim, reader: Reader) -> Iterator[str]:
    """Return the keys of sets whose next pod had to wait until a claim had gone with the pod before it."""
    for reference in claim.metadata.owner_references:
        parent = parent_and_ordinal(reference.name)[0] if reference.kind == "Pod" else ""
        owner = reader.find(StatefulSet, parent, claim.metadata.namespace) if parent else None
        if owner is not None:
            yield _key(owner)
