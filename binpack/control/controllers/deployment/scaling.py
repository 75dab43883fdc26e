"""A change of `spec.replicas` in the middle of a rollout: every active ReplicaSet gets its share.

Source: pkg/controller/deployment/sync.go (scale) and util/deployment_util.go (getReplicaSetFraction), v1.35.
"""

from __future__ import annotations

from binpack.control.controllers.deployment.annotations import desired_replicas, max_replicas
from binpack.control.controllers.deployment.fenceposts import age_key, is_rolling, limits_of, replicas_of, total_of
from binpack.control.controllers.deployment.rolling import Resize
from binpack.model.workloads import Deployment, ReplicaSet


def is_scaling(deployment: Deployment, replica_sets: list[ReplicaSet]) -> bool:
    """Tell whether the Deployment was scaled since its active ReplicaSets were last sized: their annotation says for how many."""
    active = [one for one in replica_sets if replicas_of(one) > 0]
    desired = [desired_replicas(one) for one in active]
    return any(number is not None and number != replicas_of(deployment) for number in desired)


def scale(deployment: Deployment, new: ReplicaSet | None, old: list[ReplicaSet]) -> list[Resize]:
    """Return the sizes of all ReplicaSets that are to be written, because of their size or of their annotations.

    Parameters
    ----------
    deployment : Deployment
    new : ReplicaSet or None
    old : list of ReplicaSet
        In any order.
    """
    wanted = replicas_of(deployment)
    single = _active_or_latest(new, old)
    if single is not None:
        return [Resize(single, wanted)] if replicas_of(single) != wanted else []
    if new is not None and _is_saturated(deployment, new):
        return [Resize(one, 0) for one in sorted(old, key=age_key) if replicas_of(one) > 0]
    return _proportional(deployment, new, old) if is_rolling(deployment) else []


def fraction(deployment: Deployment, replica_set: ReplicaSet) -> int:
    """Return by how much a ReplicaSet would change if it kept its share of the Deployment; rounded half away from zero."""
    size, wanted = replicas_of(replica_set), replicas_of(deployment)
    if wanted == 0:
        return -size
    base = max_replicas(replica_set) or deployment.status.replicas
    if base == 0:
        return 0
    return _round_half_away(size * (wanted + limits_of(deployment).surge), base) - size


def _active_or_latest(new: ReplicaSet | None, old: list[ReplicaSet]) -> ReplicaSet | None:
    """Return the one ReplicaSet that is active; with none active the new one or the youngest old one; else None."""
    everything = [*([new] if new is not None else []), *old]
    active = [one for one in everything if replicas_of(one) > 0]
    if len(active) > 1:
        return None
    if active:
        return active[0]
    return new if new is not None else max(old, key=age_key, default=None)


def _is_saturated(deployment: Deployment, new: ReplicaSet) -> bool:
    wanted = replicas_of(deployment)
    return replicas_of(new) == wanted and desired_replicas(new) == wanted and new.status.available_replicas == wanted


def _proportional(deployment: Deployment, new: ReplicaSet | None, old: list[ReplicaSet]) -> list[Resize]:
    active = [one for one in [*old, *([new] if new is not None else [])] if replicas_of(one) > 0]
    wanted = replicas_of(deployment)
    allowed = wanted + limits_of(deployment).surge if wanted > 0 else 0
    to_add = allowed - total_of(active)
    # Of two of one size the newest grows first and the oldest shrinks first.
    active.sort(key=age_key, reverse=to_add > 0)
    active.sort(key=replicas_of, reverse=True)
    sizes, added = [], 0
    for one in active:
        share = 0
        if to_add not in (0, added):
            share = fraction(deployment, one)
            share = min(share, to_add - added) if to_add > 0 else max(share, to_add - added)
        sizes.append(replicas_of(one) + share)
        added += share
    if sizes:
        sizes[0] = max(sizes[0] + to_add - added, 0)
    return [Resize(one, max(size, 0)) for one, size in zip(active, sizes, strict=True)]


def _round_half_away(numerator: int, denominator: int) -> int:
    """Round a quotient of numbers that are not negative."""
    return (2 * numerator + denominator) // (2 * denominator)
