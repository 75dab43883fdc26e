"""Nodes in use over time, one line a policy, beside the fewest that would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from binpack.plots.style import figure, looks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def nodes_over_time(samples: pd.DataFrame, *, title: str = "Nodes in use, and the fewest that the running pods need") -> Figure:
    """Draw the mean over seeds of the nodes in use at each instant, one panel a workload.

    Parameters
    ----------
    samples : DataFrame
        One row for each run and instant: `workload`, `policy`, `seed`, `time_h`, `nodes_in_use_count`, `optimum_nodes_count`.
    title : str

    Returns
    -------
    Figure
    """
    workloads = list(dict.fromkeys(samples["workload"]))
    drawn, panels = figure(len(workloads), width=max(9.0, 3.4 * len(workloads)))
    for axes, workload in zip(panels, workloads, strict=True):
        _panel(axes, samples[samples["workload"] == workload], list(dict.fromkeys(samples["policy"])))
        axes.set_title(workload, fontsize=10)
        axes.set_xlabel("virtual time (h)")
    panels[0].set_ylabel("nodes (count, mean over seeds)")
    drawn.suptitle(title)
    handles, labels = panels[0].get_legend_handles_labels()
    drawn.legend(handles, labels, ncols=min(6, len(labels)), fontsize=8, frameon=False, loc="outside lower center")
    return drawn


def _panel(axes: Axes, samples: pd.DataFrame, policies: list[str]) -> None:
    for policy, look in looks(policies).items():
        mean = samples[samples["policy"] == policy].groupby("time_h")["nodes_in_use_count"].mean()
        axes.plot(mean.index, mean.to_numpy(), color=look.colour, marker=look.marker, linestyle=look.line, markersize=5, label=policy)
    optimum = samples.groupby("time_h")["optimum_nodes_count"].mean()
    axes.plot(optimum.index, optimum.to_numpy(), color="black", linewidth=2.2, label="best placement found")
    axes.set_ylim(bottom=0)
