"""How long a Job waits before it replaces a pod that failed.

Source: pkg/controller/job/backoff_utils.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from binpack.control.clock import time_of
from binpack.control.conditions import find_condition
from binpack.model.pod import Pod
from binpack.units import US_PER_S

INITIAL_BACKOFF_US = 10 * US_PER_S
MAX_BACKOFF_US = 600 * US_PER_S


@dataclass(frozen=True, slots=True)
class BackoffRecord:
    """What a Job remembers of its failures.

    Parameters
    ----------
    failures : int
        In a row, since the last success.
    last_failure_us : int or None
        When the last of them happened.
    """

    failures: int = 0
    last_failure_us: int | None = None


def next_record(record: BackoffRecord, succeeded_us: Sequence[int], failed_us: Sequence[int]) -> BackoffRecord:
    """Take in the pods that have ended since: failures count on, a success begins anew, failures after it count.

    Parameters
    ----------
    record : BackoffRecord
    succeeded_us, failed_us : sequence of int
        When the new pods ended, in any order. A failure at the very time of a success is before it.
    """
    if not failed_us:
        return BackoffRecord() if succeeded_us else record
    if not succeeded_us:
        return BackoffRecord(record.failures + len(failed_us), max(failed_us))
    later = [time_us for time_us in failed_us if time_us > max(succeeded_us)]
    return BackoffRecord(len(later), max(later)) if later else BackoffRecord()


def remaining_us(
    record: BackoffRecord, now_us: int, *, initial_us: int = INITIAL_BACKOFF_US, max_us: int = MAX_BACKOFF_US
) -> int:  # fmt: skip
    """Return how long the next pod still has to wait; 0 for not at all."""
    if record.failures == 0 or record.last_failure_us is None:
        return 0
    delay_us = min(initial_us << min(record.failures - 1, 62), max_us)
    return max(record.last_failure_us + delay_us - now_us, 0)


def index_record(counted: int, ignored: int, last_failure_us: int | None) -> BackoffRecord:
    """Return the record of one index, from the annotations of its last failed pod: how often it had failed before."""
    return BackoffRecord(counted + ignored + 1, last_failure_us)


def finish_time_us(pod: Pod) -> int:
    """Return when a pod ended: by its containers, else by its condition Ready, its deletion, its creation."""
    names = {container.name for container in (*pod.spec.containers, *pod.spec.init_containers)}
    sidecars = {container.name for container in pod.spec.init_containers if container.restart_policy == "Always"}
    plain_init = {container.name for container in pod.spec.init_containers} - sidecars
    statuses = [*pod.status.container_statuses, *(one for one in pod.status.init_container_statuses if one.name in sidecars)]
    ended = [one.state.terminated.finished_at for one in statuses if one.state.terminated is not None]
    if len(statuses) == len(names - plain_init) and len(ended) == len(statuses):
        times = [time_of(time) for time in ended if time is not None]
        if times:
            return max(times)
    ready = find_condition(pod.status.conditions, "Ready")
    if ready is not None and ready.status == "False" and ready.last_transition_time is not None:
        return time_of(ready.last_transition_time)
    meta = pod.metadata
    if meta.deletion_timestamp is not None:
        return time_of(meta.deletion_timestamp) - (meta.deletion_grace_period_seconds or 0) * US_PER_S
    return time_of(meta.creation_timestamp) if meta.creation_timestamp is not None else 0
