"""Paired comparison: intervals by the book, pairs by seed."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from benchmarks.comparison import compare_to_baseline, mean_interval, summarize

RUNS = pd.DataFrame(
    [
        {"workload": "w", "policy": policy, "seed": seed, "nodes": base + seed * 10 + noise}
        for policy, base, noises in (("a", 100, (0, 0, 0)), ("b", 90, (1, 0, -1)), ("c", 100, (5, -5, 0)))
        for seed, noise in zip((1, 2, 3), noises, strict=True)
    ]
)


def test_student_interval_of_three_values() -> None:
    interval = mean_interval([1.0, 2.0, 3.0])
    assert (interval.mean, interval.count) == (2.0, 3)
    assert interval.high - interval.mean == pytest.approx(4.302652729749462 / math.sqrt(3))


@pytest.mark.parametrize(("values", "mean", "count"), [([], math.nan, 0), ([5.0], 5.0, 1), ([5.0, math.nan], 5.0, 1)])
def test_too_few_values_have_no_interval(values: list[float], mean: float, count: int) -> None:
    interval = mean_interval(values)
    assert interval.count == count
    assert interval.mean == pytest.approx(mean, nan_ok=True)
    assert math.isnan(interval.low)


def test_pairing_by_seed_removes_what_the_seeds_share() -> None:
    found = compare_to_baseline(RUNS, "nodes", "a").set_index("policy")
    assert found.loc["b", "mean"] == pytest.approx(-10)
    assert found.loc["b", "high"] - found.loc["b", "mean"] == pytest.approx(4.302652729749462 / math.sqrt(3))
    assert bool(found.loc["b", "significant"])
    assert not bool(found.loc["c", "significant"])
    spread = summarize(RUNS, "nodes").set_index("policy")
    assert spread.loc["a", "high"] - spread.loc["a", "low"] > 40


def test_a_missing_pair_is_left_out() -> None:
    found = compare_to_baseline(RUNS[~((RUNS["policy"] == "b") & (RUNS["seed"] == 2))], "nodes", "a").set_index("policy")
    assert found.loc["b", "count"] == 2
