"""How many pods of which class stand on which row, and interned count columns over them.

A *count column* is a vector over rows: the sum of a weight over each row's pods, where the weight depends on the pod's class alone
("matches this selector": 1 or 0). A bind touches only the columns in which its class weighs something: its touch list. A *domain sum*
adds a column up over the domains of a topology key; it follows the same binds. Columns and sums are kept in one array each, by
number, so that a kernel can follow a bind itself.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from binpack.state.classes import PodClass
from binpack.state.columns import grown
from binpack.state.domain_sums import DomainSums

MAX_COLUMNS = 2048


Demand = tuple[str, tuple[str, ...]]
"""A label and its values: a weight is 0 for every class that has none of them. Spares asking each selector about each class."""


@dataclass(slots=True)
class _Column:
    number: int
    weight: Callable[[PodClass], int]
    demand: Demand | None


@dataclass(slots=True)
class _Placed:
    """The pods of one class: how many a row, and which columns they touch with which weight."""

    by_row: dict[int, int] = field(default_factory=dict)
    touches: list[tuple[int, int]] = field(default_factory=list)


class ClassCounts:
    """Pods per (class, row), and the count columns kept up to date from them.

    Parameters
    ----------
    max_columns : int
        How many columns are kept; the one that was not asked for the longest is dropped, and made again when it is.

    Attributes
    ----------
    values : NDArray[np.int32]
        Every column by its number, shape [at least columns, rows]; holes are 0.
    sums : DomainSums
        Columns added up over domains.
    epoch : int
        Moves whenever a number that was handed out means something else: whoever keeps numbers has to ask anew.
    version : int
        Moves whenever a touch list may have changed.
    selector_evaluations : int
        How often a weight function was asked: a work counter.
    """

    def __init__(self, max_columns: int = MAX_COLUMNS) -> None:
        self.values: NDArray[np.int32] = np.zeros((0, 0), np.int32)
        self.sums = DomainSums()
        self.epoch = 0
        self.version = 0
        self.selector_evaluations = 0
        self._rows = 0
        self._max_columns = max_columns
        self._columns: OrderedDict[Hashable, _Column] = OrderedDict()
        self._free: list[int] = []
        self._placed: dict[PodClass, _Placed] = {}
        self._noted: list[tuple[Sequence[PodClass], Sequence[int]]] = []
        self._by_demand: dict[tuple[str, str] | None, dict[int, _Column]] = {}
        self._by_label: dict[tuple[str, str], list[PodClass]] = {}

    def column(self, key: Hashable, weight: Callable[[PodClass], int], demand: Demand | None = None) -> NDArray[np.int64]:
        """Return the column of a weight function: shape [rows], holes 0. A copy, as of now.

        Parameters
        ----------
        key : hashable
            Identifies the weight function: equal keys must mean equal weights for every class.
        weight : callable
            From a class to the weight of each of its pods.
        demand : Demand, optional
            Which classes alone can weigh anything.
        """
        number = self.number(key, weight, demand)  # which may make a larger array of values
        line: NDArray[np.int32] = self.values[number]
        return line.astype(np.int64)

    def number(self, key: Hashable, weight: Callable[[PodClass], int], demand: Demand | None = None) -> int:
        """Return the number of a column: its line of `values`, as long as `epoch` stands still."""
        column = self._columns.get(key)
        if column is not None:
            self._columns.move_to_end(key)
            return column.number
        if len(self._columns) >= self._max_columns:
            self._forget(self._columns.popitem(last=False)[1])
        column = self._columns[key] = _Column(self._free_number(), weight, demand)
        for entry in _entries(demand):
            self._by_demand.setdefault(entry, {})[column.number] = column
        self._fill(column)
        # Somebody may have asked for a sum over this number while it meant another column.
        self.sums.add_up(column.number, self.values[column.number])
        return column.number

    def add(self, pod_class: PodClass, row: int, pods: int) -> None:
        """Count pods of a class onto a row; a negative number takes them off."""
        placed = self._of(pod_class)
        self._write_down()
        _count(placed.by_row, row, pods)
        for number, weight in placed.touches:
            self.values[number, row] += weight * pods
            self.sums.add(number, row, weight * pods)

    def note(self, classes: Sequence[PodClass], rows: Sequence[int]) -> None:
        """Take note of pods, by class and row, that are in the columns and sums already: a kernel has put them there.

        The classes have touch lists. The pods are counted by row when a new column asks for them.
        """
        self._noted.append((classes, rows))

    def touches(self, pod_class: PodClass) -> list[tuple[int, int]]:
        """Return the columns that a pod of a class touches, each with its weight."""
        return self._of(pod_class).touches

    def classes(self) -> Iterator[tuple[PodClass, int]]:
        """Yield each class that has pods on rows, and how many, by the order in which the classes were met."""
        self._write_down()
        for pod_class, placed in sorted(self._placed.items(), key=lambda item: item[0].id):
            if placed.by_row:
                yield pod_class, sum(placed.by_row.values())

    def clear(self) -> None:
        """Forget all pods and columns: the classes are about to be found anew."""
        self._columns.clear()
        self._placed.clear()
        self._noted.clear()
        self._free.clear()
        self._by_demand.clear()
        self._by_label.clear()
        self.values[:] = 0
        self.sums.clear()
        self.epoch += 1
        self.version += 1

    def grow(self, rows: int) -> None:
        """Make room for more rows."""
        self._rows = rows
        self.values = grown(self.values, rows)
        self.sums.grow(rows)

    def _write_down(self) -> None:
        if not self._noted:
            return
        noted, self._noted = self._noted, []
        for classes, rows in noted:
            for pod_class, row in zip(classes, rows, strict=True):
                by_row = self._placed[pod_class].by_row
                by_row[row] = by_row.get(row, 0) + 1

    def _of(self, pod_class: PodClass) -> _Placed:
        placed = self._placed.get(pod_class)
        if placed is None:
            placed = self._placed[pod_class] = _Placed()
            labels = list(pod_class.labels.items())
            for label in labels:
                self._by_label.setdefault(label, []).append(pod_class)
            asked = {number: column for entry in (None, *labels) for number, column in self._by_demand.get(entry, {}).items()}
            self.selector_evaluations += len(asked)
            weights = ((number, column.weight(pod_class)) for number, column in asked.items())
            placed.touches.extend((number, weight) for number, weight in weights if weight)
            self.version += 1
        return placed

    def _free_number(self) -> int:
        if self._free:
            return self._free.pop()
        number = len(self._columns)
        if number >= len(self.values):
            more = np.zeros((max(16, 2 * len(self.values)), self._rows), np.int32)
            more[: len(self.values)] = self.values
            self.values = more
        return number

    def _fill(self, column: _Column) -> None:
        values = self.values[column.number]
        self.version += 1
        self._write_down()
        for pod_class in self._asked(column.demand):
            self.selector_evaluations += 1
            weight = column.weight(pod_class)
            if weight:
                placed = self._placed[pod_class]
                placed.touches.append((column.number, weight))
                rows = np.fromiter(placed.by_row.keys(), np.intp, len(placed.by_row))
                values[rows] += weight * np.fromiter(placed.by_row.values(), np.int32, len(placed.by_row))

    def _asked(self, demand: Demand | None) -> list[PodClass]:
        """The classes that may weigh something, in the order in which they were met."""
        if demand is None:
            return list(self._placed)
        return [pod_class for entry in _entries(demand) for pod_class in self._by_label.get(entry or ("", ""), ())]

    def _forget(self, column: _Column) -> None:
        self.epoch += 1
        self.version += 1
        self._free.append(column.number)
        self.values[column.number] = 0
        for entry in _entries(column.demand):
            del self._by_demand[entry][column.number]
        self.sums.clear()
        for placed in self._placed.values():
            placed.touches[:] = [touch for touch in placed.touches if touch[0] != column.number]


def _entries(demand: Demand | None) -> list[tuple[str, str] | None]:
    """Where a demand is looked up; None for what may weigh any class."""
    return [None] if demand is None else [(demand[0], value) for value in dict.fromkeys(demand[1])]


def _count(by_row: dict[int, int], row: int, pods: int) -> None:
    left = by_row.get(row, 0) + pods
    if left:
        by_row[row] = left
    else:
        by_row.pop(row, None)
