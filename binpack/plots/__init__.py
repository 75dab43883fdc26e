"""One function a figure: takes a DataFrame, returns a matplotlib Figure."""

from binpack.plots.differences import paired_differences
from binpack.plots.distance import distance_to_optimum
from binpack.plots.filling import bars_by_variant, over_arrived_load
from binpack.plots.node_usage import node_usage
from binpack.plots.over_time import nodes_over_time
from binpack.plots.score_matrix import score_matrix
from binpack.plots.style import as_svg

__all__ = [
    "as_svg",
    "bars_by_variant",
    "distance_to_optimum",
    "node_usage",
    "nodes_over_time",
    "over_arrived_load",
    "paired_differences",
    "score_matrix",
]
