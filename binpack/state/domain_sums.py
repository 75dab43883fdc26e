"""Count columns added up over topology domains, kept up to date bind by bind.

A *domain vector* says for each row in which domain it counts: the code of its topology label, or -1 where it does not count (no
label, or left out by an inclusion policy). A *sum* is a column over the domains of one vector. When nodes change, whoever asked for
a vector sets the rows that changed; each sum over it moves their pods from one domain to the other.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from binpack.state.columns import grown

ABSENT = -1


class DomainSums:
    """Vectors and sums by number; numbers hold until `clear`.

    Attributes
    ----------
    vectors : NDArray[np.int32]
        Shape [at least vectors, rows]: the domain in which a row counts, -1 if in none.
    values : NDArray[np.int64]
        Shape [at least sums, at least domains].
    present : NDArray[np.bool_]
        Shape [at least vectors, at least domains]: which domains have a row that counts.
    members : NDArray[np.int32]
        How many rows those are.
    passes, rows_patched : int
        How often a vector was set as a whole, and how many rows of vectors were set alone: work counters.
    column_of, vector_of : list[int]
        Of each sum.
    by_column : dict[int, list[int]]
        The sums over each column.
    """

    def __init__(self) -> None:
        self.vectors: NDArray[np.int32] = np.zeros((0, 0), np.int32)
        self.values: NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self.present: NDArray[np.bool_] = np.zeros((0, 0), np.bool_)
        self.members: NDArray[np.int32] = np.zeros((0, 0), np.int32)
        self.passes = 0
        self.rows_patched = 0
        self.column_of: list[int] = []
        self.vector_of: list[int] = []
        self.by_column: dict[int, list[int]] = {}
        self._rows = 0
        self._sums: dict[tuple[int, int], int] = {}
        self._vectors: dict[Hashable, int] = {}
        self._stamps: list[int] = []

    def vector(self, key: Hashable, stamp: int) -> int | None:
        """Return the number of a vector that was set with a stamp; None if it has to be set first."""
        number = self._vectors.get(key)
        return number if number is not None and self._stamps[number] == stamp else None

    def stamp(self, key: Hashable) -> int | None:
        """Return the stamp that a vector was last set with; None if it never was."""
        number = self._vectors.get(key)
        return None if number is None else self._stamps[number]

    def set_vector(self, key: Hashable, stamp: int, domains: NDArray[np.int32], columns: NDArray[np.int32], *, values: int) -> int:
        """Set a vector, and add up anew what was summed over it.

        Parameters
        ----------
        key : hashable
        stamp : int
            Which nodes it is made from: `cluster.static_version`.
        domains : NDArray[np.int32]
            Shape [rows].
        columns : NDArray[np.int32]
            All count columns, shape [columns, rows].
        values : int
            How many values the label has. Rows that do not count have domains, too, which are looked up in the sums.
        """
        number = self._vectors.setdefault(key, len(self._vectors))
        if number == len(self._stamps):
            self._stamps.append(stamp)
        self._stamps[number] = stamp
        self._make_room(len(self._vectors), len(self.column_of), values)
        self.passes += 1
        self.vectors[number] = domains
        self.members[number] = np.bincount(domains[domains >= 0], minlength=self.members.shape[1])
        self.present[number] = self.members[number] > 0
        for of, column in enumerate(self.column_of):
            if self.vector_of[of] == number:
                self._add_up(of, columns[column])
        return number

    def patch_vector(
        self, key: Hashable, stamp: int, rows: NDArray[np.intp], domains: NDArray[np.int32], columns: NDArray[np.int32], *, values: int
    ) -> int:
        """Set some rows of a vector that is there, each named once, and let the sums over it follow.

        Parameters
        ----------
        key, stamp, columns, values
            As for `set_vector`.
        rows : NDArray[np.intp]
            Shape [n].
        domains : NDArray[np.int32]
            Of these rows, shape [n].
        """
        number = self._vectors[key]
        self._stamps[number] = stamp
        self.rows_patched += len(rows)
        self._make_room(len(self._vectors), len(self.column_of), values)
        moved = self.vectors[number, rows] != domains
        if moved.any():
            rows, domains = rows[moved], domains[moved]
            over = np.array([of for of, vector in enumerate(self.vector_of) if vector == number], np.intp)
            pods = columns[np.array(self.column_of, np.intp)[over]][:, rows] if len(over) else np.zeros((0, len(rows)), np.int32)
            before = self.vectors[number, rows]
            for place, (old, new) in enumerate(zip(before.tolist(), domains.tolist(), strict=True)):
                for domain, sign in ((old, -1), (new, 1)):
                    if domain >= 0:
                        self.members[number, domain] += sign
                        self.values[over, domain] += sign * pods[:, place]
            self.vectors[number, rows] = domains
            self.present[number] = self.members[number] > 0
        return number

    def number(self, column: int, vector: int, columns: NDArray[np.int32]) -> int:
        """Return the number of the sum of a column over a vector, adding it up if it is new."""
        number = self._sums.get((column, vector))
        if number is None:
            number = self._sums[column, vector] = len(self.column_of)
            self.column_of.append(column)
            self.vector_of.append(vector)
            self.by_column.setdefault(column, []).append(number)
            self._make_room(len(self._vectors), len(self.column_of), 0)
            self._add_up(number, columns[column])
        return number

    def add(self, column: int, row: int, weight: int) -> None:
        """Follow a change of one row in a column."""
        for number in self.by_column.get(column, ()):
            domain = self.vectors[self.vector_of[number], row]
            if domain >= 0:
                self.values[number, domain] += weight

    def add_up(self, column: int, values: NDArray[np.int32]) -> None:
        """Add a column up anew in every sum over it: its number means something else now."""
        for number in self.by_column.get(column, ()):
            self._add_up(number, values)

    def clear(self) -> None:
        """Forget all sums and vectors."""
        self.column_of.clear()
        self.vector_of.clear()
        self.by_column.clear()
        self._sums.clear()
        self._vectors.clear()
        self._stamps.clear()

    def grow(self, rows: int) -> None:
        """Make room for more rows; they count nowhere until the vectors are set again."""
        self._rows = rows
        self.vectors = grown(self.vectors, rows, ABSENT)

    def _add_up(self, number: int, column: NDArray[np.int32]) -> None:
        self.values[number] = 0
        if not column.any():
            return
        domains = self.vectors[self.vector_of[number]]
        counted = domains >= 0
        found = np.bincount(domains[counted], column[counted].astype(np.float64), minlength=1)
        # Counts stay far below 2^53, so that the floats of bincount are exact.
        self.values[number, : len(found)] = found.astype(np.int64)

    def _make_room(self, vectors: int, sums: int, domains: int) -> None:
        domains = max(self.values.shape[1], domains)
        if vectors > len(self.vectors):
            self.vectors = _larger(self.vectors, (2 * vectors, self._rows), ABSENT)
        if self.present.shape != (len(self.vectors), domains):
            self.present = _larger(self.present, (len(self.vectors), domains), 0)
            self.members = _larger(self.members, (len(self.vectors), domains), 0)
        if sums > len(self.values) or domains > self.values.shape[1]:
            lines = len(self.values) if sums <= len(self.values) else 2 * sums
            self.values = _larger(self.values, (lines, domains), 0)


T = TypeVar("T", bound=np.generic)


def _larger(array: NDArray[T], shape: tuple[int, int], fill: int) -> NDArray[T]:
    more = np.full(shape, fill, array.dtype)
    more[: array.shape[0], : array.shape[1]] = array
    return more
