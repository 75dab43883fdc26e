"""Quality of service: the class that the API server gives a pod when it is created.

Source: pkg/apis/core/v1/helper/qos/qos.go, v1.35. Only cpu and memory count, and only amounts above zero.
"""

from __future__ import annotations

from typing import Literal

from binpack.model.pod import PodSpec, ResourceRequirements

QosClass = Literal["Guaranteed", "Burstable", "BestEffort"]

_COMPUTE = ("cpu", "memory")


def qos_class(spec: PodSpec) -> QosClass:
    """Return the class of a pod, from its containers and init containers, or from its pod-level resources alone if it has any.

    Examples
    --------
    >>> qos_class(PodSpec())
    'BestEffort'
    """
    if spec.resources is not None and (spec.resources.requests or spec.resources.limits):
        parts = [spec.resources]
    else:
        parts = [container.resources for container in (*spec.containers, *spec.init_containers)]
    requests, limits = _summed(parts, "requests"), _summed(parts, "limits")
    if not requests and not limits:
        return "BestEffort"
    limited = all(part.limits.get(name) is not None and part.limits[name].nanos > 0 for part in parts for name in _COMPUTE)
    return "Guaranteed" if limited and requests == limits else "Burstable"


def _summed(parts: list[ResourceRequirements], which: Literal["requests", "limits"]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for part in parts:
        for name in _COMPUTE:
            quantity = (part.requests if which == "requests" else part.limits).get(name)
            if quantity is not None and quantity.nanos > 0:
                totals[name] = totals.get(name, 0) + quantity.nanos
    return totals
