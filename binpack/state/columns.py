"""Growable columns: one numpy array a fact, one entry a row, the resource axis first where there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from binpack.model.node import Node
from binpack.model.requests import CPU, EPHEMERAL_STORAGE, MEMORY

ABSENT = -1


T = TypeVar("T", bound=np.generic)


def grown(array: NDArray[T], rows: int, fill: int = 0) -> NDArray[T]:
    """Return a copy with `rows` entries on the last axis; new ones hold `fill`."""
    more = np.full((*array.shape[:-1], rows), fill, array.dtype)
    more[..., : array.shape[-1]] = array
    return more


class ResourceIndex:
    """Which position of the resource axis a resource has. cpu, memory and ephemeral storage come first, the rest as met."""

    def __init__(self) -> None:
        self.names: list[str] = [CPU, MEMORY, EPHEMERAL_STORAGE]
        self._positions = {name: position for position, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int | None:
        """Return a resource's position; None if no node and no pod ever named it."""
        return self._positions.get(name)

    def intern(self, name: str) -> int:
        """Return a resource's position, giving it a new one at the end if needed."""
        if name not in self._positions:
            self._positions[name] = len(self.names)
            self.names.append(name)
        return self._positions[name]


class LabelColumn:
    """The codes of one label key: `codes[row]` is a small integer for each distinct value, `ABSENT` where the key is missing.

    A topology key is just its label column: the code is the domain.
    """

    def __init__(self, key: str, rows: int) -> None:
        self.key = key
        self.codes: NDArray[np.int32] = np.full(rows, ABSENT, np.int32)
        self.values: list[str] = []
        self._codes_by_value: dict[str, int] = {}

    def set(self, row: int, node: Node | None) -> None:
        """Take a row's value from its node; None empties the row."""
        value = None if node is None else node.metadata.labels.get(self.key)
        self.codes[row] = ABSENT if value is None else self.code(value)

    def fill(self, nodes: Sequence[Node | None]) -> None:
        """Take every row's value from its node, for an empty column."""
        labels = [None if node is None else node.metadata.labels.get(self.key) for node in nodes]
        numbers = self._codes_by_value
        codes = [ABSENT if value is None else numbers.setdefault(value, len(numbers)) for value in labels]
        self.codes[:] = codes
        self.values = list(numbers)

    def code(self, value: str) -> int:
        """Return the code of a value, giving it a new one if needed."""
        if value not in self._codes_by_value:
            self._codes_by_value[value] = len(self.values)
            self.values.append(value)
        return self._codes_by_value[value]

    def find(self, value: str) -> int | None:
        """Return the code of a value; None if no node ever had it."""
        return self._codes_by_value.get(value)

    def grow(self, rows: int) -> None:
        """Make room for more rows."""
        self.codes = grown(self.codes, rows, ABSENT)


class NodeValueColumn:
    """An integer that a plugin derives from the Node object: an image's size, a volume limit. 0 in holes."""

    def __init__(self, of: Callable[[Node], int], rows: int) -> None:
        self._of = of
        self.values: NDArray[np.int64] = np.zeros(rows, np.int64)

    def set(self, row: int, node: Node | None) -> None:
        """Take a row's value from its node; None empties the row."""
        self.values[row] = 0 if node is None else self._of(node)

    def fill(self, nodes: Sequence[Node | None]) -> None:
        """Take every row's value from its node, for an empty column."""
        of = self._of
        self.values[:] = [0 if node is None else of(node) for node in nodes]

    def grow(self, rows: int) -> None:
        """Make room for more rows."""
        self.values = grown(self.values, rows)
