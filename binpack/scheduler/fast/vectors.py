"""Domain vectors: in which domain of a topology key each row counts, for one inclusion policy. Set again when nodes change."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np
from numpy.typing import NDArray

from binpack.state.cluster import Cluster

Make = Callable[[], NDArray[np.int32]]


class Vectors:
    """The vectors that the plans of one scheduler use.

    Parameters
    ----------
    cluster : Cluster
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._makers: dict[tuple[str, Hashable], Make] = {}

    def number(self, key: str, inclusion: Hashable, included: Callable[[], NDArray[np.bool_] | None]) -> int:
        """Return the number of a vector in `cluster.counts.sums`.

        Parameters
        ----------
        key : str
            The topology key.
        inclusion : hashable
            Identifies the policy; None: every row with the label counts.
        included : callable
            Returns the rows that count as the nodes are now, None for all; shape [capacity].
        """
        name = (key, inclusion)

        def make() -> NDArray[np.int32]:
            codes, rows = self._cluster.label(key), included()
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

    def _set(self, name: tuple[str, Hashable]) -> int:
        counts, stamp = self._cluster.counts, self._cluster.static_version
        number = counts.sums.vector(name, stamp)
        if number is None:
            domains, values = self._makers[name](), len(self._cluster.label_values(name[0]))
            number = counts.sums.set_vector(name, stamp, domains, counts.values, values=values)
        return number
