"""Cases of the Job controller and of its clean-up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from binpack.conformance.cases.builders import NOW_US, ago
from binpack.control.controllers.job.backoff import BackoffRecord, index_record, next_record, remaining_us
from binpack.control.controllers.job.indexes import first_pending, parse_indexes, with_indexes
from binpack.control.controllers.job.policies import match_failure, match_success
from binpack.control.controllers.ttl_after_finished import time_left_us
from binpack.model.meta import Condition, ObjectMeta
from binpack.model.pod import ContainerState, ContainerStateTerminated, ContainerStatus, Pod, PodStatus
from binpack.model.workloads import (
    Job,
    JobSpec,
    JobStatus,
    PodFailurePolicyOnExitCodes,
    PodFailurePolicyOnPodCondition,
    PodFailurePolicyRule,
    SuccessPolicyRule,
)
from binpack.units import US_PER_MS, US_PER_S


def _backoff_record(given: Mapping[str, Any]) -> dict[str, Any]:
    former = BackoffRecord(given.get("previousFailures") or 0)
    succeeded = [time * US_PER_MS for time in given.get("newSucceeded") or ()]
    record = next_record(former, succeeded, [time * US_PER_MS for time in given.get("newFailed") or ()])
    last_us = record.last_failure_us
    return {"failures": record.failures, "lastFailure": None if last_us is None else last_us / US_PER_MS}


def _since(given: Mapping[str, Any]) -> int | None:
    seconds = given.get("secondsSinceLastFailure")
    return None if seconds is None else NOW_US - int(seconds * US_PER_S)


def _remaining(record: BackoffRecord, given: Mapping[str, Any]) -> dict[str, Any]:
    initial_us, max_us = given["initialSeconds"] * US_PER_S, given["maxSeconds"] * US_PER_S
    return {"seconds": remaining_us(record, NOW_US, initial_us=initial_us, max_us=max_us) / US_PER_S}


def _remaining_backoff(given: Mapping[str, Any]) -> dict[str, Any]:
    return _remaining(BackoffRecord(given.get("failures") or 0, _since(given)), given)


def _remaining_backoff_index(given: Mapping[str, Any]) -> dict[str, Any]:
    counted, ignored = given.get("failureCountAnnotation") or 0, given.get("ignoredCountAnnotation") or 0
    return _remaining(index_record(counted, ignored, _since(given)), given)


def _succeeded_indexes(given: Mapping[str, Any]) -> dict[str, Any]:
    completions = given["completions"]
    new = (index for index in given.get("succeededPods") or () if index is not None)
    return {"intervals": with_indexes(parse_indexes(given.get("completedIndexes") or "", completions), new, completions)}


def _first_pending_indexes(given: Mapping[str, Any]) -> dict[str, Any]:
    active = (index for index in given.get("active") or () if index is not None)
    done = [tuple((first, last) for first, last in given.get(key) or ()) for key in ("succeeded", "failed")]
    return {"indexes": first_pending(given["count"], given["completions"], active, *done)}


def _success_policy(given: Mapping[str, Any]) -> dict[str, Any]:
    rules = [SuccessPolicyRule(one.get("succeededIndexes"), one.get("succeededCount")) for one in given.get("rules") or ()]
    succeeded = tuple((first, last) for first, last in given.get("succeeded") or ())
    number = match_success(rules, succeeded, given["completions"])
    return {"met": number is not None, "message": "" if number is None else f"Matched rules at index {number}"}


def _failure_rule(given: Mapping[str, Any]) -> PodFailurePolicyRule:
    codes = given.get("onExitCodes")
    wanted = None
    if codes is not None:
        wanted = PodFailurePolicyOnExitCodes(codes.get("containerName"), codes.get("operator") or "", tuple(codes.get("values") or ()))
    conditions = (PodFailurePolicyOnPodCondition(one["type"], one.get("status") or "") for one in given.get("onPodConditions") or ())
    return PodFailurePolicyRule(given["action"], wanted, tuple(conditions))


def _ended(given: list[Mapping[str, Any]] | None) -> tuple[ContainerStatus, ...]:
    return tuple(
        ContainerStatus(
            name=one["name"],
            state=ContainerState()
            if one.get("exitCode") is None
            else ContainerState(terminated=ContainerStateTerminated(exit_code=one["exitCode"])),
        )
        for one in given or ()
    )


def _pod_failure_policy(given: Mapping[str, Any]) -> dict[str, Any]:
    pod = given["pod"]
    built = Pod(
        metadata=ObjectMeta(name=pod.get("name", ""), namespace=pod.get("namespace", "")),
        status=PodStatus(
            phase=pod.get("phase") or "",
            container_statuses=_ended(pod.get("containers")),
            init_container_statuses=_ended(pod.get("initContainers")),
            conditions=tuple(Condition(one["type"], one["status"]) for one in pod.get("conditions") or ()),
        ),
    )
    rules = [_failure_rule(one) for one in given.get("rules") or ()]
    found = match_failure(rules, built, per_index=bool(given.get("perIndex")))
    return {"message": found.message or None, "countFailed": found.counts, "action": found.action}


def _ttl_left(given: Mapping[str, Any]) -> dict[str, Any]:
    finished = Condition(given.get("condition") or "", "True", last_transition_time=ago(given.get("conditionSecondsAgo")))
    spec = JobSpec(ttl_seconds_after_finished=given.get("ttlSecondsAfterFinished"))
    left_us = time_left_us(Job(spec=spec, status=JobStatus(conditions=(finished,))), NOW_US)
    return {"cleanUp": left_us is not None} | ({} if left_us is None else {"secondsLeft": left_us / US_PER_S})


RULES = {
    "backoff_record": _backoff_record,
    "remaining_backoff": _remaining_backoff,
    "remaining_backoff_index": _remaining_backoff_index,
    "succeeded_indexes": _succeeded_indexes,
    "first_pending_indexes": _first_pending_indexes,
    "success_policy": _success_policy,
    "pod_failure_policy": _pod_failure_policy,
    "ttl_left": _ttl_left,
}
