"""Which daemon pods are missing, failed or too many, and which ones a rolling update replaces.

Source: pkg/controller/daemon/daemon_controller.go (podsShouldBeOnNode) and update.go (rollingUpdate), v1.35.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from binpack.control.conditions import is_ready
from binpack.control.controllers.daemonset.nodes import Fitness, is_current
from binpack.control.controllers.pods import is_available
from binpack.control.records import Record
from binpack.model.int_or_percent import IntOrPercent, scaled
from binpack.model.pod import Pod
from binpack.model.workloads import DaemonSet
from binpack.units import US_PER_MINUTE, US_PER_S

FAILED_BACKOFF_US = US_PER_S
MAX_FAILED_BACKOFF_US = 15 * US_PER_MINUTE
FORGET_FAILURES_US = 30 * US_PER_MINUTE


class Limits(NamedTuple):
    """How many nodes may have two pods, and how many none that is available, during a rolling update."""

    surge: int
    unavailable: int


@dataclass(slots=True)
class Failures:
    """When failed pods of one node may be replaced.

    Parameters
    ----------
    delay_us : int
        After the last failure.
    last_us : int
    """

    delay_us: int
    last_us: int


@dataclass(slots=True)
class Changes:
    """What a DaemonSet's pods need.

    Parameters
    ----------
    creates : list of str
        Names of nodes.
    deletes : list of Pod
    records : list of Record
    waits_us : list of int
        How long until a failed pod may be replaced.
    """

    creates: list[str] = field(default_factory=list)
    deletes: list[Pod] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    waits_us: list[int] = field(default_factory=list)


def update_limits(max_surge: IntOrPercent, max_unavailable: IntOrPercent, desired: int) -> Limits:
    """Resolve both limits; both round up, and they cannot both be 0 while pods are wanted."""
    surge = scaled(max_surge, desired, "up")
    unavailable = scaled(max_unavailable, desired, "up")
    return Limits(surge, 1 if surge == 0 and unavailable == 0 and desired > 0 else unavailable)


def limits_of(daemon_set: DaemonSet, desired: int) -> Limits:
    """Return a DaemonSet's limits; one unavailable pod when nothing is given."""
    rolling = daemon_set.spec.update_strategy.rolling_update
    if rolling is None:
        return update_limits(0, 1, desired)
    unavailable = rolling.max_unavailable
    if unavailable is None and rolling.max_surge is None:
        unavailable = 1
    return update_limits(rolling.max_surge, unavailable, desired)


def has_surge(daemon_set: DaemonSet) -> bool:
    """Tell whether a rolling update may run two pods on a node."""
    return daemon_set.spec.update_strategy.type != "OnDelete" and limits_of(daemon_set, 1).surge > 0


def oldest_first(pods: Sequence[Pod]) -> list[Pod]:
    """Sort pods: bound ones, then the oldest, then by name."""
    if len(pods) < 2:
        return list(pods)

    def order(pod: Pod) -> tuple[bool, float, str]:
        created = pod.metadata.creation_timestamp
        return not pod.spec.node_name, 0.0 if created is None else created.timestamp(), pod.metadata.name

    return sorted(pods, key=order)


def manage(
    daemon_set: DaemonSet,
    fits: Mapping[str, Fitness],
    pods: Mapping[str, list[Pod]],
    digest: str,
    failures: dict[str, Failures],
    now_us: int,
) -> Changes:
    """Compare each node with the pods that are there.

    Parameters
    ----------
    daemon_set : DaemonSet
    fits : mapping
        By node, in the order of names.
    pods : mapping
        By target node.
    digest : str
        The label value of the present template.
    failures : dict
        By `uid:generation:node`; changed here.
    now_us : int
    """
    changes = Changes()
    for node_name, fit in fits.items():
        there = [pod for pod in pods.get(node_name, ()) if not (pod.is_terminal and pod.is_terminating)]
        if fit.should_run and not there:
            changes.creates.append(node_name)
        elif fit.should_continue:
            _keep_one(daemon_set, node_name, there, digest, failures, changes, now_us)
        else:
            changes.deletes += [pod for pod in there if not pod.is_terminating]
    for node_name, there in pods.items():
        if node_name not in fits:
            # Pods bound to a vanished node are left to pod garbage collection.
            changes.deletes += [pod for pod in there if not pod.spec.node_name and not pod.is_terminating]
    return changes


def _keep_one(
    daemon_set: DaemonSet,
    node_name: str,
    there: Sequence[Pod],
    digest: str,
    failures: dict[str, Failures],
    changes: Changes,
    now_us: int,
) -> None:
    running: list[Pod] = []
    for pod in there:
        if pod.is_terminating:
            continue
        if pod.is_terminal:
            _replace_ended(daemon_set, node_name, pod, failures, changes, now_us)
        else:
            running.append(pod)
    if len(running) < 2:
        return
    if not has_surge(daemon_set):
        changes.deletes += oldest_first(running)[1:]
        return
    old, new = _old_and_new(daemon_set, oldest_first(running), digest)
    changes.deletes += [*new[1:], *old[1:]]
    if new and old and (not is_ready(old[0]) or is_available(new[0], daemon_set.spec.min_ready_seconds, now_us)):
        changes.deletes.append(old[0])


def _replace_ended(
    daemon_set: DaemonSet, node_name: str, pod: Pod, failures: dict[str, Failures], changes: Changes, now_us: int
) -> None:  # fmt: skip
    if pod.status.phase == "Succeeded":
        said = f"Found succeeded daemon pod {pod.key} on node {node_name}, will try to delete it"
        changes.records.append(Record(daemon_set, "Normal", "SucceededDaemonPod", said))
        changes.deletes.append(pod)
        return
    # A new generation begins with a clean slate.
    key = f"{daemon_set.metadata.uid}:{daemon_set.status.observed_generation}:{node_name}"
    known = failures.get(key)
    if known is not None and now_us - known.last_us > FORGET_FAILURES_US:
        known = None
    if known is not None and now_us < known.last_us + known.delay_us:
        changes.waits_us.append(known.last_us + known.delay_us - now_us)
        return
    delay_us = FAILED_BACKOFF_US if known is None else min(2 * known.delay_us, MAX_FAILED_BACKOFF_US)
    failures[key] = Failures(delay_us, now_us)
    said = f"Found failed daemon pod {pod.key} on node {node_name}, will try to kill it"
    changes.records.append(Record(daemon_set, "Warning", "FailedDaemonPod", said))
    changes.deletes.append(pod)


def roll(
    daemon_set: DaemonSet, fits: Mapping[str, Fitness], pods: Mapping[str, list[Pod]], digest: str, now_us: int
) -> Changes:  # fmt: skip
    """Replace pods of former templates, as far as the limits allow."""
    desired = sum(fit.should_run for fit in fits.values())
    limits = limits_of(daemon_set, desired)
    names = [name for name, fit in fits.items() if fit.should_run or pods.get(name)]
    sides = {name: _sides(daemon_set, pods.get(name, ()), digest) for name in names}
    if limits.surge > 0:
        return _roll_with_surge(daemon_set, fits, sides, limits.surge, desired, now_us)
    return _roll_in_place(daemon_set, sides, limits.unavailable, now_us)


class _Sides(NamedTuple):
    """The old and the new pod of a node; `is_odd` if there are two of one kind."""

    old: Pod | None
    new: Pod | None
    is_odd: bool


def _sides(daemon_set: DaemonSet, pods: Sequence[Pod], digest: str) -> _Sides:
    old, new = _old_and_new(daemon_set, [pod for pod in pods if not pod.is_terminating], digest)
    return _Sides(old[0] if old else None, new[0] if new else None, len(new) > 1 or len(old) > 1)


def _old_and_new(daemon_set: DaemonSet, pods: Sequence[Pod], digest: str) -> tuple[list[Pod], list[Pod]]:
    """Tell pods of former templates from those of the present one."""
    old: list[Pod] = []
    new: list[Pod] = []
    for pod in pods:
        (new if is_current(daemon_set, digest, pod) else old).append(pod)
    return old, new


def _roll_in_place(daemon_set: DaemonSet, sides: Mapping[str, _Sides], max_unavailable: int, now_us: int) -> Changes:
    """Delete old pods; those that are not available anyway without a limit."""
    seconds, unavailable = daemon_set.spec.min_ready_seconds, 0
    free: list[Pod] = []
    candidates: list[Pod] = []
    for side in sides.values():
        if side.is_odd or (side.old is None) == (side.new is None):
            unavailable += 1
        elif side.new is not None:
            unavailable += not is_available(side.new, seconds, now_us)
        elif side.old is not None and not is_available(side.old, seconds, now_us):
            unavailable += 1
            free.append(side.old)
        elif side.old is not None:
            candidates.append(side.old)
    return Changes(deletes=[*free, *candidates[: max(max_unavailable - unavailable, 0)]])


def _roll_with_surge(
    daemon_set: DaemonSet, fits: Mapping[str, Fitness], sides: Mapping[str, _Sides], max_surge: int, desired: int, now_us: int
) -> Changes:
    """Create a new pod beside each old one, then delete the old one."""
    seconds = daemon_set.spec.min_ready_seconds
    shown = [side.old or side.new for side in sides.values()]
    available = sum(pod is not None and is_available(pod, seconds, now_us) for pod in shown)
    surge = 0
    free: list[str] = []
    candidates: list[str] = []
    changes = Changes()
    for name, side in sides.items():
        if side.is_odd:
            surge += 1
        elif side.old is not None and side.new is not None:
            if is_available(side.new, seconds, now_us):
                changes.deletes.append(side.old)
            else:
                surge += 1
        elif side.old is not None:
            is_up = is_available(side.old, seconds, now_us)
            if not fits[name].should_run:
                if not is_up or available > desired:
                    changes.deletes.append(side.old)
                    available -= is_up
            elif is_up:
                candidates.append(name)
            else:
                free.append(name)
    changes.creates = [*free, *candidates[: max(max_surge - surge, 0)]]
    return changes
