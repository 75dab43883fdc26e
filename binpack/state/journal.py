"""The change journal: which rows changed, in order, so that whoever scored a cluster before looks only at those again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Journal:
    """A ring of touched rows.

    Parameters
    ----------
    size : int
        How many entries are kept. A reader that lags by more has to look at every row.
    """

    def __init__(self, size: int = 1 << 16) -> None:
        self._ring: NDArray[np.int32] = np.zeros(size, np.int32)
        self.position = 0

    def append(self, row: int) -> None:
        """Record that a row's state changed."""
        self._ring[self.position % len(self._ring)] = row
        self.position += 1

    def since(self, position: int) -> NDArray[np.int32] | None:
        """Return the rows touched since a position, oldest first and possibly repeated; None if the ring has wrapped over it."""
        lag = self.position - position
        if lag > len(self._ring):
            return None
        slots = np.arange(position, self.position) % len(self._ring)
        return self._ring[slots]
