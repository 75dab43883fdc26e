"""Node-pressure eviction: which thresholds are met, which is dealt with first, and which pod goes.

Source: pkg/kubelet/eviction/helpers.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

MEMORY_SIGNALS = ("memory.available", "allocatableMemory.available")
RESOURCE_OF_SIGNAL = {
    "memory.available": "memory",
    "allocatableMemory.available": "memory",
    "nodefs.available": "ephemeral-storage",
    "nodefs.inodesFree": "inodes",
    "imagefs.available": "ephemeral-storage",
    "imagefs.inodesFree": "inodes",
    "containerfs.available": "ephemeral-storage",
    "containerfs.inodesFree": "inodes",
    "pid.available": "pids",
}


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity, or a share of the capacity.

    Parameters
    ----------
    units : int
        Bytes, inodes or processes.
    share : float or None
        Of the capacity; then `units` does not count.
    """

    units: int = 0
    share: float | None = None

    def of(self, capacity: int) -> int:
        """Resolve it; a share in single precision, as the kubelet does."""
        return self.units if self.share is None else int(float(capacity) * float(np.float32(self.share)))


class Observation(NamedTuple):
    """What a signal says: how much is available of which capacity."""

    available: int
    capacity: int = 0


@dataclass(frozen=True, slots=True)
class Threshold:
    """Below what a signal means pressure.

    Parameters
    ----------
    signal : str
        As in `--eviction-hard`.
    value : Amount
    min_reclaim : Amount or None
        How far above the threshold the signal must come before the pressure is over.
    grace_us : int
        Of a soft threshold: how long it must be met without a break before a pod is evicted.
    """

    signal: str
    value: Amount
    min_reclaim: Amount | None = None
    grace_us: int = 0


class PodUsage(NamedTuple):
    """What a pod uses of the resource that is short.

    Parameters
    ----------
    name : str
    priority, request : int
        A pod without a request has 0.
    usage : int or None
        None for a pod without statistics: it goes first.
    """

    name: str
    priority: int
    request: int
    usage: int | None


def is_met(threshold: Threshold, observed: Observation, *, enforces_reclaim: bool) -> bool:
    """Tell whether less is available than the threshold, strictly; of one that was met before, than threshold and reclaim together."""
    needed = threshold.value.of(observed.capacity)
    if enforces_reclaim and threshold.min_reclaim is not None:
        needed += threshold.min_reclaim.of(observed.capacity)
    return observed.available < needed


def met_thresholds(
    thresholds: Iterable[Threshold], observations: Mapping[str, Observation], *, enforces_reclaim: bool
) -> list[Threshold]:  # fmt: skip
    """Return the thresholds that are met; a signal that was not observed meets none."""
    return [
        one for one in thresholds if one.signal in observations and is_met(one, observations[one.signal], enforces_reclaim=enforces_reclaim)
    ]


def by_urgency(signals: Iterable[str]) -> list[str]:
    """Sort signals: memory first, what cannot be reclaimed last."""
    return sorted(signals, key=lambda signal: (signal not in MEMORY_SIGNALS, signal not in RESOURCE_OF_SIGNAL))


def held_conditions(observed_at_us: Mapping[str, int], period_us: int, now_us: int) -> list[str]:
    """Return the node conditions that were observed within a period; they stay that long after the pressure is over."""
    return [kind for kind, time_us in observed_at_us.items() if now_us - time_us < period_us]


EVICTION_KEYS: dict[str, Callable[[PodUsage], int]] = {
    "exceedsRequest": lambda pod: int((pod.usage or 0) <= pod.request),
    "priority": lambda pod: pod.priority,
    "usageOverRequest": lambda pod: pod.request - (pod.usage or 0),
    "usage": lambda pod: -(pod.usage or 0),
}
"""By which pods are compared; the smallest goes first."""

MEMORY_ORDER = ("exceedsRequest", "priority", "usageOverRequest")
DISK_ORDER = MEMORY_ORDER
PROCESS_ORDER = ("priority", "usage")


def eviction_order(pods: Iterable[PodUsage], comparators: Sequence[str] = MEMORY_ORDER) -> list[PodUsage]:
    """Sort pods: who is evicted first comes first. Classes of service are not looked at."""
    keys = [EVICTION_KEYS[name] for name in comparators]
    return sorted(pods, key=lambda pod: (pod.usage is not None, *(key(pod) for key in keys)))
