"""Which volumes of a pod a CSI driver has to attach to its node: `driver/handle` for each.

In-tree volumes count for the CSI driver that replaced them, on nodes that say so; how upstream translates their names to handles is
not repeated here, only that equal names are equal volumes.
Source: nodevolumelimits/csi.go (filterAttachableVolumes), csi-translation-lib, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from binpack.errors import SchedulingError
from binpack.model.node import CSINode
from binpack.model.pod import Pod
from binpack.model.storage import PersistentVolumeClaim, StorageClass
from binpack.model.volumes import (
    AWSElasticBlockStoreVolumeSource,
    AzureDiskVolumeSource,
    CinderVolumeSource,
    GCEPersistentDiskVolumeSource,
    Volume,
)
from binpack.plugins.pod_claims import CLAIM, STORAGE_CLASS, bound_volume, claim_name, class_of_claim, is_made_for, not_made_for
from binpack.state.catalog import Catalog

MIGRATED_PLUGINS = "storage.alpha.kubernetes.io/migrated-plugins"
IN_TREE_DRIVERS = {
    "kubernetes.io/aws-ebs": "ebs.csi.aws.com",
    "kubernetes.io/azure-disk": "disk.csi.azure.com",
    "kubernetes.io/cinder": "cinder.csi.openstack.org",
    "kubernetes.io/gce-pd": "pd.csi.storage.gke.io",
}


class _InTree(Protocol):
    """The in-tree sources that an inline volume and a PersistentVolume have in common."""

    @property
    def aws_elastic_block_store(self) -> AWSElasticBlockStoreVolumeSource | None: ...
    @property
    def azure_disk(self) -> AzureDiskVolumeSource | None: ...
    @property
    def cinder(self) -> CinderVolumeSource | None: ...
    @property
    def gce_persistent_disk(self) -> GCEPersistentDiskVolumeSource | None: ...


def migrated_plugins(csi_node: CSINode | None) -> frozenset[str]:
    """Return the in-tree plugins whose volumes a node leaves to CSI drivers."""
    listed = "" if csi_node is None else csi_node.metadata.annotations.get(MIGRATED_PLUGINS, "")
    return frozenset(IN_TREE_DRIVERS).intersection(listed.split(","))


def is_attachable(volume: Volume) -> bool:
    """Tell whether a pod's volume may be one that is attached: one with a claim, or an in-tree one that may be migrated."""
    return volume.persistent_volume_claim is not None or volume.ephemeral is not None or in_tree_plugin(volume) is not None


def in_tree_plugin(source: _InTree) -> str | None:
    """Return the in-tree plugin of an inline volume or a PersistentVolume, if it is one that can be migrated to CSI."""
    found = _in_tree_volume(source)
    return None if found is None else found[0]


def missing_claim(pod: Pod, catalog: Catalog) -> str | None:
    """Return the first claim of a pod that is not there; None if all are.

    Raises
    ------
    SchedulingError
        If a volume names no claim, or the claim of an ephemeral volume is not the pod's own.
    """
    for volume in pod.spec.volumes:
        name = claim_name(pod, volume)
        if name is None:
            continue
        if not name:
            raise SchedulingError("PersistentVolumeClaim had no name")
        claim: PersistentVolumeClaim | None = catalog.get(CLAIM, name, pod.metadata.namespace)
        if claim is None:
            return name
        if volume.ephemeral is not None and not is_made_for(pod, claim):
            raise SchedulingError(not_made_for(pod, claim))
    return None


def attached_volumes(pod: Pod, catalog: Catalog, migrated: frozenset[str]) -> dict[str, str]:
    """Return the volumes that a pod needs attached, each with its driver.

    Parameters
    ----------
    pod : Pod
    catalog : Catalog
    migrated : frozenset[str]
        The in-tree plugins that the node has migrated.

    Returns
    -------
    dict[str, str]
        `driver/handle` to driver. Claims that are not there, and volumes that are not CSI's, are left out.
    """
    return {f"{driver}/{handle}": driver for driver, handle in _attached(pod, catalog, migrated) if driver and handle}


def _attached(pod: Pod, catalog: Catalog, migrated: frozenset[str]) -> Iterator[tuple[str, str]]:
    for volume in pod.spec.volumes:
        name = claim_name(pod, volume)
        if name is None:
            yield from _migrated_volume(volume, migrated)
            continue
        claim: PersistentVolumeClaim | None = catalog.get(CLAIM, name, pod.metadata.namespace)
        if claim is not None:
            yield from _volume_of_claim(claim, catalog, migrated)


def _volume_of_claim(claim: PersistentVolumeClaim, catalog: Catalog, migrated: frozenset[str]) -> Iterator[tuple[str, str]]:
    volume = bound_volume(claim, catalog)
    if volume is None:
        yield from _volume_to_come(claim, catalog, migrated)
    elif volume.spec.csi is not None:
        yield volume.spec.csi.driver, volume.spec.csi.volume_handle
    else:
        yield from _migrated_volume(volume.spec, migrated)


def _volume_to_come(claim: PersistentVolumeClaim, catalog: Catalog, migrated: frozenset[str]) -> Iterator[tuple[str, str]]:
    """A claim without a volume counts for its class's provisioner; without a class it must be bound elsewhere first."""
    class_name = class_of_claim(claim)
    storage_class: StorageClass | None = catalog.get(STORAGE_CLASS, class_name) if class_name else None
    if storage_class is None:
        return
    provisioner = storage_class.provisioner
    if provisioner in IN_TREE_DRIVERS and provisioner not in migrated:
        return
    # A handle that no volume can have, for the claim alone.
    handle = f"\x00{claim.metadata.namespace}/{claim.metadata.name}"
    yield IN_TREE_DRIVERS.get(provisioner, provisioner), handle


def _migrated_volume(source: _InTree, migrated: frozenset[str]) -> Iterator[tuple[str, str]]:
    found = _in_tree_volume(source)
    if found is not None and found[0] in migrated:
        yield IN_TREE_DRIVERS[found[0]], found[1]


def _in_tree_volume(source: _InTree) -> tuple[str, str] | None:
    """The in-tree plugin and the volume's name there."""
    if source.aws_elastic_block_store is not None:
        return "kubernetes.io/aws-ebs", source.aws_elastic_block_store.volume_id
    if source.azure_disk is not None:
        return "kubernetes.io/azure-disk", source.azure_disk.disk_uri
    if source.cinder is not None:
        return "kubernetes.io/cinder", source.cinder.volume_id
    if source.gce_persistent_disk is not None:
        return "kubernetes.io/gce-pd", source.gce_persistent_disk.pd_name
    return None
