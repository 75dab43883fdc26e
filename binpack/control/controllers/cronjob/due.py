"""Which run of a CronJob is due, and when to look again.

Source: pkg/controller/cronjob/utils.go (mostRecentScheduleTime, nextScheduleTime), cronjob_controllerv2.go (nextScheduleTimeDuration).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from binpack.control.controllers.cronjob.schedule import Schedule, ScheduleError

PADDING = timedelta(milliseconds=100)
MANY_MISSED = 100

Missed = Literal["none", "few", "many"]


@dataclass(frozen=True, slots=True)
class Timetable:
    """What decides when a CronJob runs.

    Parameters
    ----------
    schedule : Schedule
    zone : ZoneInfo or None
        None for UTC.
    created : datetime
    last : datetime or None
        The last run that was started.
    deadline_seconds : int or None
        How late a run may start.
    """

    schedule: Schedule
    zone: ZoneInfo | None
    created: datetime
    last: datetime | None = None
    deadline_seconds: int | None = None

    def next(self, after: datetime) -> datetime:
        """Return the next run.

        Raises
        ------
        ScheduleError
            If there is none.
        """
        found = self.schedule.next(after, self.zone)
        if found is None:
            raise ScheduleError("the schedule never runs")
        return found


@dataclass(frozen=True, slots=True)
class Recent:
    """The latest run that should have been.

    Parameters
    ----------
    earliest : datetime
        From where on was looked.
    time : datetime or None
    missed : str
        How many runs were missed: none, few, or more than 100.
    """

    earliest: datetime
    time: datetime | None
    missed: Missed


def most_recent(table: Timetable, now: datetime, *, within_deadline: bool) -> Recent:
    """Find the latest run up to now that was not started.

    Parameters
    ----------
    table : Timetable
    now : datetime
    within_deadline : bool
        Look back no further than the deadline.

    Raises
    ------
    ScheduleError
        If the schedule never runs.
    """
    earliest = table.last if table.last is not None else table.created
    if within_deadline and table.deadline_seconds is not None:
        earliest = max(earliest, now - timedelta(seconds=table.deadline_seconds))
    first = table.next(earliest)
    second = table.next(first)
    if now < first:
        return Recent(earliest, None, "none")
    if now < second:
        return Recent(earliest, first, "none")
    gap = round((second - first).total_seconds())
    if gap < 1:
        raise ScheduleError("time difference between two schedules is less than 1 second")
    missed = int((now - first).total_seconds()) // gap + 1
    # The gap is only the first: from two gaps before the present the schedule itself finds the last run, if it is as regular as that.
    time, latest = table.next(first + timedelta(seconds=(missed - 2) * gap)), None
    while time <= now:
        latest = time
        time = table.next(time)
    return Recent(earliest, latest, "many" if missed > MANY_MISSED else "few")


def requeue_after(table: Timetable, now: datetime) -> timedelta:
    """Return how long until the next run, and a little more, so that it is then past."""
    try:
        recent = most_recent(table, now, within_deadline=False)
    except ScheduleError:
        start = now
    else:
        start = recent.time or (recent.earliest if recent.missed == "none" else now)
    return table.next(start.astimezone(UTC)) + PADDING - now
