"""The annotations by which a Deployment marks its ReplicaSets: revision, and for how many replicas they were sized.

Source: pkg/controller/deployment/util/deployment_util.go, v1.35.
"""

from __future__ import annotations

from binpack.control.controllers.deployment.fenceposts import limits_of, replicas_of
from binpack.model.base import replace
from binpack.model.selectors import parse_int64
from binpack.model.workloads import Deployment, ReplicaSet

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
ROLLBACK_TO = "deprecated.deployment.rollback.to"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_NOT_COPIED = frozenset({LAST_APPLIED, REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS, ROLLBACK_TO})
_MAX_HISTORY_LENGTH = 2000


def revision_of(value: Deployment | ReplicaSet) -> int:
    """Return the revision; 0 if there is none or it is no number."""
    return parse_int64(value.metadata.annotations.get(REVISION, "")) or 0


def desired_replicas(replica_set: ReplicaSet) -> int | None:
    """Return for how many replicas of the Deployment the ReplicaSet was last sized."""
    return parse_int64(replica_set.metadata.annotations.get(DESIRED_REPLICAS, ""))


def max_replicas(replica_set: ReplicaSet) -> int | None:
    """Return how many pods the Deployment was allowed, surge included, when the ReplicaSet was last sized."""
    return parse_int64(replica_set.metadata.annotations.get(MAX_REPLICAS, ""))


def sized_annotations(deployment: Deployment) -> dict[str, str]:
    """Return the annotations that a ReplicaSet gets whenever it is sized."""
    replicas = replicas_of(deployment)
    return {DESIRED_REPLICAS: str(replicas), MAX_REPLICAS: str(replicas + limits_of(deployment).surge)}


def copied_annotations(value: Deployment | ReplicaSet) -> dict[str, str]:
    """Return those annotations that a Deployment and its ReplicaSets share."""
    return {key: text for key, text in value.metadata.annotations.items() if key not in _NOT_COPIED}


def with_revision(replica_set: ReplicaSet, revision: int) -> ReplicaSet:
    """Raise a ReplicaSet's revision, and keep the former one in its history; a lower one changes nothing."""
    annotations = replica_set.metadata.annotations
    former = annotations.get(REVISION)
    if revision_of(replica_set) >= revision:
        return replica_set
    changes = {REVISION: str(revision)}
    if former is not None:
        history = [one for one in annotations.get(REVISION_HISTORY, "").split(",") if one]
        history.append(former)
        while len(",".join(history)) > _MAX_HISTORY_LENGTH:
            history.pop(0)
        changes[REVISION_HISTORY] = ",".join(history)
    return annotated(replica_set, changes)


def annotated(value: ReplicaSet, changes: dict[str, str]) -> ReplicaSet:
    """Set annotations."""
    if changes.items() <= value.metadata.annotations.items():
        return value
    return replace(value, metadata=replace(value.metadata, annotations={**value.metadata.annotations, **changes}))
