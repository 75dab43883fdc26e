"""The sync of a Deployment, from its template and size to its ReplicaSets.

Source: pkg/controller/deployment/deployment_controller.go, sync.go, rolling.go, recreate.go, v1.35. One departure: a scale-down that
is refused makes the sync fail and be retried with backoff; upstream ignores it until the next event.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from binpack.control.actions import Actions, Create, Done, Outcome, UpdateStatus, first_error, is_moot
from binpack.control.apiserver.errors import AlreadyExistsError, NotFoundError
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.conditions import find_condition
from binpack.control.controller import Wake
from binpack.control.controllers.deployment.annotations import REVISION
from binpack.control.controllers.deployment.draft import Draft
from binpack.control.controllers.deployment.fenceposts import is_rolling, replicas_of
from binpack.control.controllers.deployment.history import to_forget
from binpack.control.controllers.deployment.progress import (
    PROGRESSING,
    condition_now,
    deadline_seconds,
    is_complete,
    pause_condition,
    rollout_status,
    set_condition,
    summed_status,
    time_to_deadline_us,
)
from binpack.control.controllers.deployment.revisions import brought_up_to_date, build_new, find_new
from binpack.control.controllers.deployment.rollback import roll_back, rollback_revision
from binpack.control.controllers.deployment.rolling import Resize, scale_down_old, scale_up_new
from binpack.control.controllers.deployment.scaling import is_scaling, scale
from binpack.control.controllers.ownership import as_written, claim, is_controlled_by, selector_of
from binpack.control.reader import Reader
from binpack.control.records import Record
from binpack.control.subjects import PodChange
from binpack.control.workqueue import RateLimiter
from binpack.model.base import replace
from binpack.model.meta import controller_of
from binpack.model.pod import Pod
from binpack.model.workloads import Deployment, ReplicaSet
from binpack.units import US_PER_S


class _Claimed(NamedTuple):
    """A Deployment and the ReplicaSets that are its own once they are claimed."""

    deployment: Deployment
    replica_sets: tuple[ReplicaSet, ...]


class _Family(NamedTuple):
    """The ReplicaSets of a Deployment: the one with its template, and all others."""

    new: ReplicaSet | None
    old: list[ReplicaSet]


class DeploymentController:
    """Compares a Deployment with its ReplicaSets, and makes the next step of a rollout."""

    name = "deployment-controller"
    resources: tuple[str, ...] | None = ("Deployment", "ReplicaSet", "Pod")
    pod_owners: tuple[str, ...] | None = ("ReplicaSet",)
    pod_changes: tuple[PodChange, ...] | None = ()
    max_retries: int | None = 15
    workers: int = 5

    def new_limiter(self) -> RateLimiter:
        """Return client-go's default limiter."""
        return RateLimiter()

    def new_memory(self) -> None:
        """Return nothing: names that are a function of the template make memory needless."""
        return

    def observe(self, event: WatchEvent, reader: Reader, memory: None, now_us: int) -> Iterator[Wake]:
        """Wake a Deployment for each change of it and of its ReplicaSets; for a pod only when Recreate waits for the last one."""
        match event.object:
            case Deployment() as deployment:
                yield _key(deployment)
            case ReplicaSet() as replica_set:
                yield from _observe_replica_set(event, replica_set, reader)
            case Pod() as pod if event.type == "DELETED":
                yield from _observe_lost_pod(pod, reader)
            case _:
                pass

    def reconcile(self, key: str, reader: Reader, memory: None, now_us: int) -> Actions:
        """Claim the ReplicaSets, then make a step."""
        deployment = _find(key, reader)
        if deployment is None:
            return Actions()
        selector = selector_of(deployment.spec.selector)
        if selector.is_empty:
            return _refuse_to_select_all(deployment)
        orphans = reader.orphans(ReplicaSet, deployment.metadata.namespace, selector)
        claims = claim(deployment, selector, _owned(deployment, reader), orphans)
        if claims.writes:
            return Actions((claims.writes,), note=_Claimed(deployment, claims.claimed))
        return _step(deployment, list(claims.claimed), reader, now_us)

    def conclude(self, key: str, plan: Actions, outcomes: tuple[Outcome, ...], reader: Reader, memory: None, now_us: int) -> Actions | Done:
        """Go on once ReplicaSets are claimed; say why one could not be created."""
        if isinstance(plan.note, _Claimed):
            error = first_error(tuple(one for one in outcomes if not isinstance(one.error, NotFoundError)))
            claimed = list(as_written(plan.note.replica_sets, outcomes))
            return Done(error) if error else _step(plan.note.deployment, claimed, reader, now_us)
        if isinstance(plan.note, str):
            return Done(plan.note)
        failed = next((one for one in outcomes if one.error is not None), None)
        if failed is not None and is_moot(failed):
            return Done()
        if failed is not None:
            if isinstance(failed.write, Create):
                return _creation_failed(key, failed, reader, now_us)
            return Done(str(failed.error))
        if plan.requeue_after_us is not None and plan.requeue_after_us < US_PER_S:
            return Done(requeue_rate_limited=True)
        return Done(requeue_after_us=None if plan.requeue_after_us is None else plan.requeue_after_us + US_PER_S)


def _step(deployment: Deployment, replica_sets: list[ReplicaSet], reader: Reader, now_us: int) -> Actions:
    """Make one sync's worth of progress."""
    draft = Draft(deployment)
    new = find_new(deployment, replica_sets)
    family = _Family(new, [one for one in replica_sets if one is not new])
    if deployment.metadata.deletion_timestamp is not None:
        draft.write_status(summed_status(draft.deployment, *family, now_us))
        return draft.plan()
    pause = pause_condition(deployment, now_us)
    if pause is not None:
        draft.write_conditions(set_condition(deployment.status.conditions, pause))
    revision = rollback_revision(deployment)
    if not deployment.spec.paused and revision is not None:
        roll_back(draft, revision, replica_sets)
        return draft.plan()
    family = _sync_revision(draft, family, now_us)
    if deployment.spec.paused or is_scaling(deployment, replica_sets):
        draft.resize(scale(draft.deployment, *family))
        if deployment.spec.paused and revision is None:
            draft.forget(to_forget(family.old, deployment.spec.revision_history_limit))
        draft.write_status(summed_status(draft.deployment, *family, now_us))
        return draft.plan()
    if is_rolling(deployment):
        _roll(draft, family, now_us)
    else:
        _recreate(draft, family, reader, now_us)
    return draft.plan()


def _sync_revision(draft: Draft, family: _Family, now_us: int) -> _Family:
    """Bring the annotations of the new ReplicaSet up to date; once they are, copy its revision to the Deployment."""
    if family.new is None:
        return family
    updated = brought_up_to_date(draft.deployment, family.new, family.old)
    if updated != family.new:
        draft.write_replica_set(updated, family.new)
        return _Family(updated, family.old)
    _copy_revision(draft, family.new)
    conditions = draft.deployment.status.conditions
    if deadline_seconds(draft.deployment) is not None and find_condition(conditions, PROGRESSING) is None:
        message = f'Found new replica set "{family.new.metadata.name}"'
        found = condition_now(PROGRESSING, "True", "FoundNewReplicaSet", message, now_us)
        draft.write_conditions(set_condition(conditions, found))
    return family


def _create_new(draft: Draft, family: _Family, now_us: int) -> _Family:
    """Create the ReplicaSet for the template, if there is none."""
    if family.new is not None:
        return family
    new = build_new(draft.deployment, family.old)
    draft.create(new)
    _copy_revision(draft, new)
    if deadline_seconds(draft.deployment) is not None:
        message = f'Created new replica set "{new.metadata.name}"'
        created = condition_now(PROGRESSING, "True", "NewReplicaSetCreated", message, now_us)
        draft.write_conditions(set_condition(draft.deployment.status.conditions, created))
    return _Family(new, family.old)


def _copy_revision(draft: Draft, new: ReplicaSet) -> None:
    meta, revision = draft.deployment.metadata, new.metadata.annotations.get(REVISION, "")
    if meta.annotations.get(REVISION) != revision:
        annotations = {**meta.annotations, REVISION: revision}
        draft.write_deployment(replace(draft.deployment, metadata=replace(meta, annotations=annotations)))


def _roll(draft: Draft, family: _Family, now_us: int) -> None:
    """Scale the new ReplicaSet up or the old ones down, not both: the other direction waits for a later sync."""
    family = _create_new(draft, family, now_us)
    new, old = family
    assert new is not None
    resizes = scale_up_new(draft.deployment, new, old) or scale_down_old(draft.deployment, new, old)
    _finish_rollout(draft, family, resizes, now_us)


def _recreate(draft: Draft, family: _Family, reader: Reader, now_us: int) -> None:
    """Scale the old ReplicaSets to 0, wait until the last of their pods has ended, then let the new one have all."""
    resizes = [Resize(one, 0) for one in family.old if replicas_of(one) > 0]
    if not resizes:
        if _old_pods_run(family, reader):
            _write_rollout_status(draft, family, now_us)
            return
        family = _create_new(draft, family, now_us)
        new, wanted = family.new, replicas_of(draft.deployment)
        if new is not None and replicas_of(new) != wanted:
            resizes = [Resize(new, wanted)]
    _finish_rollout(draft, family, resizes, now_us)


def _finish_rollout(draft: Draft, family: _Family, resizes: list[Resize], now_us: int) -> None:
    draft.resize(resizes)
    if not resizes and is_complete(draft.deployment, draft.deployment.status):
        draft.forget(to_forget(family.old, draft.deployment.spec.revision_history_limit))
    _write_rollout_status(draft, family, now_us)


def _write_rollout_status(draft: Draft, family: _Family, now_us: int) -> None:
    """Write the status; if nothing changes, look again when the deadline is over."""
    status = rollout_status(draft.deployment, *family, now_us)
    if not draft.write_status(status):
        wait_us = time_to_deadline_us(draft.deployment, status, now_us)
        if wait_us is not None:
            draft.requeue_after(wait_us)


def _old_pods_run(family: _Family, reader: Reader) -> bool:
    if any(one.status.replicas > 0 for one in family.old):
        return True
    return any(not pod.is_terminal for one in family.old for pod in reader.dependents(Pod, one.metadata.uid))


def _creation_failed(key: str, failed: Outcome, reader: Reader, now_us: int) -> Actions | Done:
    """Handle a refused creation of the new ReplicaSet: a taken name is retried with another hash, all else goes into a condition."""
    deployment = _find(key, reader)
    name, status = failed.write.object.metadata.name, None if deployment is None else deployment.status
    if deployment is None or status is None:
        return Done()
    if isinstance(failed.error, AlreadyExistsError):
        holder = reader.find(ReplicaSet, name, deployment.metadata.namespace)
        if holder is not None and is_controlled_by(holder, deployment.metadata.uid) and find_new(deployment, [holder]) is not None:
            return Done(str(failed.error))
        counted = replace(deployment, status=replace(status, collision_count=(status.collision_count or 0) + 1))
        return Actions(((UpdateStatus(counted),),), note=str(failed.error))
    message = f'Failed to create new replica set "{name}": {failed.error}'
    record = Record(deployment, "Warning", "ReplicaSetCreateError", message)
    if deadline_seconds(deployment) is None:
        return Done(str(failed.error), records=(record,))
    condition = condition_now(PROGRESSING, "False", "ReplicaSetCreateError", message, now_us)
    changed = replace(deployment, status=replace(status, conditions=set_condition(status.conditions, condition)))
    return Actions(((UpdateStatus(changed),),), (record,), note=str(failed.error))


def _refuse_to_select_all(deployment: Deployment) -> Actions:
    message = "This deployment is selecting all pods. A non-empty selector is required."
    draft = Draft(deployment)
    draft.record(Record(deployment, "Warning", "SelectingAll", message))
    if deployment.status.observed_generation < deployment.metadata.generation:
        draft.write_status(replace(deployment.status, observed_generation=deployment.metadata.generation))
    return draft.plan()


def _observe_replica_set(event: WatchEvent, replica_set: ReplicaSet, reader: Reader) -> Iterator[Wake]:
    reference = controller_of(replica_set.metadata)
    former = None if event.previous is None else controller_of(event.previous.metadata)
    for one in (former, reference) if former != reference else (reference,):
        if one is not None and one.kind == "Deployment":
            owner = reader.find(Deployment, one.name, replica_set.metadata.namespace)
            if owner is not None and owner.metadata.uid == one.uid:
                yield _key(owner)
    relabelled = event.previous is None or former is not None or event.previous.metadata.labels != replica_set.metadata.labels
    if reference is None and event.type != "DELETED" and relabelled:
        for deployment in reader.selecting(Deployment, replica_set.metadata.namespace, replica_set.metadata.labels):
            if selector_of(deployment.spec.selector).matches(replica_set.metadata.labels):
                yield _key(deployment)


def _observe_lost_pod(pod: Pod, reader: Reader) -> Iterator[Wake]:
    reference = controller_of(pod.metadata)
    if reference is None or reference.kind != "ReplicaSet":
        return
    replica_set = reader.find(ReplicaSet, reference.name, pod.metadata.namespace)
    owner = None if replica_set is None else controller_of(replica_set.metadata)
    deployment = None if owner is None else reader.find(Deployment, owner.name, pod.metadata.namespace)
    if deployment is None or is_rolling(deployment):
        return
    if not any(reader.dependents(Pod, one.metadata.uid) for one in _owned(deployment, reader)):
        yield _key(deployment)


def _owned(deployment: Deployment, reader: Reader) -> list[ReplicaSet]:
    uid = deployment.metadata.uid
    return [one for one in reader.dependents(ReplicaSet, uid) if is_controlled_by(one, uid)]


def _find(key: str, reader: Reader) -> Deployment | None:
    namespace, _, name = key.partition("/")
    return reader.find(Deployment, name, namespace)


def _key(deployment: Deployment) -> str:
    return f"{deployment.metadata.namespace}/{deployment.metadata.name}"
