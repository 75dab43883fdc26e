"""Where a node lives in the columns: rows by zone, in blocks of 64 with holes for nodes to come.

Nodes of one zone stay together, so that what depends on the zone alone is the same for a whole block. A row number says nothing
about kube-scheduler's node order, which is a key of its own (`binpack.state.order`).
"""

from __future__ import annotations

import heapq

BLOCK = 64


class RowLayout:
    """Hands out row numbers, zone by zone; the lowest free row of the zone first."""

    def __init__(self) -> None:
        self.capacity = 0
        self.block_zones: list[str] = []
        self._holes: dict[str, list[int]] = {}

    def allocate(self, zone: str) -> int:
        """Return a free row of a zone, adding a block (and so `BLOCK` to the capacity) when the zone has none left."""
        holes = self._holes.setdefault(zone, [])
        if not holes:
            holes.extend(range(self.capacity, self.capacity + BLOCK))
            self.block_zones.append(zone)
            self.capacity += BLOCK
        return heapq.heappop(holes)

    def release(self, row: int) -> None:
        """Make a row a hole of its zone again."""
        heapq.heappush(self._holes[self.block_zones[row // BLOCK]], row)

    def reclaim(self, row: int) -> None:
        """Take back one particular hole: undoing a release must give the node its old row."""
        holes = self._holes[self.block_zones[row // BLOCK]]
        holes.remove(row)
        heapq.heapify(holes)
