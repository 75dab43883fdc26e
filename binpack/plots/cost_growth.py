"""How the cost of a decision grows: with nodes, classes of pods, and pods placed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from binpack.plots.style import figure, looks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def cost_growth(costs: pd.DataFrame, along: str, *, title: str = "") -> Figure:
    """Draw microseconds a decision along one axis, a line for each series; both axes logarithmic.

    Parameters
    ----------
    costs : DataFrame
        `series`, `decision_us_p50`, and the column named by `along`.
    along : str
        `nodes`, `classes` or `pods`.
    title : str

    Returns
    -------
    Figure
    """
    drawn, (axes,) = figure()
    look_of = looks([str(series) for series in costs["series"]])
    for series, rows in costs.groupby("series", sort=False):
        look, ordered = look_of[str(series)], rows.sort_values(along)
        axes.plot(
            ordered[along],
            ordered["decision_us_p50"],
            color=look.colour,
            marker=look.marker,
            linestyle=look.line,
            linewidth=1.6,
            label=str(series),
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(along)
    axes.set_ylabel("microseconds a decision, median")
    axes.set_title(title or f"Cost of a decision by {along}")
    axes.legend(fontsize=8)
    return drawn
