"""How many volumes each node can attach, and what is attached there by record, as columns.

Source: nodevolumelimits/csi.go (getVolumeLimits, VolumeAttachments), v1.35.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.model.node import CSINode
from binpack.model.storage import PersistentVolume, VolumeAttachment
from binpack.plugins.csi_volumes import migrated_plugins
from binpack.plugins.per_cluster import PerCluster
from binpack.plugins.pod_claims import VOLUME
from binpack.state.cluster import Cluster

NO_LIMIT = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class AttachLimits:
    """What the CSINodes say.

    Parameters
    ----------
    by_driver : dict[str, NDArray[np.int64]]
        How many volumes a driver can attach, `NO_LIMIT` where nothing is said; shape [capacity] each.
    migrated_sets : list[frozenset[str]]
        Distinct sets of in-tree plugins whose volumes count for CSI drivers.
    migrated_set : NDArray[np.int64]
        Each row's index into them, shape [capacity].
    """

    by_driver: dict[str, NDArray[np.int64]]
    migrated_sets: list[frozenset[str]]
    migrated_set: NDArray[np.int64]

    def of(self, driver: str, row: int) -> int:
        """Return how many volumes a driver can attach on a row."""
        return int(self.by_driver[driver][row]) if driver in self.by_driver else NO_LIMIT

    def exceeded(self, attached: NDArray[np.int64], wanted: Mapping[str, int]) -> NDArray[np.bool_]:
        """Tell on which rows the wanted volumes (by driver) would exceed a limit if all that is attached were of that driver."""
        found = np.zeros(len(attached), np.bool_)
        for driver, count in wanted.items():
            if driver in self.by_driver:
                found |= attached + count > self.by_driver[driver]
        return found


@dataclass(frozen=True, slots=True)
class Attachments:
    """What the VolumeAttachments say.

    Parameters
    ----------
    by_row : dict[int, dict[str, str]]
        `driver/handle` to driver, for the rows that have any.
    counts : NDArray[np.int64]
        How many, shape [capacity].
    """

    by_row: dict[int, dict[str, str]]
    counts: NDArray[np.int64]


def attach_limits(cluster: Cluster) -> AttachLimits:
    """Return the limits of all rows as they are now."""
    return _LIMITS.of(cluster)


def attachments(cluster: Cluster) -> Attachments:
    """Return the recorded attachments of all rows as they are now."""
    return _ATTACHMENTS.of(cluster)


def limits_of(csi_node: CSINode) -> dict[str, int]:
    """Return how many volumes each driver of a node can attach; drivers without a limit are left out."""
    drivers = csi_node.spec.drivers
    return {d.name: d.allocatable.count for d in drivers if d.allocatable is not None and d.allocatable.count is not None}


def _read_limits(cluster: Cluster) -> AttachLimits:
    limits = AttachLimits({}, [], np.zeros(cluster.capacity, np.int64))
    indices: dict[frozenset[str], int] = {}
    csi_nodes: list[CSINode] = cluster.catalog.list("CSINode")
    for csi_node in csi_nodes:
        row = cluster.row_of(csi_node.metadata.name)
        if row is None:
            continue
        migrated = migrated_plugins(csi_node)
        if migrated not in indices:
            indices[migrated] = len(limits.migrated_sets)
            limits.migrated_sets.append(migrated)
        limits.migrated_set[row] = indices[migrated]
        for driver, count in limits_of(csi_node).items():
            if driver not in limits.by_driver:
                limits.by_driver[driver] = np.full(cluster.capacity, NO_LIMIT, np.int64)
            limits.by_driver[driver][row] = count
    return limits


def _read_attachments(cluster: Cluster) -> Attachments:
    """Read which CSI volumes are attached to which nodes."""
    by_row: dict[int, dict[str, str]] = defaultdict(dict)
    records: list[VolumeAttachment] = cluster.catalog.list("VolumeAttachment")
    for record in records:
        row = cluster.row_of(record.spec.node_name)
        name = record.spec.source.persistent_volume_name
        volume: PersistentVolume | None = cluster.catalog.get(VOLUME, name) if name else None
        if row is not None and volume is not None and volume.spec.csi is not None:
            by_row[row][f"{record.spec.attacher}/{volume.spec.csi.volume_handle}"] = record.spec.attacher
    counts = np.zeros(cluster.capacity, np.int64)
    for row, volumes in by_row.items():
        counts[row] = len(volumes)
    return Attachments(dict(by_row), counts)


_LIMITS = PerCluster(_read_limits, lambda cluster: (cluster.node_version, cluster.catalog.version("CSINode")))
_ATTACHMENTS = PerCluster(
    _read_attachments,
    lambda cluster: (cluster.node_version, cluster.catalog.version("VolumeAttachment"), cluster.catalog.version(VOLUME)),
)
