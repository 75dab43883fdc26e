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
from binpack.plugins.node_matching import any_of, compile_requirements
from binpack.plugins.pod_claims import STORAGE
from binpack.plugins.required_node_affinity import parse_terms
from binpack.plugins.volume_index import Candidate, volume_index
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

NO_VOLUME = -1
_FILESYSTEM = "Filesystem"
_NOTHING = Quantity(0)


@dataclass(frozen=True, slots=True)
class Match:
    """The volumes that one claim would get.

    Parameters
    ----------
    claim : PersistentVolumeClaim
    volumes : Sequence[Candidate]
        Those that it would get somewhere.
    choice : NDArray[np.intp]
        Index into `volumes` for each row, `NO_VOLUME` where none matches; shape [len(rows)].
    """

    claim: PersistentVolumeClaim
    volumes: Sequence[Candidate]
    choice: NDArray[np.intp]

    def chosen(self, row_position: int) -> PersistentVolume | None:
        """Return the volume that the claim would get on one of the rows."""
        index = int(self.choice[row_position])
        return None if index == NO_VOLUME else self.volumes[index].volume


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
    matches: list[Match] = []
    for claim in sorted(claims, key=lambda claim: requested_size(claim).nanos):
        matches.append(_match(claim, rows, cluster, matches))
    return matches


def requested_size(claim: PersistentVolumeClaim) -> Quantity:
    """Return what a claim asks for; 0 if it does not say."""
    return claim.spec.resources.requests.get(STORAGE, _NOTHING)


def _match(claim: PersistentVolumeClaim, rows: NodeRows, cluster: Cluster, earlier: list[Match]) -> Match:
    selector, index = _selector(claim), volume_index(cluster)
    volumes: list[Candidate] = []
    choice = np.full(len(rows), NO_VOLUME, np.intp)
    decided = ~rows.take(cluster.active)
    exhausted: set[int] = set()

    def take(candidate: Candidate) -> NDArray[np.bool_]:
        """Give the candidate where nothing is decided and no other claim of the pod has it; return where that could have been."""
        nonlocal decided
        free = ~decided
        taken = [match.choice == match.volumes.index(candidate) for match in earlier if candidate in match.volumes]
        for where in taken:
            free &= ~where
        admitted = free & admits(candidate.volume, rows, cluster)
        choice[admitted] = len(volumes)
        volumes.append(candidate)
        decided |= admitted
        if not taken:
            # Whatever else has this affinity is larger or later, and finds nothing undecided any more.
            exhausted.add(candidate.affinity)
        return free

    for candidate in index.meant_for(claim):
        if _could_hold(candidate, claim):
            # A volume that is meant for the claim and cannot be reached from a node leaves the claim without any there.
            decided |= take(candidate)
    exhausted.clear()
    for candidate in index.offered_to(claim):
        if decided.all():
            break
        if candidate.affinity not in exhausted and _could_hold(candidate, claim) and _suits(candidate.volume, claim, selector):
            take(candidate)
    return Match(claim, volumes, choice)


def _could_hold(candidate: Candidate, claim: PersistentVolumeClaim) -> bool:
    """What must be so even of a volume that is meant for the claim."""
    offered, wanted = candidate.volume.spec, claim.spec
    return (
        not candidate.capacity < requested_size(claim)
        and (offered.volume_mode or _FILESYSTEM) == (wanted.volume_mode or _FILESYSTEM)
        and (offered.volume_attributes_class_name or "") == (wanted.volume_attributes_class_name or "")
    )


def _suits(volume: PersistentVolume, claim: PersistentVolumeClaim, selector: Selector) -> bool:
    """What must be so of a volume on offer besides."""
    return selector.matches(volume.metadata.labels) and set(claim.spec.access_modes) <= set(volume.spec.access_modes)


def _selector(claim: PersistentVolumeClaim) -> Selector:
    if claim.spec.selector is None:
        return EVERYTHING
    try:
        return compile_label_selector(claim.spec.selector)
    except SelectorError as error:
        key = f"{claim.metadata.namespace}/{claim.metadata.name}"
        raise SchedulingError(f"error creating internal label selector for claim: {key}: {error}") from None
