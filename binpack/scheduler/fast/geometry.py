"""What the nodes alone determine: zones of blocks, and how topology keys lie over them. Only rows whose node changed are looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.scheduler.fast.vectors import changed_rows
from binpack.state.cluster import Cluster
from binpack.state.rows import BLOCK

NO_LABEL = -1
HOLE = -2


@dataclass(frozen=True, slots=True)
class KeyShape:
    """How a topology key lies over the rows.

    Parameters
    ----------
    complete : bool
        Every node has the label.
    unique : bool
        No two nodes have the same value, and each has one.
    uniform : bool
        All nodes of a zone (of `block_zones`) have the same value, or all have none.
    """

    complete: bool
    unique: bool
    uniform: bool


class KeyLayout:
    """One topology key over the rows, counted so that a changed row costs one step.

    Parameters
    ----------
    codes : NDArray[np.int32]
        By row, `NO_LABEL` where a node has none, `HOLE` where there is no node; shape [capacity].
    block_zone : NDArray[np.int32]
    zones : int

    Attributes
    ----------
    zone_codes : NDArray[np.int32]
        The code of each zone, shape [zones]; of any node there if they differ, `NO_LABEL` where there is none.
    """

    def __init__(self, codes: NDArray[np.int32], block_zone: NDArray[np.int32], zones: int) -> None:
        self._codes = codes.copy()
        self._block_zone = block_zone
        row_zones = np.repeat(block_zone, BLOCK)
        filled = codes != HOLE
        self._lacking = int(np.count_nonzero(codes == NO_LABEL))
        self._members = dict(zip(*(each.tolist() for each in np.unique(codes[codes >= 0], return_counts=True)), strict=True))
        self._repeated = sum(count > 1 for count in self._members.values())
        self.zone_codes: NDArray[np.int32] = np.full(zones, NO_LABEL, np.int32)
        self.zone_codes[row_zones[filled]] = codes[filled]
        self._zone_rows = np.bincount(row_zones[filled], minlength=zones)
        # By zone, the rows that have another code than the zone's.
        self._strangers = np.bincount(row_zones[filled][self.zone_codes[row_zones[filled]] != codes[filled]], minlength=zones)

    @property
    def shape(self) -> KeyShape:
        """How the key lies now."""
        complete = self._lacking == 0
        return KeyShape(complete, complete and self._repeated == 0, not self._strangers.any())

    def patch(self, rows: NDArray[np.intp], codes: NDArray[np.int32]) -> bool:
        """Take rows with their codes as they are now. False: a zone has lost the node whose code was the zone's, look at all again."""
        for row, new in zip(rows.tolist(), codes.tolist(), strict=True):
            old = int(self._codes[row])
            if old == new:
                continue
            zone = self._block_zone[row // BLOCK]
            self._count(old, -1)
            if old != HOLE:
                self._zone_rows[zone] -= 1
                self._strangers[zone] -= old != self.zone_codes[zone]
            self._count(new, 1)
            if new != HOLE:
                if self._zone_rows[zone] == 0:
                    self.zone_codes[zone] = new
                self._zone_rows[zone] += 1
                self._strangers[zone] += new != self.zone_codes[zone]
            self._codes[row] = new
        return not ((self._strangers == self._zone_rows) & (self._zone_rows > 0)).any()

    def _count(self, code: int, rows: int) -> None:
        if code == NO_LABEL:
            self._lacking += rows
        elif code >= 0:
            before = self._members.get(code, 0)
            self._members[code] = before + rows
            self._repeated += (before + rows > 1) - (before > 1)


class Geometry:
    """The layout of a cluster's nodes as of one `static_version`.

    Attributes
    ----------
    zones : int
        Number of zones.
    block_zone : NDArray[np.int32]
        The zone of each block, shape [blocks].
    shapes_version : int
        Moves when a key that was asked for has changed its shape: what was compiled for the old shape is void.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._version = -1
        self.zones = 0
        self.block_zone: NDArray[np.int32] = np.zeros(0, np.int32)
        self.shapes_version = 0
        self._layouts: dict[str, KeyLayout] = {}
        self._shapes: dict[str, KeyShape] = {}

    def refresh(self) -> bool:
        """Follow the nodes; True if any has changed since the last time."""
        cluster = self._cluster
        if self._version == cluster.static_version:
            return False
        rows = changed_rows(cluster, self._version)
        self._version = cluster.static_version
        if len(cluster.block_zones) != len(self.block_zone):
            numbers: dict[str, int] = {}
            zones = [numbers.setdefault(zone, len(numbers)) for zone in cluster.block_zones]
            self.block_zone, self.zones, rows = np.array(zones, np.int32), len(numbers), None
        for key, shape in list(self._shapes.items()):
            if rows is None or not self._layouts[key].patch(rows, self._codes(key)[rows]):
                self._layouts[key] = self._layout(key)
            self._shapes[key] = self._layouts[key].shape
            if self._shapes[key] != shape:
                self.shapes_version += 1
        return True

    def shape(self, key: str) -> KeyShape:
        """Return how a topology key lies over the rows."""
        shape = self._shapes.get(key)
        if shape is None:
            self._layouts[key] = self._layout(key)
            shape = self._shapes[key] = self._layouts[key].shape
        return shape

    def zone_codes(self, key: str) -> NDArray[np.int32]:
        """Return the code of a uniform key by zone, shape [zones]; -1 where the zone's nodes have none."""
        self.shape(key)
        return self._layouts[key].zone_codes

    def _layout(self, key: str) -> KeyLayout:
        return KeyLayout(self._codes(key), self.block_zone, self.zones)

    def _codes(self, key: str) -> NDArray[np.int32]:
        """The codes of a key by row; `HOLE` where there is no node."""
        cluster = self._cluster
        return np.where(cluster.active, cluster.label(key), np.int32(HOLE))
