"""The few checks that a dump gets: it has been through an API server, so only what would lead to wrong numbers later is looked for."""

from __future__ import annotations

from collections.abc import Mapping

from binpack.model.field_errors import invalid
from binpack.model.node import Node
from binpack.model.pod import Pod, PodSpec
from binpack.model.policy import PodDisruptionBudget
from binpack.model.quantity import Quantity
from binpack.model.requests import to_integer
from binpack.model.validation.fields import NOT_NEGATIVE, Problems, amount_or_percent, not_negative
from binpack.model.workloads import DaemonSet, Deployment, Job, ReplicaSet, StatefulSet

MAX_AMOUNT = 1 << 56
"""The largest amount of a resource, in the integers that are counted with (milli-cores, bytes, units).

Scores multiply by 100 and sums run over a node's pods in int64: 72 PiB on one node leave room for both.
"""


def dump_object(value: object) -> Problems:
    """Check quantities, replica numbers and percentages."""
    match value:
        case Pod():
            yield from _pod_spec(value.spec, "spec")
        case Node():
            yield from _amounts(value.status.capacity, "status.capacity")
            yield from _amounts(value.status.allocatable or {}, "status.allocatable")
        case PodDisruptionBudget():
            yield from amount_or_percent(value.spec.min_available, "spec.minAvailable")
            yield from amount_or_percent(value.spec.max_unavailable, "spec.maxUnavailable")
        case Deployment() | ReplicaSet() | StatefulSet():
            yield from not_negative(value.spec.replicas, "spec.replicas")
            yield from _pod_spec(value.spec.template.spec, "spec.template.spec")
            if isinstance(value, Deployment) and value.spec.strategy.rolling_update is not None:
                rolling = value.spec.strategy.rolling_update
                yield from amount_or_percent(rolling.max_surge, "spec.strategy.rollingUpdate.maxSurge")
                yield from amount_or_percent(rolling.max_unavailable, "spec.strategy.rollingUpdate.maxUnavailable")
        case DaemonSet() | Job():
            yield from _pod_spec(value.spec.template.spec, "spec.template.spec")


def _pod_spec(spec: PodSpec, path: str) -> Problems:
    for field, containers in (("containers", spec.containers), ("initContainers", spec.init_containers)):
        for index, container in enumerate(containers):
            if container.resources.requests:
                yield from _amounts(container.resources.requests, f"{path}.{field}[{index}].resources.requests")
    if spec.resources is not None:
        yield from _amounts(spec.resources.requests, f"{path}.resources.requests")
    if spec.overhead:
        yield from _amounts(spec.overhead, f"{path}.overhead")


def _amounts(values: Mapping[str, Quantity], path: str) -> Problems:
    for name, quantity in values.items():
        if quantity.nanos < 0:
            yield invalid(f"{path}[{name}]", quantity, NOT_NEGATIVE)
        elif to_integer(name, quantity.nanos) > MAX_AMOUNT:
            yield invalid(f"{path}[{name}]", quantity, f"is more than can be counted here (accepted: at most {MAX_AMOUNT:,} in total)")
