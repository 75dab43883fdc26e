"""Checks of all kinds that are neither pods nor make pods: nodes, classes, budgets, volumes.

Source: pkg/apis/{core,scheduling,node,policy,storage}/validation/validation.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Sequence

from binpack.model.admission import SYSTEM_PRIORITIES
from binpack.model.field_errors import duplicate, forbidden, invalid, required
from binpack.model.node import Node
from binpack.model.policy import Namespace, PodDisruptionBudget, PriorityClass, RuntimeClass, Service
from binpack.model.storage import CSIStorageCapacity, PersistentVolume, PersistentVolumeClaim, StorageClass
from binpack.model.validation.affinity import node_selector, taints, tolerations
from binpack.model.validation.fields import (
    NOT_NEGATIVE,
    Problems,
    amount_or_percent,
    complaints,
    label_selector,
    labels,
    object_meta,
    one_of,
)
from binpack.model.validation.names import dns_label, qualified_name
from binpack.model.validation.resources import quantities

HIGHEST_USER_PRIORITY = 1_000_000_000

_ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_VOLUME_MODES = ("Block", "Filesystem")


def node(value: Node) -> Problems:
    """Check a node."""
    yield from object_meta(value.metadata, value.kind)
    yield from taints(value.spec.taints, "spec.taints")
    yield from quantities(value.status.capacity, "status.capacity")
    yield from quantities(value.status.allocatable or {}, "status.allocatable")


def namespace(value: Namespace) -> Problems:
    """Check a namespace."""
    yield from object_meta(value.metadata, value.kind, name_rule=dns_label)


def service(value: Service) -> Problems:
    """Check a service's selector."""
    yield from object_meta(value.metadata, value.kind)
    yield from labels(value.spec.selector or {}, "spec.selector")


def priority_class(value: PriorityClass) -> Problems:
    """Check a priority class."""
    name = value.metadata.name
    yield from object_meta(value.metadata, value.kind)
    if name.startswith("system-"):
        if SYSTEM_PRIORITIES.get(name) != value.value:
            yield forbidden("metadata.name", "priority class names with 'system-' prefix are reserved for system use only")
    elif value.value > HIGHEST_USER_PRIORITY:
        yield forbidden("value", f"maximum allowed value of a user defined priority is {HIGHEST_USER_PRIORITY}")
    yield from one_of(value.preemption_policy, "preemptionPolicy", ("Never", "PreemptLowerPriority"))


def runtime_class(value: RuntimeClass) -> Problems:
    """Check a runtime class."""
    yield from object_meta(value.metadata, value.kind)
    if value.overhead is not None:
        yield from quantities(value.overhead.pod_fixed, "overhead.podFixed")
    if value.scheduling is not None:
        yield from labels(value.scheduling.node_selector, "scheduling.nodeSelector")
        yield from tolerations(value.scheduling.tolerations, "scheduling.tolerations")


def budget(value: PodDisruptionBudget) -> Problems:
    """Check a PodDisruptionBudget."""
    spec = value.spec
    yield from object_meta(value.metadata, value.kind)
    if spec.min_available is not None and spec.max_unavailable is not None:
        yield invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set")
    yield from amount_or_percent(spec.min_available, "spec.minAvailable")
    yield from amount_or_percent(spec.max_unavailable, "spec.maxUnavailable")
    yield from label_selector(spec.selector, "spec.selector")
    yield from one_of(spec.unhealthy_pod_eviction_policy, "spec.unhealthyPodEvictionPolicy", ("AlwaysAllow", "IfHealthyBudget"))


def volume(value: PersistentVolume) -> Problems:
    """Check a persistent volume."""
    spec = value.spec
    yield from object_meta(value.metadata, value.kind)
    if "storage" not in spec.capacity:
        yield required("spec.capacity")
    yield from quantities(spec.capacity, "spec.capacity")
    yield from _access_modes(spec.access_modes, "spec.accessModes")
    yield from one_of(spec.volume_mode, "spec.volumeMode", _VOLUME_MODES)
    if spec.node_affinity is not None:
        if spec.node_affinity.required is None:
            yield required("spec.nodeAffinity.required", "must specify required node constraints")
        else:
            yield from node_selector(spec.node_affinity.required, "spec.nodeAffinity.required")


def claim(value: PersistentVolumeClaim) -> Problems:
    """Check a persistent volume claim."""
    spec = value.spec
    yield from object_meta(value.metadata, value.kind)
    yield from label_selector(spec.selector, "spec.selector")
    yield from _access_modes(spec.access_modes, "spec.accessModes")
    storage = spec.resources.requests.get("storage")
    if storage is None:
        yield required("spec.resources[storage]")
    elif storage.nanos <= 0:
        yield invalid("spec.resources[storage]", storage, "must be greater than zero")
    yield from one_of(spec.volume_mode, "spec.volumeMode", _VOLUME_MODES)


def storage_class(value: StorageClass) -> Problems:
    """Check a storage class."""
    yield from object_meta(value.metadata, value.kind)
    if not value.provisioner:
        yield required("provisioner")
    yield from one_of(value.volume_binding_mode, "volumeBindingMode", ("Immediate", "WaitForFirstConsumer"))
    yield from one_of(value.reclaim_policy, "reclaimPolicy", ("Delete", "Retain"))
    for term_index, term in enumerate(value.allowed_topologies):
        keys = [expression.key for expression in term.match_label_expressions]
        for index, expression in enumerate(term.match_label_expressions):
            path = f"allowedTopologies[{term_index}].matchLabelExpressions[{index}]"
            if not expression.values:
                yield required(f"{path}.values")
            for place, repeated in enumerate(expression.values):
                if repeated in expression.values[:place]:
                    yield duplicate(f"{path}.values[{place}]", repeated)
            yield from complaints(f"{path}.key", expression.key, qualified_name)
            if expression.key in keys[:index]:
                yield duplicate(f"{path}.key", expression.key)


def storage_capacity(value: CSIStorageCapacity) -> Problems:
    """Check a report of free storage."""
    yield from object_meta(value.metadata, value.kind)
    if not value.storage_class_name:
        yield required("storageClassName")
    for field, quantity in (("capacity", value.capacity), ("maximumVolumeSize", value.maximum_volume_size)):
        if quantity is not None and quantity.nanos < 0:
            yield invalid(field, quantity, NOT_NEGATIVE)
    yield from label_selector(value.node_topology, "nodeTopology")


def _access_modes(modes: Sequence[str], path: str) -> Problems:
    if not modes:
        yield required(path, "at least 1 access mode is required")
    for mode in modes:
        yield from one_of(mode, path, _ACCESS_MODES)
