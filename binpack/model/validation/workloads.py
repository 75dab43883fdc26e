"""Checks of Deployments, ReplicaSets, ReplicationControllers, StatefulSets, DaemonSets and Jobs.

Source: pkg/apis/{apps,batch,core}/validation/validation.go, v1.35.
"""

from __future__ import annotations

from binpack.model.field_errors import forbidden, invalid, required, unsupported
from binpack.model.meta import LabelSelector
from binpack.model.pod import PodTemplateSpec
from binpack.model.selectors import SelectorError, compile_label_selector
from binpack.model.validation.fields import Problems, amount_or_percent, label_selector, labels, not_negative, object_meta, one_of
from binpack.model.validation.pod import pod_template
from binpack.model.workloads import (
    CronJob,
    DaemonSet,
    Deployment,
    DeploymentStrategy,
    Job,
    JobSpec,
    ReplicaSet,
    ReplicationController,
    RollingUpdate,
    StatefulSet,
)

MAX_CRON_JOB_NAME_LENGTH = 52

_MISMATCH = "`selector` does not match template `labels`"


def deployment(value: Deployment) -> Problems:
    """Check a Deployment."""
    spec = value.spec
    yield from object_meta(value.metadata, value.kind)
    yield from not_negative(spec.replicas, "spec.replicas")
    yield from _selected_template(spec.selector, spec.template, "deployment")
    yield from _strategy(spec.strategy, "spec.strategy")
    yield from not_negative(spec.min_ready_seconds, "spec.minReadySeconds")
    yield from not_negative(spec.revision_history_limit, "spec.revisionHistoryLimit")
    deadline = spec.progress_deadline_seconds
    yield from not_negative(deadline, "spec.progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.min_ready_seconds:
        yield invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def replica_set(value: ReplicaSet) -> Problems:
    """Check a ReplicaSet."""
    yield from object_meta(value.metadata, value.kind)
    yield from not_negative(value.spec.replicas, "spec.replicas")
    yield from not_negative(value.spec.min_ready_seconds, "spec.minReadySeconds")
    yield from _selected_template(value.spec.selector, value.spec.template, "replicaset")


def replication_controller(value: ReplicationController) -> Problems:
    """Check a ReplicationController."""
    selector = value.spec.selector or {}
    yield from object_meta(value.metadata, value.kind)
    yield from not_negative(value.spec.replicas, "spec.replicas")
    yield from labels(selector, "spec.selector")
    if not selector:
        yield required("spec.selector")
    if value.spec.template is None:
        yield required("spec.template")
        return
    yield from pod_template(value.spec.template, "spec.template")
    if not selector.items() <= value.spec.template.metadata.labels.items():
        yield invalid("spec.template.metadata.labels", value.spec.template.metadata.labels, _MISMATCH)
    yield from one_of(value.spec.template.spec.restart_policy, "spec.template.spec.restartPolicy", ("Always",))


def stateful_set(value: StatefulSet) -> Problems:
    """Check a StatefulSet."""
    yield from object_meta(value.metadata, value.kind)
    yield from not_negative(value.spec.replicas, "spec.replicas")
    yield from one_of(value.spec.pod_management_policy, "spec.podManagementPolicy", ("OrderedReady", "Parallel"))
    yield from one_of(value.spec.update_strategy.type or None, "spec.updateStrategy.type", ("OnDelete", "RollingUpdate"))
    rolling = value.spec.update_strategy.rolling_update
    if rolling is not None:
        yield from not_negative(rolling.partition, "spec.updateStrategy.rollingUpdate.partition")
    yield from not_negative(value.spec.min_ready_seconds, "spec.minReadySeconds")
    yield from not_negative(value.spec.revision_history_limit, "spec.revisionHistoryLimit")
    yield from _selected_template(value.spec.selector, value.spec.template, "statefulset")


def daemon_set(value: DaemonSet) -> Problems:
    """Check a DaemonSet."""
    yield from object_meta(value.metadata, value.kind)
    yield from _selected_template(value.spec.selector, value.spec.template, "daemonset")
    yield from not_negative(value.spec.min_ready_seconds, "spec.minReadySeconds")
    yield from not_negative(value.spec.revision_history_limit, "spec.revisionHistoryLimit")
    yield from one_of(value.spec.update_strategy.type or None, "spec.updateStrategy.type", ("OnDelete", "RollingUpdate"))
    rolling = value.spec.update_strategy.rolling_update
    if rolling is not None and value.spec.update_strategy.type == "RollingUpdate":
        yield from _daemon_rolling(rolling, "spec.updateStrategy.rollingUpdate")


def cron_job(value: CronJob) -> Problems:
    """Check a CronJob. Its Jobs are checked when they are created, their pod template here, too."""
    spec = value.spec
    yield from object_meta(value.metadata, value.kind)
    if len(value.metadata.name) > MAX_CRON_JOB_NAME_LENGTH:
        yield invalid("metadata.name", value.metadata.name, f"must be no more than {MAX_CRON_JOB_NAME_LENGTH} characters")
    if not spec.schedule:
        yield required("spec.schedule")
    yield from not_negative(spec.starting_deadline_seconds, "spec.startingDeadlineSeconds")
    yield from one_of(spec.concurrency_policy or None, "spec.concurrencyPolicy", ("Allow", "Forbid", "Replace"))
    yield from not_negative(spec.successful_jobs_history_limit, "spec.successfulJobsHistoryLimit")
    yield from not_negative(spec.failed_jobs_history_limit, "spec.failedJobsHistoryLimit")
    yield from pod_template(spec.job_template.spec.template, "spec.jobTemplate.spec.template")
    if spec.job_template.spec.template.spec.restart_policy not in ("OnFailure", "Never"):
        yield required("spec.jobTemplate.spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')


def job(value: Job) -> Problems:
    """Check a Job. Its selector and the labels that it matches are made by the API server, so they may be absent."""
    spec = value.spec
    yield from object_meta(value.metadata, value.kind)
    for number, field in (
        (spec.parallelism, "parallelism"),
        (spec.completions, "completions"),
        (spec.active_deadline_seconds, "activeDeadlineSeconds"),
        (spec.backoff_limit, "backoffLimit"),
        (spec.ttl_seconds_after_finished, "ttlSecondsAfterFinished"),
    ):
        yield from not_negative(number, f"spec.{field}")
    yield from one_of(spec.completion_mode, "spec.completionMode", ("Indexed", "NonIndexed"))
    if spec.completion_mode == "Indexed" and spec.completions is None:
        yield required("spec.completions", "when completion mode is Indexed")
    yield from one_of(spec.pod_replacement_policy, "spec.podReplacementPolicy", ("Failed", "TerminatingOrFailed"))
    yield from label_selector(spec.selector, "spec.selector")
    yield from pod_template(spec.template, "spec.template")
    if spec.template.spec.restart_policy not in ("OnFailure", "Never"):
        yield required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')
    yield from _job_policies(spec)


def _job_policies(spec: JobSpec) -> Problems:
    """Check what goes together: limits per index and success policies with indexes, policies about failed pods with `Never`."""
    if spec.completion_mode != "Indexed":
        for value, field in (
            (spec.backoff_limit_per_index, "backoffLimitPerIndex"),
            (spec.max_failed_indexes, "maxFailedIndexes"),
            (spec.success_policy, "successPolicy"),
        ):
            if value is not None:
                yield invalid(f"spec.{field}", value, "requires indexed completion mode")
    yield from not_negative(spec.backoff_limit_per_index, "spec.backoffLimitPerIndex")
    yield from not_negative(spec.max_failed_indexes, "spec.maxFailedIndexes")
    if spec.max_failed_indexes is not None and spec.backoff_limit_per_index is None:
        yield required("spec.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    policy = spec.template.spec.restart_policy
    if spec.pod_failure_policy is not None:
        if policy != "Never":
            yield invalid("spec.template.spec.restartPolicy", policy, 'only "Never" is supported when podFailurePolicy is specified')
        if spec.pod_replacement_policy == "TerminatingOrFailed":
            yield unsupported("spec.podReplacementPolicy", spec.pod_replacement_policy, ("Failed",))
    elif spec.backoff_limit_per_index is not None and policy != "Never":
        yield invalid("spec.template.spec.restartPolicy", policy, 'only "Never" is supported when backoffLimitPerIndex is specified')


def _selected_template(selector: LabelSelector | None, template: PodTemplateSpec, kind: str) -> Problems:
    if selector is None:
        yield required("spec.selector")
    else:
        yield from label_selector(selector, "spec.selector")
        if not selector.match_labels and not selector.match_expressions:
            yield invalid("spec.selector", selector, f"empty selector is invalid for {kind}")
        elif not _selects(selector, template):
            yield invalid("spec.template.metadata.labels", template.metadata.labels, _MISMATCH)
    yield from pod_template(template, "spec.template")
    yield from one_of(template.spec.restart_policy, "spec.template.spec.restartPolicy", ("Always",))
    if template.spec.active_deadline_seconds is not None:
        yield forbidden("spec.template.spec.activeDeadlineSeconds", f"activeDeadlineSeconds in {kind} is not Supported")


def _selects(selector: LabelSelector, template: PodTemplateSpec) -> bool:
    try:
        return compile_label_selector(selector).matches(template.metadata.labels)
    except SelectorError:
        return True  # reported where the selector is checked


def _strategy(strategy: DeploymentStrategy, path: str) -> Problems:
    yield from one_of(strategy.type, f"{path}.type", ("Recreate", "RollingUpdate"))
    rolling = strategy.rolling_update
    if rolling is None:
        return
    if strategy.type == "Recreate":
        yield forbidden(f"{path}.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")
        return
    surge, unavailable = rolling.max_surge, rolling.max_unavailable
    yield from amount_or_percent(unavailable, f"{path}.rollingUpdate.maxUnavailable")
    yield from amount_or_percent(surge, f"{path}.rollingUpdate.maxSurge")
    if _is_nothing(unavailable) and _is_nothing(surge):
        yield invalid(f"{path}.rollingUpdate.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0")
    if isinstance(unavailable, str) and unavailable.removesuffix("%").isdecimal() and int(unavailable.removesuffix("%")) > 100:
        yield invalid(f"{path}.rollingUpdate.maxUnavailable", unavailable, "must not be greater than 100%")


def _daemon_rolling(rolling: RollingUpdate, path: str) -> Problems:
    surge, unavailable = rolling.max_surge, rolling.max_unavailable
    yield from amount_or_percent(unavailable, f"{path}.maxUnavailable")
    yield from amount_or_percent(surge, f"{path}.maxSurge")
    if _is_nothing(unavailable) and _is_nothing(surge):
        yield required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")
    if not _is_nothing(unavailable) and not _is_nothing(surge):
        yield invalid(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero")


def _is_nothing(value: int | str | None) -> bool:
    return value == 0 or (isinstance(value, str) and value.removesuffix("%").strip("0") == "" and value != "")
