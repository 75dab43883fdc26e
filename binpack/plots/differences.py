"""Paired differences from a baseline, with confidence intervals: a forest plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from binpack.plots.style import figure, looks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def paired_differences(differences: pd.DataFrame, *, unit: str, title: str = "Difference from the baseline, pair by pair") -> Figure:
    """Draw one line for each policy and workload: the mean difference with its interval, and zero.

    Parameters
    ----------
    differences : DataFrame
        `workload`, `policy`, `baseline`, `mean`, `low`, `high`.
    unit : str
        Of the differences, for the axis.
    title : str

    Returns
    -------
    Figure
    """
    drawn, (axes,) = figure(height=1.2 + 0.3 * max(1, len(differences)))
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.axvline(0, color="black", linewidth=1)
    # The baseline takes its place among the looks, so that a policy has the same colour in every figure.
    look_of = looks([*differences["baseline"], *differences["policy"]])
    heights = np.arange(len(differences))[::-1]
    numbers = differences[["mean", "low", "high"]].to_numpy(np.float64)
    for height, policy, (mean, low, high) in zip(heights, differences["policy"], numbers, strict=True):
        look = look_of[policy]
        if not np.isnan(low):
            axes.plot([low, high], [height, height], color=look.colour, linewidth=1.6)
        axes.plot([mean], [height], color=look.colour, marker=look.marker, markersize=6)
    labels = [f"{policy}, {workload}" for policy, workload in zip(differences["policy"], differences["workload"], strict=True)]
    axes.set_yticks(heights, labels, fontsize=8)
    axes.set_ylim(-0.6, max(1, len(differences)) - 0.4)
    baseline = differences["baseline"].iloc[0] if len(differences) else "baseline"
    axes.set_xlabel(f"policy minus {baseline} ({unit})")
    axes.set_title(title)
    return drawn
