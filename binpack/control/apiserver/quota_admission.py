"""ResourceQuota as part of admission: what a write would use is charged to the quotas of its namespace, or the write is refused.

The charge is written before the object is: if that fails the charge stays until the quota controller counts again.
Source: apiserver pkg/admission/plugin/resourcequota/controller.go (CheckRequest); pkg/quota/v1/evaluator/core, v1.35.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from binpack.control.apiserver.errors import ForbiddenError
from binpack.control.apiserver.qos import qos_class
from binpack.control.apiserver.resources import ApiObject, is_namespaced, qualified_plural, resource_of
from binpack.model.base import replace
from binpack.model.pod import Pod
from binpack.model.policy import ResourceQuota, Service
from binpack.model.quantity import NANO, Quantity
from binpack.model.quotas import (
    ONE,
    claim_usage,
    counts_claims,
    counts_pods,
    counts_services,
    is_in_scope,
    missing_of_containers,
    pod_usage,
    service_usage,
)
from binpack.model.storage import PersistentVolumeClaim

if TYPE_CHECKING:
    from binpack.control.apiserver.store import Store

Usage = dict[str, Quantity]

COUNTED_BY_NAME = frozenset({"configmaps", "replicationcontrollers", "resourcequotas", "secrets"})
_BINARY = ("memory", "storage")


def charge(new: ApiObject, old: ApiObject | None, store: Store) -> None:
    """Charge a write to all quotas that it concerns.

    Parameters
    ----------
    new : ApiObject
        As it is to be stored.
    old : ApiObject or None
        As it is stored now; None if it is being created.
    store : Store

    Raises
    ------
    ForbiddenError
        If a quota does not allow it; then nothing is charged.
    """
    quotas = store.scan(ResourceQuota, new.metadata.namespace)
    if not quotas or not is_namespaced(resource_of(new)) or not _is_handled(new, old):
        return
    now = store.clock.timestamp
    changed = [replaced for quota in quotas if (replaced := _charged(quota, new, old, now)) is not quota]
    for quota in changed:
        store.update_status(quota)


def usage_of(value: ApiObject, now: datetime) -> Usage:
    """Return what a stored object uses of the resources that quotas know."""
    match value:
        case Pod():
            return pod_usage(value, now)
        case PersistentVolumeClaim():
            return claim_usage(value)
        case Service():
            return service_usage(value)
    plural = qualified_plural(resource_of(value))
    usage = {f"count/{plural}": ONE}
    return usage | {plural: ONE} if plural in COUNTED_BY_NAME else usage


def counted_names(value: ApiObject, names: Iterable[str]) -> list[str]:
    """Return those among a quota's resources that an object of this kind uses, sorted."""
    return sorted(filter(_counting(value), names))


def matches(quota: ResourceQuota, value: ApiObject) -> bool:
    """Tell whether an object is in all scopes of a quota. A quota with scopes counts pods only."""
    if not quota.spec.scopes and quota.spec.scope_selector is None:
        return True
    return isinstance(value, Pod) and is_in_scope(value, quota.spec, best_effort=qos_class(value.spec) == "BestEffort")


def shown(usage: Mapping[str, Quantity]) -> str:
    """Write quantities as messages do: `cpu=2,memory=1Gi`."""
    return ",".join(f"{name}={in_its_form(name, usage[name])}" for name in sorted(usage))


def in_its_form(name: str, quantity: Quantity) -> Quantity:
    """Return a quantity as the API writes it: with the largest suffix that leaves a whole number, binary where it was, or for bytes."""
    if quantity.is_written:
        binary = str(quantity).endswith("i")
    else:
        binary = name.endswith(_BINARY) or "hugepages-" in name
        binary = binary and quantity.nanos % (1024 * NANO) == 0
    return quantity.canonical(binary=binary)


def _is_handled(new: ApiObject, old: ApiObject | None) -> bool:
    """Tell whether a write can change what is used: a creation, an update of claims and services, a pod that gets or loses a deadline."""
    if old is None:
        return True
    if isinstance(new, Pod) and isinstance(old, Pod):
        return _has_deadline(new) != _has_deadline(old)
    return isinstance(new, PersistentVolumeClaim | Service)


def _has_deadline(pod: Pod) -> bool:
    return pod.spec.active_deadline_seconds is not None and pod.spec.active_deadline_seconds >= 0


def _charged(quota: ResourceQuota, new: ApiObject, old: ApiObject | None, now: datetime) -> ResourceQuota:
    """Return a quota with the charge for a write in its status; the same quota if the write does not concern it."""
    name, hard = quota.metadata.name, quota.status.hard
    counted = counted_names(new, hard)
    if not counted or not matches(quota, new):
        return quota
    if isinstance(new, Pod) and (missing := missing_of_containers(new, counted)):
        raise _refused(new, f"failed quota: {name}: {missing}")
    used = quota.status.used
    if any(one not in used for one in counted):
        raise _refused(new, f"status unknown for quota: {name}, resources: {','.join(counted)}")
    delta = usage_of(new, now)
    if old is not None and matches(quota, old):
        before = usage_of(old, now)
        delta = {one: Quantity(max(amount.nanos - before[one].nanos, 0)) if one in before else amount for one, amount in delta.items()}
    requested = {one: delta[one] for one in counted if one in delta and delta[one].nanos}
    exceeded = [one for one, amount in requested.items() if used[one] + amount > hard[one]]
    if exceeded:
        parts = ({one: amounts[one] for one in exceeded} for amounts in (requested, used, hard))
        texts = [f"{what}: {shown(part)}" for what, part in zip(("requested", "used", "limited"), parts, strict=True)]
        raise _refused(new, f"exceeded quota: {name}, {', '.join(texts)}")
    if not requested:
        return quota
    total = {one: in_its_form(one, used[one] + amount) for one, amount in requested.items()}
    return replace(quota, status=replace(quota.status, used=used | total))


def _refused(value: ApiObject, why: str) -> ForbiddenError:
    name = value.metadata.name or value.metadata.generate_name
    return ForbiddenError(f'{qualified_plural(resource_of(value))} "{name}" is forbidden: {why}')


def _counting(value: ApiObject) -> Callable[[str], bool]:
    match value:
        case Pod():
            return counts_pods
        case PersistentVolumeClaim():
            return counts_claims
        case Service():
            return counts_services
    plural = qualified_plural(resource_of(value))
    names = {f"count/{plural}", plural} if plural in COUNTED_BY_NAME else {f"count/{plural}"}
    return names.__contains__
