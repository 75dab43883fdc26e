"""Cases of the Deployment controller."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from binpack.conformance.cases.builders import NOW, NOW_US, ago
from binpack.control.controllers.deployment.annotations import DESIRED_REPLICAS, MAX_REPLICAS, REVISION
from binpack.control.controllers.deployment.fenceposts import fenceposts, limits_of, new_replica_count, replicas_of
from binpack.control.controllers.deployment.history import to_forget
from binpack.control.controllers.deployment.progress import has_timed_out, is_complete, is_progressing
from binpack.control.controllers.deployment.rolling import (
    Resize,
    clean_up_unhealthy,
    scale_down_healthy,
    scale_down_old,
    scale_up_new,
)
from binpack.control.controllers.deployment.scaling import fraction, scale
from binpack.model.base import from_builtins
from binpack.model.meta import Condition, ObjectMeta
from binpack.model.workloads import (
    Deployment,
    DeploymentSpec,
    DeploymentStatus,
    DeploymentStrategy,
    ReplicaSet,
    ReplicaSetSpec,
    ReplicaSetStatus,
    RollingUpdate,
)


def _deployment(given: Mapping[str, Any], **spec: Any) -> Deployment:
    rolling = RollingUpdate(max_surge=given.get("maxSurge"), max_unavailable=given.get("maxUnavailable"))
    strategy = DeploymentStrategy(given.get("strategy") or "RollingUpdate", rolling)
    return Deployment(
        metadata=ObjectMeta(name="foo", uid="foo"),
        spec=DeploymentSpec(replicas=given.get("replicas", 0), strategy=strategy, **spec),
        status=DeploymentStatus(replicas=given.get("statusReplicas") or 0),
    )


def _replica_set(given: Mapping[str, Any], position: int = 0) -> ReplicaSet:
    marks = {DESIRED_REPLICAS: "desiredReplicasAnnotation", MAX_REPLICAS: "maxReplicasAnnotation", REVISION: "revision"}
    name = given.get("name", f"foo-{position}")
    return ReplicaSet(
        metadata=ObjectMeta(
            name=name,
            uid=name,
            creation_timestamp=NOW + timedelta(seconds=given.get("creationOrder", position)),
            deletion_timestamp=NOW if given.get("terminating") else None,
            generation=given.get("generation") or 0,
            annotations={key: str(given[field]) for key, field in marks.items() if given.get(field) is not None},
        ),
        spec=ReplicaSetSpec(replicas=given.get("specReplicas") or 0),
        status=ReplicaSetStatus(
            replicas=given.get("statusReplicas") or 0,
            available_replicas=given.get("availableReplicas") or 0,
            observed_generation=given.get("observedGeneration") or 0,
        ),
    )


def _old(given: Mapping[str, Any]) -> list[ReplicaSet]:
    return [_replica_set(one, position) for position, one in enumerate(given.get("old") or ())]


def _sizes(replica_sets: list[ReplicaSet], resizes: list[Resize]) -> list[int]:
    changed = {resize.replica_set.metadata.name: resize.replicas for resize in resizes}
    return [changed.get(one.metadata.name, replicas_of(one)) for one in replica_sets]


def _fenceposts(given: Mapping[str, Any]) -> dict[str, Any]:
    try:
        posts = fenceposts(given.get("maxSurge"), given.get("maxUnavailable"), given["replicas"])
    except ValueError:
        return {"error": True}
    return {"error": False, "surge": posts.surge, "unavailable": posts.unavailable}


def _max_unavailable(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"maxUnavailable": limits_of(_deployment(given)).unavailable}


def _new_rs_replicas(given: Mapping[str, Any]) -> dict[str, Any]:
    size = new_replica_count(_deployment(given), given["newSpecReplicas"], given["totalSpecReplicas"])
    return {"newSpecReplicas": size}


def _reconcile_new(given: Mapping[str, Any]) -> dict[str, Any]:
    old = [_replica_set({"specReplicas": size}, position) for position, size in enumerate(given.get("oldSpecReplicas") or ())]
    new = _replica_set({"name": "new", "specReplicas": given["newSpecReplicas"]})
    resizes = scale_up_new(_deployment(given), new, old)
    return {"scaled": bool(resizes), "newSpecReplicas": _sizes([new], resizes)[0]}


def _reconcile_old(given: Mapping[str, Any]) -> dict[str, Any]:
    old, new = _old(given), given.get("new")
    resizes = scale_down_old(_deployment(given), None if new is None else _replica_set({"name": "new", **new}), old)
    return {"scaled": bool(resizes), "oldSpecReplicas": _sizes(old, resizes)}


def _cleanup_unhealthy(given: Mapping[str, Any]) -> dict[str, Any]:
    resizes = clean_up_unhealthy(_old(given), given["maxCleanupCount"])
    return {"cleanupCount": sum(replicas_of(resize.replica_set) - resize.replicas for resize in resizes)}


def _scale_down_old(given: Mapping[str, Any]) -> dict[str, Any]:
    old = _old(given)
    resizes = scale_down_healthy(_deployment(given), None, old)
    return {"scaled": bool(resizes), "oldSpecReplicas": _sizes(old, resizes)}


def _fraction(given: Mapping[str, Any]) -> dict[str, Any]:
    one = _replica_set({"specReplicas": given["rsSpecReplicas"], "maxReplicasAnnotation": given.get("maxReplicasAnnotation")})
    return {"fraction": fraction(_deployment(given), one)}


def _scale(given: Mapping[str, Any]) -> dict[str, Any]:
    new = next((_replica_set(one) for one in given["replicaSets"] if one.get("role") == "new"), None)
    old = [_replica_set(one) for one in given["replicaSets"] if one.get("role") != "new"]
    everything = [*old, *([new] if new is not None else [])]
    sizes = _sizes(everything, scale(_deployment(given), new, old))
    return {"specReplicas": {one.metadata.name: size for one, size in zip(everything, sizes, strict=True)}}


def _cleanup_history(given: Mapping[str, Any]) -> dict[str, Any]:
    deleted = [one.metadata.name for one in to_forget(_old(given), given.get("revisionHistoryLimit"))]
    return {"deletions": len(deleted), "deleted": deleted}


def _status(given: Mapping[str, Any]) -> DeploymentStatus:
    status: DeploymentStatus = from_builtins(dict(given), DeploymentStatus)
    return status


def _complete(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"complete": is_complete(_deployment(given), _status(given["status"]))}


def _progressing(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"progressing": is_progressing(_status(given.get("stored") or {}), _status(given.get("new") or {}))}


def _timed_out(given: Mapping[str, Any]) -> dict[str, Any]:
    updated = ago(given.get("secondsSinceLastUpdate"))
    conditions = (Condition("Progressing", "True", given.get("reason") or "", last_update_time=updated),)
    deployment = _deployment(given, progress_deadline_seconds=given.get("progressDeadlineSeconds"))
    timed = Deployment(metadata=deployment.metadata, spec=deployment.spec, status=DeploymentStatus(conditions=conditions))
    return {"timedOut": has_timed_out(timed, NOW_US)}


RULES = {
    "fenceposts": _fenceposts,
    "max_unavailable": _max_unavailable,
    "new_rs_replicas": _new_rs_replicas,
    "reconcile_new": _reconcile_new,
    "reconcile_old": _reconcile_old,
    "cleanup_unhealthy": _cleanup_unhealthy,
    "scale_down_old": _scale_down_old,
    "fraction": _fraction,
    "scale": _scale,
    "cleanup_history": _cleanup_history,
    "complete": _complete,
    "progressing": _progressing,
    "timed_out": _timed_out,
}
