"""What the API server would reject, worded as it words it: `spec.containers[0].name: Required value`.

Separate from decoding, on purpose: recorded decisions contain objects that no API server would accept, and they are decided all the
same. Only fields that this toolkit reads are checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from binpack.model.defaulting import default_object
from binpack.model.field_errors import FieldError
from binpack.model.kinds import KubernetesObject
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.policy import LimitRange, Namespace, PodDisruptionBudget, PriorityClass, ResourceQuota, RuntimeClass, Service
from binpack.model.storage import CSIStorageCapacity, PersistentVolume, PersistentVolumeClaim, StorageClass
from binpack.model.validation import cluster, pod, quotas, updates, workloads
from binpack.model.validation.dump import dump_object
from binpack.model.validation.fields import Problems, object_meta
from binpack.model.validation.meta import holders, validate_meta, validate_meta_update
from binpack.model.workloads import CronJob, DaemonSet, Deployment, Job, ReplicaSet, ReplicationController, StatefulSet

__all__ = ["validate", "validate_dump", "validate_meta", "validate_meta_update", "validate_update"]


def validate(value: KubernetesObject) -> list[FieldError]:
    """List everything that the API server would refuse in an object, were it created.

    Parameters
    ----------
    value : KubernetesObject
        Defaults are filled in first, as the API server does.

    Returns
    -------
    list[FieldError]
        Empty if it would be accepted.
    """
    rule = _RULES.get(type(value))
    checked = default_object(value)
    found = object_meta(checked.metadata, checked.kind) if rule is None else rule(checked)
    return list(dict.fromkeys([*found, *holders(checked.metadata), *dump_object(checked)]))


def validate_update(new: KubernetesObject, old: KubernetesObject) -> list[FieldError]:
    """List everything that the API server would refuse in a change, apart from what `validate` finds in the changed object.

    Parameters
    ----------
    new, old : KubernetesObject
        Both with their defaults.
    """
    return list(updates.update(new, old))


def validate_dump(value: KubernetesObject) -> list[FieldError]:
    """List what would lead to wrong numbers in an object that comes from a cluster: negative or absurd amounts, bad percentages."""
    return list(dump_object(value))


_RULES: dict[type, Callable[[Any], Problems]] = {
    Node: cluster.node,
    Pod: pod.pod,
    Namespace: cluster.namespace,
    Service: cluster.service,
    PriorityClass: cluster.priority_class,
    RuntimeClass: cluster.runtime_class,
    PodDisruptionBudget: cluster.budget,
    ResourceQuota: quotas.resource_quota,
    LimitRange: quotas.limit_range,
    Deployment: workloads.deployment,
    ReplicaSet: workloads.replica_set,
    ReplicationController: workloads.replication_controller,
    StatefulSet: workloads.stateful_set,
    DaemonSet: workloads.daemon_set,
    Job: workloads.job,
    CronJob: workloads.cron_job,
    PersistentVolume: cluster.volume,
    PersistentVolumeClaim: cluster.claim,
    StorageClass: cluster.storage_class,
    CSIStorageCapacity: cluster.storage_capacity,
}
