"""Builders of the objects around pods: workloads of all kinds, Services, namespaces, priority classes, claims, budgets."""

from __future__ import annotations

from collections.abc import Mapping

from binpack.model.meta import LabelSelector, ObjectMeta
from binpack.model.policy import (
    Namespace,
    PodDisruptionBudget,
    PodDisruptionBudgetSpec,
    PodDisruptionBudgetStatus,
    PriorityClass,
    Service,
    ServiceSpec,
)
from binpack.model.storage import PersistentVolumeClaim
from binpack.model.volumes import PersistentVolumeClaimSpec, VolumeResourceRequirements
from binpack.model.workloads import (
    CronJob,
    CronJobSpec,
    DaemonSet,
    DaemonSetSpec,
    Deployment,
    DeploymentSpec,
    Job,
    JobSpec,
    JobTemplateSpec,
    ReplicaSet,
    ReplicaSetSpec,
    StatefulSet,
    StatefulSetSpec,
)
from binpack.testing.pods import PodBuilder
from binpack.testing.values import Amount, quantity


def deployment(name: str, template: PodBuilder, *, replicas: int = 1) -> Deployment:
    """A Deployment in the template's namespace that selects by the label `app`, which it adds to the template.

    Examples
    --------
    >>> from binpack.testing import pod
    >>> deployment("web", pod().request(cpu="1"), replicas=3).spec.selector.match_labels
    {'app': 'web'}
    """
    labelled, meta, selector = _owned(name, template)
    return Deployment(metadata=meta, spec=DeploymentSpec(replicas=replicas, selector=selector, template=labelled.template()))


def replica_set(name: str, template: PodBuilder, *, replicas: int = 1) -> ReplicaSet:
    """A ReplicaSet in the template's namespace that selects by the label `app`, which it adds to the template."""
    labelled, meta, selector = _owned(name, template)
    return ReplicaSet(metadata=meta, spec=ReplicaSetSpec(replicas=replicas, selector=selector, template=labelled.template()))


def stateful_set(name: str, template: PodBuilder, *, replicas: int = 1) -> StatefulSet:
    """A StatefulSet in the template's namespace that selects by the label `app`, which it adds to the template."""
    labelled, meta, selector = _owned(name, template)
    spec = StatefulSetSpec(replicas=replicas, selector=selector, template=labelled.template(), service_name=name)
    return StatefulSet(metadata=meta, spec=spec)


def daemon_set(name: str, template: PodBuilder) -> DaemonSet:
    """A DaemonSet in the template's namespace that selects by the label `app`, which it adds to the template."""
    labelled, meta, selector = _owned(name, template)
    return DaemonSet(metadata=meta, spec=DaemonSetSpec(selector=selector, template=labelled.template()))


def cron_job(name: str, schedule: str, template: PodBuilder, *, completions: int = 1, parallelism: int = 1) -> CronJob:
    """A CronJob in the template's namespace whose Jobs are like those of `job`."""
    made = job(name, template, completions=completions, parallelism=parallelism)
    job_template = JobTemplateSpec(metadata=ObjectMeta(labels=made.metadata.labels), spec=made.spec)
    return CronJob(metadata=made.metadata, spec=CronJobSpec(schedule=schedule, job_template=job_template))


def job(name: str, template: PodBuilder, *, completions: int = 1, parallelism: int = 1) -> Job:
    """A Job in the template's namespace, whose pods are not restarted in place."""
    labelled, meta, _ = _owned(name, template.restarts("Never"))
    return Job(metadata=meta, spec=JobSpec(completions=completions, parallelism=parallelism, template=labelled.template()))


def service(name: str, selects: Mapping[str, str] | None = None, *, namespace: str = "default") -> Service:
    """A Service that selects pods by labels; by `app: name` without any."""
    return Service(metadata=ObjectMeta(name=name, namespace=namespace), spec=ServiceSpec(selector=dict(selects or {"app": name})))


def namespace(name: str, **labels: str) -> Namespace:
    """A namespace with its name as label, as the API server sets it, and others."""
    return Namespace(metadata=ObjectMeta(name=name, labels={"kubernetes.io/metadata.name": name} | labels))


def priority_class(name: str, value: int, *, preemption_policy: str | None = None, is_default: bool = False) -> PriorityClass:
    """A PriorityClass."""
    return PriorityClass(metadata=ObjectMeta(name=name), value=value, global_default=is_default, preemption_policy=preemption_policy)


def claim(name: str, *, size: Amount = "1Gi", namespace: str = "default", storage_class: str | None = None) -> PersistentVolumeClaim:
    """A PersistentVolumeClaim that is not bound."""
    spec = PersistentVolumeClaimSpec(
        access_modes=("ReadWriteOnce",),
        resources=VolumeResourceRequirements(requests={"storage": quantity(size)}),
        storage_class_name=storage_class,
    )
    return PersistentVolumeClaim(metadata=ObjectMeta(name=name, namespace=namespace), spec=spec)


def budget(
    name: str, selects: Mapping[str, str], *, min_available: int | str | None = None, allowed: int = 0, namespace: str = "default"
) -> PodDisruptionBudget:
    """A PodDisruptionBudget over pods with these labels; `allowed` is what its status says may be disrupted now."""
    spec = PodDisruptionBudgetSpec(selector=LabelSelector(dict(selects)), min_available=min_available)
    status = PodDisruptionBudgetStatus(disruptions_allowed=allowed)
    return PodDisruptionBudget(metadata=ObjectMeta(name=name, namespace=namespace), spec=spec, status=status)


def _owned(name: str, template: PodBuilder) -> tuple[PodBuilder, ObjectMeta, LabelSelector]:
    """Label the template, and give the metadata and the selector of an object that owns pods of it."""
    labels = {"app": name}
    meta = ObjectMeta(name=name, namespace=template.build().metadata.namespace, labels=labels)
    return template.label(labels), meta, LabelSelector(dict(labels))
