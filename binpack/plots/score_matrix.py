"""One decision as a picture: feasible nodes down, plugins across, darker where a plugin gives more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from binpack.plots.style import figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def score_matrix(scores: pd.DataFrame, *, title: str = "Score by node and plugin") -> Figure:
    """Draw a matrix of scores with its numbers.

    Parameters
    ----------
    scores : DataFrame
        One row a node (its index), one column a plugin: normalised score times weight, in points.
    title : str

    Returns
    -------
    Figure
    """
    drawn, (axes,) = figure(height=1.6 + 0.28 * len(scores))
    axes.grid(False)
    values = scores.to_numpy(float)
    # The shades span the scores that are there: what differs a little is still seen to differ, and the numbers say by how much.
    picture = axes.imshow(values, cmap="Greys", aspect="auto")
    lightest, darkest = picture.get_clim()
    middle = (lightest + darkest) / 2
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=8, color="white" if value > middle else "black")
    axes.set_xticks(range(scores.shape[1]), list(scores.columns), rotation=25, ha="right", fontsize=8)
    axes.set_yticks(range(len(scores)), list(scores.index), fontsize=8)
    axes.set_xlabel("plugin")
    axes.set_ylabel("node")
    axes.set_title(title)
    drawn.colorbar(picture, ax=axes, label="score (points, weight included)")
    return drawn
