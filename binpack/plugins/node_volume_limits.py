"""NodeVolumeLimits: how many volumes a CSI driver can attach to a node.

An upper bound settles most nodes at once: as many attachments as the pods there have volumes. Only where it exceeds a limit are the
distinct volumes of a node's pods looked up.
Source: nodevolumelimits/csi.go, v1.35.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.events import Action, ClusterEvent, EventHint, Resource
from binpack.framework.interface import SKIP, Reads, Skip
from binpack.framework.points import Point
from binpack.framework.status import Status, unresolvable, unschedulable
from binpack.model.pod import Pod
from binpack.model.storage import VolumeAttachment
from binpack.plugins.attach_limits import AttachLimits, attach_limits, attachments, limits_of
from binpack.plugins.csi_volumes import IN_TREE_DRIVERS, attached_volumes, in_tree_plugin, is_attachable, missing_claim
from binpack.plugins.hints import held_a_place
from binpack.plugins.pod_claims import CLAIM, claims_it, not_found
from binpack.state.classes import PodClass
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

EXCEEDED = 1
CLAIM_MISSING = 2


@dataclass(frozen=True, slots=True)
class Attaching:
    """What the filter works with: the pod, and the first of its claims that is not there."""

    pod: Pod
    cluster: Cluster
    missing_claim: str | None


def _after_csi_node_update(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    before, after = limits_of(event.before), limits_of(event.after)
    return any(limit > before.get(driver, 0) for driver, limit in after.items())


def _after_pod_deleted(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    gone: Pod = event.before
    return held_a_place(gone) and any(is_attachable(volume) for volume in gone.spec.volumes)


def _after_claim_added(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    return claims_it(pod, event.after, ephemeral=True)


def _after_attachment_deleted(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    gone: VolumeAttachment = event.before
    for volume in pod.spec.volumes:
        plugin = in_tree_plugin(volume)
        if volume.persistent_volume_claim is not None or (plugin and IN_TREE_DRIVERS[plugin] == gone.spec.attacher):
            return True
    return False


class NodeVolumeLimits:
    """Counts distinct volumes by driver."""

    name: ClassVar[str] = "NodeVolumeLimits"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_FILTER, Point.FILTER})
    reads: ClassVar[Reads] = Reads.ROW | Reads.CLUSTER
    class_key: ClassVar[tuple[str, ...]] = ("namespace", "volumes")
    arguments: ClassVar[type | None] = None
    events: ClassVar[tuple[EventHint, ...]] = (
        EventHint(Resource.CSI_NODE, Action.ADD),
        EventHint(Resource.CSI_NODE, Action.UPDATE, _after_csi_node_update),
        EventHint(Resource.POD, Action.DELETE, _after_pod_deleted),
        EventHint(Resource.PERSISTENT_VOLUME_CLAIM, Action.ADD, _after_claim_added),
        EventHint(Resource.VOLUME_ATTACHMENT, Action.DELETE, _after_attachment_deleted),
    )

    def prepare(self, pod: Pod, cluster: Cluster) -> Attaching | Skip:
        """Skip a pod that has nothing to attach."""
        if not any(is_attachable(volume) for volume in pod.spec.volumes):
            return SKIP
        return Attaching(pod, cluster, missing_claim(pod, cluster.catalog))

    def filter(self, prepared: Attaching, rows: NodeRows) -> NDArray[np.uint32]:
        """Judge rows. Nodes without a CSINode, or without limits, pass."""
        if prepared.missing_claim is not None:
            return np.full(len(rows), CLAIM_MISSING, np.uint32)
        cluster, limits = prepared.cluster, attach_limits(prepared.cluster)
        bound = _volume_references(cluster) + attachments(cluster).counts
        codes = np.zeros(len(rows), np.uint32)
        for index, migrated in enumerate(limits.migrated_sets):
            wanted = attached_volumes(prepared.pod, cluster.catalog, migrated)
            doubtful = limits.exceeded(bound, Counter(wanted.values())) & (limits.migrated_set == index)
            for position in np.flatnonzero(rows.take(doubtful)):
                row = int(rows.numbers[position])
                codes[position] = EXCEEDED if _exceeds(wanted, row, limits, migrated, cluster) else 0
        return codes

    def status(self, prepared: Attaching, code: int) -> Status:
        """Translate a code."""
        if code == CLAIM_MISSING:
            name = prepared.missing_claim or ""
            return unresolvable(f"looking up PVC {prepared.pod.metadata.namespace}/{name}: {not_found(CLAIM, name)}")
        return unschedulable("node(s) exceed max volume count")


def _exceeds(wanted: dict[str, str], row: int, limits: AttachLimits, migrated: frozenset[str], cluster: Cluster) -> bool:
    """Look up the distinct volumes of a node, and add those that the pod would bring."""
    attached = dict(attachments(cluster).by_row.get(row, {}))
    for other in cluster.pods_on(row).values():
        if other.spec.volumes:
            attached |= attached_volumes(other, cluster.catalog, migrated)
    counts = Counter(attached.values())
    added = Counter(driver for name, driver in wanted.items() if name not in attached)
    return any(counts[driver] + count > limits.of(driver, row) for driver, count in added.items())


def _volume_references(cluster: Cluster) -> NDArray[np.int64]:
    """Count the volumes of each row's pods that may be attached, shape [capacity]; one that two pods share counts twice."""

    def weight(pod_class: PodClass) -> int:
        return sum(map(is_attachable, pod_class.example.spec.volumes))

    return cluster.column("NodeVolumeLimits", weight, label_keys=frozenset())
