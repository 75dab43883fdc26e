"""Paired comparison of policies: the same workload and seed under two policies, the difference, and its confidence interval.

With common random numbers the two runs of a pair see the same arrivals, so that their difference varies far less than either.
The interval is Student's t over the pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its confidence interval.

    Parameters
    ----------
    mean, low, high : float
        `low` and `high` are nan with fewer than two values.
    count : int
        Values behind it.
    """

    mean: float
    low: float
    high: float
    count: int


def mean_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Return the mean of independent values with Student's t interval.

    Examples
    --------
    >>> mean_interval([1.0, 2.0, 3.0])
    Interval(mean=2.0, low=-0.484..., high=4.484..., count=3)
    """
    from scipy import stats

    kept = np.asarray([value for value in values if not np.isnan(value)], np.float64)
    if len(kept) == 0:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    mean = float(kept.mean())
    if len(kept) == 1:
        return Interval(mean, float("nan"), float("nan"), 1)
    half = float(stats.t.ppf((1 + confidence) / 2, len(kept) - 1) * kept.std(ddof=1) / np.sqrt(len(kept)))
    return Interval(mean, mean - half, mean + half, len(kept))


def summarize(runs: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return one row for each workload and policy: mean, low, high and count of a metric over seeds.

    Parameters
    ----------
    runs : DataFrame
        One row a run, with columns `workload`, `policy`, `seed` and the metric.
    metric : str
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for (workload, policy), group in runs.groupby(["workload", "policy"], sort=False, observed=True):
        interval = mean_interval(group[metric].tolist())
        rows.append({"workload": workload, "policy": policy, "metric": metric, **_columns(interval)})
    return pd.DataFrame(rows)


def compare_to_baseline(runs: pd.DataFrame, metric: str, baseline: str) -> pd.DataFrame:
    """Return one row for each workload and policy but the baseline: the paired difference of a metric, policy minus baseline.

    Parameters
    ----------
    runs : DataFrame
        One row a run, with columns `workload`, `policy`, `seed` and the metric.
    metric, baseline : str
    """
    import pandas as pd

    wide = runs.pivot_table(index=["workload", "seed"], columns="policy", values=metric, observed=True, sort=False)
    rows: list[dict[str, Any]] = []
    for workload in runs["workload"].drop_duplicates():
        pairs = wide.loc[workload]
        for policy in runs["policy"].drop_duplicates():
            if policy == baseline or policy not in pairs or baseline not in pairs:
                continue
            interval = mean_interval((pairs[policy] - pairs[baseline]).tolist())
            significant = interval.count > 1 and not interval.low <= 0 <= interval.high
            row = {"workload": workload, "policy": policy, "baseline": baseline, "metric": metric}
            rows.append(row | _columns(interval) | {"significant": significant})
    return pd.DataFrame(rows)


def _columns(interval: Interval) -> dict[str, Any]:
    return {"mean": interval.mean, "low": interval.low, "high": interval.high, "count": interval.count}
