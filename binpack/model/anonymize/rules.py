"""What becomes of each field that holds text. Numbers, times and quantities stay; structs are entered; text without a rule is dropped.

A test holds that every text field of every struct has a rule, so that a new field cannot leak by being forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from binpack.model.anonymize import well_known
from binpack.model.anonymize.renamer import Renamer
from binpack.model.devices import GPU_CARD_MODEL
from binpack.model.meta import Condition, LabelSelector, ObjectMeta, ObjectReference, OwnerReference
from binpack.model.node import ContainerImage, CSINodeDriver, NodeAddress, NodeSpec, NodeStatus, Taint
from binpack.model.pod import (
    Container,
    ContainerPort,
    ContainerRestartRule,
    ContainerRestartRuleOnExitCodes,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    ExecAction,
    HTTPGetAction,
    PodAffinityTerm,
    PodReadinessGate,
    PodResourceClaim,
    PodSchedulingGate,
    PodSpec,
    PodStatus,
    ResourceClaimReference,
    TCPSocketAction,
    Toleration,
    TopologySpreadConstraint,
)
from binpack.model.policy import (
    LeaseSpec,
    LimitRangeItem,
    NamespaceSpec,
    NamespaceStatus,
    PodDisruptionBudgetSpec,
    PodDisruptionBudgetStatus,
    PriorityClass,
    ResourceQuotaSpec,
    RuntimeClass,
    RuntimeClassScheduling,
    ScopedResourceSelectorRequirement,
    ServicePort,
    ServiceSpec,
)
from binpack.model.storage import (
    CSIPersistentVolumeSource,
    CSIStorageCapacity,
    PersistentVolumeClaimStatus,
    PersistentVolumeSpec,
    PersistentVolumeStatus,
    StorageClass,
    VolumeAttachmentSource,
    VolumeAttachmentSpec,
)
from binpack.model.volumes import (
    AWSElasticBlockStoreVolumeSource,
    AzureDiskVolumeSource,
    CinderVolumeSource,
    CSIVolumeSource,
    GCEPersistentDiskVolumeSource,
    ISCSIVolumeSource,
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimVolumeSource,
    RBDVolumeSource,
    Volume,
)
from binpack.model.workloads import (
    ClaimRetentionPolicy,
    ClaimTemplate,
    CronJobSpec,
    DeploymentStrategy,
    JobSpec,
    JobStatus,
    PodFailurePolicyOnExitCodes,
    PodFailurePolicyOnPodCondition,
    PodFailurePolicyRule,
    ReplicationControllerSpec,
    RollingUpdate,
    StatefulSetSpec,
    StatefulSetStatus,
    SuccessPolicyRule,
    UncountedTerminatedPods,
    WorkloadUpdateStrategy,
)


@dataclass(frozen=True, slots=True)
class Scope:
    """The object that is being walked."""

    kind: str
    namespace: str


Rule = Callable[[Renamer, Any, Scope], Any]

_PLAIN_VALUE = re.compile(r"-?\d+|\d+([-,]\d+)+|true|false|yes|no|file|http|api")
_PERCENT = re.compile(r"\d+%")


def keep(_renamer: Renamer, value: Any, _scope: Scope) -> Any:
    """Keep the words of an enumeration."""
    return value


def drop(_renamer: Renamer, value: Any, _scope: Scope) -> Any:
    """Leave nothing."""
    return None if value is None else type(value)()


def hashed(category: str) -> Rule:
    """Hash text, or each of several texts."""
    return lambda renamer, value, _scope: _each(value, lambda text: renamer.hashed(category, text))


def name_of(kind: str) -> Rule:
    """Rename a reference to an object that lives in no namespace."""
    return lambda renamer, value, _scope: None if value is None else renamer.object_name(kind, "", value)


def name_beside(kind: str) -> Rule:
    """Rename a reference to an object in the same namespace."""
    return lambda renamer, value, scope: None if value is None else renamer.object_name(kind, scope.namespace, value)


def only(known: frozenset[str]) -> Rule:
    """Keep well-known words and drop all others."""
    return lambda _renamer, value, _scope: value if value in known else ""


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if value is None:
        return None
    return change(value) if isinstance(value, str) else tuple(change(text) for text in value)


def _node(renamer: Renamer, value: str, _scope: Scope) -> str:
    return renamer.node(value)


def _labels(renamer: Renamer, value: dict[str, str] | None, _scope: Scope) -> dict[str, str] | None:
    return None if value is None else renamer.labels(value)


def _keys(renamer: Renamer, value: Any, _scope: Scope) -> Any:
    return _each(value, renamer.label_key)


def _taint_value(renamer: Renamer, value: str, _scope: Scope) -> str:
    return renamer.value(value)


def _namespaces(renamer: Renamer, value: Any, _scope: Scope) -> Any:
    return _each(value, renamer.namespace)


def _uids(renamer: Renamer, value: Any, _scope: Scope) -> Any:
    return _each(value, renamer.uid)


def _images(renamer: Renamer, value: Any, _scope: Scope) -> Any:
    return _each(value, renamer.image)


def _driver(renamer: Renamer, value: str, _scope: Scope) -> str:
    return renamer.driver(value)


def _host_ip(renamer: Renamer, value: str, _scope: Scope) -> str:
    return renamer.host_ip(value)


def _number_or_port(renamer: Renamer, value: int | str, _scope: Scope) -> int | str:
    return renamer.hashed("port", value) if isinstance(value, str) else value


def _number_or_percent(_renamer: Renamer, value: int | str | None, _scope: Scope) -> int | str | None:
    return value if not isinstance(value, str) or _PERCENT.fullmatch(value) else None


def _annotations(renamer: Renamer, value: dict[str, str], _scope: Scope) -> dict[str, str]:
    kept = {}
    for key, text in value.items():
        if key in well_known.PLAIN_ANNOTATIONS and _PLAIN_VALUE.fullmatch(text):
            kept[key] = text
        elif key == GPU_CARD_MODEL:
            # Each of the models is renamed as the value of a node's label is.
            kept[key] = "|".join(renamer.label_value(key, model) for model in text.split("|"))
        elif key == "kubernetes.io/config.mirror":
            kept[key] = renamer.hashed("mirror", text)
        elif key == "volume.kubernetes.io/selected-node":
            kept[key] = renamer.node(text)
        elif key == "volume.beta.kubernetes.io/storage-class":
            kept[key] = renamer.object_name("StorageClass", "", text)
    return kept


def _finalizers(renamer: Renamer, value: tuple[str, ...], _scope: Scope) -> tuple[str, ...]:
    return tuple(text if text in well_known.FINALIZERS else f"example.com/{renamer.hashed('finalizer', text)}" for text in value)


def _condition_type(renamer: Renamer, value: str, _scope: Scope) -> str:
    return value if value in well_known.CONDITIONS else renamer.hashed("condition", value)


def _scheduler(renamer: Renamer, value: str, _scope: Scope) -> str:
    return value if value in well_known.SCHEDULERS else renamer.hashed("scheduler", value)


def _pool(renamer: Renamer, value: str, _scope: Scope) -> str:
    return value if value == "rbd" else renamer.hashed("pool", value)


def _holder(renamer: Renamer, value: str | None, _scope: Scope) -> str | None:
    return None if value is None else renamer.node_or_hash(value)


def _disrupted_pods(renamer: Renamer, value: dict[str, Any], scope: Scope) -> dict[str, Any]:
    return {renamer.object_name("Pod", scope.namespace, name): time for name, time in value.items()}


def _priority_classes(renamer: Renamer, value: tuple[str, ...], _scope: Scope) -> tuple[str, ...]:
    return tuple(renamer.object_name("PriorityClass", "", name) for name in value)


_REASON = only(well_known.REASONS)
_CLASS = name_of("StorageClass")

RULES: dict[type, dict[str, Rule]] = {
    # Metadata. Names of objects and of their owners are renamed by `walk`, which knows their kinds; a template's are dropped.
    ObjectMeta: {
        "name": drop,
        "generate_name": drop,
        "namespace": drop,
        "uid": _uids,
        "resource_version": drop,
        "labels": _labels,
        "annotations": _annotations,
        "finalizers": _finalizers,
    },
    OwnerReference: {"api_version": keep, "kind": keep, "name": drop, "uid": _uids},
    ObjectReference: {"api_version": keep, "kind": keep, "namespace": _namespaces, "name": drop, "uid": _uids},
    LabelSelector: {"match_labels": _labels},
    Condition: {"type": _condition_type, "status": keep, "reason": _REASON, "message": drop},
    # Pods
    ContainerPort: {"name": hashed("port"), "host_ip": _host_ip, "protocol": keep},
    ResourceClaimReference: {"name": hashed("device"), "request": hashed("request")},
    ExecAction: {"command": drop},
    HTTPGetAction: {"path": drop, "port": _number_or_port},
    TCPSocketAction: {"port": _number_or_port},
    Container: {"name": hashed("container"), "image": _images, "image_pull_policy": keep, "restart_policy": keep},
    ContainerRestartRule: {"action": keep},
    ContainerRestartRuleOnExitCodes: {"operator": keep},
    PodReadinessGate: {"condition_type": _condition_type},
    Toleration: {"key": _keys, "operator": keep, "value": _taint_value, "effect": keep},
    PodAffinityTerm: {"namespaces": _namespaces, "topology_key": _keys, "match_label_keys": _keys, "mismatch_label_keys": _keys},
    TopologySpreadConstraint: {
        "topology_key": _keys,
        "when_unsatisfiable": keep,
        "node_affinity_policy": keep,
        "node_taints_policy": keep,
        "match_label_keys": _keys,
    },
    PodSchedulingGate: {"name": hashed("gate")},
    PodResourceClaim: {
        "name": hashed("device"),
        "resource_claim_name": name_beside("ResourceClaim"),
        "resource_claim_template_name": name_beside("ResourceClaimTemplate"),
    },
    PodSpec: {
        "node_name": _node,
        "scheduler_name": _scheduler,
        "runtime_class_name": name_of("RuntimeClass"),
        "priority_class_name": name_of("PriorityClass"),
        "preemption_policy": keep,
        "node_selector": _labels,
        "restart_policy": keep,
        "service_account_name": drop,
        "hostname": drop,
        "subdomain": drop,
    },
    ContainerStateTerminated: {"reason": _REASON, "message": drop},
    ContainerStateWaiting: {"reason": _REASON, "message": drop},
    ContainerStatus: {"name": hashed("container"), "image": _images},
    PodStatus: {"phase": keep, "message": drop, "reason": _REASON, "nominated_node_name": _node, "qos_class": keep},
    # Nodes
    Taint: {"key": _keys, "value": _taint_value, "effect": keep},
    NodeSpec: {"provider_id": drop, "pod_cidr": drop},
    ContainerImage: {"names": _images},
    NodeAddress: {"type": keep, "address": drop},
    NodeStatus: {"addresses": drop, "volumes_in_use": drop},
    CSINodeDriver: {"name": _driver, "node_id": drop, "topology_keys": _keys},
    # Storage
    PersistentVolumeClaimSpec: {
        "access_modes": keep,
        "volume_name": name_of("PersistentVolume"),
        "storage_class_name": _CLASS,
        "volume_mode": keep,
        "volume_attributes_class_name": name_of("VolumeAttributesClass"),
    },
    PersistentVolumeClaimStatus: {"phase": keep},
    PersistentVolumeClaimVolumeSource: {"claim_name": name_beside("PersistentVolumeClaim")},
    GCEPersistentDiskVolumeSource: {"pd_name": hashed("disk")},
    AWSElasticBlockStoreVolumeSource: {"volume_id": hashed("disk")},
    ISCSIVolumeSource: {"iqn": hashed("iqn"), "target_portal": hashed("portal")},
    RBDVolumeSource: {"monitors": hashed("monitor"), "pool": _pool, "image": hashed("disk")},
    CSIVolumeSource: {"driver": _driver},
    AzureDiskVolumeSource: {"disk_name": hashed("disk"), "disk_uri": hashed("disk")},
    CinderVolumeSource: {"volume_id": hashed("disk")},
    Volume: {"name": hashed("volume")},
    CSIPersistentVolumeSource: {"driver": _driver, "volume_handle": hashed("disk")},
    PersistentVolumeSpec: {
        "access_modes": keep,
        "persistent_volume_reclaim_policy": keep,
        "storage_class_name": _CLASS,
        "volume_mode": keep,
        "volume_attributes_class_name": name_of("VolumeAttributesClass"),
    },
    PersistentVolumeStatus: {"phase": keep},
    StorageClass: {"provisioner": _driver, "volume_binding_mode": keep, "reclaim_policy": keep},
    CSIStorageCapacity: {"storage_class_name": _CLASS},
    VolumeAttachmentSource: {"persistent_volume_name": name_of("PersistentVolume")},
    VolumeAttachmentSpec: {"attacher": _driver, "node_name": _node},
    # Workloads and policies
    DeploymentStrategy: {"type": keep},
    RollingUpdate: {"max_surge": _number_or_percent, "max_unavailable": _number_or_percent},
    ReplicationControllerSpec: {"selector": _labels},
    WorkloadUpdateStrategy: {"type": keep},
    ClaimTemplate: {"api_version": keep, "kind": keep},
    ClaimRetentionPolicy: {"when_deleted": keep, "when_scaled": keep},
    StatefulSetSpec: {"service_name": name_beside("Service"), "pod_management_policy": keep},
    StatefulSetStatus: {"current_revision": name_beside("ControllerRevision"), "update_revision": name_beside("ControllerRevision")},
    CronJobSpec: {"schedule": keep, "time_zone": keep, "concurrency_policy": keep},
    LimitRangeItem: {"type": keep},
    ScopedResourceSelectorRequirement: {"scope_name": keep, "operator": keep, "values": _priority_classes},
    ResourceQuotaSpec: {"scopes": keep},
    NamespaceSpec: {"finalizers": _finalizers},
    NamespaceStatus: {"phase": keep},
    JobSpec: {"completion_mode": keep, "pod_replacement_policy": keep, "managed_by": drop},
    JobStatus: {"completed_indexes": keep, "failed_indexes": keep},
    PodFailurePolicyRule: {"action": keep},
    PodFailurePolicyOnExitCodes: {"container_name": hashed("container"), "operator": keep},
    PodFailurePolicyOnPodCondition: {"type": keep, "status": keep},
    SuccessPolicyRule: {"succeeded_indexes": keep},
    UncountedTerminatedPods: {"succeeded": _uids, "failed": _uids},
    ServiceSpec: {"selector": _labels, "type": keep},
    ServicePort: {"name": hashed("port"), "protocol": keep},
    PriorityClass: {"preemption_policy": keep},
    RuntimeClass: {"handler": hashed("handler")},
    RuntimeClassScheduling: {"node_selector": _labels},
    PodDisruptionBudgetSpec: {
        "min_available": _number_or_percent,
        "max_unavailable": _number_or_percent,
        "unhealthy_pod_eviction_policy": keep,
    },
    PodDisruptionBudgetStatus: {"disrupted_pods": _disrupted_pods},
    LeaseSpec: {"holder_identity": _holder},
}
