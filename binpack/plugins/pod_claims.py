"""The PersistentVolumeClaims behind a pod's volumes, and the texts for what is missing.

Source: component-helpers storage/ephemeral/ephemeral.go, storage/volume/helpers.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Mapping

from binpack.model.meta import controller_of
from binpack.model.pod import Pod
from binpack.model.storage import PersistentVolume, PersistentVolumeClaim
from binpack.model.volumes import Volume
from binpack.state.catalog import Catalog

CLAIM = "PersistentVolumeClaim"
VOLUME = "PersistentVolume"
STORAGE_CLASS = "StorageClass"
WAIT_FOR_FIRST_CONSUMER = "WaitForFirstConsumer"
STORAGE = "storage"

_RESOURCES = {CLAIM: "persistentvolumeclaim", VOLUME: "persistentvolume", STORAGE_CLASS: "storageclass.storage.k8s.io"}
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


def claim_name(pod: Pod, volume: Volume) -> str | None:
    """Return the name of the claim behind a volume; None if there is none. A generic ephemeral volume has one of its own."""
    if volume.persistent_volume_claim is not None:
        return volume.persistent_volume_claim.claim_name
    return None if volume.ephemeral is None else f"{pod.metadata.name}-{volume.name}"


def named_claims(pod: Pod) -> list[str]:
    """Return the claims that a pod's volumes name, in order; those of ephemeral volumes are not among them."""
    return [volume.persistent_volume_claim.claim_name for volume in pod.spec.volumes if volume.persistent_volume_claim is not None]


def claims_it(pod: Pod, claim: PersistentVolumeClaim, *, ephemeral: bool) -> bool:
    """Tell whether a claim is one of the pod's, those of its ephemeral volumes included if wanted."""
    if claim.metadata.namespace != pod.metadata.namespace:
        return False
    names = [claim_name(pod, volume) for volume in pod.spec.volumes] if ephemeral else named_claims(pod)
    return claim.metadata.name in names


def is_made_for(pod: Pod, claim: PersistentVolumeClaim) -> bool:
    """Tell whether the claim of an ephemeral volume belongs to the pod, and is not another one by the same name."""
    owner = controller_of(claim.metadata)
    return owner is not None and owner.uid == pod.metadata.uid


def not_made_for(pod: Pod, claim: PersistentVolumeClaim) -> str:
    """Word that the claim of an ephemeral volume belongs to something else."""
    meta = claim.metadata
    return f"PVC {meta.namespace}/{meta.name} was not created for pod {pod.key} (pod is not owner)"


def not_found(kind: str, name: str) -> str:
    """Word that an object is missing, as the API machinery does."""
    return f'{_RESOURCES[kind]} "{name}" not found'


def class_of_claim(claim: PersistentVolumeClaim) -> str:
    """Return the name of a claim's storage class; empty if it has none."""
    return _class(claim.metadata.annotations, claim.spec.storage_class_name or "")


def class_of_volume(volume: PersistentVolume) -> str:
    """Return the name of a volume's storage class; empty if it has none."""
    return _class(volume.metadata.annotations, volume.spec.storage_class_name)


def bound_volume(claim: PersistentVolumeClaim, catalog: Catalog) -> PersistentVolume | None:
    """Return the volume that a claim names; None if it names none, or one that is not there."""
    name = claim.spec.volume_name
    found: PersistentVolume | None = catalog.get(VOLUME, name) if name else None
    return found


def _class(annotations: Mapping[str, str], in_spec: str) -> str:
    return annotations.get(_CLASS_ANNOTATION, in_spec)
