"""A Job's policies: which of its pods' failures count or end it, and which successes are enough.

Source: pkg/controller/job/pod_failure_policy.go and success_policy.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from binpack.control.controllers.job.indexes import Intervals, count_of, intersection, parse_indexes
from binpack.model.pod import ContainerStatus, Pod
from binpack.model.workloads import PodFailurePolicyOnExitCodes, PodFailurePolicyRule, SuccessPolicyRule

FailureAction = Literal["Ignore", "Count", "FailIndex", "FailJob"]


class FailureMatch(NamedTuple):
    """What a pod's failure means.

    Parameters
    ----------
    action : str or None
        That of the first rule that matches; None if none does.
    counts : bool
        Whether the failure counts towards the back-off limit.
    message : str
        Why the Job fails; empty unless it does.
    """

    action: FailureAction | None = None
    counts: bool = True
    message: str = ""


def match_failure(rules: Iterable[PodFailurePolicyRule], pod: Pod, *, per_index: bool) -> FailureMatch:
    """Find the first rule that a failed pod meets.

    Parameters
    ----------
    rules : iterable of PodFailurePolicyRule
    pod : Pod
    per_index : bool
        The Job has limits per index, without which FailIndex means nothing. Unknown actions match nothing either.
    """
    for number, rule in enumerate(rules):
        found = _description(rule, pod)
        if not found:
            continue
        match rule.action:
            case "Ignore":
                return FailureMatch("Ignore", counts=False)
            case "Count":
                return FailureMatch("Count")
            case "FailIndex" if per_index:
                return FailureMatch("FailIndex")
            case "FailJob":
                return FailureMatch("FailJob", message=f"{found} matching FailJob rule at index {number}")
            case _:
                pass
    return FailureMatch()


def match_success(rules: Iterable[SuccessPolicyRule], succeeded: Intervals, completions: int) -> int | None:
    """Return the number of the first rule that the indexes which have succeeded meet; None if none is met."""
    for number, rule in enumerate(rules):
        if rule.succeeded_indexes is None:
            if rule.succeeded_count is not None and count_of(succeeded) >= rule.succeeded_count:
                return number
            continue
        wanted = parse_indexes(rule.succeeded_indexes, completions)
        met, total = count_of(intersection(wanted, succeeded)), count_of(wanted)
        needed = total if rule.succeeded_count is None else rule.succeeded_count
        if total > 0 and met >= needed:
            return number
    return None


def _description(rule: PodFailurePolicyRule, pod: Pod) -> str:
    """Return what of a pod a rule matches, in the words of the Job's message; empty if nothing."""
    if rule.on_exit_codes is not None:
        for status in (*pod.status.container_statuses, *pod.status.init_container_statuses):
            code = _exit_code(status)
            if code is not None and _matches(rule.on_exit_codes, status.name, code):
                return f"Container {status.name} for pod {pod.key} failed with exit code {code}"
        return ""
    for pattern in rule.on_pod_conditions:
        for condition in pod.status.conditions:
            if condition.type == pattern.type and condition.status == (pattern.status or "True"):
                return f"Pod {pod.key} has condition {condition.type}"
    return ""


def _exit_code(status: ContainerStatus) -> int | None:
    """Return the exit code of a container that has failed."""
    ended = status.state.terminated
    return ended.exit_code if ended is not None and ended.exit_code != 0 else None


def _matches(wanted: PodFailurePolicyOnExitCodes, name: str, code: int) -> bool:
    if wanted.container_name is not None and wanted.container_name != name:
        return False
    if wanted.operator == "In":
        return code in wanted.values
    return wanted.operator == "NotIn" and code not in wanted.values
