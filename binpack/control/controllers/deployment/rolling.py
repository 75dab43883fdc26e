"""One step of a rolling update: the new ReplicaSet up, or the old ones down.

Source: pkg/controller/deployment/rolling.go, v1.35. Sizes are those of the specs; health is that of the statuses. Mixing the two
breaks the surge limit.
"""

from __future__ import annotations

from typing import NamedTuple

from binpack.control.controllers.deployment.fenceposts import by_age, limits_of, new_replica_count, replicas_of, total_of
from binpack.model.base import replace
from binpack.model.workloads import Deployment, ReplicaSet


class Resize(NamedTuple):
    """A ReplicaSet and the size that it is to have."""

    replica_set: ReplicaSet
    replicas: int


def scale_up_new(deployment: Deployment, new: ReplicaSet, old: list[ReplicaSet]) -> list[Resize]:
    """Grow the new ReplicaSet as far as the surge allows; shrink it if it is larger than wanted."""
    size, wanted = replicas_of(new), replicas_of(deployment)
    if size == wanted:
        return []
    count = wanted if size > wanted else new_replica_count(deployment, size, total_of([new, *old]))
    return [Resize(new, count)] if count != size else []


def scale_down_old(deployment: Deployment, new: ReplicaSet | None, old: list[ReplicaSet]) -> list[Resize]:
    """Shrink the old ReplicaSets as far as the pods that must be available allow: first what is not available anyway.

    Parameters
    ----------
    deployment : Deployment
    new : ReplicaSet or None
    old : list of ReplicaSet
        In any order.

    Returns
    -------
    list of Resize
        At most one for each ReplicaSet.
    """
    active = [one for one in old if replicas_of(one) > 0]
    everything = [*old, *([new] if new is not None else [])]
    min_available = replicas_of(deployment) - limits_of(deployment).unavailable
    new_unavailable = replicas_of(new) - new.status.available_replicas if new is not None else 0
    max_scaled_down = total_of(everything) - min_available - new_unavailable
    if not active or max_scaled_down <= 0:
        return []
    unhealthy = {_identity(resize.replica_set): resize.replicas for resize in clean_up_unhealthy(active, max_scaled_down)}
    cleaned = [resized_to(one, unhealthy.get(_identity(one), replicas_of(one))) for one in old]
    healthy = {_identity(resize.replica_set): resize.replicas for resize in scale_down_healthy(deployment, new, cleaned)}
    sizes = unhealthy | healthy
    return [Resize(one, sizes[_identity(one)]) for one in by_age(active) if _identity(one) in sizes]


def scale_down_healthy(deployment: Deployment, new: ReplicaSet | None, old: list[ReplicaSet]) -> list[Resize]:
    """Take from the old ReplicaSets, the oldest first, as many pods as there are available ones to spare."""
    available = sum(one.status.available_replicas for one in [*old, *([new] if new is not None else [])])
    budget = available - (replicas_of(deployment) - limits_of(deployment).unavailable)
    resized = []
    for one in by_age(old):
        step = min(replicas_of(one), budget)
        if step > 0:
            resized.append(Resize(one, replicas_of(one) - step))
            budget -= step
    return resized


def clean_up_unhealthy(old: list[ReplicaSet], limit: int) -> list[Resize]:
    """Take from the old ReplicaSets, the oldest first, what they have that is not available, up to a limit in all."""
    resized, done = [], 0
    for one in by_age(old):
        size = replicas_of(one)
        step = min(limit - done, size - one.status.available_replicas)
        if size > 0 and step > 0:
            resized.append(Resize(one, size - step))
            done += step
    return resized


def resized_to(replica_set: ReplicaSet, replicas: int) -> ReplicaSet:
    """Set `spec.replicas`."""
    if replica_set.spec.replicas == replicas:
        return replica_set
    return replace(replica_set, spec=replace(replica_set.spec, replicas=replicas))


def _identity(replica_set: ReplicaSet) -> tuple[str, str]:
    return replica_set.metadata.uid, replica_set.metadata.name
