"""A memo beside a cluster: what is derived from its objects alone, kept until a version moves.

It changes no answer: it spares making an index over services or affinity terms anew for each pod.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from binpack.state.cluster import Cluster

T = TypeVar("T")


class PerCluster(Generic[T]):
    """Something derived from a cluster. It lives as long as the cluster, and must not refer to it.

    Parameters
    ----------
    make : callable
        Derives it.
    version : callable
        From a cluster to a value that changes whenever what `make` reads has changed.
    """

    def __init__(self, make: Callable[[Cluster], T], version: Callable[[Cluster], Hashable]) -> None:
        self._make = make
        self._version = version
        self._kept: WeakKeyDictionary[Cluster, tuple[Hashable, T]] = WeakKeyDictionary()

    def of(self, cluster: Cluster) -> T:
        """Return what is derived from the cluster as it is now."""
        version = self._version(cluster)
        kept = self._kept.get(cluster)
        if kept is None or kept[0] != version:
            kept = self._kept[cluster] = (version, self._make(cluster))
        return kept[1]
