"""Who owns a StatefulSet's claims, as persistentVolumeClaimRetentionPolicy asks for. The garbage collector does the rest.

Source: pkg/controller/statefulset/stateful_set_utils.go (claimOwnerMatchesSetAndPod, updateClaimOwnerRefForSetAndPod), v1.35.
"""

from __future__ import annotations

from typing import NamedTuple

from binpack.control.actions import EditMetadata
from binpack.control.apiserver.resources import ApiObject
from binpack.control.controllers.ownership import controller_reference
from binpack.control.records import Record
from binpack.model.base import replace
from binpack.model.meta import OwnerReference
from binpack.model.pod import Pod
from binpack.model.storage import PersistentVolumeClaim
from binpack.model.workloads import StatefulSet

DELETE = "Delete"


class Ownership(NamedTuple):
    """Whether the set, and whether the pod, is to own a claim."""

    by_set: bool
    by_pod: bool


def wanted_owner(stateful_set: StatefulSet, *, in_range: bool) -> Ownership:
    """Return who is to own the claims of an ordinal.

    Parameters
    ----------
    stateful_set : StatefulSet
    in_range : bool
        False for an ordinal that the set no longer wants.
    """
    policy = stateful_set.spec.persistent_volume_claim_retention_policy
    if policy is None:
        return Ownership(by_set=False, by_pod=False)
    by_pod = policy.when_scaled == DELETE and not in_range
    return Ownership(by_set=policy.when_deleted == DELETE and not by_pod, by_pod=by_pod)


def owner_of_claims(owner: ApiObject) -> OwnerReference:
    """Return the reference by which a set or a pod owns claims: it does not hold up the owner's deletion."""
    return replace(controller_reference(owner), block_owner_deletion=None)


def owner_edits(
    stateful_set: StatefulSet, claim: PersistentVolumeClaim, pod: Pod | None, *, in_range: bool
) -> tuple[tuple[EditMetadata, ...], Record | None]:
    """Return what has to be written so that a claim has its owner, and a warning if it has another one.

    Parameters
    ----------
    stateful_set : StatefulSet
    claim : PersistentVolumeClaim
    pod : Pod or None
        That uses it; None if there is none yet.
    in_range : bool
    """
    references = claim.metadata.owner_references
    uids = {stateful_set.metadata.uid, *((pod.metadata.uid,) if pod is not None else ())}
    wanted = wanted_owner(stateful_set, in_range=in_range)
    if any(one.controller and one.uid not in uids for one in references):
        message = (
            f"PersistentVolumeClaim {claim.metadata.name} has a conflicting OwnerReference that acts as a manging controller, "
            "the retention policy is ignored for this claim"
        )
        return (), Record(stateful_set, "Warning", "ConflictingController", message) if any(wanted) else None
    edits = [*_edits(claim, stateful_set, owned=wanted.by_set)]
    if pod is not None:
        edits += _edits(claim, pod, owned=wanted.by_pod)
    return tuple(edits), None


def is_left_by(claim: PersistentVolumeClaim, pod_name: str) -> bool:
    """Tell whether a claim still belongs to a former pod of a name, and will go with it."""
    return any(one.kind == "Pod" and one.name == pod_name for one in claim.metadata.owner_references)


def _edits(claim: PersistentVolumeClaim, owner: StatefulSet | Pod, *, owned: bool) -> list[EditMetadata]:
    has = any(one.uid == owner.metadata.uid for one in claim.metadata.owner_references)
    if has == owned:
        return []
    return [EditMetadata(claim, adopt=owner_of_claims(owner)) if owned else EditMetadata(claim, release=owner.metadata.uid)]
