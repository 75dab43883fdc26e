"""What a finished suite says: the tables behind the report, and its verdict in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.comparison import compare_to_baseline, summarize

if TYPE_CHECKING:
    import pandas as pd

DISTANCE = "above_optimum_percent"
MEASURES: tuple[tuple[str, str], ...] = (
    ("nodes_in_use_sampled_mean_count", "nodes in use"),
    ("optimum_nodes_sampled_mean_count", "best found (nodes)"),
    (DISTANCE, "above best (%)"),
    ("above_bound_percent", "at most above optimum (%)"),
    ("gpu_allocated_sampled_mean_percent", "GPU allocated (%)"),
    ("gpu_fragment_ratio_sampled_mean_percent", "fragments (% of idle GPU)"),
    ("wait_mean_s", "mean wait (s)"),
    ("wait_p99_s", "p99 wait (s)"),
    ("pods_pending_at_end_count", "pending at end"),
)
"""The columns of the summary table: a measure of a run, and its title."""


@dataclass(frozen=True)
class Findings:
    """Tables about the runs of a suite.

    Parameters
    ----------
    runs, samples : DataFrame
        One row a run; one row a run and instant.
    table : DataFrame
        One row for each workload and policy: the mean over seeds of each measure, and the interval of the distance.
    distance : DataFrame
        `benchmarks.comparison.summarize` of the distance to the optimum; empty without an optimum.
    differences : DataFrame
        Paired with the baseline, in nodes in use; empty without a baseline.
    """

    runs: pd.DataFrame
    samples: pd.DataFrame
    table: pd.DataFrame
    distance: pd.DataFrame
    differences: pd.DataFrame

    @property
    def has_optimum(self) -> bool:
        """Whether bounds were computed."""
        return not self.distance.empty

    def proven(self) -> tuple[int, int]:
        """Return at how many instants the optimum is proven, and at how many it was asked for."""
        asked = self.samples.dropna(subset=["bound_nodes_count"])
        return int((asked["optimum_nodes_count"] == asked["bound_nodes_count"]).sum()), len(asked)

    def verdict(self) -> list[str]:
        """Say in sentences how far each policy is from the optimum, nearest first."""
        if not self.has_optimum:
            return []
        proven, asked = self.proven()
        sentences = []
        means = self.distance.groupby("policy", sort=False)["mean"].mean().sort_values()
        for policy, mean in means.items():
            worst = self.distance[self.distance["policy"] == policy].sort_values("mean").iloc[-1]
            most = f"at most {worst['mean']:.0f} % ({worst['workload']})"
            sentences.append(f"{policy} uses {mean:.0f} % more nodes than the best placement found, on average; {most}.")
        sentences.append(f"The optimum is proven at {proven} of {asked} instants; elsewhere it lies between the bound and the best found.")
        return sentences


def findings(runs: pd.DataFrame, samples: pd.DataFrame, *, baseline: str) -> Findings:
    """Compute the tables of a suite's runs."""
    import pandas as pd

    columns = [name for name, _ in MEASURES if name in runs and not runs[name].isna().all()]
    table = runs.groupby(["workload", "policy"], sort=False, observed=True)[columns].mean().reset_index()
    distance = summarize(runs, DISTANCE) if DISTANCE in columns else pd.DataFrame()
    if not distance.empty:
        table = table.merge(distance[["workload", "policy", "low", "high"]], on=["workload", "policy"])
    differences = compare_to_baseline(runs, "nodes_in_use_mean_count", baseline) if baseline else pd.DataFrame()
    return Findings(runs, samples, table, distance, differences)


def table_rows(found: Findings) -> tuple[list[str], list[list[str]]]:
    """Return the summary table as text: its head and its rows."""
    shown = [(name, title) for name, title in MEASURES if name in found.table]
    head = ["workload", "policy", *(title for _, title in shown)]
    rows = []
    for record in found.table.to_dict("records"):
        cells = [_cell(name, record) for name, _ in shown]
        rows.append([str(record["workload"]), str(record["policy"]), *cells])
    return head, rows


def _cell(name: str, record: dict[Any, Any]) -> str:
    value = float(record[name])
    text = f"{value:.1f}"
    if name == DISTANCE and record["low"] == record["low"]:
        half = (float(record["high"]) - float(record["low"])) / 2
        return f"{text} ± {half:.1f}"
    return text
