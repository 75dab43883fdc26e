"""Which volume each claim of a pod would be bound to, on every node at once.

What differs between nodes is whose node affinity they meet: each volume is one mask over rows, and the claims take turns as upstream.
Source: component-helpers storage/volume/pv_helpers.go (FindMatchingVolume); volumebinding/binder.go (findMatchingVolumes), v1.35.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.errors import SchedulingError
from binpack.model.quantity import Quantity
from binpack.model.selectors import EVERYTHING, Selector, SelectorError, compile_label_selector
from binpack.model.storage import PersistentVolume, PersistentVolumeClaim
from binpack.model.volumes import PersistentVolumeClaimSpec
from binpack.plugins.node_matching import any_of, compile_requirements
from binpack.plugins.pod_claims import STORAGE, VOLUME, class_of_claim, class_of_volume
from binpack.plugins.required_node_affinity import parse_terms
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

NO_VOLUME = -1
_AVAILABLE = "Available"
_FILESYSTEM = "Filesystem"
_NOTHING = Quantity(0)


@dataclass(frozen=True, slots=True)
class Match:
    """The volumes that one claim would get.

    Parameters
    ----------
    claim : PersistentVolumeClaim
    volumes : Sequence[PersistentVolume]
        The volumes of its class.
    choice : NDArray[np.intp]
        Index into `volumes` for each row, `NO_VOLUME` where none matches; shape [len(rows)].
    """

    claim: PersistentVolumeClaim
    volumes: Sequence[PersistentVolume]
    choice: NDArray[np.intp]

    def has_chosen(self, volume: PersistentVolume) -> NDArray[np.bool_]:
        """Tell on which rows the claim would get a given volume, shape [len(rows)]."""
        indices = [index for index, other in enumerate(self.volumes) if other is volume]
        return np.isin(self.choice, indices)


def admits(volume: PersistentVolume, rows: NodeRows, cluster: Cluster) -> NDArray[np.bool_]:
    """Tell which rows meet a volume's node affinity, shape [len(rows)]; `matchFields` are not looked at here."""
    affinity = volume.spec.node_affinity
    if affinity is None or affinity.required is None:
        return np.ones(len(rows), np.bool_)
    terms, _ = parse_terms(affinity.required.node_selector_terms)
    return any_of([compile_requirements(term.requirements, cluster) for term in terms], rows)


def match_claims(claims: Sequence[PersistentVolumeClaim], rows: NodeRows, cluster: Cluster) -> list[Match]:
    """Find a volume for each claim, the smallest claim first; a volume goes to one claim of the pod only.

    Raises
    ------
    SchedulingError
        If a claim's selector cannot be parsed.
    """
    by_size = sorted(claims, key=lambda claim: requested_size(claim).nanos)
    matches: list[Match] = []
    for claim in by_size:
        name = class_of_claim(claim)
        volumes = [volume for volume in cluster.catalog.list(VOLUME) if class_of_volume(volume) == name]
        matches.append(_match(claim, volumes, rows, cluster, matches))
    return matches


def requested_size(claim: PersistentVolumeClaim) -> Quantity:
    """Return what a claim asks for; 0 if it does not say."""
    return claim.spec.resources.requests.get(STORAGE, _NOTHING)


def is_meant_for(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    """Tell whether a volume refers to a claim as its own."""
    reference = volume.spec.claim_ref
    if reference is None or (reference.namespace, reference.name) != (claim.metadata.namespace, claim.metadata.name):
        return False
    return reference.uid in ("", claim.metadata.uid)


def _match(claim: PersistentVolumeClaim, volumes: list[PersistentVolume], rows: NodeRows, cluster: Cluster, earlier: list[Match]) -> Match:
    selector = _selector(claim)
    choice = np.full(len(rows), NO_VOLUME, np.intp)
    decided = np.zeros(len(rows), np.bool_)
    usable = [index for index, volume in enumerate(volumes) if _could_hold(volume, claim)]
    own = [index for index in usable if is_meant_for(volumes[index], claim)]
    others = [index for index in usable if index not in own and _is_on_offer(volumes[index], claim, selector)]
    others.sort(key=lambda index: _capacity(volumes[index]).nanos)
    for index in (*own, *others):
        if decided.all():
            break
        free = ~decided
        for match in earlier:
            free &= ~match.has_chosen(volumes[index])
        admitted = free & admits(volumes[index], rows, cluster)
        choice[admitted] = index
        # A volume that is meant for the claim and cannot be reached from a node leaves the claim without any there.
        decided |= free if index in own else admitted
    return Match(claim, volumes, choice)


def _could_hold(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    """What must be so even of a volume that is meant for the claim."""
    return (
        (volume.spec.claim_ref is None or is_meant_for(volume, claim))
        and not _capacity(volume) < requested_size(claim)
        and (volume.spec.volume_mode or _FILESYSTEM) == (claim.spec.volume_mode or _FILESYSTEM)
        and (volume.spec.volume_attributes_class_name or "") == (claim.spec.volume_attributes_class_name or "")
        and volume.metadata.deletion_timestamp is None
    )


def _is_on_offer(volume: PersistentVolume, claim: PersistentVolumeClaim, selector: Selector) -> bool:
    """What must be so of a volume that is meant for nobody; its class is the claim's already."""
    return (
        volume.status.phase == _AVAILABLE
        and selector.matches(volume.metadata.labels)
        and set(claim.spec.access_modes) <= set(volume.spec.access_modes)
    )


def _capacity(volume: PersistentVolume) -> Quantity:
    return volume.spec.capacity.get(STORAGE, _NOTHING)


def _selector(claim: PersistentVolumeClaim) -> Selector:
    spec: PersistentVolumeClaimSpec = claim.spec
    if spec.selector is None:
        return EVERYTHING
    try:
        return compile_label_selector(spec.selector)
    except SelectorError as error:
        key = f"{claim.metadata.namespace}/{claim.metadata.name}"
        raise SchedulingError(f"error creating internal label selector for claim: {key}: {error}") from None
