"""VolumeRestrictions: keeps pods apart that cannot share a disk, and claims that one pod alone may use.

Source: volumerestrictions/volume_restrictions.go, v1.35.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.events import Action, ClusterEvent, EventHint, Resource
from binpack.framework.interface import SKIP, Reads, Skip
from binpack.framework.points import Point
from binpack.framework.status import Status, unresolvable, unschedulable
from binpack.model.base import encoded
from binpack.model.pod import Pod
from binpack.model.storage import PersistentVolumeClaim
from binpack.model.volumes import Volume
from binpack.plugins.pod_claims import CLAIM, claims_it, named_claims, not_found
from binpack.state.classes import PodClass
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

DISK_CONFLICT = 1
CLAIM_IN_USE = 2
_STATUSES = {
    DISK_CONFLICT: unschedulable("node(s) had no available disk"),
    CLAIM_IN_USE: unschedulable(
        "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
    ),
}
_READ_WRITE_ONCE_POD = "ReadWriteOncePod"


@dataclass(slots=True)
class Restrictions:
    """What the filter works with.

    Parameters
    ----------
    cluster : Cluster
    disks : tuple[Volume, ...]
        The pod's inline volumes that may conflict with those of other pods on the node.
    exclusive_claims : frozenset[str]
        Names of the pod's claims that one pod alone may use.
    uses : int
        How many of them another pod uses, on any node.
    """

    cluster: Cluster
    disks: tuple[Volume, ...]
    exclusive_claims: frozenset[str]
    uses: int

    def copy(self) -> Restrictions:
        """Return an equal state that changes on its own."""
        return replace(self)


def _after_pod_deleted(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    """The pod that is gone had one of the waiting pod's disks, or one of its claims."""
    gone: Pod = event.before
    if gone.metadata.namespace != pod.metadata.namespace:
        return False
    if any(_conflicts(disk, gone) for disk in _disks(pod)):
        return True
    return not set(named_claims(pod)).isdisjoint(named_claims(gone))


def _after_claim_added(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    return claims_it(pod, event.after, ephemeral=False)


class VolumeRestrictions:
    """Counts conflicting disks by class of pods, and users of exclusive claims over the whole cluster."""

    name: ClassVar[str] = "VolumeRestrictions"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_FILTER, Point.FILTER})
    reads: ClassVar[Reads] = Reads.ROW | Reads.CLUSTER
    class_key: ClassVar[tuple[str, ...]] = ("namespace", "volumes")
    arguments: ClassVar[type | None] = None
    events: ClassVar[tuple[EventHint, ...]] = (
        EventHint(Resource.POD, Action.DELETE, _after_pod_deleted),
        EventHint(Resource.NODE, Action.ADD),
        EventHint(Resource.PERSISTENT_VOLUME_CLAIM, Action.ADD, _after_claim_added),
    )

    def prepare(self, pod: Pod, cluster: Cluster) -> Restrictions | Status | Skip:
        """Look up the claims, and whether another pod uses one that is exclusive."""
        if not pod.spec.volumes:
            return SKIP
        exclusive: set[str] = set()
        for name in named_claims(pod):
            claim: PersistentVolumeClaim | None = cluster.catalog.get(CLAIM, name, pod.metadata.namespace)
            if claim is None:
                return unresolvable(not_found(CLAIM, name))
            if _READ_WRITE_ONCE_POD in claim.spec.access_modes:
                exclusive.add(name)
        uses = sum(_is_used(name, pod.metadata.namespace, cluster) for name in exclusive)
        disks = _disks(pod)
        return Restrictions(cluster, disks, frozenset(exclusive), uses) if disks or uses else SKIP

    def add_pod(self, prepared: Restrictions, other: Pod, row: int, cluster: Cluster) -> None:
        """Account for a pod that is now on a row."""
        prepared.uses += _shared_names(prepared, other)

    def remove_pod(self, prepared: Restrictions, other: Pod, row: int, cluster: Cluster) -> None:
        """Account for a pod that has left a row."""
        prepared.uses -= _shared_names(prepared, other)

    def filter(self, prepared: Restrictions, rows: NodeRows) -> NDArray[np.uint32]:
        """Judge rows. A claim in use rejects every node, so that preemption may try."""
        codes = np.full(len(rows), CLAIM_IN_USE if prepared.uses > 0 else 0, np.uint32)
        for disk in prepared.disks:
            codes[rows.take(_conflicting_pods(disk, prepared.cluster)) > 0] = DISK_CONFLICT
        return codes

    def status(self, prepared: Restrictions, code: int) -> Status:
        """Translate a code."""
        return _STATUSES[code]


def _disks(pod: Pod) -> tuple[Volume, ...]:
    return tuple(v for v in pod.spec.volumes if v.gce_persistent_disk or v.aws_elastic_block_store or v.rbd or v.iscsi)


def _is_used(name: str, namespace: str, cluster: Cluster) -> bool:
    def weight(pod_class: PodClass) -> int:
        return int(pod_class.namespace == namespace and name in named_claims(pod_class.example))

    return bool(cluster.column(("VolumeRestrictions", "claim", namespace, name), weight, label_keys=frozenset()).any())


def _shared_names(prepared: Restrictions, other: Pod) -> int:
    """Upstream compares names without namespaces here."""
    return sum(name in prepared.exclusive_claims for name in named_claims(other))


def _conflicting_pods(disk: Volume, cluster: Cluster) -> NDArray[np.int64]:
    """Count each row's pods that a disk conflicts with, shape [capacity]; as the pods are now, dry runs included."""
    key = ("VolumeRestrictions", "disk", encoded(disk))
    return cluster.column(key, lambda pod_class: int(_conflicts(disk, pod_class.example)), label_keys=frozenset())


def _conflicts(disk: Volume, other: Pod) -> bool:
    return any(_conflict(disk, volume) for volume in other.spec.volumes)


def _conflict(one: Volume, other: Volume) -> bool:
    """Tell whether two volumes are the same disk, and not both read it only. An EBS disk is never shared."""
    gce, other_gce = one.gce_persistent_disk, other.gce_persistent_disk
    if gce and other_gce and gce.pd_name == other_gce.pd_name and not (gce.read_only and other_gce.read_only):
        return True
    ebs, other_ebs = one.aws_elastic_block_store, other.aws_elastic_block_store
    if ebs and other_ebs and ebs.volume_id == other_ebs.volume_id:
        return True
    iscsi, other_iscsi = one.iscsi, other.iscsi
    if iscsi and other_iscsi and iscsi.iqn == other_iscsi.iqn and not (iscsi.read_only and other_iscsi.read_only):
        return True
    rbd, other_rbd = one.rbd, other.rbd
    return bool(
        rbd
        and other_rbd
        and not set(rbd.monitors).isdisjoint(other_rbd.monitors)
        and (rbd.pool, rbd.image) == (other_rbd.pool, other_rbd.image)
        and not (rbd.read_only and other_rbd.read_only)
    )
