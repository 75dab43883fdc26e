from __future__ import annotations

import numpy as np
import pytest

from binpack.errors import ConfigurationError
from binpack.units import US_PER_DAY, US_PER_HOUR, US_PER_S
from workloads.arrivals import AtTimes, Bursts, Diurnal, Poisson, Population
from workloads.distributions import Constant


@pytest.mark.parametrize(
    "arrivals",
    [AtTimes((5, 1, US_PER_DAY)), Population(50, within_s=60), Poisson(100), Diurnal(100), Bursts(10, Constant(5), within_s=600)],
)
def test_times_are_ascending_and_within_the_span(arrivals):
    times = arrivals.times(np.random.default_rng(1), US_PER_DAY)
    assert times.dtype == np.int64
    assert (np.diff(times) >= 0).all()
    assert times[0] >= 0
    assert times[-1] < US_PER_DAY


def test_given_times_are_taken_as_they_are():
    assert AtTimes((7, -1, 3, 10)).times(np.random.default_rng(1), 10).tolist() == [3, 7]


def test_a_population_arrives_evenly():
    assert Population(4, within_s=2).times(np.random.default_rng(1), US_PER_HOUR).tolist() == [
        0,
        US_PER_S // 2,
        US_PER_S,
        3 * US_PER_S // 2,
    ]
    assert Population(3).times(np.random.default_rng(1), US_PER_HOUR).tolist() == [0, 0, 0]


def test_poisson_has_its_rate_and_gaps_without_memory():
    times = Poisson(1000).times(np.random.default_rng(1), US_PER_DAY)
    assert times.size == pytest.approx(24_000, rel=0.03)
    gaps = np.diff(times) / US_PER_HOUR * 1000
    assert gaps.mean() == pytest.approx(1, rel=0.05)
    assert gaps.std() == pytest.approx(1, rel=0.05)


def test_the_day_has_a_peak_and_a_night_and_the_mean_rate_stays():
    times = Diurnal(1000, amplitude=0.8, peak_hour=14).times(np.random.default_rng(1), US_PER_DAY)
    by_hour = np.bincount(times // US_PER_HOUR, minlength=24)
    assert times.size == pytest.approx(24_000, rel=0.03)
    assert by_hour[13:15].mean() == pytest.approx(1800, rel=0.1)
    assert by_hour[1:3].mean() == pytest.approx(200, rel=0.25)


def test_a_full_swing_has_a_silent_night():
    times = Diurnal(10_000, amplitude=1, peak_hour=12).times(np.random.default_rng(1), US_PER_DAY)
    assert np.count_nonzero(times < US_PER_HOUR // 4) < 10


def test_bursts_come_together():
    times = Bursts(2, Constant(10), within_s=30).times(np.random.default_rng(3), US_PER_DAY)
    gaps = np.diff(times) / US_PER_S
    # Nine in ten gaps lie within a burst.
    assert np.quantile(gaps, 0.85) < 30
    assert gaps.max() > 600


@pytest.mark.parametrize("build", [lambda: Poisson(-1), lambda: Diurnal(1, amplitude=1.5), lambda: Diurnal(-1)])
def test_what_cannot_be_is_refused(build):
    with pytest.raises(ConfigurationError, match="accepted is"):
        build()
