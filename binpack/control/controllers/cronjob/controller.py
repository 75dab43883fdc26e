"""The sync of a CronJob: clear finished Jobs away, then start the run that is due.

Source: pkg/controller/cronjob/cronjob_controllerv2.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import NamedTuple

from binpack.control.actions import Actions, Create, Delete, Done, Outcome, UpdateStatus, Write, first_error
from binpack.control.apiserver.errors import AlreadyExistsError, NotFoundError
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.clock import EPOCH, timestamp_of
from binpack.control.controller import Wake
from binpack.control.controllers.cronjob.due import Timetable, most_recent, requeue_after
from binpack.control.controllers.cronjob.schedule import ScheduleError, parse_schedule, parse_zone
from binpack.control.controllers.ownership import controller_reference, is_controlled_by
from binpack.control.reader import Reader
from binpack.control.records import Record
from binpack.control.subjects import PodChange
from binpack.control.workqueue import RateLimiter
from binpack.model.base import replace
from binpack.model.meta import ObjectMeta, ObjectReference, controller_of
from binpack.model.workloads import CronJob, CronJobStatus, Job
from binpack.units import US_PER_MS, US_PER_S

SCHEDULED_ANNOTATION = "batch.kubernetes.io/cronjob-scheduled-timestamp"
DEFAULT_SUCCESSFUL_HISTORY = 3
DEFAULT_FAILED_HISTORY = 1


class _Start(NamedTuple):
    """What a sync wants to be known when its Job has been created."""

    cron_job: CronJob
    status: CronJobStatus
    scheduled: datetime | None
    requeue_us: int | None


@dataclass(frozen=True, slots=True)
class Tidied:
    """A CronJob's Jobs after the clean-up.

    Parameters
    ----------
    deletes : tuple of Delete
        Finished Jobs beyond the limits.
    status : CronJobStatus
        Without those active ones that have finished or gone.
    records : tuple of Record
    """

    deletes: tuple[Delete, ...]
    status: CronJobStatus
    records: tuple[Record, ...]


class CronJobController:
    """Starts a Job whenever the schedule says so."""

    name = "cronjob-controller"
    resources: tuple[str, ...] | None = ("CronJob", "Job")
    pod_owners: tuple[str, ...] | None = None
    pod_changes: tuple[PodChange, ...] | None = None
    max_retries: int | None = None
    workers: int = 5

    def new_limiter(self) -> RateLimiter:
        """Return client-go's default limiter."""
        return RateLimiter()

    def new_memory(self) -> None:
        """Return nothing: the last run is in the status, and names of Jobs come from their time."""
        return

    def observe(self, event: WatchEvent, reader: Reader, memory: None, now_us: int) -> Iterator[Wake]:
        """Wake a CronJob for its changes and for those of its Jobs."""
        value = event.object
        if isinstance(value, CronJob):
            if not isinstance(event.previous, CronJob) or event.previous.metadata.generation != value.metadata.generation:
                yield f"{value.metadata.namespace}/{value.metadata.name}"
        elif isinstance(value, Job):
            reference = controller_of(value.metadata)
            if reference is not None and reference.kind == "CronJob":
                yield f"{value.metadata.namespace}/{reference.name}"

    def reconcile(self, key: str, reader: Reader, memory: None, now_us: int) -> Actions:
        """Clear away, and start the run that is due."""
        namespace, _, name = key.partition("/")
        cron_job = reader.find(CronJob, name, namespace)
        if cron_job is None:
            return Actions()
        uid = cron_job.metadata.uid
        jobs = [job for job in reader.dependents(Job, uid) if is_controlled_by(job, uid)]
        tidied = tidy(cron_job, jobs)
        return _schedule(cron_job, jobs, tidied, now_us)

    def conclude(self, key: str, plan: Actions, outcomes: tuple[Outcome, ...], reader: Reader, memory: None, now_us: int) -> Actions | Done:
        """Write the status once the Job is there."""
        failed = tuple(one for one in outcomes if not isinstance(one.error, NotFoundError | AlreadyExistsError))
        if not isinstance(plan.note, _Start):
            return Done(plan.note or first_error(failed), plan.requeue_after_us)
        start: _Start = plan.note
        records: tuple[Record, ...] = ()
        status = start.status
        created = next((one for one in outcomes if isinstance(one.write, Create)), None)
        if created is not None:
            if created.error is not None and not isinstance(created.error, AlreadyExistsError):
                warning = Record(start.cron_job, "Warning", "FailedCreate", f"Error creating job: {created.error}")
                return Done(str(created.error), records=(warning,))
            job = created.result if isinstance(created.result, Job) else created.write.object
            existing = reader.find(Job, job.metadata.name, job.metadata.namespace)
            if existing is not None and is_controlled_by(existing, start.cron_job.metadata.uid):
                active = (*(one for one in status.active if one.uid != existing.metadata.uid), _reference(existing))
                status = replace(status, active=active)
            status = replace(status, last_schedule_time=start.scheduled)
            if created.error is None:
                records = (Record(start.cron_job, "Normal", "SuccessfulCreate", f"Created job {job.metadata.name}"),)
        error = first_error(failed)
        current = reader.find(CronJob, start.cron_job.metadata.name, start.cron_job.metadata.namespace)
        if current is None or status == current.status:
            return Done(error, start.requeue_us, records=records)
        write = UpdateStatus(replace(start.cron_job, status=status))
        return Actions(((write,),), records, requeue_after_us=start.requeue_us, note=error)


def tidy(cron_job: CronJob, jobs: Sequence[Job]) -> Tidied:
    """Find the finished Jobs that are too many, and bring the list of active ones up to date."""
    spec, status = cron_job.spec, cron_job.status
    successful = DEFAULT_SUCCESSFUL_HISTORY if spec.successful_jobs_history_limit is None else spec.successful_jobs_history_limit
    failed = DEFAULT_FAILED_HISTORY if spec.failed_jobs_history_limit is None else spec.failed_jobs_history_limit
    doomed = [*_surplus(jobs, "Complete", successful), *_surplus(jobs, "Failed", failed)]
    deletes = tuple(
        Delete(job, propagation="Background", record=Record(cron_job, "Normal", "SuccessfulDelete", f"Deleted job {job.metadata.name}"))
        for job in doomed
    )
    records: list[Record] = []
    known = {one.uid for one in status.active}
    present = {job.metadata.uid for job in jobs}
    active = list(status.active)
    successful_time = status.last_successful_time
    for job in jobs:
        finished, name = finished_as(job), job.metadata.name
        if job.metadata.uid not in known:
            if not finished:
                message = f"Saw a job that the controller did not create or forgot: {name}"
                records.append(Record(cron_job, "Warning", "UnexpectedJob", message))
        elif finished:
            active = [one for one in active if one.uid != job.metadata.uid]
            records.append(Record(cron_job, "Normal", "SawCompletedJob", f"Saw completed job: {name}, condition: {finished}"))
        ended = job.status.completion_time
        if finished == "Complete" and ended is not None and (successful_time is None or ended > successful_time):
            successful_time = ended
    for gone in [one for one in active if one.uid not in present]:
        active.remove(gone)
        records.append(Record(cron_job, "Normal", "MissingJob", f"Active job went missing: {gone.name}"))
    tidied = replace(status, active=tuple(active), last_successful_time=successful_time)
    return Tidied(deletes, status if tidied == status else tidied, tuple(records))


def finished_as(job: Job) -> str:
    """Return the type of the condition that ended a Job; empty if it is not over."""
    for condition in job.status.conditions:
        if condition.type in ("Complete", "Failed") and condition.status == "True":
            return condition.type
    return ""


def timetable(cron_job: CronJob, status: CronJobStatus) -> Timetable:
    """Read what decides when a CronJob runs.

    Raises
    ------
    ScheduleError
        If schedule or time zone cannot be read.
    """
    zone = None if cron_job.spec.time_zone is None else parse_zone(cron_job.spec.time_zone)
    created = cron_job.metadata.creation_timestamp or EPOCH
    schedule = parse_schedule(cron_job.spec.schedule)
    return Timetable(schedule, zone, created, status.last_schedule_time, cron_job.spec.starting_deadline_seconds)


def job_for(cron_job: CronJob, scheduled: datetime, zone: str | None) -> Job:
    """Build the Job of one run; its name says for which minute it is, so that it cannot be created twice."""
    template = cron_job.spec.job_template
    shown = scheduled if zone is None else scheduled.astimezone(parse_zone(zone))
    text = shown.isoformat().replace("+00:00", "Z")
    return Job(
        metadata=ObjectMeta(
            name=f"{cron_job.metadata.name}-{int(scheduled.timestamp()) // 60}",
            namespace=cron_job.metadata.namespace,
            labels=template.metadata.labels,
            annotations={**template.metadata.annotations, SCHEDULED_ANNOTATION: text},
            owner_references=(controller_reference(cron_job),),
        ),
        spec=template.spec,
    )


def _schedule(cron_job: CronJob, jobs: Sequence[Job], tidied: Tidied, now_us: int) -> Actions:
    records, status, now = list(tidied.records), tidied.status, _exact(now_us)

    def end(requeue_us: int | None) -> Actions:
        stages = (tidied.deletes,) if tidied.deletes else ()
        return Actions(stages, tuple(records), note=_Start(cron_job, status, None, requeue_us))

    if cron_job.metadata.deletion_timestamp is not None:
        return end(None)
    try:
        table = timetable(cron_job, status)
    except ScheduleError as error:
        is_zone = str(error).startswith("unknown time zone")
        reason = "UnknownTimeZone" if is_zone else "UnparseableSchedule"
        said = f'invalid timeZone: "{cron_job.spec.time_zone}": {error}' if is_zone else f'unparseable schedule: "{cron_job.spec.schedule}"'
        records.append(Record(cron_job, "Warning", reason, said))
        return end(None)
    if cron_job.spec.suspend:
        return end(None)
    try:
        recent = most_recent(table, now, within_deadline=True)
        requeue_us = _microseconds(requeue_after(table, now).total_seconds())
    except ScheduleError as error:
        records.append(Record(cron_job, "Warning", "InvalidSchedule", f"invalid schedule: {cron_job.spec.schedule} : {error}"))
        return end(None)
    if recent.missed == "many":
        advice = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
        records.append(Record(cron_job, "Warning", "TooManyMissedTimes", advice))
    due = recent.time
    if due is None:
        return end(requeue_us)
    deadline = cron_job.spec.starting_deadline_seconds
    if deadline is not None and (now - due).total_seconds() > deadline:
        said = f"Missed scheduled time to start a job: {format_datetime(due.astimezone(UTC))}"
        records.append(Record(cron_job, "Warning", "MissSchedule", said))
        return end(requeue_us)
    new = job_for(cron_job, due, cron_job.spec.time_zone)
    if any(one.name == new.metadata.name for one in status.active) or status.last_schedule_time == due:
        return end(requeue_us)
    policy = cron_job.spec.concurrency_policy
    if policy == "Forbid" and status.active:
        said = "Not starting job because prior execution is running and concurrency policy is Forbid"
        records.append(Record(cron_job, "Normal", "JobAlreadyActive", said))
        return end(requeue_us)
    stages: list[tuple[Write, ...]] = [tidied.deletes] if tidied.deletes else []
    if policy == "Replace":
        replaced = _replaced(cron_job, jobs, status)
        stages += [replaced] if replaced else []
        status = replace(status, active=())
    stages.append((Create(new),))
    return Actions(tuple(stages), tuple(records), note=_Start(cron_job, status, due, requeue_us))


def _replaced(cron_job: CronJob, jobs: Sequence[Job], status: CronJobStatus) -> tuple[Delete, ...]:
    active = {one.uid for one in status.active}
    return tuple(
        Delete(job, propagation="Background", record=Record(cron_job, "Normal", "SuccessfulDelete", f"Deleted job {job.metadata.name}"))
        for job in jobs
        if job.metadata.uid in active
    )


def _surplus(jobs: Sequence[Job], how: str, limit: int) -> list[Job]:
    """Return the Jobs that ended in one way and are too many: those that started first, the never started ones last."""

    def order(job: Job) -> tuple[bool, float, str]:
        start = job.status.start_time
        return start is None, 0.0 if start is None else start.timestamp(), job.metadata.name

    finished = sorted((job for job in jobs if finished_as(job) == how), key=order)
    return finished[: max(len(finished) - limit, 0)]


def _reference(job: Job) -> ObjectReference:
    meta = job.metadata
    return ObjectReference(api_version=job.api_version, kind=job.kind, namespace=meta.namespace, name=meta.name, uid=meta.uid)


def _exact(now_us: int) -> datetime:
    """Now, to the microsecond."""
    return timestamp_of(now_us).replace(microsecond=now_us % US_PER_S)


def _microseconds(seconds: float) -> int:
    return max(round(seconds * US_PER_S), US_PER_MS)
