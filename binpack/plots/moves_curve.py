"""Moves against nodes freed: the best plans found, and below them what no plan can beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from binpack.plots.style import figure, looks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def moves_curve(table: pd.DataFrame, *, title: str = "What freeing nodes costs") -> Figure:
    """Draw the curve of moves against nodes freed, with its bound.

    Parameters
    ----------
    table : DataFrame
        `nodes`, `freed`, `moves` and `bound`, one row for each number of nodes (`binpack.optimal.migration.curve.MovesCurve.table`);
        missing values are not drawn.
    title : str

    Returns
    -------
    Figure
    """
    from matplotlib.ticker import MaxNLocator

    drawn, (axes,) = figure()
    look = looks(["moves", "bound"])
    both = table[table["moves"].notna() & table["bound"].notna()].sort_values("freed")
    axes.fill_between(
        both["freed"].to_numpy(np.float64),
        both["bound"].to_numpy(np.float64),
        both["moves"].to_numpy(np.float64),
        color=look["moves"].colour,
        alpha=0.12,
        linewidth=0,
    )
    # Where both meet the bound's small mark lies inside the ring of the moves.
    marks: dict[str, dict[str, Any]] = {"moves": {"markersize": 9, "markerfacecolor": "none"}, "bound": {"markersize": 4}}
    for column, label in (("moves", "fewest moves found"), ("bound", "no placement has fewer (proven)")):
        rows = table[table[column].notna()].sort_values("freed")
        x, y = rows["freed"].to_numpy(np.float64), rows[column].to_numpy(np.float64)
        one = look[column]
        axes.plot(x, y, linestyle=one.line, color=one.colour, marker=one.marker, label=label, **marks[column])
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("nodes freed (number)")
    axes.set_ylabel("running pods that move (number)")
    if len(table):
        in_use = int(table["nodes"].iloc[0] + table["freed"].iloc[0])

        def other(nodes: Any) -> Any:
            return in_use - nodes

        top = axes.secondary_xaxis("top", functions=(other, other))
        top.xaxis.set_major_locator(MaxNLocator(integer=True))
        top.set_xlabel("nodes in use afterwards (number)")
    axes.set_title(title)
    axes.legend(frameon=False)
    return drawn
