"""Moves against nodes freed: the best plans found, and below them what no plan can beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        `freed`, `moves` and `bound`, one row for each number of nodes (`binpack.optimal.migration.curve.MovesCurve.table`); missing
        values are not drawn.
    title : str

    Returns
    -------
    Figure
    """
    drawn, (axes,) = figure()
    for (column, label), look in zip(
        (("moves", "best plan found"), ("bound", "no plan needs fewer (proven)")), looks(["moves", "bound"]).values(), strict=True
    ):
        rows = table[table[column].notna()].sort_values("freed")
        x, y = rows["freed"].to_numpy(np.float64), rows[column].to_numpy(np.float64)
        axes.plot(x, y, look.line, color=look.colour, marker=look.marker, markersize=4.5, label=label)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("nodes freed (number)")
    axes.set_ylabel("running pods that move (number)")
    axes.set_title(title)
    axes.legend(frameon=False)
    return drawn
