"""How far policies are from the optimum: bars by workload and policy, with confidence intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from binpack.plots.style import figure, looks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def distance_to_optimum(summary: pd.DataFrame, *, title: str = "Nodes in use above the fewest that the running pods need") -> Figure:
    """Draw bars of a mean with its confidence interval, grouped by workload.

    Parameters
    ----------
    summary : DataFrame
        One row for each workload and policy: `workload`, `policy`, `mean`, `low`, `high`, in per cent; nan intervals are not drawn.
    title : str

    Returns
    -------
    Figure
    """
    drawn, (axes,) = figure()
    workloads = list(dict.fromkeys(summary["workload"]))
    policies = list(dict.fromkeys(summary["policy"]))
    width = 0.8 / max(1, len(policies))
    positions = np.arange(len(workloads), dtype=np.float64)
    for index, (policy, look) in enumerate(looks(policies).items()):
        rows = summary[summary["policy"] == policy].set_index("workload").reindex(workloads)
        offset = positions + (index - (len(policies) - 1) / 2) * width
        means = rows["mean"].to_numpy(np.float64)
        errors = np.nan_to_num(np.vstack([means - rows["low"].to_numpy(np.float64), rows["high"].to_numpy(np.float64) - means]))
        axes.bar(offset, means, width * 0.92, color=look.colour, hatch=look.hatch, edgecolor="white", linewidth=0.5, label=policy)
        axes.errorbar(offset, means, errors, fmt="none", ecolor="black", elinewidth=0.9, capsize=2.5)
        for x, mean, top in zip(offset, means, means + errors[1], strict=True):
            axes.annotate(f"{mean:.0f}", (x, top), (0, 3), textcoords="offset points", ha="center", fontsize=8)
    axes.set_xticks(positions, workloads)
    axes.set_xlabel("workload")
    axes.set_ylabel("nodes above the optimum (%)")
    axes.set_title(title)
    axes.legend(ncols=min(5, len(policies)), fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16))
    return drawn
