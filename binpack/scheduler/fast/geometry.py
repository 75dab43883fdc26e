"""What the nodes alone determine: zones of blocks, which topology keys are regular, list positions. Made anew when a node changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.state.cluster import Cluster
from binpack.state.rows import BLOCK

NO_LABEL = -1


@dataclass(frozen=True, slots=True)
class KeyShape:
    """How a topology key lies over the rows.

    Parameters
    ----------
    complete : bool
        Every node has the label.
    unique : bool
        No two nodes have the same value.
    uniform : bool
        All nodes of a zone (of `block_zones`) have the same value, or all have none.
    """

    complete: bool
    unique: bool
    uniform: bool


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
        self._shapes: dict[str, KeyShape] = {}
        self._zone_codes: dict[str, NDArray[np.int32]] = {}

    def refresh(self) -> bool:
        """Follow the nodes; True if any has changed since the last time."""
        cluster = self._cluster
        if self._version == cluster.static_version:
            return False
        self._version = cluster.static_version
        numbers: dict[str, int] = {}
        zones = [numbers.setdefault(zone, len(numbers)) for zone in cluster.block_zones]
        self.block_zone = np.array(zones, np.int32)
        self.zones = len(numbers)
        self._zone_codes.clear()
        before, self._shapes = self._shapes, {}
        for key, shape in before.items():
            if self.shape(key) != shape:
                self.shapes_version += 1
        return True

    def shape(self, key: str) -> KeyShape:
        """Return how a topology key lies over the rows."""
        shape = self._shapes.get(key)
        if shape is None:
            codes = self._cluster.label(key)
            present = codes[self._cluster.active]
            complete = bool((present >= 0).all())
            unique = complete and len(np.unique(present)) == len(present)
            shape = self._shapes[key] = KeyShape(complete, unique, self._lay_out(key, codes))
        return shape

    def zone_codes(self, key: str) -> NDArray[np.int32]:
        """Return the code of a uniform key by zone, shape [zones]; -1 where the zone's nodes have none."""
        self.shape(key)
        if key not in self._zone_codes:
            self._lay_out(key, self._cluster.label(key))
        return self._zone_codes[key]

    def _lay_out(self, key: str, codes: NDArray[np.int32]) -> bool:
        """Find the code of each zone; True if there is just one in each."""
        by_zone = np.repeat(self.block_zone, BLOCK)[self._cluster.active]
        present = codes[self._cluster.active]
        found = np.full(self.zones, NO_LABEL, np.int32)
        found[by_zone] = present
        self._zone_codes[key] = found
        return bool((found[by_zone] == present).all())
