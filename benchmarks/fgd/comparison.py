"""Ours beside the published values: cell by cell, and means with the seeds' spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.fgd.policies import DETERMINISTIC
from benchmarks.fgd.published import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

SAME = 0.005
"""Cells that differ by less are equal after rounding to two decimals (the published ones have two or three)."""

POINTS = (100, 130)


@dataclass(frozen=True)
class Comparison:
    """Our curves joined with the published ones.

    Parameters
    ----------
    cells : DataFrame
        One row for each trace, policy, seed, point and column: `ours`, `published`, `difference`.
    """

    cells: pd.DataFrame

    def counts(self) -> tuple[int, int]:
        """Return how many cells of the policies without chance are equal, and how many there are."""
        certain = self.cells[self.cells["policy"].isin(DETERMINISTIC)]
        return int((certain["difference"].abs() < SAME).sum()), len(certain)

    def largest(self) -> pd.DataFrame:
        """Return one row for each trace and policy: cells, equal cells, and the largest difference of each column."""
        keys = ["trace", "policy"]
        rows = self.cells.assign(size=self.cells["difference"].abs(), equal=self.cells["difference"].abs() < SAME)
        table = rows.groupby(keys, sort=False, observed=True).agg(cells=("equal", "size"), equal=("equal", "sum"))
        sizes = rows.pivot_table(index=keys, columns="column", values="size", aggfunc="max", observed=True, sort=False)
        joined: pd.DataFrame = table.join(sizes).reset_index()
        return joined

    def means(self, column: str = "allocated_percent") -> pd.DataFrame:
        """Return one row for each trace, policy and point of `POINTS`: means and deviations over seeds, ours and published."""
        shown = self.cells[(self.cells["column"] == column) & self.cells["arrived_percent"].isin(POINTS)]
        grouped = shown.groupby(["trace", "policy", "arrived_percent"], sort=False, observed=True)
        table = grouped.agg(
            seeds=("seed", "size"),
            ours=("ours", "mean"),
            ours_sd=("ours", "std"),
            published=("published", "mean"),
            published_sd=("published", "std"),
        ).reset_index()
        table["difference"] = table["ours"] - table["published"]
        return table


def compare(runs: pd.DataFrame, points: pd.DataFrame, published: pd.DataFrame) -> Comparison:
    """Join the points of runs that are as published with the published ones.

    Parameters
    ----------
    runs, points : DataFrame
        As the harness has them.
    published : DataFrame
        As `benchmarks.fgd.published.read_published` gives it.
    """
    import pandas as pd

    names, key = list(COLUMNS.values()), ["trace", "policy", "seed", "arrived_percent"]
    own = points.merge(runs.loc[runs["as_published"], ["key", "trace"]], on="key")
    joined = own[[*key, *names]].merge(published, on=key, suffixes=("", " published"))
    parts = [
        joined[key].assign(column=name, ours=joined[name].to_numpy(), published=joined[f"{name} published"].to_numpy()) for name in names
    ]
    cells = pd.concat(parts, ignore_index=True)
    return Comparison(cells.assign(difference=np.round(cells["ours"] - cells["published"], 6)))
