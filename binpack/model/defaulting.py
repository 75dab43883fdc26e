"""What the API server fills into every object, whoever made it. Idempotent, and free where there is nothing to fill in.

Not here: what *admission* adds to a new pod (priority, default tolerations, overhead); see `admission.py`.
Source: pkg/apis/{core,apps,batch,storage,scheduling}/v1/defaults.go, v1.35; the merging of label keys: registry/core/pod/strategy.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from binpack.model.base import replace
from binpack.model.kinds import CLUSTER_SCOPED, KubernetesObject
from binpack.model.limit_ranges import default_item
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.pod_defaults import default_claim_spec, default_pod_parts, rounded
from binpack.model.policy import LimitRange, LimitRangeSpec, Namespace, PriorityClass, RuntimeClass, Service
from binpack.model.storage import CSIDriver, PersistentVolume, PersistentVolumeClaim, StorageClass
from binpack.model.workload_defaults import (
    default_cron_job,
    default_daemon_set,
    default_deployment,
    default_job,
    default_replica_set,
    default_replication_controller,
    default_stateful_set,
)
from binpack.model.workloads import CronJob, DaemonSet, Deployment, Job, ReplicaSet, ReplicationController, StatefulSet

T = TypeVar("T", bound=KubernetesObject)

DEFAULT_NAMESPACE = "default"
NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name"


def default_object(value: T) -> T:
    """Fill in an object's defaults; an object that has them all is returned as it is.

    Returns
    -------
    KubernetesObject
        Of the same kind.
    """
    if value.kind not in CLUSTER_SCOPED and not value.metadata.namespace:
        value = replace(value, metadata=replace(value.metadata, namespace=DEFAULT_NAMESPACE))
    rule = _RULES.get(type(value))
    return value if rule is None else rule(value)


def default_pod(pod: Pod) -> Pod:
    """Fill in a pod's defaults: namespace, scheduler name, requests from limits, ports, and label keys merged into its affinity."""
    return default_object(pod)


def _default_node(node: Node) -> Node:
    status = node.status
    capacity = rounded(status.capacity)
    allocatable = (capacity or None) if status.allocatable is None else rounded(status.allocatable)
    if capacity is status.capacity and allocatable is status.allocatable:
        return node
    return replace(node, status=replace(status, capacity=capacity, allocatable=allocatable))


def _default_namespace(namespace: Namespace) -> Namespace:
    meta, status = namespace.metadata, namespace.status
    if meta.labels.get(NAMESPACE_NAME_LABEL) == meta.name and status.phase:
        return namespace
    meta = replace(meta, labels={**meta.labels, NAMESPACE_NAME_LABEL: meta.name})
    return replace(namespace, metadata=meta, status=replace(status, phase=status.phase or "Active"))


def _default_limit_range(limit_range: LimitRange) -> LimitRange:
    items = tuple(default_item(item) for item in limit_range.spec.limits)
    return limit_range if items == limit_range.spec.limits else replace(limit_range, spec=LimitRangeSpec(items))


def _default_service(service: Service) -> Service:
    return service if service.spec.type else replace(service, spec=replace(service.spec, type="ClusterIP"))


def _default_priority_class(priority_class: PriorityClass) -> PriorityClass:
    if priority_class.preemption_policy is not None:
        return priority_class
    return replace(priority_class, preemption_policy="PreemptLowerPriority")


def _default_runtime_class(runtime_class: RuntimeClass) -> RuntimeClass:
    overhead = runtime_class.overhead
    if overhead is None or (pod_fixed := rounded(overhead.pod_fixed)) is overhead.pod_fixed:
        return runtime_class
    return replace(runtime_class, overhead=replace(overhead, pod_fixed=pod_fixed))


def _default_volume(volume: PersistentVolume) -> PersistentVolume:
    spec, status = volume.spec, volume.status
    capacity = rounded(spec.capacity)
    if capacity is not spec.capacity or spec.volume_mode is None or not spec.persistent_volume_reclaim_policy:
        spec = replace(
            spec,
            capacity=capacity,
            volume_mode=spec.volume_mode or "Filesystem",
            persistent_volume_reclaim_policy=spec.persistent_volume_reclaim_policy or "Retain",
        )
    if not status.phase:
        status = replace(status, phase="Pending")
    return volume if spec is volume.spec and status is volume.status else replace(volume, spec=spec, status=status)


def _default_claim(claim: PersistentVolumeClaim) -> PersistentVolumeClaim:
    spec, status = default_claim_spec(claim.spec), claim.status
    if not status.phase:
        status = replace(status, phase="Pending")
    return claim if spec is claim.spec and status is claim.status else replace(claim, spec=spec, status=status)


def _default_storage_class(storage_class: StorageClass) -> StorageClass:
    if storage_class.volume_binding_mode is not None and storage_class.reclaim_policy is not None:
        return storage_class
    return replace(
        storage_class,
        volume_binding_mode=storage_class.volume_binding_mode or "Immediate",
        reclaim_policy=storage_class.reclaim_policy or "Delete",
    )


def _default_csi_driver(driver: CSIDriver) -> CSIDriver:
    spec = driver.spec
    if spec.attach_required is not None and spec.storage_capacity is not None:
        return driver
    attach_required = True if spec.attach_required is None else spec.attach_required
    return replace(driver, spec=replace(spec, attach_required=attach_required, storage_capacity=bool(spec.storage_capacity)))


_RULES: dict[type, Callable[[Any], Any]] = {
    Node: _default_node,
    Pod: default_pod_parts,
    Namespace: _default_namespace,
    LimitRange: _default_limit_range,
    Service: _default_service,
    PriorityClass: _default_priority_class,
    RuntimeClass: _default_runtime_class,
    PersistentVolume: _default_volume,
    PersistentVolumeClaim: _default_claim,
    StorageClass: _default_storage_class,
    CSIDriver: _default_csi_driver,
    Deployment: default_deployment,
    ReplicaSet: default_replica_set,
    ReplicationController: default_replication_controller,
    StatefulSet: default_stateful_set,
    DaemonSet: default_daemon_set,
    Job: default_job,
    CronJob: default_cron_job,
}
