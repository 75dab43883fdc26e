"""Which old ReplicaSets a Deployment forgets.

Source: pkg/controller/deployment/sync.go (cleanupDeployment), v1.35.
"""

from __future__ import annotations

from binpack.control.controllers.deployment.annotations import revision_of
from binpack.control.controllers.deployment.fenceposts import age_key, replicas_of
from binpack.model.workloads import ReplicaSet

DEFAULT_HISTORY_LIMIT = 10
UNLIMITED = (1 << 31) - 1


def to_forget(old: list[ReplicaSet], limit: int | None) -> list[ReplicaSet]:
    """Return the ReplicaSets to delete so that `limit` old ones stay.

    Only the first ones by revision, as many as there are too many, are looked at; one of them that still has or wants pods stays,
    and no other goes in its place.
    """
    limit = DEFAULT_HISTORY_LIMIT if limit is None else limit
    if limit == UNLIMITED:
        return []
    kept = sorted((one for one in old if one.metadata.deletion_timestamp is None), key=lambda one: (revision_of(one), *age_key(one)))
    excess = max(len(kept) - limit, 0)
    return [one for one in kept[:excess] if _is_finished(one)]


def _is_finished(one: ReplicaSet) -> bool:
    return one.status.replicas == 0 and replicas_of(one) == 0 and one.metadata.generation <= one.status.observed_generation
