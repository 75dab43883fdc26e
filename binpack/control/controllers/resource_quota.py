"""ResourceQuota: counts what the objects of a namespace use, and writes it into the status that admission charges.

Source: pkg/controller/resourcequota/resource_quota_controller.go, resource_quota_monitor.go; pkg/quota/v1/resources.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from binpack.control.actions import Actions, Done, Outcome, UpdateStatus, conclude_plainly
from binpack.control.apiserver.quota_admission import COUNTED_BY_NAME, counted_names, in_its_form, matches, usage_of
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.clock import timestamp_of
from binpack.control.controller import Wake
from binpack.control.reader import Reader
from binpack.control.subjects import PodChange
from binpack.control.workqueue import RateLimiter
from binpack.model.base import replace
from binpack.model.pod import Pod
from binpack.model.policy import ResourceQuota, ResourceQuotaStatus
from binpack.model.quantity import Quantity
from binpack.model.quotas import counts_claims, counts_pods, counts_services
from binpack.units import US_PER_S

RESYNC_US = 300 * US_PER_S
"""How often every quota is counted anew, whatever happens."""


@dataclass(slots=True)
class QuotaMemory:
    """The quotas of each namespace that has any, by key: what makes an event elsewhere cost nothing.

    Parameters
    ----------
    keys : dict
        Namespace to keys; the inner dictionaries are ordered sets.
    """

    keys: dict[str, dict[str, None]] = field(default_factory=dict)


class ResourceQuotaController:
    """Counts what quotas limit: when one is new or changed, when something that it counts goes, and every five minutes."""

    name = "resourcequota-controller"
    resources: tuple[str, ...] | None = None
    pod_owners: tuple[str, ...] | None = None
    pod_changes: tuple[PodChange, ...] | None = ("phase",)
    max_retries: int | None = None
    workers: int = 5

    def new_limiter(self) -> RateLimiter:
        """Return client-go's default limiter."""
        return RateLimiter()

    def new_memory(self) -> QuotaMemory:
        """Return a memory that knows no quota."""
        return QuotaMemory()

    def observe(self, event: WatchEvent, reader: Reader, memory: QuotaMemory, now_us: int) -> Iterable[Wake]:
        """Wake a quota that is new or has other limits, and those of a namespace in which something went or ended."""
        if event.resource == "ResourceQuota":
            return self._observe_quota(event, memory)
        if event.type == "ADDED" or not memory.keys:
            return ()
        keys = memory.keys.get(event.object.metadata.namespace)
        if keys is None or not _frees(event):
            return ()
        return [key for key in keys if _concerns(key, event, reader)]

    def reconcile(self, key: str, reader: Reader, memory: QuotaMemory, now_us: int) -> Actions:
        """Count, and write the status if it is another."""
        namespace, _, name = key.partition("/")
        quota = reader.find(ResourceQuota, name, namespace)
        if quota is None:
            return Actions()
        status = ResourceQuotaStatus(hard=quota.spec.hard, used=used_by(quota, reader, now_us))
        stage = () if status == quota.status else (UpdateStatus(replace(quota, status=status)),)
        return Actions((stage,) if stage else (), requeue_after_us=RESYNC_US)

    def conclude(self, key: str, plan: Actions, outcomes: tuple[Outcome, ...], reader: Reader, memory: QuotaMemory, now_us: int) -> Done:
        """Retry what failed."""
        return conclude_plainly(plan, outcomes)

    def _observe_quota(self, event: WatchEvent, memory: QuotaMemory) -> Iterable[Wake]:
        quota = event.object
        assert isinstance(quota, ResourceQuota)
        namespace = quota.metadata.namespace
        key = f"{namespace}/{quota.metadata.name}"
        if event.type == "DELETED":
            keys = memory.keys.get(namespace, {})
            keys.pop(key, None)
            if not keys:
                memory.keys.pop(namespace, None)
            return ()
        memory.keys.setdefault(namespace, {})[key] = None
        before = event.previous
        is_changed = not isinstance(before, ResourceQuota) or before.spec != quota.spec
        return (key,) if is_changed else ()


def used_by(quota: ResourceQuota, reader: Reader, now_us: int) -> dict[str, Quantity]:
    """Return what is used of each resource that a quota limits and that something can use."""
    now = timestamp_of(now_us)
    totals = {name: 0 for name in quota.spec.hard if is_countable(name)}
    for value in reader.within(quota.metadata.namespace):
        counted = counted_names(value, totals)
        if counted and matches(quota, value):
            usage = usage_of(value, now)
            for name in counted:
                if name in usage:
                    totals[name] += usage[name].nanos
    return {name: in_its_form(name, Quantity(nanos)) for name, nanos in totals.items()}


def is_countable(name: str) -> bool:
    """Tell whether some object can use a quota's resource."""
    return counts_pods(name) or counts_claims(name) or counts_services(name) or name.startswith("count/") or name in COUNTED_BY_NAME


def _frees(event: WatchEvent) -> bool:
    """Tell whether after a write less may be used: something is gone, a pod has ended, a claim or a service has changed."""
    if event.type == "DELETED":
        return True
    if isinstance(event.object, Pod):
        return event.object.is_terminal and not (isinstance(event.previous, Pod) and event.previous.is_terminal)
    return event.resource in ("PersistentVolumeClaim", "Service")


def _concerns(key: str, event: WatchEvent, reader: Reader) -> bool:
    namespace, _, name = key.partition("/")
    quota = reader.find(ResourceQuota, name, namespace)
    return quota is not None and bool(counted_names(event.object, quota.spec.hard))
