"""What controllers of pods share: a pod from a template, creation in growing batches, availability, and who is deleted first.

Source: pkg/controller/controller_utils.go, v1.35.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cmp_to_key
from typing import Literal, TypeVar

from binpack.control.apiserver.resources import ApiObject
from binpack.control.clock import time_of
from binpack.control.conditions import find_condition, is_ready
from binpack.control.controllers.ownership import controller_reference
from binpack.model.meta import ObjectMeta
from binpack.model.pod import Pod, PodTemplateSpec
from binpack.model.selectors import parse_int64
from binpack.units import US_PER_S

W = TypeVar("W")

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASE_ORDER = {"Pending": 0, "Unknown": 1, "Running": 2}
_NS_PER_US = 1000
_INT32 = range(-(1 << 31), 1 << 31)


def pod_from_template(template: PodTemplateSpec, owner: ApiObject, *, name_prefix: str = "") -> Pod:
    """Build a pod that the API server is to name."""
    meta = template.metadata
    return Pod(
        metadata=ObjectMeta(
            generate_name=name_prefix or f"{owner.metadata.name}-",
            namespace=owner.metadata.namespace,
            labels=meta.labels,
            annotations=meta.annotations,
            finalizers=meta.finalizers,
            owner_references=(controller_reference(owner),),
        ),
        spec=template.spec,
    )


def matters_to_owner(before: Pod, after: Pod) -> bool:
    """Tell whether a change of a pod can change what its controller does or reports.

    Most writes to a pod (its binding, container states on the way to Running) cannot. A sync that they would wake would find
    everything as it left it, so waking it is left out. Since when a pod has *not* been Ready is nobody's business.
    """
    meta, former, status, old = after.metadata, before.metadata, after.status, before.status
    if (
        old.phase != status.phase
        or former.deletion_timestamp != meta.deletion_timestamp
        or (former.labels is not meta.labels and former.labels != meta.labels)
        or former.owner_references != meta.owner_references
        or former.finalizers != meta.finalizers
    ):
        return True
    if old is status:
        return False
    return _ready_since(before) != _ready_since(after) or restarts_of(before) != restarts_of(after)


def _ready_since(pod: Pod) -> datetime | Literal[True] | None:
    """Return since when a pod is Ready, True if nobody knows, None if it is not."""
    condition = find_condition(pod.status.conditions, "Ready")
    return None if condition is None or condition.status != "True" else condition.last_transition_time or True


def restarts_of(pod: Pod) -> int:
    """Return how often all containers of a pod together have been restarted."""
    restarts = 0
    for status in pod.status.container_statuses:
        restarts += status.restart_count
    for status in pod.status.init_container_statuses:
        restarts += status.restart_count
    return restarts


def slow_start_batches(writes: Sequence[W], *, initial: int = 1) -> tuple[tuple[W, ...], ...]:
    """Cut writes into batches of 1, 2, 4, 8, …, so that a cluster that refuses them all is asked once.

    Examples
    --------
    >>> [len(batch) for batch in slow_start_batches(range(10))]
    [1, 2, 4, 3]
    """
    batches: list[tuple[W, ...]] = []
    start, size = 0, initial
    while start < len(writes):
        batches.append(tuple(writes[start : start + size]))
        start += size
        size *= 2
    return tuple(batches)


def is_available(pod: Pod, min_ready_seconds: int, now_us: int) -> bool:
    """Tell whether a pod has been Ready for at least `min_ready_seconds`."""
    condition = find_condition(pod.status.conditions, "Ready")
    if condition is None or condition.status != "True":
        return False
    if min_ready_seconds == 0:
        return True
    since = condition.last_transition_time
    return since is not None and time_of(since) + min_ready_seconds * US_PER_S <= now_us


def next_availability_us(pods: Sequence[Pod], min_ready_seconds: int, now_us: int) -> int | None:
    """Return how long until the next Ready pod becomes available, in microseconds; None if none is about to."""
    waits = []
    for pod in pods:
        condition = find_condition(pod.status.conditions, "Ready")
        if condition is not None and condition.status == "True" and condition.last_transition_time is not None:
            wait_us = time_of(condition.last_transition_time) + min_ready_seconds * US_PER_S - now_us
            if wait_us > 0:
                waits.append(wait_us)
    return min(waits, default=None)


def compare_for_deletion(first: Pod, second: Pod, now_us: int, *, first_rank: int = 0, second_rank: int = 0) -> int:
    """Compare two pods of a ReplicaSet: negative if the first is to be deleted before the second.

    Parameters
    ----------
    first, second : Pod
    now_us : int
        The instant of the sync.
    first_rank, second_rank : int
        How many related pods share the pod's node, itself included. Doubled-up pods go first.
    """
    order = _compare_states(first, second)
    if order:
        return order
    order = _deletion_cost(first) - _deletion_cost(second) or second_rank - first_rank
    if order:
        return order
    if is_ready(first) and is_ready(second):
        times = _ready_time(first), _ready_time(second)
        if times[0] != times[1]:
            return _compare_ages(first, second, *times, now_us)
    order = _compare_restarts(first, second)
    if order:
        return order
    created = first.metadata.creation_timestamp, second.metadata.creation_timestamp
    if created[0] != created[1]:
        return _compare_ages(first, second, *created, now_us)
    return _compare(first.metadata.uid, second.metadata.uid)


def compare_active(first: Pod, second: Pod) -> int:
    """Compare two pods plainly, as a Job does: negative if the first is to be deleted before the second."""
    order = _compare_states(first, second)
    if order:
        return order
    if is_ready(first) and is_ready(second):
        order = _compare_youngest(_ready_time(first), _ready_time(second))
        if order:
            return order
    order = _compare_restarts(first, second)
    if order:
        return order
    order = _compare_youngest(first.metadata.creation_timestamp, second.metadata.creation_timestamp)
    return order or _compare(first.metadata.uid, second.metadata.uid)


def in_order(pods: Sequence[Pod], compare: Callable[[Pod, Pod], int]) -> list[Pod]:
    """Sort pods by one of the comparisons of this module."""
    return sorted(pods, key=cmp_to_key(compare))


def log_rank(time: datetime | None, now_us: int) -> int:
    """Return the bucket of an age: the whole part of log2 of its nanoseconds, -1 for the present and the future."""
    age_us = -1 if time is None else now_us - time_of(time)
    return int(math.log2(age_us * _NS_PER_US)) if age_us > 0 else -1


def _compare_states(first: Pod, second: Pod) -> int:
    """Unassigned before assigned, Pending before Unknown before Running, not Ready before Ready."""
    order = bool(first.spec.node_name) - bool(second.spec.node_name)
    if order:
        return order
    order = _PHASE_ORDER.get(first.status.phase, 0) - _PHASE_ORDER.get(second.status.phase, 0)
    return order or is_ready(first) - is_ready(second)


def _compare_ages(first: Pod, second: Pod, time: datetime | None, other: datetime | None, now_us: int) -> int:
    """The younger first, but ages of one power of two are equal, and then the uid decides and nothing after it."""
    if time is None or other is None:
        return -1 if time is None else 1
    order = log_rank(time, now_us) - log_rank(other, now_us)
    return order or _compare(first.metadata.uid, second.metadata.uid)


def _compare_youngest(time: datetime | None, other: datetime | None) -> int:
    if time == other:
        return 0
    if time is None or other is None:
        return -1 if time is None else 1
    return -1 if time > other else 1


def _compare_restarts(first: Pod, second: Pod) -> int:
    """More restarts first: of regular containers, then of sidecars."""
    order = _restarts(second) - _restarts(first)
    return order or _sidecar_restarts(second) - _sidecar_restarts(first)


def _restarts(pod: Pod) -> int:
    return max((status.restart_count for status in pod.status.container_statuses), default=0)


def _sidecar_restarts(pod: Pod) -> int:
    sidecars = {container.name for container in pod.spec.init_containers if container.restart_policy == "Always"}
    return max((status.restart_count for status in pod.status.init_container_statuses if status.name in sidecars), default=0)


def _ready_time(pod: Pod) -> datetime | None:
    condition = find_condition(pod.status.conditions, "Ready")
    return None if condition is None else condition.last_transition_time


def _deletion_cost(pod: Pod) -> int:
    """The annotation, if it is an int32 without a plus sign or leading zeros."""
    text = pod.metadata.annotations.get(DELETION_COST, "")
    if not text:
        return 0
    number = parse_int64(text)
    return number if number is not None and str(number) == text and number in _INT32 else 0


def _compare(first: str, second: str) -> int:
    return (first > second) - (first < second)
