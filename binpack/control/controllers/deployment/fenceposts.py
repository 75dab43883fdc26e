"""How many pods a rollout may have too many or too few, and what that leaves for the new ReplicaSet.

Source: pkg/controller/deployment/util/deployment_util.go, apimachinery util/intstr, v1.35.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from binpack.model.int_or_percent import IntOrPercent, scaled
from binpack.model.meta import ObjectMeta
from binpack.model.workloads import Deployment, ReplicaSet

ROLLING_UPDATE = "RollingUpdate"


@dataclass(frozen=True, slots=True)
class Fenceposts:
    """The limits of a rollout: pods above, and pods below, the number that is wanted."""

    surge: int
    unavailable: int


@lru_cache(maxsize=4096)
def fenceposts(max_surge: IntOrPercent, max_unavailable: IntOrPercent, replicas: int) -> Fenceposts:
    """Resolve both limits. They cannot both be 0, or no rollout would ever make a step."""
    surge = scaled(max_surge, replicas, "up")
    unavailable = scaled(max_unavailable, replicas, "down")
    return Fenceposts(surge, 1 if surge == 0 and unavailable == 0 else unavailable)


def replicas_of(owner: Deployment | ReplicaSet) -> int:
    """Return `spec.replicas`, which is 1 when it is not given."""
    return 1 if owner.spec.replicas is None else owner.spec.replicas


def is_rolling(deployment: Deployment) -> bool:
    """Tell whether the strategy is RollingUpdate, which it is when none is given."""
    return deployment.spec.strategy.type in ("", ROLLING_UPDATE)


def limits_of(deployment: Deployment) -> Fenceposts:
    """Return a Deployment's limits: surge and unavailable are 0 for other strategies than RollingUpdate.

    No more pods can be unavailable than are wanted.
    """
    if not is_rolling(deployment):
        return Fenceposts(0, 0)
    rolling = deployment.spec.strategy.rolling_update
    replicas = replicas_of(deployment)
    try:
        posts = fenceposts(rolling.max_surge if rolling else 0, rolling.max_unavailable if rolling else 0, replicas)
    except ValueError:
        # Validation keeps such a Deployment out; upstream falls back to the same zeros.
        return Fenceposts(0, 0)
    return Fenceposts(posts.surge, min(posts.unavailable, replicas))


def new_replica_count(deployment: Deployment, new: int, total: int) -> int:
    """Return the size that the new ReplicaSet may have now.

    Parameters
    ----------
    deployment : Deployment
    new : int
        The size that it has.
    total : int
        The sum of `spec.replicas` over all ReplicaSets of the Deployment, the new one included.
    """
    wanted = replicas_of(deployment)
    if not is_rolling(deployment):
        return wanted
    allowed = wanted + limits_of(deployment).surge
    if new >= wanted or total >= allowed:
        return new
    return new + min(allowed - total, wanted - new)


def total_of(replica_sets: list[ReplicaSet]) -> int:
    """Sum `spec.replicas`."""
    return sum(replicas_of(one) for one in replica_sets)


def by_age(replica_sets: list[ReplicaSet]) -> list[ReplicaSet]:
    """Sort ReplicaSets by creation time, then name: the oldest first."""
    return sorted(replica_sets, key=age_key)


def age_key(value: ReplicaSet) -> tuple[float, str]:
    """Order by creation time, then name; a time that is not set counts as the earliest."""
    return _seconds(value.metadata), value.metadata.name


def _seconds(meta: ObjectMeta) -> float:
    return float("-inf") if meta.creation_timestamp is None else meta.creation_timestamp.timestamp()
