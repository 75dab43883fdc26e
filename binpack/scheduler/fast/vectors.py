"""Domain vectors: in which domain of a topology key each row counts, for one inclusion policy. Rows whose node changed are set again."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np
from numpy.typing import NDArray

from binpack.state.cluster import Cluster

PATCHED_SHARE = 8
"""Vectors are set as a whole when more than this part of the rows has changed."""

_Name = tuple[str | None, Hashable]


class Vectors:
    """The vectors that the plans of one scheduler use.

    Parameters
    ----------
    cluster : Cluster
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._makers: dict[_Name, Callable[[], NDArray[np.int32]]] = {}

    def number(self, key: str | None, inclusion: Hashable, included: Callable[[], NDArray[np.bool_] | None]) -> int:
        """Return the number of a vector in `cluster.counts.sums`.

        Parameters
        ----------
        key : str or None
            The topology key; None: all rows that count are in domain 0.
        inclusion : hashable
            Identifies the policy.
        included : callable
            Returns the rows that count as the nodes are now, None for all; shape [capacity].
        """
        name = (key, inclusion)

        def make() -> NDArray[np.int32]:
            codes = np.zeros(self._cluster.capacity, np.int32) if key is None else self._cluster.label(key)
            rows = self._cluster.active if key is None else None
            admitted = included()
            if admitted is not None:
                rows = admitted if rows is None else rows & admitted
            return codes if rows is None else np.where(rows, codes, np.int32(-1))

        self._makers[name] = make
        return self._set(name)

    def sum(self, column: int, vector: int) -> int:
        """Return the number of the sum of a column over a vector."""
        counts = self._cluster.counts
        return counts.sums.number(column, vector, counts.values)

    def refresh(self) -> None:
        """Follow the nodes."""
        for name in self._makers:
            self._set(name)

    def clear(self) -> None:
        """Forget all: the numbers are void."""
        self._makers.clear()

    def _set(self, name: _Name) -> int:
        cluster = self._cluster
        counts, stamp = cluster.counts, cluster.static_version
        number = counts.sums.vector(name, stamp)
        if number is None:
            domains, values = self._makers[name](), 1 if name[0] is None else len(cluster.label_values(name[0]))
            rows = changed_rows(cluster, counts.sums.stamp(name))
            if rows is None:
                return counts.sums.set_vector(name, stamp, domains, counts.values, values=values)
            number = counts.sums.patch_vector(name, stamp, rows, domains[rows], counts.values, values=values)
        return number


def changed_rows(cluster: Cluster, since: int | None) -> NDArray[np.intp] | None:
    """Return the rows whose node has changed since a `static_version`, each once; None if all have to be looked at."""
    if since is None or since < 0 or (cluster.static_version - since) * PATCHED_SHARE > cluster.capacity:
        return None
    touched = cluster.node_journal.since(since)
    return None if touched is None else np.unique(touched).astype(np.intp)
