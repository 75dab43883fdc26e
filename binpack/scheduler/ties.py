"""Choosing among equal totals. The rule is printed with every result."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from binpack.state.cluster import Cluster


class Ties(StrEnum):
    """Which of the best nodes is taken.

    `kube`: kube-scheduler 1.35's own rule, first in pre-order of the implicit heap over the feasible list. `first`: the bytewise
    lowest node name. `rank`: the lowest in a permutation drawn once a run. `random`: drawn anew for each decision.
    """

    KUBE = "kube"
    FIRST = "first"
    RANK = "rank"
    RANDOM = "random"


class TieBreaker:
    """A rule with what it needs to remember.

    Parameters
    ----------
    ties : Ties
    generator : numpy.random.Generator, optional
        Needed by `rank` and `random`.
    """

    def __init__(self, ties: Ties = Ties.FIRST, generator: np.random.Generator | None = None) -> None:
        if ties in (Ties.RANK, Ties.RANDOM) and generator is None:
            raise ValueError(f"ties={ties} draws at random and needs a generator")
        self.ties = ties
        self._generator = generator
        self._ranks: dict[str, float] = {}

    def choose(self, cluster: Cluster, rows: NDArray[np.intp], totals: NDArray[np.int64]) -> int:
        """Return the position of the winner in the feasible list.

        Parameters
        ----------
        cluster : Cluster
        rows : NDArray[np.intp]
            Feasible rows in the order in which they were found, shape [n], n ≥ 1.
        totals : NDArray[np.int64]
            Shape [n].
        """
        best = np.flatnonzero(totals == totals.max())
        if len(best) == 1:
            return int(best[0])
        match self.ties:
            case Ties.FIRST:
                return int(best[np.argmin(cluster.name_ranks()[rows[best]])])
            case Ties.KUBE:
                return int(best[np.argmin(heap_pre_order(len(rows))[best])])
            case Ties.RANK:
                return int(min(best, key=lambda position: self._rank(cluster.node(int(rows[position])).name)))
            case Ties.RANDOM:
                assert self._generator is not None
                # Drawn over names, so that the order in which nodes were found changes nothing.
                by_name = best[np.argsort(cluster.name_ranks()[rows[best]])]
                return int(by_name[self._generator.integers(len(by_name))])

    def _rank(self, name: str) -> float:
        """A node's place in the run's permutation: drawn when the node is first met among equals."""
        if name not in self._ranks:
            assert self._generator is not None
            self._ranks[name] = float(self._generator.random())
        return self._ranks[name]


@lru_cache(maxsize=64)
def heap_pre_order(size: int) -> NDArray[np.int64]:
    """Return when each list position is visited in pre-order of the implicit binary tree (children of i: 2i+1, 2i+2).

    kube-scheduler 1.35 heapifies the feasible list and takes the root; among equal totals that is the first in this order
    (schedule_one.go, v1.35: the random tie-breaker is set only for nodes that an extender scored).

    Examples
    --------
    >>> heap_pre_order(7).tolist()
    [0, 1, 4, 2, 3, 5, 6]
    """
    visited = np.zeros(size, np.int64)
    stack, time = [0], 0
    while stack:
        position = stack.pop()
        if position >= size:
            continue
        visited[position] = time
        time += 1
        stack += [2 * position + 2, 2 * position + 1]
    return visited
