"""A simulated cluster over time: its pods by state, and its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from binpack.plots.style import figure, looks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_US_PER_MINUTE = 60_000_000
_PODS = {"pods_ready_count": "Ready", "pods_unready_count": "bound, not Ready", "pods_pending_count": "without a node"}
_NODES = {"nodes_count": "there", "nodes_ready_count": "Ready", "nodes_in_use_count": "in use"}


def cluster_over_time(cluster: pd.DataFrame, *, until_us: int, title: str) -> Figure:
    """Draw pods by state and nodes, each as a step that holds until something changes.

    A pod on a node that has fallen silent keeps its phase, as in Kubernetes, but is not Ready any more.

    Parameters
    ----------
    cluster : DataFrame
        The table `cluster` of a run.
    until_us : int
        The run's end, microseconds; the last row holds until then.
    title : str

    Returns
    -------
    Figure
    """
    from matplotlib.ticker import MaxNLocator

    rows = cluster.assign(pods_unready_count=cluster["pods_bound_count"] - cluster["pods_ready_count"])
    minutes = [*(rows["time_us"] / _US_PER_MINUTE), until_us / _US_PER_MINUTE]
    drawn, panels = figure(2, width=11.0)
    for axes, what, names in ((panels[0], "pods", _PODS), (panels[1], "nodes", _NODES)):
        for (column, label), look in zip(names.items(), looks(list(names)).values(), strict=True):
            values = rows[column].tolist()
            axes.step(minutes, [*values, *values[-1:]], where="post", color=look.colour, linestyle=look.line, linewidth=1.8, label=label)
        axes.set_title(what.capitalize(), fontsize=10)
        axes.set_xlabel("virtual time (min)")
        axes.set_ylabel(f"{what} (count)")
        axes.set_ylim(0, 1.08 * max(1, *(rows[column].max() for column in names)))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
    drawn.suptitle(title)
    return drawn
