"""Builders of the objects behind volumes: PersistentVolumes, bound claims, storage classes, and what CSI drivers report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from binpack.model.base import replace
from binpack.model.meta import LabelSelector, ObjectMeta, ObjectReference
from binpack.model.node import CSINode, CSINodeDriver, CSINodeSpec, VolumeNodeResources
from binpack.model.pod import NodeSelector, NodeSelectorTerm
from binpack.model.storage import (
    CSIDriver,
    CSIDriverSpec,
    CSIPersistentVolumeSource,
    CSIStorageCapacity,
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeSpec,
    PersistentVolumeStatus,
    StorageClass,
    TopologySelectorLabelRequirement,
    TopologySelectorTerm,
    VolumeNodeAffinity,
)
from binpack.testing.values import ZONE, Amount, expression, quantity, selector

DRIVER = "csi.example.com"


def persistent_volume(
    name: str,
    *,
    size: Amount = "1Gi",
    storage_class: str = "",
    zones: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
    driver: str = DRIVER,
) -> PersistentVolume:
    """A PersistentVolume of a CSI driver that is available, reachable from some zones only if any are given."""
    term = NodeSelectorTerm(match_expressions=(expression(ZONE, "In", *zones),))
    spec = PersistentVolumeSpec(
        capacity={"storage": quantity(size)},
        access_modes=("ReadWriteOnce",),
        storage_class_name=storage_class,
        csi=CSIPersistentVolumeSource(driver=driver, volume_handle=f"handle-{name}"),
        node_affinity=VolumeNodeAffinity(NodeSelector((term,))) if zones else None,
    )
    meta = ObjectMeta(name=name, labels=dict(labels or {}))
    return PersistentVolume(metadata=meta, spec=spec, status=PersistentVolumeStatus(phase="Available"))


def bound(claim: PersistentVolumeClaim, volume: str) -> PersistentVolumeClaim:
    """The claim as it is when it is bound to a volume."""
    annotations = claim.metadata.annotations | {"pv.kubernetes.io/bind-completed": "yes"}
    return replace(
        claim,
        metadata=replace(claim.metadata, annotations=annotations),
        spec=replace(claim.spec, volume_name=volume),
        status=replace(claim.status, phase="Bound"),
    )


def reserved(volume: PersistentVolume, claim: PersistentVolumeClaim) -> PersistentVolume:
    """The volume as it is when its owner means it for a claim."""
    meta = claim.metadata
    reference = ObjectReference(kind=claim.kind, namespace=meta.namespace, name=meta.name, uid=meta.uid)
    return replace(volume, spec=replace(volume.spec, claim_ref=reference))


def storage_class(
    name: str, *, provisioner: str = DRIVER, binding_mode: str | None = "WaitForFirstConsumer", zones: Sequence[str] = ()
) -> StorageClass:
    """A StorageClass that waits for a consumer, and provisions in some zones only if any are given."""
    requirement = TopologySelectorLabelRequirement(key=ZONE, values=tuple(zones))
    return StorageClass(
        metadata=ObjectMeta(name=name),
        provisioner=provisioner,
        volume_binding_mode=binding_mode,
        allowed_topologies=(TopologySelectorTerm((requirement,)),) if zones else (),
    )


def csi_node(name: str, limits: Mapping[str, int | None], *, annotations: Mapping[str, str] | None = None) -> CSINode:
    """A CSINode: how many volumes each driver can attach to the node of that name; None: as many as it likes."""
    drivers = (
        CSINodeDriver(name=driver, node_id=name, allocatable=None if limit is None else VolumeNodeResources(limit))
        for driver, limit in limits.items()
    )
    return CSINode(metadata=ObjectMeta(name=name, annotations=dict(annotations or {})), spec=CSINodeSpec(tuple(drivers)))


def csi_driver(name: str = DRIVER, *, reports_capacity: bool | None = True) -> CSIDriver:
    """A CSIDriver that reports storage capacity, or not."""
    return CSIDriver(metadata=ObjectMeta(name=name), spec=CSIDriverSpec(storage_capacity=reports_capacity))


def storage_capacity(
    name: str, size: Amount | None, *, storage_class: str, zone: str | None = None, largest: Amount | None = None
) -> CSIStorageCapacity:
    """A CSIStorageCapacity: what is left of a class in a zone; without a zone, everywhere."""
    topology: LabelSelector = selector({} if zone is None else {ZONE: zone})
    return CSIStorageCapacity(
        metadata=ObjectMeta(name=name, namespace="default"),
        storage_class_name=storage_class,
        node_topology=topology,
        capacity=None if size is None else quantity(size),
        maximum_volume_size=None if largest is None else quantity(largest),
    )
