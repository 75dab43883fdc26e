"""Checks of Deployments, ReplicaSets, ReplicationControllers, StatefulSets, DaemonSets and Jobs.

Source: pkg/apis/{apps,batch,core}/validation/validation.go, v1.35.
"""

from __future__ import annotations

from binpack.model.field_errors import forbidden, invalid, required
from binpack.model.meta import LabelSelector
from binpack.model.pod import PodTemplateSpec
from binpack.model.selectors import SelectorError, compile_label_selector
from binpack.model.validation.fields import Problems, amount_or_percent, label_selector, labels, not_negative, object_meta, one_of
from binpack.model.validation.pod import pod_template
from binpack.model.workloads import (
    DaemonSet,
    Deployment,
    DeploymentStrategy,
    Job,
    ReplicaSet,
    ReplicationController,
    StatefulSet,
)

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
    yield from _selected_template(value.spec.selector, value.spec.template, "statefulset")


def daemon_set(value: DaemonSet) -> Problems:
    """Check a DaemonSet."""
    yield from object_meta(value.metadata, value.kind)
    yield from _selected_template(value.spec.selector, value.spec.template, "daemonset")


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


def _is_nothing(value: int | str | None) -> bool:
    return value == 0 or (isinstance(value, str) and value.removesuffix("%").strip("0") == "" and value != "")
