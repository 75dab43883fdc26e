"""Checks of ResourceQuotas and LimitRanges.

Source: pkg/apis/core/validation/validation.go (ValidateResourceQuotaSpec, ValidateLimitRange), v1.35.
"""

from __future__ import annotations

from collections.abc import Iterator

from binpack.model.field_errors import FieldError, duplicate, forbidden, invalid, required, unsupported
from binpack.model.policy import LimitRange, LimitRangeItem, ResourceQuota, ResourceQuotaSpec, ScopedResourceSelectorRequirement
from binpack.model.quantity import NANO, Quantity
from binpack.model.quotas import scopes_of
from binpack.model.validation.fields import Problems, complaints, object_meta
from binpack.model.validation.names import qualified_name
from binpack.model.validation.resources import quantities

SCOPES = ("BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating")

_COMPUTE = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
_STANDARD = {
    *_COMPUTE,
    *("ephemeral-storage", "requests.ephemeral-storage", "limits.ephemeral-storage", "requests.storage", "pods"),
    *("services", "services.nodeports", "services.loadbalancers", "replicationcontrollers", "resourcequotas", "secrets", "configmaps"),
    "persistentvolumeclaims",
}
_CONFLICTING = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
_ONE, _POD, _CLAIM = Quantity.of(1), "Pod", "PersistentVolumeClaim"


def resource_quota(value: ResourceQuota) -> Problems:
    """Check a ResourceQuota."""
    spec = value.spec
    yield from object_meta(value.metadata, value.kind)
    for name, quantity in spec.hard.items():
        path = f"spec.hard[{name}]"
        yield from complaints(path, name, qualified_name)
        if "/" not in name and name not in _STANDARD and not name.startswith(("hugepages-", "requests.hugepages-")):
            yield invalid(path, name, "must be a standard resource for quotas")
        if (name == "pods" or name.startswith("count/")) and quantity.nanos % NANO:
            yield invalid(path, quantity, "must be an integer")
    yield from quantities(spec.hard, "spec.hard")
    yield from _scopes(spec)


def limit_range(value: LimitRange) -> Problems:
    """Check a LimitRange."""
    yield from object_meta(value.metadata, value.kind)
    seen: set[str] = set()
    for index, item in enumerate(value.spec.limits):
        path = f"spec.limits[{index}]"
        if item.type in seen:
            yield duplicate(f"{path}.type", item.type)
        seen.add(item.type)
        yield from _limit(item, path)


def _scopes(spec: ResourceQuotaSpec) -> Problems:
    shown = [*spec.scopes] if spec.scopes else [one.scope_name for one in scopes_of(spec)]
    path = "spec.scopes" if spec.scopes else "spec.scopeSelector.matchExpressions.scopeName"
    names = {one.scope_name for one in scopes_of(spec)}
    for name in sorted(names):
        if name not in SCOPES:
            yield invalid(path, shown, "unsupported scope")
        elif any(not _is_allowed(name, resource) for resource in spec.hard):
            yield invalid(path, shown, "unsupported scope applied to resource")
    if any(names.issuperset(pair) for pair in _CONFLICTING):
        yield invalid(path, shown, "conflicting scopes")
    for index, one in enumerate(spec.scope_selector.match_expressions if spec.scope_selector is not None else ()):
        yield from _requirement(one, f"spec.scopeSelector.matchExpressions[{index}]")


def _is_allowed(scope: str, resource: str) -> bool:
    return resource == "pods" or (scope != "BestEffort" and resource in _COMPUTE)


def _requirement(one: ScopedResourceSelectorRequirement, path: str) -> Problems:
    if one.scope_name in SCOPES and one.scope_name != "PriorityClass" and one.operator != "Exists":
        yield invalid(f"{path}.operator", one.operator, f"must be 'Exist' when scope is any of {_listed()}")
    match one.operator:
        case "In" | "NotIn":
            if not one.values:
                yield required(f"{path}.values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")
        case "Exists" | "DoesNotExist":
            if one.values:
                yield invalid(
                    f"{path}.values", one.values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
                )
        case _:
            yield invalid(f"{path}.operator", one.operator, "not a valid selector operator")


def _listed() -> str:
    return ", ".join(("Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "CrossNamespacePodAffinity"))


def _limit(item: LimitRangeItem, path: str) -> Problems:
    if "/" not in item.type and item.type not in ("Container", _POD, _CLAIM):
        yield unsupported(f"{path}.type", item.type, ("Container", _CLAIM, _POD))
    if item.type == _POD:
        for field, values in (("default", item.default), ("defaultRequest", item.default_request)):
            if values:
                yield forbidden(f"{path}.{field}", "may not be specified when `type` is 'Pod'")
    if item.type == _CLAIM and "storage" not in item.min and "storage" not in item.max:
        yield required(path, "either minimum or maximum storage value is required, but neither was provided")
    for field, values in (("min", item.min), ("max", item.max), ("default", item.default), ("defaultRequest", item.default_request)):
        yield from quantities(values, f"{path}.{field}")
    yield from _order(item, path)


def _order(item: LimitRangeItem, path: str) -> Iterator[FieldError]:
    """Check minimum ≤ default request ≤ default ≤ maximum for each resource, and ratios from 1."""
    yield from _at_most(item.min, item.max, f"{path}.min", "min value {} is greater than max value {}")
    if item.type != _POD:
        requests, limits = item.default_request, item.default
        yield from _at_most(
            item.min, requests, f"{path}.defaultRequest", "min value {} is greater than default request value {}", of_high=True
        )
        yield from _at_most(requests, item.max, f"{path}.defaultRequest", "default request value {} is greater than max value {}")
        yield from _at_most(requests, limits, f"{path}.defaultRequest", "default request value {} is greater than default limit value {}")
        yield from _at_most(item.min, limits, f"{path}.default", "min value {} is greater than default value {}", of_high=True)
        yield from _at_most(limits, item.max, f"{path}.default", "default value {} is greater than max value {}")
    for name, ratio in item.max_limit_request_ratio.items():
        if ratio < _ONE:
            yield invalid(f"{path}.maxLimitRequestRatio[{name}]", ratio, f"ratio {ratio} is less than 1")


def _at_most(low: dict[str, Quantity], high: dict[str, Quantity], path: str, text: str, *, of_high: bool = False) -> Iterator[FieldError]:
    for name, least in low.items():
        most = high.get(name)
        if most is not None and least > most:
            yield invalid(f"{path}[{name}]", most if of_high else least, text.format(least, most))
