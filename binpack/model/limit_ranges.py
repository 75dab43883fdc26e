"""LimitRange: what a container gets that asks for nothing, and what containers, pods and claims may ask for.

Source: plugin/pkg/admission/limitranger/admission.go and pkg/apis/core/v1/defaults.go (SetDefaults_LimitRangeItem), v1.35.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from binpack.model.base import replace
from binpack.model.pod import Container, Pod, ResourceRequirements
from binpack.model.policy import LimitRangeItem
from binpack.model.quantity import Quantity
from binpack.model.requests import limit_quantities, request_quantities
from binpack.model.storage import PersistentVolumeClaim

ANNOTATION = "kubernetes.io/limit-ranger"
CONTAINER, POD, CLAIM = "Container", "Pod", "PersistentVolumeClaim"

_Quantities = Mapping[str, Quantity]
_Check = Callable[[str, str, Quantity, _Quantities, _Quantities], str]


def default_item(item: LimitRangeItem) -> LimitRangeItem:
    """Fill in a limit's own defaults: the default limit from the maximum, the default request from that, else from the minimum."""
    if item.type != CONTAINER:
        return item
    limits = {**item.max, **item.default}
    return replace(item, default=limits, default_request={**item.min, **limits, **item.default_request})


def with_limit_defaults(pod: Pod, items: Iterable[LimitRangeItem]) -> Pod:
    """Give containers the limits and requests that they lack; of several limits the first counts. An annotation says what was set."""
    default_limits: dict[str, Quantity] = {}
    default_requests: dict[str, Quantity] = {}
    for item in items:
        if item.type == CONTAINER:
            default_limits = {**item.default, **default_limits}
            default_requests = {**item.default_request, **default_requests}
    notes: list[str] = []

    def defaulted(container: Container, kind: str) -> Container:
        resources = container.resources
        missing_requests = {name: one for name, one in sorted(default_requests.items()) if name not in resources.requests}
        missing_limits = {name: one for name, one in sorted(default_limits.items()) if name not in resources.limits}
        for missing, what in ((missing_requests, "request"), (missing_limits, "limit")):
            if missing:
                notes.append(f"{', '.join(missing)} {what} for {kind} {container.name}")
        if not missing_requests and not missing_limits:
            return container
        requests, limits = {**resources.requests, **missing_requests}, {**resources.limits, **missing_limits}
        return replace(container, resources=ResourceRequirements(requests, limits, resources.claims))

    containers = tuple(defaulted(one, "container") for one in pod.spec.containers)
    init_containers = tuple(defaulted(one, "init container") for one in pod.spec.init_containers)
    if not notes:
        return pod
    annotations = {**pod.metadata.annotations, ANNOTATION: "LimitRanger plugin set: " + "; ".join(notes)}
    spec = replace(pod.spec, containers=containers, init_containers=init_containers)
    return replace(pod, metadata=replace(pod.metadata, annotations=annotations), spec=spec)


def pod_violations(pod: Pod, items: Iterable[LimitRangeItem]) -> list[str]:
    """Return in Kubernetes' words what of a pod is against the limits; empty if nothing is."""
    found: list[str] = []
    for item in items:
        if item.type == CONTAINER:
            for container in (*pod.spec.containers, *pod.spec.init_containers):
                found += _violations(item, container.resources.requests, container.resources.limits)
        elif item.type == POD:
            found += _violations(item, request_quantities(pod), limit_quantities(pod))
    return found


def claim_violations(claim: PersistentVolumeClaim, items: Iterable[LimitRangeItem]) -> list[str]:
    """Return what of a claim's request is against the limits."""
    requests = claim.spec.resources.requests
    found: list[str] = []
    for item in items:
        if item.type == CLAIM:
            found += [text for name, least in sorted(item.min.items()) if (text := _below(CLAIM, name, least, requests, {}))]
            found += [text for name, most in sorted(item.max.items()) if (text := _request_above(CLAIM, name, most, requests, {}))]
    return found


def joined(violations: Sequence[str]) -> str:
    """Write violations as Kubernetes does: one as it is, several in brackets."""
    return violations[0] if len(violations) == 1 else f"[{', '.join(violations)}]"


def _violations(item: LimitRangeItem, requests: _Quantities, limits: _Quantities) -> list[str]:
    checks: tuple[tuple[_Quantities, _Check], ...] = (
        (item.min, _below),
        (item.max, _above),
        (item.max_limit_request_ratio, _ratio_above),
    )
    found = (check(item.type, name, bound, requests, limits) for bounds, check in checks for name, bound in sorted(bounds.items()))
    return [text for text in found if text]


def _below(kind: str, name: str, least: Quantity, requests: _Quantities, limits: _Quantities) -> str:
    said = f"minimum {name} usage per {kind} is {least}"
    request, limit = requests.get(name), limits.get(name)
    if request is None:
        return f"{said}.  No request is specified"
    if request < least:
        return f"{said}, but request is {request}"
    return f"{said}, but limit is {limit}" if limit is not None and limit < least else ""


def _above(kind: str, name: str, most: Quantity, requests: _Quantities, limits: _Quantities) -> str:
    said = f"maximum {name} usage per {kind} is {most}"
    request, limit = requests.get(name), limits.get(name)
    if limit is None:
        return f"{said}.  No limit is specified"
    if limit > most:
        return f"{said}, but limit is {limit}"
    return f"{said}, but request is {request}" if request is not None and request > most else ""


def _request_above(kind: str, name: str, most: Quantity, requests: _Quantities, limits: _Quantities) -> str:
    said, request = f"maximum {name} usage per {kind} is {most}", requests.get(name)
    if request is None:
        return f"{said}.  No request is specified"
    return f"{said}, but request is {request}" if request > most else ""


def _ratio_above(kind: str, name: str, most: Quantity, requests: _Quantities, limits: _Quantities) -> str:
    said = f"{name} max limit to request ratio per {kind} is {most}, but"
    request, limit = requests.get(name), limits.get(name)
    if request is None or request.nanos == 0:
        return f"{said} no request is specified or request is 0"
    if limit is None or limit.nanos == 0:
        return f"{said} no limit is specified or limit is 0"
    # Compared exactly; upstream compares doubles of thousandths, which differ only beyond any quantity that people write.
    above = limit.nanos * 10**9 > most.nanos * request.nanos
    return f"{said} provided ratio is {limit.nanos / request.nanos:f}" if above else ""
