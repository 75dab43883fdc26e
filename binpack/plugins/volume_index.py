"""The PersistentVolumes that a claim may be bound to, found by storage class, the smallest first.

Made again when a volume changes. Most volumes of a busy cluster are bound already and never looked at.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from binpack.model.base import encoded
from binpack.model.quantity import Quantity
from binpack.model.storage import PersistentVolume, PersistentVolumeClaim
from binpack.plugins.per_cluster import PerCluster
from binpack.plugins.pod_claims import STORAGE, VOLUME, class_of_claim, class_of_volume
from binpack.state.cluster import Cluster

_AVAILABLE = "Available"
_NOTHING = Quantity(0)


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A volume.

    Parameters
    ----------
    volume : PersistentVolume
    capacity : Quantity
    affinity : int
        Volumes with the same number can be reached from the same nodes.
    """

    volume: PersistentVolume
    capacity: Quantity
    affinity: int


@dataclass(slots=True)
class VolumeIndex:
    """Volumes that are not going to be deleted.

    Parameters
    ----------
    on_offer : dict[str, list[Candidate]]
        By class: available ones that are meant for no claim, by capacity, equal ones in the order in which they came.
    meant : dict[tuple[str, str, str], list[Candidate]]
        By class, and namespace and name of the claim that they are meant for, in the order in which they came.
    """

    on_offer: dict[str, list[Candidate]] = field(default_factory=lambda: defaultdict(list))
    meant: dict[tuple[str, str, str], list[Candidate]] = field(default_factory=lambda: defaultdict(list))

    def offered_to(self, claim: PersistentVolumeClaim) -> list[Candidate]:
        """Return the volumes of a claim's class that are meant for nobody, the smallest first."""
        return self.on_offer.get(class_of_claim(claim), [])

    def meant_for(self, claim: PersistentVolumeClaim) -> list[Candidate]:
        """Return the volumes that refer to a claim as their own."""
        meta = claim.metadata
        found = self.meant.get((class_of_claim(claim), meta.namespace, meta.name), [])
        return [c for c in found if c.volume.spec.claim_ref is not None and c.volume.spec.claim_ref.uid in ("", meta.uid)]


def volume_index(cluster: Cluster) -> VolumeIndex:
    """Return the index of a cluster's volumes as they are now."""
    return _INDEX.of(cluster)


def _read(cluster: Cluster) -> VolumeIndex:
    index = VolumeIndex()
    affinities: dict[bytes, int] = {}
    volumes: list[PersistentVolume] = cluster.catalog.list(VOLUME)
    for volume in volumes:
        if volume.metadata.deletion_timestamp is not None:
            continue
        affinity = affinities.setdefault(encoded(volume.spec.node_affinity), len(affinities))
        candidate = Candidate(volume, volume.spec.capacity.get(STORAGE, _NOTHING), affinity)
        reference, name = volume.spec.claim_ref, class_of_volume(volume)
        if reference is not None:
            index.meant[name, reference.namespace, reference.name].append(candidate)
        elif volume.status.phase == _AVAILABLE:
            index.on_offer[name].append(candidate)
    for candidates in index.on_offer.values():
        candidates.sort(key=lambda candidate: candidate.capacity.nanos)
    return index


_INDEX = PerCluster(_read, lambda cluster: cluster.catalog.version(VOLUME))
