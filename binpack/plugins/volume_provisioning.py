"""Where a volume could be made for a claim: the storage class's provisioner, its topologies, and the capacity that is reported.

Source: volumebinding/binder.go (checkVolumeProvisions, hasEnoughCapacity), v1.35.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.model.meta import LabelSelectorRequirement
from binpack.model.pod import NodeSelectorTerm
from binpack.model.selectors import SelectorError, compile_label_selector
from binpack.model.storage import CSIDriver, CSIStorageCapacity, PersistentVolumeClaim, StorageClass
from binpack.plugins.node_matching import any_of, compile_requirements
from binpack.plugins.pod_claims import STORAGE
from binpack.plugins.required_node_affinity import parse_terms
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

NO_PROVISIONER = "kubernetes.io/no-provisioner"


@dataclass(frozen=True, slots=True)
class Provisioning:
    """Where a volume can be made, and where there is also enough storage for it; shape [len(rows)] each."""

    possible: NDArray[np.bool_]
    sufficient: NDArray[np.bool_]


def provisioning(claim: PersistentVolumeClaim, storage_class: StorageClass, rows: NodeRows, cluster: Cluster) -> Provisioning:
    """Judge rows for one claim. Each claim is looked at alone: two may count on the same storage."""
    if storage_class.provisioner in ("", NO_PROVISIONER):
        nowhere = np.zeros(len(rows), np.bool_)
        return Provisioning(nowhere, nowhere)
    return Provisioning(_in_topology(storage_class, rows, cluster), _has_room(claim, storage_class, rows, cluster))


def _in_topology(storage_class: StorageClass, rows: NodeRows, cluster: Cluster) -> NDArray[np.bool_]:
    if not storage_class.allowed_topologies:
        return np.ones(len(rows), np.bool_)
    allowed = (
        NodeSelectorTerm(tuple(LabelSelectorRequirement(e.key, "In", e.values) for e in term.match_label_expressions))
        for term in storage_class.allowed_topologies
    )
    terms, _ = parse_terms(allowed)
    return any_of([compile_requirements(term.requirements, cluster) for term in terms], rows)


def _has_room(claim: PersistentVolumeClaim, storage_class: StorageClass, rows: NodeRows, cluster: Cluster) -> NDArray[np.bool_]:
    driver: CSIDriver | None = cluster.catalog.get("CSIDriver", storage_class.provisioner)
    size = claim.spec.resources.requests.get(STORAGE)
    if size is None or driver is None or not driver.spec.storage_capacity:
        return np.ones(len(rows), np.bool_)
    room = np.zeros(len(rows), np.bool_)
    capacities: list[CSIStorageCapacity] = cluster.catalog.list("CSIStorageCapacity")
    for capacity in capacities:
        limit = capacity.capacity if capacity.maximum_volume_size is None else capacity.maximum_volume_size
        if capacity.storage_class_name == storage_class.metadata.name and limit is not None and limit.ceil_units() >= size.ceil_units():
            room |= _within_reach(capacity, rows, cluster)
    return room


def _within_reach(capacity: CSIStorageCapacity, rows: NodeRows, cluster: Cluster) -> NDArray[np.bool_]:
    try:
        selector = compile_label_selector(capacity.node_topology)
    except SelectorError:
        return np.zeros(len(rows), np.bool_)
    if selector.nothing:
        return np.zeros(len(rows), np.bool_)
    return compile_requirements(selector.requirements, cluster).mask(rows)
