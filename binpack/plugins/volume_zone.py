"""VolumeZone: keeps pods in the zones and regions with which their bound volumes are labelled.

Source: volumezone/volume_zone.go; cloud-provider volume/helpers/zones.go, v1.35.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.events import Action, ClusterEvent, EventHint, Resource
from binpack.framework.interface import SKIP, Reads, Skip
from binpack.framework.points import Point
from binpack.framework.status import Status, unresolvable
from binpack.model.pod import Pod
from binpack.model.selectors import Requirement
from binpack.model.storage import PersistentVolume, PersistentVolumeClaim, StorageClass
from binpack.plugins.node_matching import RowTerm, compile_requirements
from binpack.plugins.pod_claims import (
    CLAIM,
    STORAGE_CLASS,
    VOLUME,
    WAIT_FOR_FIRST_CONSUMER,
    bound_volume,
    claims_it,
    class_of_claim,
    named_claims,
    not_found,
)
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

_SUCCESSORS = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
}
_TOPOLOGY_LABELS = (*_SUCCESSORS, *_SUCCESSORS.values())
_DELIMITER = "__"
_WRONG_ZONE = 1


@dataclass(frozen=True, slots=True)
class VolumeTopology:
    """A label of a volume and the zones or regions that it lists."""

    key: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class RowTopology:
    """A volume's topology compiled for rows: what the label of that key must be, and, if it is absent, the label that replaced it."""

    key: str
    own: RowTerm
    successor: RowTerm

    def mask(self, rows: NodeRows) -> NDArray[np.bool_]:
        """Tell which rows are where the volume is, shape [len(rows)]."""
        return self.own.mask(rows) | ((rows.label(self.key) < 0) & self.successor.mask(rows))


def _after_claim_change(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    return claims_it(pod, event.after, ephemeral=False)


def _after_volume_change(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    return event.before is None or topologies(event.before) != topologies(event.after)


def _after_class_added(pod: Pod, event: ClusterEvent, cluster: Cluster) -> bool:
    added: StorageClass = event.after
    return added.volume_binding_mode == WAIT_FOR_FIRST_CONSUMER


class VolumeZone:
    """Compares the labels of bound volumes with those of nodes."""

    name: ClassVar[str] = "VolumeZone"
    points: ClassVar[frozenset[Point]] = frozenset({Point.PRE_FILTER, Point.FILTER})
    reads: ClassVar[Reads] = Reads.STATIC | Reads.CLUSTER
    class_key: ClassVar[tuple[str, ...]] = ("namespace", "volumes")
    arguments: ClassVar[type | None] = None
    events: ClassVar[tuple[EventHint, ...]] = (
        EventHint(Resource.STORAGE_CLASS, Action.ADD, _after_class_added),
        EventHint(Resource.NODE, Action.ADD | Action.UPDATE_NODE_LABEL),
        EventHint(Resource.PERSISTENT_VOLUME_CLAIM, Action.ADD | Action.UPDATE, _after_claim_change),
        EventHint(Resource.PERSISTENT_VOLUME, Action.ADD | Action.UPDATE, _after_volume_change),
    )

    def prepare(self, pod: Pod, cluster: Cluster) -> tuple[RowTopology, ...] | Status | Skip:
        """Collect the topology labels of the pod's bound volumes; a claim that will never be bound rejects the pod."""
        found: list[VolumeTopology] = []
        for name in named_claims(pod):
            answer = _of_claim(name, pod.metadata.namespace, cluster)
            if isinstance(answer, Status):
                return answer
            found += answer
        return tuple(_compile(topology, cluster) for topology in found) if found else SKIP

    def filter(self, prepared: tuple[RowTopology, ...], rows: NodeRows) -> NDArray[np.uint32]:
        """Judge rows. A node without any topology label passes: the cluster may have one zone only."""
        labelled = np.zeros(len(rows), np.bool_)
        for key in _TOPOLOGY_LABELS:
            labelled |= rows.label(key) >= 0
        matched = np.ones(len(rows), np.bool_)
        for topology in prepared:
            matched &= topology.mask(rows)
        return np.where(labelled & ~matched, np.uint32(_WRONG_ZONE), np.uint32(0))

    def status(self, prepared: tuple[RowTopology, ...], code: int) -> Status:
        """Translate a code."""
        return unresolvable("node(s) had no available volume zone")


def topologies(volume: PersistentVolume) -> list[VolumeTopology]:
    """Read a volume's topology labels. One that lists an empty name among its zones is ignored."""
    found = []
    for key in _TOPOLOGY_LABELS:
        if key in volume.metadata.labels:
            values = [value.strip() for value in volume.metadata.labels[key].split(_DELIMITER)]
            if all(values):
                found.append(VolumeTopology(key, frozenset(values)))
    return found


def _of_claim(name: str, namespace: str, cluster: Cluster) -> list[VolumeTopology] | Status:
    if not name:
        return unresolvable("PersistentVolumeClaim had no name")
    claim: PersistentVolumeClaim | None = cluster.catalog.get(CLAIM, name, namespace)
    if claim is None:
        return unresolvable(not_found(CLAIM, name))
    if claim.spec.volume_name:
        volume = bound_volume(claim, cluster.catalog)
        return unresolvable(not_found(VOLUME, claim.spec.volume_name)) if volume is None else topologies(volume)
    class_name = class_of_claim(claim)
    if not class_name:
        return unresolvable("PersistentVolumeClaim had no pv name and storageClass name")
    storage_class: StorageClass | None = cluster.catalog.get(STORAGE_CLASS, class_name)
    if storage_class is None:
        return unresolvable(not_found(STORAGE_CLASS, class_name))
    if storage_class.volume_binding_mode is None:
        return unresolvable(f'VolumeBindingMode not set for StorageClass "{class_name}"')
    if storage_class.volume_binding_mode == WAIT_FOR_FIRST_CONSUMER:
        return []
    return unresolvable("PersistentVolume had no name")


def _compile(topology: VolumeTopology, cluster: Cluster) -> RowTopology:
    values = tuple(sorted(topology.values))
    successor = _SUCCESSORS.get(topology.key, topology.key)
    return RowTopology(
        topology.key,
        compile_requirements((Requirement(topology.key, "In", values),), cluster),
        compile_requirements((Requirement(successor, "In", values),), cluster),
    )
