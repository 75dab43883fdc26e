"""Cron schedules: five fields, or a word such as `@hourly`, in a time zone.

Source: github.com/robfig/cron/v3 (parser.go, spec.go, constantdelay.go), which Kubernetes v1.35 uses: a time that a change of the clock
leaves out does not run, one that comes twice runs twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from binpack.errors import BinpackError

HORIZON_YEARS = 5
"""A schedule that does not run within so many years never does."""

_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}
_DAYS = {name: number for number, name in enumerate(_DAY_NAMES)}
_WORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|ms|m|s)")
_UNIT_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


class ScheduleError(BinpackError):
    """A schedule or a time zone that cannot be read."""


class _Bounds(NamedTuple):
    name: str
    low: int
    high: int
    words: dict[str, int]


_FIELDS = (
    _Bounds("minute", 0, 59, {}),
    _Bounds("hour", 0, 23, {}),
    _Bounds("day of month", 1, 31, {}),
    _Bounds("month", 1, 12, _MONTHS),
    _Bounds("day of week", 0, 6, _DAYS),
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something runs.

    Parameters
    ----------
    minutes, hours, days, months, weekdays : frozenset of int
        Sunday is 0.
    any_day, any_weekday : bool
        The field begins with a star. If neither does, a day that meets one of the two is enough.
    every_seconds : int
        Instead of all that: so many seconds after the last run; 0 for none.
    """

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    any_day: bool = False
    any_weekday: bool = False
    every_seconds: int = 0

    def next(self, after: datetime, zone: ZoneInfo | None = None) -> datetime | None:
        """Return the first time strictly after another, in whole seconds of UTC; None if there is none within five years.

        Examples
        --------
        >>> parse_schedule("30 6-16/4 * * 1-5").next(datetime(2026, 1, 2, 15, tzinfo=UTC)).isoformat()
        '2026-01-05T06:30:00+00:00'
        """
        after = after.astimezone(UTC)
        if self.every_seconds:
            return after.replace(microsecond=0) + timedelta(seconds=self.every_seconds)
        where = UTC if zone is None else zone
        time = after.replace(microsecond=0) + timedelta(seconds=1)
        if time.second:
            time += timedelta(seconds=60 - time.second)
        last_year = time.astimezone(where).year + HORIZON_YEARS
        while (local := time.astimezone(where)).year <= last_year:
            if local.month not in self.months or not self._runs_on(local):
                midnight = datetime(local.year, local.month, local.day, tzinfo=where) + timedelta(days=1)
                time = midnight.astimezone(UTC)
            elif local.hour not in self.hours:
                time += timedelta(minutes=60 - local.minute)
            elif local.minute not in self.minutes:
                time += timedelta(minutes=1)
            else:
                return time
        return None

    def _runs_on(self, local: datetime) -> bool:
        by_day, by_weekday = local.day in self.days, local.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday


@lru_cache(maxsize=1024)
def parse_schedule(text: str) -> Schedule:
    """Read a schedule.

    Raises
    ------
    ScheduleError
        With the field and the value that cannot be read.
    """
    words = text.strip()
    if words.startswith("@every "):
        return Schedule(every_seconds=_seconds(words.removeprefix("@every "), text))
    if words.startswith("@"):
        if words not in _WORDS:
            raise ScheduleError(f'schedule "{text}": unknown word (accepted: {", ".join(sorted(_WORDS))}, @every DURATION)')
        words = _WORDS[words]
    fields = words.split()
    if len(fields) != len(_FIELDS):
        raise ScheduleError(f'schedule "{text}": expected exactly 5 fields, found {len(fields)} (minute, hour, day, month, weekday)')
    minutes, hours, days, months, weekdays = (_field(field, bounds, text) for field, bounds in zip(fields, _FIELDS, strict=True))
    return Schedule(minutes[0], hours[0], days[0], months[0], weekdays[0], any_day=days[1], any_weekday=weekdays[1])


@lru_cache(maxsize=256)
def parse_zone(name: str) -> ZoneInfo:
    """Find a time zone.

    Raises
    ------
    ScheduleError
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ScheduleError(f"unknown time zone {name}") from None


def _field(field: str, bounds: _Bounds, text: str) -> tuple[frozenset[int], bool]:
    """Return the values of a field, and whether one of its parts is a star (without a step)."""
    values: set[int] = set()
    star = False
    for part in field.split(","):
        found, is_star = _part(part, bounds, text)
        values.update(found)
        star = star or is_star
    return frozenset(values), star


def _part(part: str, bounds: _Bounds, text: str) -> tuple[range, bool]:
    span, slash, step_text = part.partition("/")
    low_text, dash, high_text = span.partition("-")
    star = span in ("*", "?")
    if star:
        low, high = bounds.low, bounds.high
    else:
        low = _number(low_text, bounds, text)
        high = _number(high_text, bounds, text) if dash else low
    step = 1
    if slash:
        if not (step_text.isascii() and step_text.isdigit() and int(step_text) > 0):
            raise ScheduleError(f'schedule "{text}": step "{step_text}" of {bounds.name} is no positive number')
        step = int(step_text)
        # `5/15` goes on to the end of the field.
        high = bounds.high if not dash and not star else high
    if not bounds.low <= low <= high <= bounds.high:
        raise ScheduleError(f'schedule "{text}": {bounds.name} "{part}" is out of range (accepted: {bounds.low} to {bounds.high})')
    # Only a star without a step leaves the choice of the day to the other field.
    return range(low, high + 1, step), star and step == 1


def _number(word: str, bounds: _Bounds, text: str) -> int:
    if word.lower() in bounds.words:
        return bounds.words[word.lower()]
    if word.isascii() and word.isdigit():
        return int(word)
    raise ScheduleError(f'schedule "{text}": {bounds.name} "{word}" is no number')


def _seconds(duration: str, text: str) -> int:
    parts = _DURATION.findall(duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration.strip():
        raise ScheduleError(f'schedule "{text}": "{duration}" is no duration (accepted: 90s, 5m, 1h30m)')
    return max(int(sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)), 1)
