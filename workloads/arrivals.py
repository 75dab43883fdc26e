"""When things arrive: at a steady rate, with the day, in bursts, or at given times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from binpack.errors import ConfigurationError
from binpack.units import US_PER_HOUR, US_PER_S
from workloads.distributions import Distribution


class Arrivals(Protocol):
    """Draws the times at which things arrive."""

    def times(self, generator: np.random.Generator, span_us: int) -> NDArray[np.int64]:
        """Draw the arrivals from 0 to before `span_us`: microseconds, int64, ascending."""
        ...


@dataclass(frozen=True)
class AtTimes:
    """At given times.

    Parameters
    ----------
    times_us : tuple[int, ...]
        Microseconds since the start of the run; those past its span do not happen.
    """

    times_us: tuple[int, ...]

    def times(self, generator: np.random.Generator, span_us: int) -> NDArray[np.int64]:
        """Return the given times within the span; draws nothing."""
        given = np.sort(np.asarray(self.times_us, np.int64))
        return given[(given >= 0) & (given < span_us)]


@dataclass(frozen=True)
class Population:
    """A number of things that are there from the start, having arrived during the first moments.

    Parameters
    ----------
    count : int
    within_s : float
        They arrive evenly over this time, seconds.
    """

    count: int
    within_s: float = 0.0

    def times(self, generator: np.random.Generator, span_us: int) -> NDArray[np.int64]:
        """Return the times, evenly spaced; draws nothing."""
        times = np.arange(self.count, dtype=np.int64) * int(self.within_s * US_PER_S) // max(self.count, 1)
        return times[times < span_us]


@dataclass(frozen=True)
class Poisson:
    """At a steady rate, each arrival independent of the others."""

    per_hour: float

    def __post_init__(self) -> None:
        if self.per_hour < 0:
            raise ConfigurationError(f"Poisson(per_hour={self.per_hour}): accepted is a rate from 0")

    def times(self, generator: np.random.Generator, span_us: int) -> NDArray[np.int64]:
        """Draw their number, then that many times, all alike."""
        count = generator.poisson(self.per_hour * span_us / US_PER_HOUR)
        return np.sort((generator.random(count) * span_us).astype(np.int64))


@dataclass(frozen=True)
class Diurnal:
    """At a rate that swings once a day, by thinning a steady one (Lewis and Shedler 1979).

    Parameters
    ----------
    per_hour : float
        The mean rate over a whole day.
    amplitude : float
        0: steady; 1: nothing arrives in the deepest night, twice the mean at the peak.
    peak_hour : float
        The hour of the day with the highest rate; the run starts at hour 0.
    """

    per_hour: float
    amplitude: float = 0.6
    peak_hour: float = 14.0

    def __post_init__(self) -> None:
        if not (self.per_hour >= 0 and 0 <= self.amplitude <= 1):
            raise ConfigurationError(
                f"Diurnal(per_hour={self.per_hour}, amplitude={self.amplitude}): accepted is a rate from 0 and an amplitude from 0 to 1"
            )

    def times(self, generator: np.random.Generator, span_us: int) -> NDArray[np.int64]:
        """Draw arrivals at the highest rate, and keep each with the rate of its hour over the highest one."""
        candidates = Poisson(self.per_hour * (1.0 + self.amplitude)).times(generator, span_us)
        kept = generator.random(candidates.size) * (1.0 + self.amplitude) < 1.0 + self.amplitude * day_curve(candidates, self.peak_hour)
        return candidates[kept]


@dataclass(frozen=True)
class Bursts:
    """In groups: each group arrives at a steady rate, its members close together.

    Parameters
    ----------
    per_hour : float
        Rate of groups.
    size : Distribution
        Members of a group, rounded, at least one.
    within_s : float
        A group's members arrive evenly distributed over this time, seconds.
    """

    per_hour: float
    size: Distribution
    within_s: float = 60.0

    def times(self, generator: np.random.Generator, span_us: int) -> NDArray[np.int64]:
        """Draw the groups, their sizes, and each member's delay."""
        starts = Poisson(self.per_hour).times(generator, span_us)
        sizes = np.maximum(np.rint(self.size.draw(generator, starts.size)), 1).astype(np.int64)
        members = np.repeat(starts, sizes)
        times = np.sort(members + (generator.random(members.size) * self.within_s * US_PER_S).astype(np.int64))
        return times[times < span_us]


def day_curve(times_us: NDArray[np.int64], peak_hour: float) -> NDArray[np.float64]:
    """Return the daily swing at each time: a cosine that is 1 at the peak hour and -1 twelve hours from it."""
    hours = times_us / US_PER_HOUR
    curve: NDArray[np.float64] = np.cos((hours - peak_hour) * (2.0 * np.pi / 24.0))
    return curve
