"""Jobs with policies and limits per index.

Documented behaviour: https://kubernetes.io/docs/concepts/workloads/controllers/job/ (pod failure policy, success policy, backoff limit per
index, pod replacement policy); pkg/controller/job/job_controller_test.go, v1.35.
"""

from __future__ import annotations

import pytest

from binpack.control.controllers.job import JobController
from binpack.control.controllers.job.counting import TRACKING_FINALIZER
from binpack.control.controllers.job.indexes import INDEX_ANNOTATION
from binpack.control.controllers.job.per_index import FAILURES, IGNORED_FAILURES
from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.pod import ContainerState, ContainerStateTerminated, ContainerStatus, Pod
from binpack.model.workloads import (
    Job,
    PodFailurePolicy,
    PodFailurePolicyOnExitCodes,
    PodFailurePolicyOnPodCondition,
    PodFailurePolicyRule,
    SuccessPolicy,
    SuccessPolicyRule,
)
from binpack.testing import job, pod


def start(bench, *, completions: int | None = 1, parallelism=1, **spec):
    made = job("build", pod(), parallelism=parallelism)
    bench.store.create(replace(made, spec=replace(made.spec, completions=completions, **spec)))
    return bench.start(JobController)


def get(bench) -> Job:
    return bench.store.get(Job, "build", "default")


def active(bench) -> list[Pod]:
    return [one for one in bench.pods() if not one.is_terminal and not one.is_terminating]


def conditions(bench) -> dict[str, str]:
    return {one.type: one.reason for one in get(bench).status.conditions if one.status == "True"}


def indexes(bench) -> list[int]:
    return sorted(int(one.metadata.annotations[INDEX_ANNOTATION]) for one in active(bench))


def bind(bench, one: Pod) -> Pod:
    return one if one.spec.node_name else bench.store.bind(one, "n1")


def fail(bench, one: Pod, code: int = 1, *, condition: str = "") -> None:
    """Let a pod's container exit, or something happen to the pod, and give the controller its batch delay."""
    one = bind(bench, one)
    state = ContainerState(terminated=ContainerStateTerminated(exit_code=code, finished_at=bench.store.clock.timestamp))
    marks = (*one.status.conditions, Condition(condition, "True")) if condition else one.status.conditions
    statuses = (ContainerStatus(name=one.spec.containers[0].name, state=state),)
    bench.store.update_status(replace(one, status=replace(one.status, phase="Failed", container_statuses=statuses, conditions=marks)))
    bench.settle().wait(1)


def succeed(bench, *wanted: int) -> None:
    for one in active(bench):
        if not wanted or int(one.metadata.annotations[INDEX_ANNOTATION]) in wanted:
            bench.edit_pod(bind(bench, one), phase="Succeeded")
    bench.settle().wait(1)


def vanish(bench) -> None:
    """Do what a kubelet does with pods that are being deleted."""
    for one in bench.pods():
        if one.is_terminating and not one.is_terminal:
            bench.edit_pod(one, phase="Failed")
    bench.settle().wait(1)


def exit_codes(action: str, operator: str, *values: int, container: str | None = None) -> PodFailurePolicyRule:
    return PodFailurePolicyRule(action, PodFailurePolicyOnExitCodes(container, operator, values))


def policy(*rules: PodFailurePolicyRule) -> PodFailurePolicy:
    return PodFailurePolicy(rules)


DISRUPTED = PodFailurePolicyRule("Ignore", on_pod_conditions=(PodFailurePolicyOnPodCondition("DisruptionTarget", "True"),))


def test_a_rule_fails_the_job_at_once(bench):
    start(bench, completions=3, parallelism=3, pod_failure_policy=policy(exit_codes("FailJob", "In", 42)))
    first = active(bench)[0]
    for one in active(bench)[1:]:
        bench.edit_pod(one, node="n1", phase="Running", ready=True)
    fail(bench, first, 42)
    assert conditions(bench) == {"FailureTarget": "PodFailurePolicy"}
    target = get(bench).status.conditions[0]
    assert target.message == f"Container main for pod {first.key} failed with exit code 42 matching FailJob rule at index 0"
    assert (get(bench).status.terminating, get(bench).status.ready, get(bench).status.active) == (2, 0, 0)
    vanish(bench)
    assert conditions(bench) == {"FailureTarget": "PodFailurePolicy", "Failed": "PodFailurePolicy"}
    assert (get(bench).status.failed, get(bench).status.terminating) == (3, 0)
    assert f"PodFailurePolicy: {target.message}" in bench.told()


def test_what_the_policy_ignores_is_replaced_and_not_counted(bench):
    start(bench, backoff_limit=0, pod_failure_policy=policy(DISRUPTED, exit_codes("FailJob", "NotIn", 0)))
    fail(bench, active(bench)[0], condition="DisruptionTarget")
    bench.wait(10)
    assert (len(active(bench)), get(bench).status.failed, conditions(bench)) == (1, 0, {})
    assert all(TRACKING_FINALIZER not in one.metadata.finalizers for one in bench.pods() if one.is_terminal)


def test_a_failure_that_matches_no_rule_counts(bench):
    start(bench, backoff_limit=0, pod_failure_policy=policy(exit_codes("Ignore", "In", 42)))
    fail(bench, active(bench)[0], 1)
    assert conditions(bench) == {"FailureTarget": "BackoffLimitExceeded", "Failed": "BackoffLimitExceeded"}


@pytest.mark.parametrize(("replacement", "at_once"), [("TerminatingOrFailed", 1), ("Failed", 0)])
def test_what_is_being_deleted_is_replaced_at_once_or_when_it_has_ended(bench, replacement, at_once):
    start(bench, pod_replacement_policy=replacement, backoff_limit=3)
    one = bench.edit_pod(active(bench)[0], node="n1", phase="Running")
    bench.store.delete(Pod, one.metadata.name, "default")
    bench.settle().wait(11)
    assert (len(active(bench)), get(bench).status.terminating) == (at_once, 1)
    vanish(bench)
    bench.wait(11)
    assert (len(active(bench)), get(bench).status.terminating, get(bench).status.failed) == (1, 0, 1)


def test_a_policy_alone_makes_replacements_wait_for_the_end(bench):
    start(bench, pod_failure_policy=policy(DISRUPTED))
    one = bench.edit_pod(active(bench)[0], node="n1", phase="Running")
    bench.store.delete(Pod, one.metadata.name, "default")
    bench.settle().wait(30)
    assert active(bench) == []


def test_each_index_has_its_own_limit_and_back_off(bench):
    start(bench, completions=2, parallelism=2, completion_mode="Indexed", backoff_limit_per_index=1)
    first = next(one for one in active(bench) if one.metadata.annotations[INDEX_ANNOTATION] == "0")
    assert first.metadata.annotations[FAILURES] == "0"
    fail(bench, first)
    # The failed pod keeps its finalizer until its replacement exists, which is 10 s after its end.
    assert TRACKING_FINALIZER in bench.store.get(Pod, first.metadata.name, "default").metadata.finalizers
    assert (indexes(bench), get(bench).status.failed, get(bench).status.failed_indexes) == ([1], 0, "")
    bench.wait(8)
    assert indexes(bench) == [1]
    bench.wait(2)
    assert indexes(bench) == [0, 1]
    second = next(one for one in active(bench) if one.metadata.annotations[INDEX_ANNOTATION] == "0")
    assert second.metadata.annotations[FAILURES] == "1"
    bench.wait(1)
    assert TRACKING_FINALIZER not in bench.store.get(Pod, first.metadata.name, "default").metadata.finalizers
    fail(bench, second)
    assert (get(bench).status.failed, get(bench).status.failed_indexes, conditions(bench)) == (2, "0", {})
    succeed(bench, 1)
    assert conditions(bench) == {"FailureTarget": "FailedIndexes", "Failed": "FailedIndexes"}
    assert (get(bench).status.completed_indexes, get(bench).status.failed_indexes) == ("1", "0")


def test_ignored_failures_of_an_index_lengthen_its_wait_only(bench):
    spec = {"completion_mode": "Indexed", "backoff_limit_per_index": 0, "pod_failure_policy": policy(DISRUPTED)}
    start(bench, **spec)
    fail(bench, active(bench)[0], condition="DisruptionTarget")
    bench.wait(10)
    (second,) = active(bench)
    assert (second.metadata.annotations[FAILURES], second.metadata.annotations[IGNORED_FAILURES]) == ("0", "1")
    fail(bench, second, condition="DisruptionTarget")
    bench.wait(18)
    assert active(bench) == []
    bench.wait(2)
    assert (indexes(bench), get(bench).status.failed_indexes) == ([0], "")


def test_a_rule_may_fail_an_index(bench):
    spec = {"completion_mode": "Indexed", "backoff_limit_per_index": 5, "pod_failure_policy": policy(exit_codes("FailIndex", "In", 3))}
    start(bench, completions=3, parallelism=3, **spec)
    one = next(one for one in active(bench) if one.metadata.annotations[INDEX_ANNOTATION] == "1")
    fail(bench, one, 3)
    assert (get(bench).status.failed_indexes, indexes(bench), get(bench).status.failed) == ("1", [0, 2], 1)


def test_too_many_failed_indexes(bench):
    spec = {"completion_mode": "Indexed", "backoff_limit_per_index": 0, "max_failed_indexes": 1}
    start(bench, completions=5, parallelism=3, **spec)
    fail(bench, active(bench)[0])
    assert (conditions(bench), get(bench).status.failed_indexes) == ({}, "0")
    fail(bench, active(bench)[0])
    assert conditions(bench)["FailureTarget"] == "MaxFailedIndexesExceeded"


@pytest.mark.parametrize(
    ("rule", "enough"),
    [(SuccessPolicyRule("0,2"), (0, 2)), (SuccessPolicyRule("0-2", 1), (2,)), (SuccessPolicyRule(None, 2), (1, 3))],
)
def test_enough_successes_end_the_job_and_the_other_pods_do_not_count_as_failed(bench, rule, enough):
    start(bench, completions=4, parallelism=4, completion_mode="Indexed", success_policy=SuccessPolicy((rule,)))
    for one in active(bench):
        bench.edit_pod(one, node="n1", phase="Running")
    succeed(bench, *enough)
    assert conditions(bench) == {"SuccessCriteriaMet": "SuccessPolicy"}
    assert get(bench).status.conditions[0].message == "Matched rules at index 0"
    vanish(bench)
    assert conditions(bench) == {"SuccessCriteriaMet": "SuccessPolicy", "Complete": "SuccessPolicy"}
    assert get(bench).status.succeeded == len(enough)


def test_a_job_that_something_else_manages_is_left_alone(bench):
    start(bench, managed_by="kueue.x-k8s.io/multikueue")
    assert (bench.pods(), get(bench).status.start_time) == ([], None)
