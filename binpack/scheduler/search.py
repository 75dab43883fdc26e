"""How many nodes are looked at, and from where: percentageOfNodesToScore and the rotating start.

Source: schedule_one.go (findNodesThatPassFilters, numFeasibleNodesToFind), v1.35, with parallelism 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_FEASIBLE_NODES = 100
MIN_PERCENTAGE = 5


def feasible_nodes_to_find(nodes: int, percentage: int) -> int:
    """Return how many feasible nodes end the search.

    Parameters
    ----------
    nodes : int
        Nodes to search.
    percentage : int
        percentageOfNodesToScore; 0: adaptive, `max(5, 50 - nodes div 125)`.

    Examples
    --------
    >>> [feasible_nodes_to_find(n, 0) for n in (99, 100, 125, 500, 1000, 5000, 5625, 10000)]
    [99, 100, 100, 230, 420, 500, 281, 500]
    """
    if nodes < MIN_FEASIBLE_NODES:
        return nodes
    if percentage == 0:
        percentage = max(MIN_PERCENTAGE, 50 - nodes // 125)
    return max(MIN_FEASIBLE_NODES, nodes * percentage // 100)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search looked at.

    Parameters
    ----------
    feasible : NDArray[np.intp]
        Feasible rows in the order in which they were found, at most the number to find.
    rejected : NDArray[np.intp]
        Rows with a recorded rejection.
    """

    feasible: NDArray[np.intp]
    rejected: NDArray[np.intp]

    @property
    def evaluated(self) -> int:
        """Nodes with a recorded outcome; the next search starts that many further on."""
        return len(self.feasible) + len(self.rejected)


def search(ordered: NDArray[np.intp], passed: NDArray[np.bool_], *, start: int, to_find: int) -> SearchResult:
    """Walk the rotated list until enough feasible nodes are found.

    Parameters
    ----------
    ordered : NDArray[np.intp]
        The rows to search, in node order, shape [n].
    passed : NDArray[np.bool_]
        Which rows are feasible, shape [capacity].
    start : int
        Position in `ordered` to begin with.
    to_find : int
        The search stops at the first feasible node beyond this many.
    """
    if len(ordered):
        ordered = np.roll(ordered, -(start % len(ordered)))
    fits = passed[ordered]
    found = np.flatnonzero(fits)
    if len(found) > to_find:
        end = found[to_find]
        ordered, fits = ordered[:end], fits[:end]
    return SearchResult(ordered[fits], ordered[~fits])
