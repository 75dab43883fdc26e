"""Cases of the CronJob controller. Times are seconds after a Thursday morning."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from binpack.control.controllers.cronjob.due import Timetable, most_recent, requeue_after
from binpack.control.controllers.cronjob.schedule import ScheduleError, parse_schedule, parse_zone

START = datetime(2016, 5, 19, 10, tzinfo=UTC)


def _at(seconds: float | None) -> datetime | None:
    return None if seconds is None else START + timedelta(seconds=seconds)


def _seconds(time: datetime | None) -> float | None:
    return None if time is None else (time - START).total_seconds()


def _table(given: Mapping[str, Any]) -> Timetable:
    created = START + timedelta(seconds=given["created"])
    zone = given.get("timeZone")
    return Timetable(
        parse_schedule(given["schedule"]),
        None if zone is None else parse_zone(zone),
        created,
        _at(given.get("lastScheduleTime")),
        given.get("startingDeadlineSeconds"),
    )


def _most_recent(given: Mapping[str, Any]) -> dict[str, Any]:
    now = START + timedelta(seconds=given["now"])
    try:
        recent = most_recent(_table(given), now, within_deadline=bool(given.get("applyDeadline")))
    except ScheduleError:
        return {"error": True}
    return {"error": False, "earliest": _seconds(recent.earliest), "mostRecent": _seconds(recent.time), "missed": recent.missed}


def _due(given: Mapping[str, Any]) -> dict[str, Any]:
    now = START + timedelta(seconds=given["now"])
    try:
        recent = most_recent(_table(given), now, within_deadline=True)
    except ScheduleError:
        return {"error": True}
    warning = "TooManyMissedTimes" if recent.missed == "many" else None
    return {"error": False, "due": _seconds(recent.time), "dueIsNotNull": recent.time is not None, "warning": warning}


def _requeue_after(given: Mapping[str, Any]) -> dict[str, Any]:
    now = START + timedelta(seconds=given["now"])
    return {"seconds": requeue_after(_table(given), now).total_seconds()}


RULES = {"most_recent": _most_recent, "due": _due, "requeue_after": _requeue_after}
