"""When a Job is over, and how: completed, failed too often, too late.

Source: pkg/controller/job/job_controller.go (syncJob, pastBackoffLimitOnFailure, pastActiveDeadline), v1.35.
"""

from __future__ import annotations

from binpack.control.clock import time_of, timestamp_of
from binpack.control.conditions import find_condition, is_true
from binpack.control.controllers.job.counting import Counts, failure_of, is_failed, is_indexed, is_suspended
from binpack.control.controllers.job.indexes import count_of
from binpack.control.controllers.job.policies import match_success
from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.pod import Pod
from binpack.model.workloads import Job
from binpack.units import US_PER_S

COMPLETE, FAILED = "Complete", "Failed"
FAILURE_TARGET, SUCCESS_CRITERIA_MET = "FailureTarget", "SuccessCriteriaMet"
DEFAULT_BACKOFF_LIMIT = 6


def is_finished(job: Job) -> bool:
    """Tell whether a Job has its last condition."""
    conditions = job.status.conditions
    return bool(conditions) and (is_true(conditions, COMPLETE) or is_true(conditions, FAILED))


def verdict(job: Job, counts: Counts, pods: tuple[Pod, ...], now_us: int) -> Condition | None:
    """Return the condition that ends a Job before all its pods have succeeded, or the one that it already has; None to go on."""
    for kind in (SUCCESS_CRITERIA_MET, FAILURE_TARGET):
        decided = find_condition(job.status.conditions, kind)
        if decided is not None and decided.status == "True":
            return decided
    return (
        _failed_by_policy(job, pods, now_us)
        or _exhausted(job, counts, pods, now_us)
        or (_decided_by_indexes(job, counts, now_us) if is_indexed(job) else None)
    )


def _failed_by_policy(job: Job, pods: tuple[Pod, ...], now_us: int) -> Condition | None:
    if job.spec.pod_failure_policy is None:
        return None
    messages = (failure_of(job, pod).message for pod in pods if is_failed(job, pod))
    message = next((one for one in messages if one), "")
    return condition(FAILURE_TARGET, "PodFailurePolicy", message, now_us) if message else None


def _exhausted(job: Job, counts: Counts, pods: tuple[Pod, ...], now_us: int) -> Condition | None:
    """Judge failures and time, of which the whole Job has only so much."""
    limit = DEFAULT_BACKOFF_LIMIT if job.spec.backoff_limit is None else job.spec.backoff_limit
    if counts.failed > limit or _restarts_exceed(job, pods, limit):
        return condition(FAILURE_TARGET, "BackoffLimitExceeded", "Job has reached the specified backoff limit", now_us)
    remaining_us = time_to_deadline_us(job, now_us)
    if remaining_us is not None and remaining_us <= 0:
        return condition(FAILURE_TARGET, "DeadlineExceeded", "Job was active longer than specified deadline", now_us)
    return None


def _decided_by_indexes(job: Job, counts: Counts, now_us: int) -> Condition | None:
    """Judge which indexes have failed, and whether enough have succeeded."""
    completions = job.spec.completions or 0
    if counts.failed_indexes is not None:
        failed, most = count_of(counts.failed_indexes), job.spec.max_failed_indexes
        if most is not None and failed > most:
            message = "Job has exceeded the specified maximal number of failed indexes"
            return condition(FAILURE_TARGET, "MaxFailedIndexesExceeded", message, now_us)
        if failed > 0 and failed + counts.succeeded >= completions:
            return condition(FAILURE_TARGET, "FailedIndexes", "Job has failed indexes", now_us)
    if job.spec.success_policy is None:
        return None
    number = match_success(job.spec.success_policy.rules, counts.indexes, completions)
    return None if number is None else condition(SUCCESS_CRITERIA_MET, "SuccessPolicy", f"Matched rules at index {number}", now_us)


def completion(job: Job, counts: Counts, active: int, now_us: int) -> Condition | None:
    """Return the condition of a Job whose pods have succeeded as often as wanted and of which none is active; else None."""
    wanted = job.spec.completions
    enough = counts.succeeded > 0 if wanted is None else counts.succeeded >= wanted
    if not enough or active > 0:
        return None
    return condition(SUCCESS_CRITERIA_MET, "CompletionsReached", "Reached expected number of succeeded pods", now_us)


def terminal(decided: Condition, now_us: int) -> Condition:
    """Return the last condition that follows from the one that announced it."""
    kind = COMPLETE if decided.type == SUCCESS_CRITERIA_MET else FAILED
    now = timestamp_of(now_us)
    return replace(decided, type=kind, last_transition_time=now, last_probe_time=now)


def time_to_deadline_us(job: Job, now_us: int) -> int | None:
    """Return how long a Job may still be active, in microseconds; None without a deadline, before the start and while suspended."""
    seconds, start = job.spec.active_deadline_seconds, job.status.start_time
    if seconds is None or start is None or is_suspended(job):
        return None
    return time_of(start) + seconds * US_PER_S - now_us


def condition(kind: str, reason: str, message: str, now_us: int, *, status: str = "True") -> Condition:
    """Build a Job's condition."""
    now = timestamp_of(now_us)
    return Condition(kind, status, reason, message, last_transition_time=now, last_probe_time=now)


def _restarts_exceed(job: Job, pods: tuple[Pod, ...], limit: int) -> bool:
    """With restartPolicy OnFailure it is restarts in place that count; at a limit of 0 the first one is too many."""
    if job.spec.template.spec.restart_policy != "OnFailure":
        return False
    running = [pod for pod in pods if pod.status.phase in ("Running", "Pending")]
    statuses = [one for pod in running for one in (*pod.status.init_container_statuses, *pod.status.container_statuses)]
    restarts = sum(one.restart_count for one in statuses)
    return restarts > 0 if limit == 0 else restarts >= limit
