"""Which events may make room for a pod that VolumeBinding rejected.

Source: volumebinding/volume_binding.go, v1.35.
"""

from __future__ import annotations

from binpack.framework.events import Action, ClusterEvent, EventHint, Resource
from binpack.model.node import CSINode
from binpack.model.pod import Pod
from binpack.model.storage import CSIDriver, CSIStorageCapacity, StorageClass
from binpack.plugins.pod_claims import claims_it
from binpack.state.cluster import Cluster

_MIGRATED_PLUGINS = "storage.alpha.kubernetes.io/migrated-plugins"


def _after_class_change(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    before: StorageClass | None = event.before
    after: StorageClass = event.after
    return before is None or before.allowed_topologies != after.allowed_topologies


def _after_claim_change(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    return claims_it(pod, event.after, ephemeral=True)


def _after_csi_node_change(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    before: CSINode | None = event.before
    after: CSINode = event.after
    return before is None or _migrated(before) != _migrated(after)


def _migrated(csi_node: CSINode) -> str | None:
    return csi_node.metadata.annotations.get(_MIGRATED_PLUGINS)


def _after_driver_update(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    """The driver of one of the pod's inline volumes no longer reports capacity: it is not looked at any more."""
    before: CSIDriver = event.before
    after: CSIDriver = event.after
    if not any(volume.csi is not None and volume.csi.driver == after.metadata.name for volume in pod.spec.volumes):
        return False
    return bool(before.spec.storage_capacity) and not after.spec.storage_capacity


def _after_capacity_change(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    before: CSIStorageCapacity | None = event.before
    return before is None or _limit(event.after) > _limit(before)


def _limit(capacity: CSIStorageCapacity) -> int:
    limit = capacity.capacity if capacity.maximum_volume_size is None else capacity.maximum_volume_size
    return 0 if limit is None else limit.nanos


BINDING_EVENTS = (
    EventHint(Resource.STORAGE_CLASS, Action.ADD | Action.UPDATE, _after_class_change),
    EventHint(Resource.PERSISTENT_VOLUME_CLAIM, Action.ADD | Action.UPDATE, _after_claim_change),
    EventHint(Resource.PERSISTENT_VOLUME, Action.ADD | Action.UPDATE),
    EventHint(Resource.NODE, Action.ADD | Action.UPDATE_NODE_LABEL),
    EventHint(Resource.CSI_NODE, Action.ADD | Action.UPDATE, _after_csi_node_change),
    EventHint(Resource.CSI_DRIVER, Action.UPDATE, _after_driver_update),
    EventHint(Resource.CSI_STORAGE_CAPACITY, Action.ADD | Action.UPDATE, _after_capacity_change),
)
