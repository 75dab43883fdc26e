"""What a kubelet reports about its node: the conditions, and the Lease that stands for its heartbeats.

Source: pkg/kubelet/nodestatus/setters.go; component-helpers apimachinery/lease, v1.35.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from binpack.control.conditions import transitioned
from binpack.control.heartbeats import LEASE_DURATION_SECONDS, LEASE_NAMESPACE, RENEWAL_PERIOD_US, STEADY_ANNOTATION
from binpack.model.base import replace
from binpack.model.meta import Condition, ObjectMeta
from binpack.model.node import Node
from binpack.model.policy import Lease, LeaseSpec
from binpack.units import US_PER_S

_PRESSURES = (
    (
        "MemoryPressure",
        "KubeletHasInsufficientMemory",
        "KubeletHasSufficientMemory",
        "insufficient memory available",
        "sufficient memory available",
    ),
    ("DiskPressure", "KubeletHasDiskPressure", "KubeletHasNoDiskPressure", "disk pressure", "no disk pressure"),
    ("PIDPressure", "KubeletHasInsufficientPID", "KubeletHasSufficientPID", "insufficient PID available", "sufficient PID available"),
)


def reporting(node: Node, now: datetime, pressures: Collection[str] = ()) -> Node:
    """Return a node with the conditions of a kubelet that is well, under the given pressures."""
    conditions = node.status.conditions
    for kind, bad, good, bad_words, good_words in _PRESSURES:
        if kind in pressures:
            new = Condition(kind, "True", bad, f"kubelet has {bad_words}", last_heartbeat_time=now)
        else:
            new = Condition(kind, "False", good, f"kubelet has {good_words}", last_heartbeat_time=now)
        conditions = transitioned(conditions, new, now)
    ready = Condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", last_heartbeat_time=now)
    return replace(node, status=replace(node.status, conditions=transitioned(conditions, ready, now)))


def steady_lease(node_name: str, now: datetime) -> Lease:
    """Return the Lease of a kubelet that renews it from now on."""
    meta = ObjectMeta(
        name=node_name, namespace=LEASE_NAMESPACE, annotations={STEADY_ANNOTATION: str(RENEWAL_PERIOD_US // US_PER_S)}
    )  # fmt: skip
    return Lease(metadata=meta, spec=LeaseSpec(node_name, LEASE_DURATION_SECONDS, now))


def last_lease(lease: Lease, renewed: datetime) -> Lease:
    """Return the Lease of a kubelet that has renewed it for the last time."""
    annotations = {key: value for key, value in lease.metadata.annotations.items() if key != STEADY_ANNOTATION}
    return replace(lease, metadata=replace(lease.metadata, annotations=annotations), spec=replace(lease.spec, renew_time=renewed))
