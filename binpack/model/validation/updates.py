"""What an update may not change.

Source: pkg/apis/{core,apps,batch,scheduling,node,storage}/validation/validation.go (Validate…Update), v1.35. Kubernetes ends some of
these messages with a difference in Go's notation, which is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from binpack.model.base import replace
from binpack.model.field_errors import forbidden, invalid
from binpack.model.pod import Container, Pod, PodSpec, PodTemplateSpec, Toleration
from binpack.model.policy import PriorityClass, ResourceQuota, RuntimeClass
from binpack.model.storage import PersistentVolume, PersistentVolumeClaim, StorageClass
from binpack.model.validation.fields import Problems
from binpack.model.workloads import DaemonSet, Deployment, Job, JobSpec, ReplicaSet, StatefulSet

IMMUTABLE = "field is immutable"

_POD_FIELDS = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds`"
    " (allow it to be set to 1 if it was previously negative)"
)
_STATEFUL_SET_FIELDS = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit',"
    " 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_CLAIM_FIELDS = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"


def update(new: Any, old: Any) -> Problems:
    """Check an update of an object of any kind, both with their defaults."""
    rule = _RULES.get(type(new))
    if rule is not None and type(old) is type(new):
        yield from rule(new, old)


def _immutable(new: Any, old: Any, path: str) -> Problems:
    if new != old:
        yield invalid(path, new, IMMUTABLE)


def _pod(new: Pod, old: Pod) -> Problems:
    if new.spec is old.spec:
        return
    for field in ("containers", "init_containers"):
        if len(getattr(new.spec, field)) != len(getattr(old.spec, field)):
            path = "spec.containers" if field == "containers" else "spec.initContainers"
            yield forbidden(path, "pod updates may not add or remove containers")
            return
    deadline, before = new.spec.active_deadline_seconds, old.spec.active_deadline_seconds
    if before is not None and deadline is None:
        yield invalid("spec.activeDeadlineSeconds", deadline, "must not update from a positive integer to nil value")
    elif before is not None and deadline is not None and deadline > before:
        yield invalid("spec.activeDeadlineSeconds", deadline, "must be less than or equal to previous value")
    yield from _tolerations(new.spec.tolerations, old.spec.tolerations)
    for gate in new.spec.scheduling_gates:
        if gate not in old.spec.scheduling_gates:
            yield forbidden("spec.schedulingGates", f"only deletion is allowed, but found new scheduling gate '{gate.name}'")
    if _as_it_may_become(new.spec, old.spec) != new.spec:
        yield forbidden("spec", _POD_FIELDS)


def _as_it_may_become(new: PodSpec, old: PodSpec) -> PodSpec:
    """Return the old spec with what may change taken from the new one."""
    gated = bool(old.scheduling_gates)
    grace = old.termination_grace_period_seconds
    may_end = grace is not None and grace < 0 and new.termination_grace_period_seconds == 1
    return replace(
        old,
        containers=_with_images(old.containers, new.containers),
        init_containers=_with_images(old.init_containers, new.init_containers),
        active_deadline_seconds=new.active_deadline_seconds,
        tolerations=new.tolerations,
        scheduling_gates=new.scheduling_gates,
        termination_grace_period_seconds=1 if may_end else grace,
        # A pod that no scheduler looks at yet may be directed more narrowly.
        node_selector=new.node_selector if gated and old.node_selector.items() <= new.node_selector.items() else old.node_selector,
        affinity=new.affinity if gated else old.affinity,
    )


def _with_images(old: tuple[Container, ...], new: tuple[Container, ...]) -> tuple[Container, ...]:
    return tuple(replace(before, image=after.image) for before, after in zip(old, new, strict=True))


def _tolerations(new: tuple[Toleration, ...], old: tuple[Toleration, ...]) -> Problems:
    kept = {_without_seconds(one) for one in new}
    if any(_without_seconds(one) not in kept for one in old):
        yield forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")


def _without_seconds(toleration: Toleration) -> Toleration:
    return replace(toleration, toleration_seconds=None)


def _selector(new: Any, old: Any) -> Problems:
    yield from _immutable(new.spec.selector, old.spec.selector, "spec.selector")


def _stateful_set(new: StatefulSet, old: StatefulSet) -> Problems:
    allowed = replace(
        old.spec,
        replicas=new.spec.replicas,
        ordinals=new.spec.ordinals,
        template=new.spec.template,
        update_strategy=new.spec.update_strategy,
        revision_history_limit=new.spec.revision_history_limit,
        persistent_volume_claim_retention_policy=new.spec.persistent_volume_claim_retention_policy,
        min_ready_seconds=new.spec.min_ready_seconds,
    )
    if allowed != new.spec:
        yield forbidden("spec", _STATEFUL_SET_FIELDS)


def _job(new: Job, old: Job) -> Problems:
    spec, before = new.spec, old.spec
    yield from _completions(spec, before)
    yield from _immutable(spec.selector, before.selector, "spec.selector")
    yield from _job_template(spec.template, old)
    for path, field in (
        ("completionMode", "completion_mode"),
        ("podFailurePolicy", "pod_failure_policy"),
        ("backoffLimitPerIndex", "backoff_limit_per_index"),
        ("managedBy", "managed_by"),
        ("successPolicy", "success_policy"),
    ):
        yield from _immutable(getattr(spec, field), getattr(before, field), f"spec.{path}")


def _completions(spec: JobSpec, before: JobSpec) -> Problems:
    if spec.completions == before.completions:
        return
    if before.completion_mode != "Indexed" or spec.completions is None or before.completions is None:
        yield invalid("spec.completions", spec.completions, IMMUTABLE)
    elif spec.completions != spec.parallelism:
        yield invalid("spec.completions", spec.completions, "can only be modified in tandem with spec.parallelism")


def _job_template(new: PodTemplateSpec, job: Job) -> Problems:
    """Where its pods may go may change only as long as a Job is suspended and has never started."""
    old = job.spec.template
    if job.spec.suspend and job.status.start_time is None:
        spec = replace(
            old.spec,
            affinity=new.spec.affinity,
            node_selector=new.spec.node_selector,
            tolerations=new.spec.tolerations,
            scheduling_gates=new.spec.scheduling_gates,
        )
        old = replace(old, metadata=replace(old.metadata, labels=new.metadata.labels, annotations=new.metadata.annotations), spec=spec)
    yield from _immutable(new, old, "spec.template")


def _priority_class(new: PriorityClass, old: PriorityClass) -> Problems:
    if new.value != old.value:
        yield forbidden("value", "may not be changed in an update.")
    yield from _immutable(new.preemption_policy, old.preemption_policy, "preemptionPolicy")


def _runtime_class(new: RuntimeClass, old: RuntimeClass) -> Problems:
    yield from _immutable(new.handler, old.handler, "handler")


def _quota(new: ResourceQuota, old: ResourceQuota) -> Problems:
    if set(new.spec.scopes) != set(old.spec.scopes):
        yield invalid("spec.scopes", new.spec.scopes, IMMUTABLE)


def _volume(new: PersistentVolume, old: PersistentVolume) -> Problems:
    if old.spec.node_affinity is not None:
        yield from _immutable(new.spec.node_affinity, old.spec.node_affinity, "spec.nodeAffinity")


def _claim(new: PersistentVolumeClaim, old: PersistentVolumeClaim) -> Problems:
    allowed = replace(old.spec, resources=replace(old.spec.resources, requests=new.spec.resources.requests))
    if not old.spec.volume_name:
        allowed = replace(allowed, volume_name=new.spec.volume_name)
    if allowed != new.spec:
        yield forbidden("spec", _CLAIM_FIELDS)
    asked, before = new.spec.resources.requests.get("storage"), old.spec.resources.requests.get("storage")
    if asked is not None and before is not None and asked < before:
        yield forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")


def _storage_class(new: StorageClass, old: StorageClass) -> Problems:
    if new.provisioner != old.provisioner:
        yield forbidden("provisioner", "updates to provisioner are forbidden.")
    if new.reclaim_policy != old.reclaim_policy:
        yield forbidden("reclaimPolicy", "updates to reclaimPolicy are forbidden.")
    yield from _immutable(new.volume_binding_mode, old.volume_binding_mode, "volumeBindingMode")


_RULES: dict[type, Callable[[Any, Any], Problems]] = {
    Pod: _pod,
    Deployment: _selector,
    ReplicaSet: _selector,
    DaemonSet: _selector,
    StatefulSet: _stateful_set,
    Job: _job,
    PriorityClass: _priority_class,
    RuntimeClass: _runtime_class,
    ResourceQuota: _quota,
    PersistentVolume: _volume,
    PersistentVolumeClaim: _claim,
    StorageClass: _storage_class,
}
