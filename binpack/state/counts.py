"""How many pods of which class stand on which row, and interned count columns over them.

A *count column* is a vector over rows: the sum of a weight over each row's pods, where the weight depends on the pod's class alone
("matches this selector": 1 or 0). A bind touches only the columns in which its class weighs something: its touch list.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.state.classes import PodClass
from binpack.state.columns import grown

MAX_COLUMNS = 2048


@dataclass(slots=True)
class _Column:
    weight: Callable[[PodClass], int]
    values: NDArray[np.int64]


class ClassCounts:
    """Pods per (class, row), and the count columns kept up to date from them.

    Parameters
    ----------
    max_columns : int
        How many columns are kept; the one that was not asked for the longest is dropped, and made again when it is.
    """

    def __init__(self, max_columns: int = MAX_COLUMNS) -> None:
        self._rows = 0
        self._max_columns = max_columns
        self._columns: OrderedDict[Hashable, _Column] = OrderedDict()
        self._placed: dict[PodClass, dict[int, int]] = {}
        self._touched: dict[PodClass, list[tuple[_Column, int]]] = {}

    def column(self, key: Hashable, weight: Callable[[PodClass], int]) -> NDArray[np.int64]:
        """Return the column of a weight function: shape [rows], holes 0. A live view: read it, never write it, never keep it.

        Parameters
        ----------
        key : hashable
            Identifies the weight function: equal keys must mean equal weights for every class.
        weight : callable
            From a class to the weight of each of its pods.
        """
        column = self._columns.get(key)
        if column is None:
            column = self._columns[key] = self._make(weight)
            if len(self._columns) > self._max_columns:
                self._forget(self._columns.popitem(last=False)[1])
        else:
            self._columns.move_to_end(key)
        return column.values

    def add(self, pod_class: PodClass, row: int, pods: int) -> None:
        """Count pods of a class onto a row; a negative number takes them off."""
        by_row = self._placed.setdefault(pod_class, {})
        left = by_row.get(row, 0) + pods
        if left:
            by_row[row] = left
        else:
            by_row.pop(row, None)
        for column, weight in self._touch_list(pod_class):
            column.values[row] += weight * pods

    def classes(self) -> Iterator[tuple[PodClass, int]]:
        """Yield each class that has pods on rows, and how many, by the order in which the classes were met."""
        for pod_class, by_row in sorted(self._placed.items(), key=lambda item: item[0].id):
            if by_row:
                yield pod_class, sum(by_row.values())

    def clear(self) -> None:
        """Forget all pods and columns: the classes are about to be found anew."""
        self._columns.clear()
        self._placed.clear()
        self._touched.clear()

    def grow(self, rows: int) -> None:
        """Make room for more rows."""
        self._rows = rows
        for column in self._columns.values():
            column.values = grown(column.values, rows)

    def _make(self, weight: Callable[[PodClass], int]) -> _Column:
        column = _Column(weight, np.zeros(self._rows, np.int64))
        for pod_class, touched in self._touched.items():
            weighs = weight(pod_class)
            if weighs:
                touched.append((column, weighs))
                by_row = self._placed.get(pod_class, {})
                rows = np.fromiter(by_row.keys(), np.intp, len(by_row))
                column.values[rows] += weighs * np.fromiter(by_row.values(), np.int64, len(by_row))
        return column

    def _touch_list(self, pod_class: PodClass) -> list[tuple[_Column, int]]:
        touched = self._touched.get(pod_class)
        if touched is None:
            weights = ((column, column.weight(pod_class)) for column in self._columns.values())
            touched = self._touched[pod_class] = [(column, weight) for column, weight in weights if weight]
        return touched

    def _forget(self, column: _Column) -> None:
        for touched in self._touched.values():
            touched[:] = [(other, weight) for other, weight in touched if other is not column]
