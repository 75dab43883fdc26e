"""Virtual time: microseconds since the start of a run, and the API's timestamps of whole seconds.

A run starts at 2026-01-01T00:00:00Z. Only the engine (`binpack.sim.engine`) advances a clock; everybody else reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from binpack.units import US_PER_S

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Clock:
    """The present instant of one run, shared by all that live in it.

    Parameters
    ----------
    now_us : int
        Microseconds since the run's start.
    """

    now_us: int = 0

    @property
    def timestamp(self) -> datetime:
        """Now, as the API writes it."""
        return timestamp_of(self.now_us)


def timestamp_of(time_us: int) -> datetime:
    """Turn virtual time into an API timestamp, which has whole seconds: the rest is cut off, not rounded.

    Examples
    --------
    >>> timestamp_of(1_999_999).isoformat()
    '2026-01-01T00:00:01+00:00'
    """
    return _of_second(time_us // US_PER_S)


def time_of(timestamp: datetime) -> int:
    """Turn an API timestamp into virtual time in microseconds; before the run's start it is negative."""
    return (timestamp - EPOCH) // _MICROSECOND


_MICROSECOND = timedelta(microseconds=1)


@lru_cache(maxsize=4096)
def _of_second(second: int) -> datetime:
    return EPOCH + timedelta(seconds=second)
