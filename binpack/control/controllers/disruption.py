"""Disruption: keeps the status of PodDisruptionBudgets, which the eviction API goes by.

Source: pkg/controller/disruption/disruption.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from binpack.control.actions import Actions, Done, Outcome, UpdateStatus, Write, first_error
from binpack.control.apiserver.errors import NotFoundError
from binpack.control.apiserver.eviction import budgets_of
from binpack.control.apiserver.resources import ApiObject, Unstructured
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.clock import time_of, timestamp_of
from binpack.control.conditions import find_condition, is_ready, is_true, transitioned, with_condition
from binpack.control.controller import Wake
from binpack.control.controllers.ownership import selector_of
from binpack.control.reader import Reader
from binpack.control.records import Record
from binpack.control.subjects import PodChange
from binpack.control.workqueue import RateLimiter
from binpack.model.base import replace
from binpack.model.int_or_percent import scaled
from binpack.model.meta import Condition, controller_of
from binpack.model.pod import Pod
from binpack.model.policy import PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus
from binpack.model.workloads import Deployment, ReplicaSet, ReplicationController, StatefulSet
from binpack.units import US_PER_MINUTE

DISRUPTED_FOR_US = 2 * US_PER_MINUTE
"""How long an eviction is remembered whose pod does not go, and how long a mark on a pod stays that nobody follows up."""

_STALE_POD = "stale-pod:"


class Expected(NamedTuple):
    """How many pods a budget counts on, and how many of them must be healthy."""

    pods: int
    healthy: int


class NoScaleError(Exception):
    """A pod's controller has no scale."""


@dataclass(slots=True)
class DisruptionMemory:
    """Which pods each budget selects, so that a change of one pod is no reason to look at all others of its namespace.

    Parameters
    ----------
    members : dict of dicts
        By budget: the keys of its pods, as far as they have been seen; an ordered set. A budget that is not in it has to look for them.
    """

    members: dict[str, dict[str, None]] = field(default_factory=dict)


class DisruptionController:
    """Counts healthy pods, and what can be spared of them."""

    name = "disruption-controller"
    resources: tuple[str, ...] | None = ("PodDisruptionBudget", "Pod")
    pod_owners: tuple[str, ...] | None = None
    pod_changes: tuple[PodChange, ...] | None = None
    max_retries: int | None = None
    workers: int = 1

    def new_limiter(self) -> RateLimiter:
        """Return client-go's default limiter."""
        return RateLimiter()

    def new_memory(self) -> DisruptionMemory:
        """Return an empty memory."""
        return DisruptionMemory()

    def observe(self, event: WatchEvent, reader: Reader, memory: DisruptionMemory, now_us: int) -> Iterable[Wake]:
        """Wake a budget for its changes and for those of its pods."""
        value, former = event.object, event.previous
        if isinstance(value, Pod):
            return _observe_pod(event, value, reader, memory, now_us)
        if not isinstance(value, PodDisruptionBudget):
            return ()
        if event.type == "DELETED" or not isinstance(former, PodDisruptionBudget) or former.spec != value.spec:
            memory.members.pop(_key(value), None)
            return (_key(value),)
        return (_key(value),) if former.status != value.status else ()

    def reconcile(self, key: str, reader: Reader, memory: DisruptionMemory, now_us: int) -> Actions:
        """Compute a budget's status, or take back a mark on a pod that was not deleted after all."""
        if key.startswith(_STALE_POD):
            return _unmark(key.removeprefix(_STALE_POD), reader, now_us)
        namespace, _, name = key.partition("/")
        budget = reader.find(PodDisruptionBudget, name, namespace)
        if budget is None:
            return Actions()
        pods = _pods_of(budget, reader, memory)
        records = [] if pods else [Record(budget, "Normal", "NoPods", "No matching pods found")]
        try:
            scale, unmanaged = scale_of(pods, reader) if needs_scale(budget.spec) else (0, [])
            expected = expected_pods(budget.spec, len(pods), scale)
        except (NoScaleError, ValueError) as error:
            message = f"Failed to calculate the number of expected pods: {error}"
            records.append(Record(budget, "Warning", "CalculateExpectedPodCountFailed", message))
            return _plan(budget, _failed_status(budget, str(error), now_us), records, None, str(error))
        if unmanaged:
            names = ", ".join(f'"{pod.key}"' for pod in unmanaged)
            message = f"Pods selected by this PodDisruptionBudget (selector: {budget.spec.selector}) were found to be unmanaged: {names}"
            records.append(Record(budget, "Warning", "UnmanagedPods", message))
        disrupted = still_disrupted(budget.status.disrupted_pods, pods, now_us)
        records += _not_deleted(budget, pods, now_us)
        status = budget_status(budget, pods, expected, disrupted, now_us)
        waits = [time_of(time) + DISRUPTED_FOR_US - now_us for time in disrupted.values()]
        return _plan(budget, status, records, min(waits, default=None), "")

    def conclude(
        self, key: str, plan: Actions, outcomes: tuple[Outcome, ...], reader: Reader, memory: DisruptionMemory, now_us: int
    ) -> Done:
        """Retry what failed."""
        error = first_error(tuple(one for one in outcomes if not isinstance(one.error, NotFoundError)))
        return Done(error or (plan.note or ""), plan.requeue_after_us)


def _follow(memory: DisruptionMemory, pod_key: str, budgets: Iterable[PodDisruptionBudget], *, is_there: bool) -> None:
    """Keep the members of budgets up to date."""
    for budget in budgets:
        members = memory.members.get(_key(budget))
        if members is not None and is_there:
            members[pod_key] = None
        elif members is not None:
            members.pop(pod_key, None)


def _pods_of(budget: PodDisruptionBudget, reader: Reader, memory: DisruptionMemory) -> list[Pod]:
    """Return the pods that a budget selects."""
    key, namespace = _key(budget), budget.metadata.namespace
    members = memory.members.get(key)
    if members is None:
        selector = selector_of(budget.spec.selector)
        pods = [pod for pod in reader.scan(Pod, namespace) if selector.matches(pod.metadata.labels)]
        memory.members[key] = dict.fromkeys(pod.key for pod in pods)
        return pods
    found = (reader.find(Pod, one.partition("/")[2], namespace) for one in members)
    return [pod for pod in found if pod is not None]


def needs_scale(spec: PodDisruptionBudgetSpec) -> bool:
    """Tell whether a budget counts on what controllers want rather than on the pods that are there."""
    return spec.max_unavailable is not None or isinstance(spec.min_available, str)


def expected_pods(spec: PodDisruptionBudgetSpec, pods: int, scale: int) -> Expected:
    """Return how many pods a budget counts on, and how many of them must be healthy. Percentages of both kinds round up.

    Parameters
    ----------
    spec : PodDisruptionBudgetSpec
    pods : int
        How many match.
    scale : int
        How many their controllers want.

    Raises
    ------
    ValueError
        If a string is no percentage.
    """
    if spec.max_unavailable is not None:
        return Expected(scale, max(scale - scaled(spec.max_unavailable, scale, "up"), 0))
    if isinstance(spec.min_available, int):
        return Expected(pods, spec.min_available)
    if spec.min_available is not None:
        return Expected(scale, scaled(spec.min_available, scale, "up"))
    return Expected(0, 0)


def scale_of(pods: Sequence[Pod], reader: Reader) -> tuple[int, list[Pod]]:
    """Sum the scales of the distinct controllers at the top of some pods; return also the pods without a controller.

    Raises
    ------
    NoScaleError
        If one of them has no scale, such as a Job or a DaemonSet.
    """
    scales: dict[str, int] = {}
    unmanaged: list[Pod] = []
    for pod in pods:
        reference = controller_of(pod.metadata)
        if reference is None:
            unmanaged.append(pod)
            continue
        owner = reader.owner_of(reference.uid)
        above = controller_of(owner.metadata) if isinstance(owner, ReplicaSet) else None
        if above is not None and above.kind == "Deployment":
            owner = reader.owner_of(above.uid) or owner
        if owner is None:
            raise NoScaleError(f'found no controllers for pod "{pod.metadata.name}"')
        scales[owner.metadata.uid] = _scale_of_one(owner)
    return sum(scales.values()), unmanaged


def _scale_of_one(owner: ApiObject) -> int:
    """Return how many pods a controller wants."""
    if isinstance(owner, Deployment | ReplicaSet | ReplicationController | StatefulSet):
        return 1 if owner.spec.replicas is None else owner.spec.replicas
    # A custom resource with a size is taken to have the scale subresource, and to have it there.
    replicas = (owner.spec or {}).get("replicas") if isinstance(owner, Unstructured) else None
    if not isinstance(replicas, int):
        raise NoScaleError(_no_scale(owner.kind))
    return replicas


def _no_scale(kind: str) -> str:
    return f"{kind.lower()}s does not implement the scale subresource"


def still_disrupted(disrupted: Mapping[str, datetime], pods: Sequence[Pod], now_us: int) -> dict[str, datetime]:
    """Return those evictions of the last two minutes whose pod is there and not yet terminating."""
    waiting = {pod.metadata.name for pod in pods if not pod.is_terminating}
    return {name: time for name, time in disrupted.items() if name in waiting and time_of(time) + DISRUPTED_FOR_US > now_us}


def budget_status(
    budget: PodDisruptionBudget, pods: Sequence[Pod], expected: Expected, disrupted: dict[str, datetime], now_us: int
) -> PodDisruptionBudgetStatus:
    """Count the healthy pods: Ready, not terminating, and not just evicted."""
    healthy = sum(is_ready(pod) and not pod.is_terminating and pod.metadata.name not in disrupted for pod in pods)
    allowed = max(healthy - expected.healthy, 0) if expected.pods > 0 else 0
    condition = Condition(
        "DisruptionAllowed",
        "True" if allowed > 0 else "False",
        "SufficientPods" if allowed > 0 else "InsufficientPods",
    )
    return PodDisruptionBudgetStatus(
        observed_generation=budget.metadata.generation,
        disruptions_allowed=allowed,
        current_healthy=healthy,
        desired_healthy=expected.healthy,
        expected_pods=expected.pods,
        disrupted_pods=disrupted,
        conditions=transitioned(budget.status.conditions, condition, timestamp_of(now_us)),
    )


def _failed_status(budget: PodDisruptionBudget, error: str, now_us: int) -> PodDisruptionBudgetStatus:
    """Allow nothing, and say why."""
    condition = Condition("DisruptionAllowed", "False", "SyncFailed", error)
    conditions = transitioned(budget.status.conditions, condition, timestamp_of(now_us))
    return replace(
        budget.status, disruptions_allowed=0, observed_generation=budget.metadata.generation, conditions=conditions
    )  # fmt: skip


def _plan(
    budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus, records: list[Record], wait_us: int | None, error: str
) -> Actions:  # fmt: skip
    writes: tuple[Write, ...] = (UpdateStatus(replace(budget, status=status)),) if status != budget.status else ()
    return Actions((writes,) if writes else (), tuple(records), requeue_after_us=wait_us, note=error)


def _not_deleted(budget: PodDisruptionBudget, pods: Sequence[Pod], now_us: int) -> list[Record]:
    """Tell of the pods that were evicted two minutes ago and are still there."""
    times = budget.status.disrupted_pods
    late = [
        pod
        for pod in pods
        if not pod.is_terminating and pod.metadata.name in times and time_of(times[pod.metadata.name]) + DISRUPTED_FOR_US <= now_us
    ]
    message = f"Pod was expected by PDB {budget.metadata.namespace}/{budget.metadata.name} to be deleted but it wasn't"
    return [Record(pod, "Warning", "NotDeleted", message) for pod in late]


def _matters(before: Pod, after: Pod) -> bool:
    meta, former = after.metadata, before.metadata
    return (
        before.is_terminating != after.is_terminating
        or (former.labels is not meta.labels and former.labels != meta.labels)
        or former.owner_references != meta.owner_references
        or is_ready(before) != is_ready(after)
    )


def _observe_pod(event: WatchEvent, pod: Pod, reader: Reader, memory: DisruptionMemory, now_us: int) -> list[Wake]:
    meta, former = pod.metadata, event.previous
    candidates = reader.selecting(PodDisruptionBudget, meta.namespace, meta.labels)
    if isinstance(former, Pod) and event.type == "MODIFIED":
        # Where there are no budgets, as mostly, only a mark that nobody follows up is of interest.
        is_unmarked = not _is_stale_mark(pod) or _is_stale_mark(former)
        if is_unmarked and (not _matters(former, pod) if candidates else former.metadata.labels is meta.labels):
            return []
    found = budgets_of(pod, candidates)
    if found:
        _follow(memory, pod.key, found, is_there=event.type != "DELETED")
    if isinstance(former, Pod) and former.metadata.labels != meta.labels:
        before = budgets_of(former, reader.selecting(PodDisruptionBudget, meta.namespace, former.metadata.labels))
        left = [one for one in before if one not in found]
        _follow(memory, pod.key, left, is_there=False)
        found += left
    wakes: list[Wake] = [_key(budget) for budget in found]
    if event.type != "DELETED" and _is_stale_mark(pod):
        wakes.append((_STALE_POD + pod.key, max(_marked_until_us(pod) - now_us, 0)))
    return wakes


def _is_stale_mark(pod: Pod) -> bool:
    """Tell whether a pod is marked as about to be disrupted and nobody has deleted it yet."""
    return is_true(pod.status.conditions, "DisruptionTarget") and not pod.is_terminating and not pod.is_terminal


def _marked_until_us(pod: Pod) -> int:
    condition = find_condition(pod.status.conditions, "DisruptionTarget")
    since = None if condition is None else condition.last_transition_time
    return 0 if since is None else time_of(since) + DISRUPTED_FOR_US


def _unmark(key: str, reader: Reader, now_us: int) -> Actions:
    namespace, _, name = key.partition("/")
    pod = reader.find(Pod, name, namespace)
    if pod is None or not _is_stale_mark(pod):
        return Actions()
    wait_us = _marked_until_us(pod) - now_us
    if wait_us > 0:
        return Actions(requeue_after_us=wait_us)
    condition = Condition("DisruptionTarget", "False", last_transition_time=timestamp_of(now_us))
    status = replace(pod.status, conditions=with_condition(pod.status.conditions, condition))
    return Actions(((UpdateStatus(replace(pod, status=status)),),))


def _key(budget: PodDisruptionBudget) -> str:
    return f"{budget.metadata.namespace}/{budget.metadata.name}"
