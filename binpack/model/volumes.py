"""A pod's volumes, as far as the volume plugins read them."""

from __future__ import annotations

from binpack.model.base import Struct, field
from binpack.model.meta import LabelSelector, ObjectMeta
from binpack.model.quantity import Quantity
from binpack.model.scalars import Int32


class VolumeResourceRequirements(Struct, frozen=True):
    requests: dict[str, Quantity] = field(default_factory=dict)
    limits: dict[str, Quantity] = field(default_factory=dict)


class PersistentVolumeClaimSpec(Struct, frozen=True):
    access_modes: tuple[str, ...] = ()
    selector: LabelSelector | None = None
    resources: VolumeResourceRequirements = field(default_factory=VolumeResourceRequirements)
    volume_name: str = ""
    storage_class_name: str | None = None
    volume_mode: str | None = None
    volume_attributes_class_name: str | None = None


class PersistentVolumeClaimTemplate(Struct, frozen=True):
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: PersistentVolumeClaimSpec = field(default_factory=PersistentVolumeClaimSpec)


class PersistentVolumeClaimVolumeSource(Struct, frozen=True):
    claim_name: str = ""
    read_only: bool = False


class EphemeralVolumeSource(Struct, frozen=True):
    volume_claim_template: PersistentVolumeClaimTemplate | None = None


class GCEPersistentDiskVolumeSource(Struct, frozen=True):
    pd_name: str = ""
    read_only: bool = False


class AWSElasticBlockStoreVolumeSource(Struct, frozen=True):
    volume_id: str = field(default="", name="volumeID")
    read_only: bool = False


class ISCSIVolumeSource(Struct, frozen=True):
    iqn: str = ""
    target_portal: str = ""
    lun: Int32 = 0
    read_only: bool = False


class RBDVolumeSource(Struct, frozen=True):
    monitors: tuple[str, ...] = ()
    pool: str = "rbd"
    image: str = ""
    read_only: bool = False


class CSIVolumeSource(Struct, frozen=True):
    driver: str = ""
    read_only: bool | None = None


class AzureDiskVolumeSource(Struct, frozen=True):
    disk_name: str = ""
    disk_uri: str = field(default="", name="diskURI")


class CinderVolumeSource(Struct, frozen=True):
    volume_id: str = field(default="", name="volumeID")


class Volume(Struct, frozen=True):
    name: str = ""
    persistent_volume_claim: PersistentVolumeClaimVolumeSource | None = None
    ephemeral: EphemeralVolumeSource | None = None
    gce_persistent_disk: GCEPersistentDiskVolumeSource | None = None
    aws_elastic_block_store: AWSElasticBlockStoreVolumeSource | None = None
    iscsi: ISCSIVolumeSource | None = None
    rbd: RBDVolumeSource | None = None
    csi: CSIVolumeSource | None = None
    azure_disk: AzureDiskVolumeSource | None = None
    cinder: CinderVolumeSource | None = None
