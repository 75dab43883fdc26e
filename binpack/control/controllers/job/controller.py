"""The sync of a Job: count what has ended, judge, manage the pods, write it all down.

Source: pkg/controller/job/job_controller.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from binpack.control.actions import Actions, Create, Delete, Done, EditMetadata, Outcome, UpdateStatus, first_error, is_moot
from binpack.control.apiserver.errors import NotFoundError
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.clock import timestamp_of
from binpack.control.conditions import find_condition, is_ready, with_condition
from binpack.control.controller import Wake
from binpack.control.controllers.job.backoff import BackoffRecord, finish_time_us, next_record
from binpack.control.controllers.job.counting import TRACKING_FINALIZER, Counts, count, has_limit_per_index, is_indexed, is_suspended
from binpack.control.controllers.job.finishing import COMPLETE, completion, condition, is_finished, time_to_deadline_us, verdict
from binpack.control.controllers.job.managing import Management, manage
from binpack.control.controllers.job.memory import JobMemory
from binpack.control.controllers.job.per_index import judged_by_index
from binpack.control.controllers.job.tracking import Tracking, finished, settle, track
from binpack.control.controllers.job.watching import ORPHAN_POD, name_of, observe_job, observe_pod, release_orphan
from binpack.control.controllers.ownership import as_written, claim, is_controlled_by, selector_of
from binpack.control.reader import Reader
from binpack.control.records import Record
from binpack.control.subjects import PodChange
from binpack.control.workqueue import RateLimiter
from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.pod import Pod
from binpack.model.workloads import Job, JobStatus
from binpack.units import US_PER_S

MAX_BACKOFF_OF_KEYS_US = 60 * US_PER_S
MANAGED_BY = "kubernetes.io/job-controller"


class _Claimed(NamedTuple):
    """What is to be managed once the pods are claimed."""

    job: Job
    pods: tuple[Pod, ...]


class _Sync(NamedTuple):
    """What one sync has found out so far.

    `step` says what was planned: to create or delete pods, to list those that ended, to count them.
    """

    step: Literal["manage", "track", "settle"]
    job: Job
    pods: tuple[Pod, ...]
    counts: Counts
    record: BackoffRecord
    decided: Condition | None = None
    may_manage: bool = False
    management: Management | None = None
    tracking: Tracking | None = None
    ready: int = 0
    terminating: int = 0
    error: str = ""
    requeue_after_us: int | None = None


class JobController:
    """Compares a Job with its pods, counts those that have ended, and creates what is missing."""

    name = "job-controller"
    resources: tuple[str, ...] | None = ("Job", "Pod")
    pod_owners: tuple[str, ...] | None = ("Job",)
    pod_changes: tuple[PodChange, ...] | None = None
    max_retries: int | None = None
    workers: int = 5

    def new_limiter(self) -> RateLimiter:
        """Return a limiter from 1 s to 60 s, without a bucket."""
        return RateLimiter(base_us=US_PER_S, max_us=MAX_BACKOFF_OF_KEYS_US, rate=0)

    def new_memory(self) -> JobMemory:
        """Return an empty memory."""
        return JobMemory()

    def observe(self, event: WatchEvent, reader: Reader, memory: JobMemory, now_us: int) -> Iterable[Wake]:
        """Wake a Job for each change of it, and a second after each change of its pods, so that these come in batches."""
        value = event.object
        if isinstance(value, Pod):
            return observe_pod(event, value, reader, memory)
        return observe_job(event, value, reader) if isinstance(value, Job) else ()

    def reconcile(self, key: str, reader: Reader, memory: JobMemory, now_us: int) -> Actions:
        """Claim the pods of a Job, then count and manage them."""
        if key.startswith(ORPHAN_POD):
            return release_orphan(key, reader)
        namespace, _, name = key.partition("/")
        job = reader.find(Job, name, namespace)
        if job is None or is_finished(job) or job.spec.managed_by not in (None, MANAGED_BY):
            memory.expectations.forget(key)
            memory.records.pop(key, None)
            memory.released.pop(key, None)
            return Actions()
        uid, selector = job.metadata.uid, selector_of(job.spec.selector)
        owned = [pod for pod in reader.dependents(Pod, uid) if is_controlled_by(pod, uid)]
        claims = claim(job, selector, owned, reader.orphans(Pod, namespace, selector), finalizer=TRACKING_FINALIZER)
        if claims.writes:
            return Actions((claims.writes,), note=_Claimed(job, claims.claimed))
        return _manage(key, _judged(key, job, claims.claimed, memory, now_us), memory, now_us)

    def conclude(
        self, key: str, plan: Actions, outcomes: tuple[Outcome, ...], reader: Reader, memory: JobMemory, now_us: int
    ) -> Actions | Done:
        """Go from managing to listing to counting, and learn from each."""
        # An object that has gone meanwhile needs no write.
        error = first_error(tuple(one for one in outcomes if not isinstance(one.error, NotFoundError)))
        if plan.note is None:
            return Done(error)
        if isinstance(plan.note, _Claimed):
            pods = as_written(plan.note.pods, outcomes)
            return Done(error) if error else _manage(key, _judged(key, plan.note.job, pods, memory, now_us), memory, now_us)
        sync: _Sync = plan.note
        match sync.step:
            case "manage":
                return _track(key, _managed(key, sync, outcomes, memory), plan, outcomes, memory, now_us)
            case "track":
                _remember_released(key, sync, outcomes, memory)
                return Done(sync.error or error) if error else _settle(key, sync, outcomes, memory, now_us)
            case _:
                return _conclude(key, sync, error, memory)


def _judged(key: str, job: Job, pods: tuple[Pod, ...], memory: JobMemory, now_us: int) -> _Sync:
    """Start the Job if it was not, count its pods, and see whether it is over."""
    if job.status.start_time is None and not is_suspended(job):
        job = replace(job, status=replace(job.status, start_time=timestamp_of(now_us)))
    released = frozenset(memory.released.get(key, ()))
    counts = count(job, pods, released)
    if is_indexed(job) and has_limit_per_index(job):
        counts = judged_by_index(job, pods, counts, released)
    record = next_record(
        memory.records.get(key, BackoffRecord()),
        [finish_time_us(pod) for pod in counts.new_succeeded],
        [finish_time_us(pod) for pod in counts.new_failed],
    )
    decided = verdict(job, counts, pods, now_us)
    wait_us = None if decided is not None else time_to_deadline_us(job, now_us)
    may_manage = memory.expectations.are_met(key, now_us)
    return _Sync(
        "manage",
        job,
        pods,
        counts,
        record,
        decided,
        may_manage,
        ready=counts.ready,
        terminating=len(counts.terminating),
        requeue_after_us=wait_us,
    )


def _manage(key: str, sync: _Sync, memory: JobMemory, now_us: int) -> Actions:
    """Plan creations and deletions: all active pods go if the Job is over."""
    job, counts = sync.job, sync.counts
    if sync.decided is not None:
        management = Management((tuple(Delete(pod) for pod in counts.active),), deletes=len(counts.active))
    elif sync.may_manage and job.metadata.deletion_timestamp is None:
        management = manage(job, counts, sync.record, now_us)
    else:
        return Actions(note=sync)
    if management.creates:
        memory.expectations.expect_creations(key, management.creates, now_us)
    elif management.deletes and sync.decided is None:
        doomed = [write.object for stage in management.stages for write in stage if isinstance(write, Delete)]
        memory.expectations.expect_deletions(key, [name_of(pod) for pod in doomed], now_us)
    return Actions(management.stages, note=sync._replace(management=management))


def _managed(key: str, sync: _Sync, outcomes: tuple[Outcome, ...], memory: JobMemory) -> _Sync:
    """Take back what was expected and did not happen, and drop a verdict that could not be carried out."""
    management = sync.management
    if management is None:
        return sync
    created = sum(isinstance(one.write, Create) and one.error is None for one in outcomes)
    memory.expectations.observe_creation(key, management.creates - created)
    for stage in management.stages:
        for write in stage:
            if isinstance(write, Delete) and not any(one.write is write and one.error is None for one in outcomes):
                memory.expectations.observe_deletion(key, name_of(write.object))
    deleted = [one.write.object for one in outcomes if _is_deletion(one)]
    all_deleted = sync.decided is None or len(deleted) == len(sync.counts.active)
    return sync._replace(
        decided=sync.decided if all_deleted and sync.may_manage else None,
        ready=sync.ready - sum(isinstance(pod, Pod) and is_ready(pod) for pod in deleted),
        terminating=sync.terminating + len(deleted),
        error=first_error(tuple(one for one in outcomes if not isinstance(one.error, NotFoundError))),
    )


def _is_deletion(outcome: Outcome) -> bool:
    """Tell whether a pod is being deleted now, or has gone already."""
    return isinstance(outcome.write, Delete) and (outcome.error is None or isinstance(outcome.error, NotFoundError))


def _track(key: str, sync: _Sync, plan: Actions, outcomes: tuple[Outcome, ...], memory: JobMemory, now_us: int) -> Actions:
    """Write the status with the ended pods in its lists, then take off their finalizers."""
    job, records = sync.job, _pod_records(sync.job, outcomes)
    was_judged = isinstance(plan.note, _Sync) and plan.note.decided is not None
    active, wait_us = _active_after(sync, outcomes), sync.requeue_after_us
    status = job.status
    decided = sync.decided
    if not was_judged:
        decided = completion(job, sync.counts, active, now_us)
        if decided is None and sync.management is not None:
            status, suspension = _suspension(job, status, now_us)
            records += suspension
        if sync.management is not None and sync.management.wait_us:
            wait_us = min(sync.management.wait_us, wait_us) if wait_us is not None else sync.management.wait_us
    status = replace(status, active=active, ready=sync.ready, terminating=sync.terminating)
    released = frozenset(memory.released.get(key, ()))
    tracking = track(replace(job, status=status), sync.pods, sync.counts, decided, released)
    written = replace(job, status=tracking.status)
    sync = sync._replace(step="track", job=written, decided=decided, tracking=tracking, requeue_after_us=wait_us)
    release = tuple(EditMetadata(pod, drop_finalizer=TRACKING_FINALIZER) for pod in tracking.release)
    stages = ((UpdateStatus(written),), *((release,) if release else ()))
    return Actions(stages, tuple(records), note=sync)


def _remember_released(key: str, sync: _Sync, outcomes: tuple[Outcome, ...], memory: JobMemory) -> None:
    """Note whose finalizer is off, until that is seen."""
    off = (one for one in outcomes if isinstance(one.write, EditMetadata))
    uids = [one.write.object.metadata.uid for one in off if one.error is None or isinstance(one.error, NotFoundError)]
    if uids:
        memory.released.setdefault(key, {}).update(dict.fromkeys(uids))


def _settle(key: str, sync: _Sync, outcomes: tuple[Outcome, ...], memory: JobMemory, now_us: int) -> Actions:
    """Count the pods whose finalizer is off, and finish the Job if nothing is left to count."""
    assert sync.tracking is not None
    memory.records[key] = sync.record
    job = next((one.result for one in outcomes if isinstance(one.result, Job)), sync.job)
    remembered = memory.released.get(key, {})
    with_finalizer = frozenset(
        pod.metadata.uid for pod in sync.pods if TRACKING_FINALIZER in pod.metadata.finalizers and pod.metadata.uid not in remembered
    )
    status = settle(job.status, with_finalizer)
    if sync.tracking.is_complete:
        status = finished(status, sync.decided, sync.terminating, now_us)
    records = _finish_records(job, status)
    counted = replace(job, status=status)
    return Actions(((UpdateStatus(counted),),) if status != job.status else (), records, note=sync._replace(step="settle", job=counted))


def _conclude(key: str, sync: _Sync, error: str, memory: JobMemory) -> Done:
    if not memory.released.get(key):
        memory.released.pop(key, None)
    return Done(sync.error or error, sync.requeue_after_us)


def _active_after(sync: _Sync, outcomes: tuple[Outcome, ...]) -> int:
    """Return how many pods are active after this sync's writes; 0, as upstream reports it, while a replacement has to wait."""
    if sync.management is not None and sync.management.wait_us:
        return 0
    created = sum(isinstance(one.write, Create) and one.error is None for one in outcomes)
    return len(sync.counts.active) + created - sum(_is_deletion(one) for one in outcomes)


def _suspension(job: Job, status: JobStatus, now_us: int) -> tuple[JobStatus, list[Record]]:
    """Mark the Job as suspended or resumed; resuming starts its deadline anew."""
    current = find_condition(status.conditions, "Suspended")
    if is_suspended(job) and (current is None or current.status != "True"):
        mark = condition("Suspended", "JobSuspended", "Job suspended", now_us)
        record = Record(job, "Normal", "Suspended", "Job suspended")
        return replace(status, conditions=with_condition(status.conditions, mark)), [record]
    if not is_suspended(job) and current is not None and current.status != "False":
        mark = condition("Suspended", "JobResumed", "Job resumed", now_us, status="False")
        record = Record(job, "Normal", "Resumed", "Job resumed")
        now = timestamp_of(now_us)
        return replace(status, conditions=with_condition(status.conditions, mark), start_time=now), [record]
    return status, []


def _pod_records(job: Job, outcomes: tuple[Outcome, ...]) -> list[Record]:
    records = []
    for one in outcomes:
        match one.write, one.error:
            case Create(), None if one.result is not None:
                records.append(Record(job, "Normal", "SuccessfulCreate", f"Created pod: {one.result.metadata.name}"))
            case Create(), error if not is_moot(one):
                records.append(Record(job, "Warning", "FailedCreate", f"Error creating: {error}"))
            case Delete(), None:
                records.append(Record(job, "Normal", "SuccessfulDelete", f"Deleted pod: {one.write.object.metadata.name}"))
            case Delete(), error if not isinstance(error, NotFoundError):
                records.append(Record(job, "Warning", "FailedDelete", f"Error deleting: {error}"))
            case _:
                pass
    return records


def _finish_records(job: Job, status: JobStatus) -> tuple[Record, ...]:
    for one in status.conditions:
        if one.status == "True" and one.type in ("Complete", "Failed") and find_condition(job.status.conditions, one.type) is None:
            if one.type == COMPLETE:
                return (Record(job, "Normal", "Completed", "Job completed"),)
            return (Record(job, "Warning", one.reason, one.message),)
    return ()
