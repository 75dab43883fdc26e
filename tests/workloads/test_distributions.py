from __future__ import annotations

import math

import numpy as np
import pytest

from binpack.errors import ConfigurationError
from workloads.distributions import BoundedPareto, Choice, Constant, Exponential, LogNormal, LogUniform, Uniform, pick

MANY = 200_000


def bounded_pareto_mean(alpha: float, low: float, high: float) -> float:
    return low**alpha / (1 - (low / high) ** alpha) * alpha / (alpha - 1) * (low ** (1 - alpha) - high ** (1 - alpha))


@pytest.mark.parametrize(
    ("distribution", "mean"),
    [
        (Constant(3), 3.0),
        (Uniform(2, 8), 5.0),
        (LogUniform(1, 16), 15 / math.log(16)),
        (Exponential(600), 600.0),
        (LogNormal(100, 0.5), 100 * math.exp(0.125)),
        (BoundedPareto(1.5, 2, 200), bounded_pareto_mean(1.5, 2, 200)),
        (Choice((1, 2, 4), (2, 1, 1)), 2.0),
        (Choice((1, 2, 3)), 2.0),
    ],
)
def test_mean_is_the_formulas(distribution, mean):
    drawn = distribution.draw(np.random.default_rng(5), MANY)
    assert drawn.shape == (MANY,)
    assert drawn.mean() == pytest.approx(mean, rel=0.02)


@pytest.mark.parametrize("distribution", [LogUniform(3, 7), BoundedPareto(0.8, 3, 7), Uniform(3, 7), Choice((3, 7))])
def test_bounds_hold(distribution):
    drawn = distribution.draw(np.random.default_rng(5), MANY)
    assert drawn.min() >= 3
    assert drawn.max() <= 7


def test_a_heavier_tail_holds_more_in_the_largest_percent():
    def share(alpha: float) -> float:
        drawn = np.sort(BoundedPareto(alpha, 1, 10_000).draw(np.random.default_rng(5), MANY))
        return drawn[-MANY // 100 :].sum() / drawn.sum()

    assert share(0.9) > 0.3 > share(2.5)


@pytest.mark.parametrize(
    "distribution", [LogUniform(1, 2), Exponential(1), LogNormal(1, 1), BoundedPareto(1, 1, 2), Choice((1, 2)), Uniform(0, 1)]
)
def test_draws_stay_paired_when_more_are_drawn(distribution):
    few, many = (distribution.draw(np.random.default_rng(1), count) for count in (10, 20))
    assert np.array_equal(few, many[:10])


def test_pick_never_takes_a_weight_of_zero():
    assert set(pick(np.random.default_rng(1), (0.0, 1.0, 0.0, 2.0), 1000).tolist()) == {1, 3}


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: LogUniform(0, 1), "LogUniform(low=0, high=1): accepted is 0 < low <= high"),
        (lambda: BoundedPareto(0, 1, 2), "accepted is alpha > 0"),
        (lambda: Choice((1, 2), (1,)), "2 values and 1 weights"),
    ],
)
def test_what_cannot_be_is_refused(build, said):
    with pytest.raises(ConfigurationError) as caught:
        build()
    assert said in str(caught.value)
