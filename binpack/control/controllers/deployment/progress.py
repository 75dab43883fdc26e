"""A Deployment's status: the sums over its ReplicaSets, and the conditions that say how its rollout goes.

Source: pkg/controller/deployment/progress.go, sync.go (calculateStatus) and util/deployment_util.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable

from binpack.control.clock import time_of, timestamp_of
from binpack.control.conditions import find_condition, without_condition
from binpack.control.controllers.deployment.fenceposts import limits_of, replicas_of, total_of
from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.workloads import Deployment, DeploymentStatus, ReplicaSet
from binpack.units import US_PER_S

PROGRESSING = "Progressing"
AVAILABLE = "Available"
REPLICA_FAILURE = "ReplicaFailure"
NEW_AVAILABLE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"
PAUSED = "DeploymentPaused"
RESUMED = "DeploymentResumed"
_NO_DEADLINE = (1 << 31) - 1


def deadline_seconds(deployment: Deployment) -> int | None:
    """Return the progress deadline; None for none. The API server gives every Deployment one."""
    seconds = deployment.spec.progress_deadline_seconds
    return None if seconds == _NO_DEADLINE else seconds


def set_condition(conditions: Iterable[Condition], new: Condition) -> tuple[Condition, ...]:
    """Set a Deployment's condition: one with the same status and reason changes nothing, one with the same status keeps its time."""
    kept = tuple(conditions)
    old = find_condition(kept, new.type)
    if old is not None and old.status == new.status:
        if old.reason == new.reason:
            return kept
        new = replace(new, last_transition_time=old.last_transition_time)
    return (*without_condition(kept, new.type), new)


def condition_now(kind: str, status: str, reason: str, message: str, now_us: int) -> Condition:
    """Build a condition that begins now."""
    now = timestamp_of(now_us)
    return Condition(kind, status, reason, message, last_transition_time=now, last_update_time=now)


def is_complete(deployment: Deployment, status: DeploymentStatus) -> bool:
    """Tell whether every wanted pod is of the new template and available, and no other is left."""
    wanted = replicas_of(deployment)
    return (
        status.updated_replicas == status.replicas == status.available_replicas == wanted
        and status.observed_generation >= deployment.metadata.generation
    )


def is_progressing(stored: DeploymentStatus, status: DeploymentStatus) -> bool:
    """Tell whether something has got better since the stored status was written."""
    return (
        status.updated_replicas > stored.updated_replicas
        or status.replicas - status.updated_replicas < stored.replicas - stored.updated_replicas
        or status.ready_replicas > stored.ready_replicas
        or status.available_replicas > stored.available_replicas
    )


def has_timed_out(deployment: Deployment, now_us: int) -> bool:
    """Tell whether nothing has got better for longer than the deadline, strictly. A rollout that was completed never times out."""
    condition, seconds = find_condition(deployment.status.conditions, PROGRESSING), deadline_seconds(deployment)
    if seconds is None or condition is None or condition.reason == NEW_AVAILABLE:
        return False
    if condition.reason == TIMED_OUT:
        return True
    since = condition.last_update_time
    return since is None or time_of(since) + seconds * US_PER_S < now_us


def summed_status(deployment: Deployment, new: ReplicaSet | None, old: list[ReplicaSet], now_us: int) -> DeploymentStatus:
    """Sum the ReplicaSets' statuses, and judge whether enough pods are available.

    `unavailableReplicas` counts from the specs, so it includes pods that do not exist yet.
    """
    everything = [*old, *([new] if new is not None else [])]
    available = sum(one.status.available_replicas for one in everything)
    unreported = any(one.status.observed_generation != 0 and one.status.terminating_replicas is None for one in everything)
    if available >= replicas_of(deployment) - limits_of(deployment).unavailable:
        verdict = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        verdict = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    return DeploymentStatus(
        observed_generation=deployment.metadata.generation,
        replicas=sum(one.status.replicas for one in everything),
        updated_replicas=new.status.replicas if new is not None else 0,
        ready_replicas=sum(one.status.ready_replicas for one in everything),
        available_replicas=available,
        unavailable_replicas=max(total_of(everything) - available, 0),
        terminating_replicas=None if unreported else sum(one.status.terminating_replicas or 0 for one in everything),
        collision_count=deployment.status.collision_count,
        conditions=set_condition(deployment.status.conditions, condition_now(AVAILABLE, *verdict, now_us)),
    )


def rollout_status(deployment: Deployment, new: ReplicaSet | None, old: list[ReplicaSet], now_us: int) -> DeploymentStatus:
    """Compute the status at the end of a sync that rolls, with the conditions Progressing and ReplicaFailure."""
    status = summed_status(deployment, new, old, now_us)
    conditions = status.conditions
    current = find_condition(deployment.status.conditions, PROGRESSING)
    if deadline_seconds(deployment) is None:
        conditions = without_condition(conditions, PROGRESSING)
    elif not (status.replicas == status.updated_replicas and current is not None and current.reason == NEW_AVAILABLE):
        conditions = _judge_progress(deployment, new, status, current, now_us)
    failure = _first_failure(new, old)
    others = without_condition(conditions, REPLICA_FAILURE)
    return replace(status, conditions=others if failure is None else set_condition(conditions, failure))


def pause_condition(deployment: Deployment, now_us: int) -> Condition | None:
    """Return the condition that marks a pause, or its end; None if there is nothing to mark. Resuming restarts the deadline."""
    current = find_condition(deployment.status.conditions, PROGRESSING)
    reason = current.reason if current is not None else ""
    if deadline_seconds(deployment) is None or reason == TIMED_OUT:
        return None
    if deployment.spec.paused and reason != PAUSED:
        return condition_now(PROGRESSING, "Unknown", PAUSED, "Deployment is paused", now_us)
    if not deployment.spec.paused and reason == PAUSED:
        return condition_now(PROGRESSING, "Unknown", RESUMED, "Deployment is resumed", now_us)
    return None


def time_to_deadline_us(deployment: Deployment, status: DeploymentStatus, now_us: int) -> int | None:
    """Return how long until a rollout that stands still times out, in microseconds; None if it cannot.

    Upstream also polls, ten times a second, a Deployment that was completed and has lost pods since: that can never time out, and no
    poll finds anything that an event would not tell.
    """
    condition, seconds = find_condition(deployment.status.conditions, PROGRESSING), deadline_seconds(deployment)
    if seconds is None or condition is None or is_complete(deployment, status) or condition.reason in (TIMED_OUT, NEW_AVAILABLE):
        return None
    since = condition.last_update_time
    return (time_of(since) if since is not None else now_us) + seconds * US_PER_S - now_us


def _judge_progress(
    deployment: Deployment, new: ReplicaSet | None, status: DeploymentStatus, current: Condition | None, now_us: int
) -> tuple[Condition, ...]:
    subject = f'ReplicaSet "{new.metadata.name}"' if new is not None else f'Deployment "{deployment.metadata.name}"'
    if is_complete(deployment, status):
        done = condition_now(PROGRESSING, "True", NEW_AVAILABLE, f"{subject} has successfully progressed.", now_us)
        return set_condition(status.conditions, done)
    if is_progressing(deployment.status, status):
        progress = condition_now(PROGRESSING, "True", "ReplicaSetUpdated", f"{subject} is progressing.", now_us)
        if current is not None and current.status == "True":
            progress = replace(progress, last_transition_time=current.last_transition_time)
        # Taken out first: every bit of progress renews lastUpdateTime, though status and reason may be the same.
        return set_condition(without_condition(status.conditions, PROGRESSING), progress)
    if has_timed_out(deployment, now_us):
        late = condition_now(PROGRESSING, "False", TIMED_OUT, f"{subject} has timed out progressing.", now_us)
        return set_condition(status.conditions, late)
    return status.conditions


def _first_failure(new: ReplicaSet | None, old: list[ReplicaSet]) -> Condition | None:
    """Return the new ReplicaSet's failure, else that of the first other that has one."""
    for one in [*([new] if new is not None else []), *old]:
        failure = find_condition(one.status.conditions, REPLICA_FAILURE)
        if failure is not None:
            return replace(failure, last_update_time=failure.last_transition_time)
    return None
