"""How full each node is, today and in another placement: sorted bars, so that the two can be compared at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from binpack.plots.style import figure, looks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def node_usage(usage: pd.DataFrame, *, title: str = "Requested cpu and memory, node by node") -> Figure:
    """Draw, one panel a resource, the share of each node's allocatable that is requested, fullest node first, one line a placement.

    Parameters
    ----------
    usage : DataFrame
        One row for each placement, resource and node: `placement`, `resource`, `requested_percent`.
    title : str

    Returns
    -------
    Figure
    """
    resources = list(dict.fromkeys(usage["resource"]))
    placements = looks(list(dict.fromkeys(usage["placement"])))
    drawn, panels = figure(len(resources), share_y=True)
    for axes, resource in zip(panels, resources, strict=True):
        for placement, look in placements.items():
            chosen = (usage["resource"] == resource) & (usage["placement"] == placement)
            values = np.sort(usage.loc[chosen, "requested_percent"].to_numpy(np.float64))[::-1]
            axes.step(np.arange(len(values)), values, where="mid", color=look.colour, linestyle=look.line, label=placement)
        axes.set_title(resource, fontsize=10)
        axes.set_xlabel("nodes (count), fullest first")
    panels[0].set_ylabel("requested (% of allocatable)")
    panels[0].set_ylim(0, 105)
    panels[-1].legend(fontsize=8, frameon=False)
    drawn.suptitle(title)
    return drawn
