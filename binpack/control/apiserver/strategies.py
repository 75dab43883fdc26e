"""What the API server sets on an object itself, kind by kind, when it is created.

Source: the strategies below pkg/registry, v1.35 (pod/strategy.go, batch/job/strategy.go, apps/deployment/strategy.go, …).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from binpack.control.apiserver.namespace_lifecycle import prepared
from binpack.control.apiserver.qos import qos_class
from binpack.control.apiserver.resources import ApiObject
from binpack.model.base import replace
from binpack.model.meta import LabelSelector
from binpack.model.node import Node, Taint
from binpack.model.pod import Pod, PodStatus
from binpack.model.policy import Namespace, PodDisruptionBudget, PodDisruptionBudgetStatus, ResourceQuota, ResourceQuotaStatus
from binpack.model.storage import PersistentVolumeClaim, PersistentVolumeClaimStatus
from binpack.model.workloads import (
    CronJob,
    CronJobStatus,
    DaemonSet,
    DaemonSetStatus,
    Deployment,
    DeploymentStatus,
    Job,
    JobStatus,
    ReplicaSet,
    ReplicaSetStatus,
    StatefulSet,
    StatefulSetStatus,
)

T = TypeVar("T", bound=ApiObject)

NOT_READY_TAINT = "node.kubernetes.io/not-ready"
CONTROLLER_UID_LABELS = ("batch.kubernetes.io/controller-uid", "controller-uid")
JOB_NAME_LABELS = ("batch.kubernetes.io/job-name", "job-name")


def prepare_for_create(new: T) -> T:
    """Reset what only the system may set, and fill in what the API server computes. The object has its uid and name already."""
    prepare = _PREPARE.get(type(new))
    return new if prepare is None else cast(T, prepare(new))


def _prepare_pod(pod: Pod) -> Pod:
    return replace(pod, status=PodStatus(phase="Pending", qos_class=qos_class(pod.spec)))


def _prepare_node(node: Node) -> Node:
    """Taint a new node (admission plugin TaintNodesByCondition), so that nothing lands on it before it is Ready."""
    if any(taint.key == NOT_READY_TAINT and taint.effect == "NoSchedule" for taint in node.spec.taints):
        return node
    taints = (*node.spec.taints, Taint(key=NOT_READY_TAINT, effect="NoSchedule"))
    return replace(node, spec=replace(node.spec, taints=taints))


def _prepare_job(job: Job) -> Job:
    """Clear the status, and give the Job its selector and labels unless the user manages them."""
    job = replace(job, status=JobStatus())
    if job.spec.manual_selector:
        return job
    meta = job.spec.template.metadata
    labels = dict(meta.labels)
    for key in JOB_NAME_LABELS:
        labels.setdefault(key, job.metadata.name)
    for key in CONTROLLER_UID_LABELS:
        labels[key] = job.metadata.uid
    template = replace(job.spec.template, metadata=replace(meta, labels=labels))
    selector = LabelSelector(match_labels={CONTROLLER_UID_LABELS[0]: job.metadata.uid})
    return replace(job, spec=replace(job.spec, selector=selector, template=template))


_PREPARE: dict[type, Callable[[Any], Any]] = {
    Namespace: prepared,
    ResourceQuota: lambda new: replace(new, status=ResourceQuotaStatus()),
    PersistentVolumeClaim: lambda new: replace(new, status=PersistentVolumeClaimStatus(phase="Pending")),
    Pod: _prepare_pod,
    Node: _prepare_node,
    Job: _prepare_job,
    Deployment: lambda new: replace(new, status=DeploymentStatus()),
    ReplicaSet: lambda new: replace(new, status=ReplicaSetStatus()),
    StatefulSet: lambda new: replace(new, status=StatefulSetStatus()),
    DaemonSet: lambda new: replace(new, status=DaemonSetStatus()),
    CronJob: lambda new: replace(new, status=CronJobStatus()),
    PodDisruptionBudget: lambda new: replace(new, status=PodDisruptionBudgetStatus()),
}
