"""Which plugins beyond resources, labels and taints a pod cannot be judged without: volumes and devices.

Source: volumerestrictions, nodevolumelimits, volumebinding, volumezone and dynamicresources (PreFilter of each), v1.35.
"""

from __future__ import annotations

from binpack.model.pod import Pod

_CLAIM_PLUGINS = frozenset({"VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone"})


def needed_plugins(pod: Pod) -> frozenset[str]:
    """Return the volume and device plugins that have something to say about a pod; none for most pods."""
    needed: set[str] = set()
    for volume in pod.spec.volumes:
        if volume.persistent_volume_claim is not None or volume.ephemeral is not None:
            needed |= _CLAIM_PLUGINS
        if volume.csi is not None:
            needed.add("NodeVolumeLimits")
        if any((volume.gce_persistent_disk, volume.aws_elastic_block_store, volume.iscsi, volume.rbd)):
            needed.add("VolumeRestrictions")
    if pod.spec.resource_claims:
        needed.add("DynamicResources")
    return frozenset(needed)
