"""VolumeBinding: nodes from which a pod's volumes can be reached, and claims that wait to be bound until a node is chosen.

What claims would be bound to is in `volume_matching`, what could be provisioned in `volume_provisioning`. In-tree volumes that are
migrated to CSI are taken as they stand: their node affinity is not translated.
Source: volumebinding/volume_binding.go, binder.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.errors import SchedulingError
from binpack.framework.arguments import VolumeBindingArgs
from binpack.framework.events import EventHint
from binpack.framework.interface import SKIP, Allocation, Reads, Skip
from binpack.framework.normalize import no_normalization
from binpack.framework.points import Point
from binpack.framework.status import Status, unresolvable
from binpack.model.pod import Pod
from binpack.model.storage import PersistentVolumeClaim, StorageClass
from binpack.plugins.assumed_volumes import SELECTED_NODE, assume
from binpack.plugins.node_matching import NO_ROW
from binpack.plugins.pod_claims import (
    CLAIM,
    STORAGE_CLASS,
    WAIT_FOR_FIRST_CONSUMER,
    bound_volume,
    claim_name,
    class_of_claim,
    is_made_for,
    not_found,
    not_made_for,
)
from binpack.plugins.volume_binding_hints import BINDING_EVENTS
from binpack.plugins.volume_matching import NO_VOLUME, Match, admits, match_claims
from binpack.plugins.volume_provisioning import provisioning
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

NODE_AFFINITY = 1
NO_MATCH = 2
NO_STORAGE = 4
MISSING_VOLUME = 8
_REASONS = {
    NODE_AFFINITY: "node(s) didn't match PersistentVolume's node affinity",
    NO_MATCH: "node(s) didn't find available persistent volumes to bind",
    NO_STORAGE: "node(s) did not have enough free storage",
    MISSING_VOLUME: "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
}
_BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
_LOST = "Lost"


@dataclass(frozen=True, slots=True)
class PodClaims:
    """A pod's claims: those that are bound, those that wait for a node, and those that should have been bound before."""

    bound: tuple[PersistentVolumeClaim, ...] = ()
    delayed: tuple[PersistentVolumeClaim, ...] = ()
    immediate: tuple[PersistentVolumeClaim, ...] = ()


@dataclass(slots=True)
class FoundVolumes:
    """What becomes of a pod's claims on each of some rows.

    Parameters
    ----------
    codes : NDArray[np.uint32]
        The sum of the codes of what is wrong, shape [len(rows)].
    matches : list[Match]
        The volumes that delayed claims would be bound to.
    provisioned : list[tuple[PersistentVolumeClaim, NDArray[np.bool_]]]
        Claims for which a volume would be made, and on which rows; shape [len(rows)] each.
    """

    codes: NDArray[np.uint32]
    matches: list[Match] = field(default_factory=list)
    provisioned: list[tuple[PersistentVolumeClaim, NDArray[np.bool_]]] = field(default_factory=list)


class VolumeBinding:
    """Judges all nodes in `prepare`: nothing here depends on the pods that stand on them."""

    name: ClassVar[str] = "VolumeBinding"
    points: ClassVar[frozenset[Point]] = frozenset(
        {Point.PRE_FILTER, Point.FILTER, Point.PRE_SCORE, Point.SCORE, Point.RESERVE, Point.PRE_BIND}
    )
    reads: ClassVar[Reads] = Reads.STATIC | Reads.CLUSTER
    class_key: ClassVar[tuple[str, ...]] = ("namespace", "volumes")
    default_weight: ClassVar[int] = 1
    arguments: ClassVar[type | None] = VolumeBindingArgs
    events: ClassVar[tuple[EventHint, ...]] = BINDING_EVENTS
    normalize = no_normalization

    def __init__(self, arguments: VolumeBindingArgs) -> None:
        self._arguments = arguments

    def prepare(self, pod: Pod, cluster: Cluster) -> NDArray[np.uint32] | Status | Skip:
        """Return a verdict for each row, shape [capacity]."""
        claims = _claims(pod, cluster)
        if isinstance(claims, Status | Skip):
            return claims
        if claims.immediate:
            return unresolvable("pod has unbound immediate PersistentVolumeClaims")
        return find_volumes(claims, cluster.rows(), cluster).codes

    def filter(self, prepared: NDArray[np.uint32], rows: NodeRows) -> NDArray[np.uint32]:
        """Look up the verdicts; shape [len(rows)]."""
        return rows.take(prepared)

    def status(self, prepared: NDArray[np.uint32], code: int) -> Status:
        """Translate a sum of codes; it may have several reasons."""
        return unresolvable(*(reason for bit, reason in _REASONS.items() if code & bit))

    def prepare_score(self, pod: Pod, cluster: Cluster, feasible: NodeRows) -> Skip:
        """Skip: scoring by storage capacity is an alpha feature."""
        return SKIP

    def score(self, prepared: None, rows: NodeRows) -> NDArray[np.int64]:
        """Give 0; shape [len(rows)]."""
        return np.zeros(len(rows), np.int64)

    def reserve(self, pod: Pod, cluster: Cluster, row: int) -> Allocation | Status | None:
        """Assume that the pod's delayed claims are bound to what was found on the chosen node, so that no other pod counts on it."""
        claims = _claims(pod, cluster)
        if isinstance(claims, Status | Skip) or not claims.delayed:
            return None
        found = find_volumes(claims, cluster.rows(np.array([row], np.intp)), cluster)
        bindings = [(volume, match.claim) for match in found.matches if (volume := match.chosen(0)) is not None]
        provisions = [claim for claim, where in found.provisioned if where[0]]
        return assume(bindings, provisions, cluster.node(row).name, cluster)


def find_volumes(claims: PodClaims, rows: NodeRows, cluster: Cluster) -> FoundVolumes:
    """Find out what becomes of a pod's claims on each row.

    Raises
    ------
    SchedulingError
        If kube-scheduler would fail the cycle: an unparsable selector, a storage class that is not there.
    """
    found = FoundVolumes(_check_bound(claims.bound, rows, cluster))
    # A claim for which another node was selected ends the check of a node.
    reachable = np.ones(len(rows), np.bool_)
    selected = [claim for claim in claims.delayed if SELECTED_NODE in claim.metadata.annotations]
    for claim in selected:
        row = cluster.row_of(claim.metadata.annotations[SELECTED_NODE])
        reachable &= rows.numbers == (NO_ROW if row is None else row)
    found.codes[~reachable] |= NO_MATCH
    found.matches = match_claims([claim for claim in claims.delayed if claim not in selected], rows, cluster)
    to_provision = [(claim, reachable) for claim in selected]
    to_provision += [(match.claim, reachable & (match.choice == NO_VOLUME)) for match in found.matches]
    _provision(to_provision, found, rows, cluster)
    return found


def _check_bound(claims: Sequence[PersistentVolumeClaim], rows: NodeRows, cluster: Cluster) -> NDArray[np.uint32]:
    """Check the bound volumes in order; the first one that is wrong on a row decides."""
    codes = np.zeros(len(rows), np.uint32)
    for claim in claims:
        volume = bound_volume(claim, cluster.catalog)
        if volume is None:
            codes[codes == 0] = MISSING_VOLUME
            break
        codes[(codes == 0) & ~admits(volume, rows, cluster)] = NODE_AFFINITY
    return codes


def _provision(
    wanted: Sequence[tuple[PersistentVolumeClaim, NDArray[np.bool_]]], found: FoundVolumes, rows: NodeRows, cluster: Cluster
) -> None:
    """Check in order whether volumes can be made where they are wanted; the first claim that fails on a row decides."""
    failed = np.zeros(len(rows), np.bool_)
    for claim, where in wanted:
        open_rows = where & ~failed
        if not open_rows.any():
            continue
        class_name = class_of_claim(claim)
        storage_class: StorageClass | None = cluster.catalog.get(STORAGE_CLASS, class_name)
        if storage_class is None:
            raise SchedulingError(f'failed to find storage class "{class_name}"')
        answer = provisioning(claim, storage_class, rows, cluster)
        impossible = open_rows & ~answer.possible
        short = open_rows & answer.possible & ~answer.sufficient
        found.codes[impossible] |= NO_MATCH
        found.codes[short] |= NO_STORAGE
        failed |= impossible | short
        found.provisioned.append((claim, open_rows & ~failed))


def _claims(pod: Pod, cluster: Cluster) -> PodClaims | Status | Skip:
    """Look up and sort the claims; a status if one is missing, lost, going or another pod's, skip if there is none."""
    found: list[PersistentVolumeClaim] = []
    for volume in pod.spec.volumes:
        name = claim_name(pod, volume)
        if name is None:
            continue
        claim: PersistentVolumeClaim | None = cluster.catalog.get(CLAIM, name, pod.metadata.namespace)
        if claim is None:
            is_named = volume.persistent_volume_claim is not None
            waiting = f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
            return unresolvable(not_found(CLAIM, name) if is_named else waiting)
        if claim.status.phase == _LOST:
            missing = f'bound to non-existent persistentvolume "{claim.spec.volume_name}"'
            return unresolvable(f'persistentvolumeclaim "{name}" {missing}')
        if claim.metadata.deletion_timestamp is not None:
            return unresolvable(f'persistentvolumeclaim "{name}" is being deleted')
        if volume.ephemeral is not None and not is_made_for(pod, claim):
            return unresolvable(not_made_for(pod, claim))
        found.append(claim)
    return _sorted(found, cluster) if found else SKIP


def _sorted(claims: Sequence[PersistentVolumeClaim], cluster: Cluster) -> PodClaims:
    bound, delayed, immediate = [], [], []
    for claim in claims:
        if claim.spec.volume_name and _BIND_COMPLETED in claim.metadata.annotations:
            bound.append(claim)
        elif _waits_for_consumer(claim, cluster) and not claim.spec.volume_name:
            delayed.append(claim)
        else:
            immediate.append(claim)
    return PodClaims(tuple(bound), tuple(delayed), tuple(immediate))


def _waits_for_consumer(claim: PersistentVolumeClaim, cluster: Cluster) -> bool:
    class_name = class_of_claim(claim)
    storage_class: StorageClass | None = cluster.catalog.get(STORAGE_CLASS, class_name) if class_name else None
    if storage_class is None:
        return False
    if storage_class.volume_binding_mode is None:
        raise SchedulingError(f'VolumeBindingMode not set for StorageClass "{class_name}"')
    return storage_class.volume_binding_mode == WAIT_FOR_FIRST_CONSUMER
