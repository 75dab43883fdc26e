"""What Reserve notes down of a pod's volumes before anything is really bound: the next pod must see it.

A volume names the claim that it will be bound to; a claim names the node for which a volume is to be made.
Source: volumebinding/binder.go (AssumePodVolumes), component-helpers storage/volume/pv_helpers.go (GetBindVolumeToClaim), v1.35.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from binpack.framework.interface import Allocation
from binpack.model.base import replace
from binpack.model.meta import ObjectReference
from binpack.model.storage import PersistentVolume, PersistentVolumeClaim
from binpack.state.cluster import Cluster

SELECTED_NODE = "volume.kubernetes.io/selected-node"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"


@dataclass(frozen=True, slots=True)
class AssumedVolumes:
    """What PreBind has to write.

    Parameters
    ----------
    bindings : tuple[tuple[str, str], ...]
        Volume, and `namespace/name` of the claim that it shall be bound to.
    provisions : tuple[str, ...]
        `namespace/name` of the claims for which a volume shall be made.
    """

    bindings: tuple[tuple[str, str], ...]
    provisions: tuple[str, ...]


def assume(
    bindings: Sequence[tuple[PersistentVolume, PersistentVolumeClaim]],
    provisions: Sequence[PersistentVolumeClaim],
    node_name: str,
    cluster: Cluster,
) -> Allocation:
    """Put the changed volumes and claims into the cluster; the allocation's `undo` puts the former ones back."""
    before: list[Any] = []
    for volume, claim in bindings:
        before.append(volume)
        cluster.put(_bound_to(volume, claim))
    for claim in provisions:
        before.append(claim)
        annotations = claim.metadata.annotations | {SELECTED_NODE: node_name}
        cluster.put(replace(claim, metadata=replace(claim.metadata, annotations=annotations)))

    def undo() -> None:
        for value in reversed(before):
            cluster.put(value)

    content = AssumedVolumes(tuple((volume.metadata.name, _key(claim)) for volume, claim in bindings), tuple(map(_key, provisions)))
    return Allocation("VolumeBinding", content, undo)


def _bound_to(volume: PersistentVolume, claim: PersistentVolumeClaim) -> PersistentVolume:
    """Let a volume refer to its claim. One that did so already was prepared by its owner, not by a controller."""
    meta = claim.metadata
    reference = ObjectReference("v1", claim.kind, meta.namespace, meta.name, meta.uid)
    if volume.spec.claim_ref is not None:
        return replace(volume, spec=replace(volume.spec, claim_ref=reference))
    annotations = volume.metadata.annotations | {BOUND_BY_CONTROLLER: "yes"}
    return replace(
        volume,
        metadata=replace(volume.metadata, annotations=annotations),
        spec=replace(volume.spec, claim_ref=reference),
    )


def _key(claim: PersistentVolumeClaim) -> str:
    return f"{claim.metadata.namespace}/{claim.metadata.name}"
