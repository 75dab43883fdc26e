"""A subset of a cluster's rows with the columns applied: what filter and score functions see."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from binpack.state.node_table import NodeTable

T = TypeVar("T", bound=np.generic)


class NodeRows:
    """Rows of a cluster, in a given order.

    The same plugin code serves a full pass (all rows, as a view without copying), a patch of the changed rows and a single node.
    A full pass includes holes; what is computed for a hole is never looked at.

    Parameters
    ----------
    cluster : NodeTable
    index : slice or NDArray[np.intp], optional
        Which rows; all of them, holes included, by default.
    """

    __slots__ = ("cluster", "index")

    def __init__(self, cluster: NodeTable, index: slice | NDArray[np.intp] | None = None) -> None:
        self.cluster = cluster
        self.index: slice | NDArray[np.intp] = slice(0, cluster.capacity) if index is None else index

    def __len__(self) -> int:
        return self.cluster.capacity if isinstance(self.index, slice) else len(self.index)

    @property
    def numbers(self) -> NDArray[np.intp]:
        """Row numbers, shape [n]."""
        return np.arange(self.cluster.capacity, dtype=np.intp) if isinstance(self.index, slice) else self.index

    def take(self, per_row: NDArray[T]) -> NDArray[T]:
        """Apply the subset to the last axis of an array with one entry a row."""
        return per_row[..., self.index]

    @property
    def allocatable(self) -> NDArray[np.int64]:
        """Allocatable, shape [resources, n]: milli-cores, bytes, units."""
        return self.cluster.allocatable[:, self.index]

    @property
    def requested(self) -> NDArray[np.int64]:
        """Sum of the requests of the pods there, shape [resources, n]."""
        return self.cluster.requested[:, self.index]

    @property
    def nonzero_requested(self) -> NDArray[np.int64]:
        """Sum of cpu and memory with the scheduler's defaults, shape [2, n]."""
        return self.cluster.nonzero_requested[:, self.index]

    @property
    def allowed_pods(self) -> NDArray[np.int64]:
        """Allocatable pods, shape [n]."""
        return self.cluster.allowed_pods[self.index]

    @property
    def pod_counts(self) -> NDArray[np.int64]:
        """Pods there, shape [n]."""
        return self.cluster.pod_counts[self.index]

    @property
    def unschedulable(self) -> NDArray[np.bool_]:
        """Whether the node is cordoned, shape [n]."""
        return self.cluster.unschedulable[self.index]

    @property
    def taint_set(self) -> NDArray[np.int32]:
        """Index into `cluster.taint_sets`, shape [n]."""
        return self.cluster.taint_set[self.index]

    def label(self, key: str) -> NDArray[np.int32]:
        """Codes of a label key, shape [n]; -1 where it is absent."""
        return self.cluster.label(key)[self.index]
