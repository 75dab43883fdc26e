"""Which kinds this toolkit reads, and the struct of each. Every other kind is skipped and counted."""

from __future__ import annotations

from typing import Union

from binpack.model.node import CSINode, Node
from binpack.model.pod import Pod
from binpack.model.policy import (
    Lease,
    LimitRange,
    Namespace,
    PodDisruptionBudget,
    PriorityClass,
    ResourceQuota,
    RuntimeClass,
    Service,
)
from binpack.model.revisions import ControllerRevision
from binpack.model.storage import (
    CSIDriver,
    CSIStorageCapacity,
    PersistentVolume,
    PersistentVolumeClaim,
    StorageClass,
    VolumeAttachment,
)
from binpack.model.workloads import CronJob, DaemonSet, Deployment, Job, ReplicaSet, ReplicationController, StatefulSet

KubernetesObject = Union[
    Node,
    Pod,
    Namespace,
    Service,
    PriorityClass,
    RuntimeClass,
    PodDisruptionBudget,
    LimitRange,
    ResourceQuota,
    Lease,
    Deployment,
    ReplicaSet,
    ReplicationController,
    StatefulSet,
    DaemonSet,
    ControllerRevision,
    Job,
    CronJob,
    PersistentVolume,
    PersistentVolumeClaim,
    StorageClass,
    CSINode,
    CSIDriver,
    CSIStorageCapacity,
    VolumeAttachment,
]

KINDS: dict[tuple[str, str], type[KubernetesObject]] = {
    ("v1", "Node"): Node,
    ("v1", "Pod"): Pod,
    ("v1", "Namespace"): Namespace,
    ("v1", "Service"): Service,
    ("v1", "LimitRange"): LimitRange,
    ("v1", "ResourceQuota"): ResourceQuota,
    ("v1", "ReplicationController"): ReplicationController,
    ("v1", "PersistentVolume"): PersistentVolume,
    ("v1", "PersistentVolumeClaim"): PersistentVolumeClaim,
    ("apps/v1", "Deployment"): Deployment,
    ("apps/v1", "ReplicaSet"): ReplicaSet,
    ("apps/v1", "StatefulSet"): StatefulSet,
    ("apps/v1", "DaemonSet"): DaemonSet,
    ("apps/v1", "ControllerRevision"): ControllerRevision,
    ("batch/v1", "Job"): Job,
    ("batch/v1", "CronJob"): CronJob,
    ("scheduling.k8s.io/v1", "PriorityClass"): PriorityClass,
    ("node.k8s.io/v1", "RuntimeClass"): RuntimeClass,
    ("policy/v1", "PodDisruptionBudget"): PodDisruptionBudget,
    ("coordination.k8s.io/v1", "Lease"): Lease,
    ("storage.k8s.io/v1", "StorageClass"): StorageClass,
    ("storage.k8s.io/v1", "CSINode"): CSINode,
    ("storage.k8s.io/v1", "CSIDriver"): CSIDriver,
    ("storage.k8s.io/v1", "CSIStorageCapacity"): CSIStorageCapacity,
    ("storage.k8s.io/v1", "VolumeAttachment"): VolumeAttachment,
}

COMPATIBLE_VERSIONS: dict[tuple[str, str], tuple[str, str]] = {
    ("scheduling.k8s.io/v1beta1", "PriorityClass"): ("scheduling.k8s.io/v1", "PriorityClass"),
    ("node.k8s.io/v1beta1", "RuntimeClass"): ("node.k8s.io/v1", "RuntimeClass"),
    ("coordination.k8s.io/v1beta1", "Lease"): ("coordination.k8s.io/v1", "Lease"),
    ("storage.k8s.io/v1beta1", "StorageClass"): ("storage.k8s.io/v1", "StorageClass"),
    ("storage.k8s.io/v1beta1", "CSINode"): ("storage.k8s.io/v1", "CSINode"),
    ("storage.k8s.io/v1beta1", "CSIDriver"): ("storage.k8s.io/v1", "CSIDriver"),
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity"): ("storage.k8s.io/v1", "CSIStorageCapacity"),
    ("storage.k8s.io/v1beta1", "VolumeAttachment"): ("storage.k8s.io/v1", "VolumeAttachment"),
}
"""Older versions with the same fields and the same defaults, read as the newer one. All others differ (an empty selector of a
policy/v1beta1 PodDisruptionBudget selects nothing; apps betas have other defaults) and are skipped."""

CLUSTER_SCOPED = frozenset(
    {
        "Node",
        "Namespace",
        "PriorityClass",
        "RuntimeClass",
        "PersistentVolume",
        "StorageClass",
        "CSINode",
        "CSIDriver",
        "VolumeAttachment",
    }
)
"""The kinds that live in no namespace."""
