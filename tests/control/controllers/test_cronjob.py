"""CronJob: schedules are read as cron reads them, runs start once, and what is over is cleared away.

Documented: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs; the rest after pkg/controller/cronjob/*_test.go, v1.35.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from binpack.control.controllers.cronjob import CronJobController
from binpack.control.controllers.cronjob.schedule import ScheduleError, parse_schedule, parse_zone
from binpack.model.base import replace
from binpack.model.meta import Condition, ObjectMeta
from binpack.model.pod import Container, PodSpec, PodTemplateSpec
from binpack.model.workloads import CronJob, CronJobSpec, Job, JobSpec, JobTemplateSpec

TEMPLATE = PodTemplateSpec(spec=PodSpec(containers=(Container(name="c"),), restart_policy="Never"))


def cron_job(schedule: str = "*/10 * * * *", **spec) -> CronJob:
    template = JobTemplateSpec(spec=JobSpec(template=TEMPLATE))
    return CronJob(metadata=ObjectMeta(name="tidy"), spec=CronJobSpec(schedule=schedule, job_template=template, **spec))


def jobs(bench) -> list[str]:
    return [job.metadata.name for job in bench.store.scan(Job)]


def finish(bench, how: str = "Complete") -> None:
    for job in bench.store.scan(Job):
        if not job.status.conditions:
            now = bench.store.clock.timestamp
            done = replace(job.status, conditions=(Condition(how, "True"),), start_time=now, completion_time=now)
            bench.store.update_status(replace(job, status=done))
    bench.settle()


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("* * * * *", "2026-01-01T00:00:30", "2026-01-01T00:01:00"),
        ("0 * * * *", "2026-01-01T00:00:00", "2026-01-01T01:00:00"),
        ("@hourly", "2026-01-01T00:59:59", "2026-01-01T01:00:00"),
        ("*/15 8-9 * * *", "2026-01-01T09:45:00", "2026-01-02T08:00:00"),
        ("30 6-16/4 * * 1-5", "2026-01-02T14:30:00", "2026-01-05T06:30:00"),
        ("0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 13 * fri", "2026-01-01T00:00:00", "2026-01-02T00:00:00"),
        ("0 0 13 * ?", "2026-01-01T00:00:00", "2026-01-13T00:00:00"),
        ("5/20 * * * *", "2026-01-01T00:06:00", "2026-01-01T00:25:00"),
        ("@every 90s", "2026-01-01T00:00:00", "2026-01-01T00:01:30"),
        ("59 23 31 2 *", "2026-01-01T00:00:00", None),
    ],
)
def test_next_run(schedule, after, expected):
    found = parse_schedule(schedule).next(datetime.fromisoformat(after).replace(tzinfo=UTC))
    assert (None if found is None else found.strftime("%Y-%m-%dT%H:%M:%S")) == expected


@pytest.mark.parametrize(
    ("why", "after", "expected"),
    [
        ("02:30 does not exist on the day the clock goes forward", "2026-03-28T12:00:00", "2026-03-30T00:30:00"),
        ("02:30 comes twice on the day the clock goes back: first", "2026-10-24T12:00:00", "2026-10-25T00:30:00"),
        ("and second", "2026-10-25T00:30:00", "2026-10-25T01:30:00"),
    ],
)
def test_the_clock_changes(why, after, expected):
    found = parse_schedule("30 2 * * *").next(datetime.fromisoformat(after).replace(tzinfo=UTC), parse_zone("Europe/Berlin"))
    assert found is not None
    assert found.strftime("%Y-%m-%dT%H:%M:%S") == expected


@pytest.mark.parametrize(
    "text", ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * * 7", "a * * * *", "5-1 * * * *", "*/0 * * * *", "@often"]
)
def test_what_is_no_schedule(text):
    with pytest.raises(ScheduleError, match="schedule"):
        parse_schedule(text)


def test_a_job_for_each_run(bench):
    bench.store.create(cron_job())
    bench.start(CronJobController)
    assert jobs(bench) == []
    bench.wait(601)
    assert len(jobs(bench)) == 1
    assert "SuccessfulCreate: Created job " + jobs(bench)[0] in bench.told()
    bench.wait(600)
    assert len(jobs(bench)) == 2


@pytest.mark.parametrize(("policy", "left"), [("Allow", 3), ("Forbid", 1), ("Replace", 1)])
def test_what_becomes_of_a_run_that_goes_on(bench, policy, left):
    bench.store.create(cron_job(concurrency_policy=policy))
    bench.start(CronJobController)
    bench.wait(1801)
    assert len(jobs(bench)) == left


def test_history_is_kept_short(bench):
    bench.store.create(cron_job(successful_jobs_history_limit=1))
    bench.start(CronJobController)
    for _ in range(4):
        bench.wait(600.5)
        finish(bench)
    assert len(jobs(bench)) == 1
    (found,) = bench.store.scan(CronJob)
    assert found.status.active == ()
    assert found.status.last_successful_time is not None


def test_suspended_starts_nothing(bench):
    bench.store.create(cron_job(suspend=True))
    bench.start(CronJobController).wait(3600)
    assert jobs(bench) == []


def test_a_controller_that_forgets_starts_no_run_twice(bench):
    bench.store.create(cron_job())
    bench.start(CronJobController).wait(601)
    for _ in range(3):
        bench.plane.clients[0].forget()
        bench.plane.relist(0)
        bench.settle()
    assert len(jobs(bench)) == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"schedule": "never"}, "UnparseableSchedule"),
        ({"schedule": "59 23 31 2 *"}, "InvalidSchedule"),
        ({"time_zone": "Mars/Olympus"}, "UnknownTimeZone"),
    ],
)
def test_what_cannot_be_read_is_told(bench, fields, reason):
    bench.store.create(cron_job(**fields))
    bench.start(CronJobController)
    assert [one.partition(":")[0] for one in bench.told()] == [reason]
