"""The change journal: which rows changed, in order, so that whoever scored a cluster before looks only at those again.

A cluster keeps two: of rows whose state changed in any way, and of rows whose Node object did.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Journal:
    """A ring of touched rows.

    Parameters
    ----------
    size : int
        How many entries are kept. A reader that lags by more has to look at every row.

    Attributes
    ----------
    ring : NDArray[np.int32]
        Entry `i` is at `i % len(ring)`.
    position : int
        How many entries there ever were.
    """

    def __init__(self, size: int = 1 << 16) -> None:
        self.ring: NDArray[np.int32] = np.zeros(size, np.int32)
        self.position = 0

    def append(self, row: int) -> None:
        """Record that a row's state changed."""
        self.ring[self.position % len(self.ring)] = row
        self.position += 1

    def since(self, position: int) -> NDArray[np.int32] | None:
        """Return the rows touched since a position, oldest first and possibly repeated; None if the ring has wrapped over it."""
        lag = self.position - position
        if lag > len(self.ring):
            return None
        slots = np.arange(position, self.position) % len(self.ring)
        return self.ring[slots]
