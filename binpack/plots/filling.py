"""Filling a cluster: what stays unallocated or fragmented over the arrived load, and bars by variant of the trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from binpack.plots.style import figure, looks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def over_arrived_load(points: pd.DataFrame, columns: dict[str, str], *, title: str, first_percent: int = 0) -> Figure:
    """Draw the median over seeds of each column, with the band between the quartiles.

    Parameters
    ----------
    points : DataFrame
        One row for each run and point: `policy`, `seed`, `arrived_percent` and the columns.
    columns : dict[str, str]
        The axis' label of each column; one panel a column.
    title : str
    first_percent : int
        Where the axis begins.

    Returns
    -------
    Figure
    """
    drawn, panels = figure(len(columns), width=max(7.0, 4.2 * len(columns)), height=4.4)
    shown = points[points["arrived_percent"] >= first_percent]
    for axes, (column, label) in zip(panels, columns.items(), strict=True):
        for policy, look in looks(list(dict.fromkeys(points["policy"]))).items():
            by_load = shown[shown["policy"] == policy].groupby("arrived_percent")[column]
            low, middle, high = (by_load.quantile(share) for share in (0.25, 0.5, 0.75))
            load = middle.index.to_numpy()
            axes.fill_between(load, low.to_numpy(), high.to_numpy(), color=look.colour, alpha=0.25, linewidth=0)
            axes.plot(load, middle.to_numpy(), color=look.colour, linestyle=look.line, linewidth=1.6, label=policy)
        axes.set_xlabel("arrived GPU requests (% of the cluster)")
        axes.set_ylabel(label)
        axes.set_ylim(bottom=0)
    drawn.suptitle(title)
    handles, labels = panels[0].get_legend_handles_labels()
    drawn.legend(handles, labels, ncols=min(6, len(labels)), fontsize=8, frameon=False, loc="outside lower center")
    return drawn


def bars_by_variant(runs: pd.DataFrame, column: str, *, label: str, title: str, variants: Sequence[str] = ()) -> Figure:
    """Draw the mean over seeds of a column, with its standard deviation: a group of bars a variant, a bar a policy.

    Parameters
    ----------
    runs : DataFrame
        One row a run: `workload`, `policy`, `seed` and the column.
    column, label, title : str
    variants : sequence of str
        Which, in this order; all by default.

    Returns
    -------
    Figure
    """
    names = list(variants) or list(dict.fromkeys(runs["workload"]))
    policies = looks(list(dict.fromkeys(runs["policy"])))
    drawn, (axes,) = figure(width=max(6.0, 1.9 * len(names)), height=3.8)
    width = 0.8 / len(policies)
    for number, (policy, look) in enumerate(policies.items()):
        values = [runs[(runs["workload"] == name) & (runs["policy"] == policy)][column] for name in names]
        places = np.arange(len(names)) + (number - (len(policies) - 1) / 2) * width
        means, spreads = [value.mean() for value in values], [value.std(ddof=1) if len(value) > 1 else 0.0 for value in values]
        axes.bar(
            places, means, width, yerr=spreads, color=look.colour, hatch=look.hatch, edgecolor="white", error_kw={"lw": 0.8}, label=policy
        )
    axes.set_xticks(np.arange(len(names)), names)
    axes.set_ylabel(label)
    axes.set_title(title)
    drawn.legend(ncols=min(6, len(policies)), fontsize=8, frameon=False, loc="outside lower center")
    return drawn
