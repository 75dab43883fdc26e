"""One function a figure: takes a DataFrame, returns a matplotlib Figure."""

from binpack.plots.differences import paired_differences
from binpack.plots.distance import distance_to_optimum
from binpack.plots.over_time import nodes_over_time
from binpack.plots.style import as_svg

__all__ = ["as_svg", "distance_to_optimum", "nodes_over_time", "paired_differences"]
