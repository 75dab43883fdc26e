"""What the runs of the experiment say: tables of text and sentences, for the terminal and for the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.fgd.comparison import SAME, Comparison
from benchmarks.fgd.digests import KINDS

if TYPE_CHECKING:
    import pandas as pd

Rows = list[list[str]]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text.

    Parameters
    ----------
    head : list[str]
    rows : list[list[str]]
    """

    head: list[str]
    rows: Rows


def summary(runs: pd.DataFrame, comparison: Comparison | None) -> Table:
    """Return one row for each workload and policy: allocation at 100 and 130 percent arrived load, ours and published."""
    published = (
        {} if comparison is None else {(r["trace"], r["policy"], r["arrived_percent"]): r for r in comparison.means().to_dict("records")}
    )
    head = ["workload", "policy", *(f"{who} at {k} %" for k in (100, 130) for who in ("ours", "published", "difference")), "failed pods"]
    rows = []
    for (workload, policy), group in runs.groupby(["workload", "policy"], sort=False, observed=True):
        cells = [str(workload), str(policy)]
        for k in (100, 130):
            ours = group[f"allocated_at_{k}_percent"]
            cells.append(spread(ours.mean(), ours.std()))
            known = published.get((group["trace"].iloc[0], policy, k)) if group["as_published"].all() else None
            if known is None:
                cells += ["", ""]
            else:
                cells += [spread(known["published"], known["published_sd"]), f"{ours.mean() - known['published']:+.3f}"]
        rows.append([*cells, f"{group['n_failed'].mean():.1f}"])
    kept = [index for index in range(len(head)) if any(row[index] for row in rows)]
    return Table([head[index] for index in kept], [[row[index] for index in kept] for row in rows])


def verdict(runs: pd.DataFrame, comparison: Comparison | None) -> list[str]:
    """Say how well the published values are met, and how far FGD leads."""
    sentences = []
    if comparison is not None:
        equal, cells = comparison.counts()
        sentences.append(f"{equal:,} of {cells:,} published values of the policies without chance are equal to two decimals.")
        random = comparison.means()
        random = random[random["policy"] == "Random"]
        if len(random):
            worst = max(random.to_dict("records"), key=lambda record: abs(record["difference"]))
            sentences.append(
                f"Random's mean over seeds is at most {abs(worst['difference']):.2f} points away "
                f"({worst['trace']}, {worst['arrived_percent']} %)."
            )
    for workload, group in runs.groupby("workload", sort=False, observed=True):
        means = group.groupby("policy", sort=False, observed=True)["allocated_at_130_percent"].mean()
        if "FGD" in means and len(means) > 1:
            other, most = max(means.drop("FGD").items(), key=lambda item: item[1])
            sentences.append(f"{workload}: FGD allocates {means['FGD']:.2f} % in the end, the next best ({other}) {most:.2f} %.")
    return sentences


def runs_table(comparison: Comparison) -> Table:
    """Return one row for each run and point of `POINTS`: every value beside the published one."""
    wide = comparison.cells[comparison.cells["arrived_percent"].isin((100, 110, 120, 130))]
    keys = ["trace", "policy", "seed", "arrived_percent"]
    names = ("allocated_percent", "fragment_amount_percent", "fragment_ratio_percent")
    table = wide.pivot_table(index=keys, columns="column", values=["ours", "published", "difference"], sort=False)
    titles = {"allocated_percent": "allocated", "fragment_amount_percent": "fragments", "fragment_ratio_percent": "ratio"}
    head = ["trace", "policy", "seed", "at %", *(f"{titles[name]}, {who}" for name in names for who in ("ours", "published", "diff."))]
    rows = []
    for key, record in table.iterrows():
        assert isinstance(key, tuple)
        cells = [_value(record[(who, name)], who) for name in names for who in ("ours", "published", "difference")]
        rows.append([*map(str, key), *cells])
    return Table(head, rows)


def differences_table(comparison: Comparison) -> Table:
    """Return one row for each trace and policy: how many published values are met, and the largest difference."""
    head = ["trace", "policy", "values", f"equal (< {SAME:g})", "largest: allocated", "fragments", "ratio"]
    columns = ("allocated_percent", "fragment_amount_percent", "fragment_ratio_percent")
    rows = [
        [str(r["trace"]), str(r["policy"]), str(r["cells"]), str(r["equal"]), *(f"{r[name]:.3f}" for name in columns)]
        for r in comparison.largest().to_dict("records")
    ]
    return Table(head, rows)


def failures_table(runs: pd.DataFrame) -> Table:
    """Return one row for each workload and policy: failed pods by kind, mean over seeds."""
    titles = ("cpu-only", "share", "1 GPU", "2 GPU", "4 GPU", "8 GPU")
    columns = ["n_failed", *(f"failed_{kind}" for kind in KINDS)]
    means = runs.groupby(["workload", "policy"], sort=False, observed=True)[columns].mean()
    rows = [[*map(str, key), *(f"{value:.1f}" for value in record)] for key, record in zip(means.index, means.to_numpy(), strict=True)]
    return Table(["workload", "policy", "failed pods", *titles], rows)


def spread(mean: float, deviation: float) -> str:
    """Write a mean with its standard deviation over seeds."""
    return f"{mean:.2f}" if deviation != deviation else f"{mean:.2f} ± {deviation:.2f}"


def _value(value: float, who: str) -> str:
    return f"{value:+.3f}" if who == "difference" else f"{value:.3f}".rstrip("0").rstrip(".")
