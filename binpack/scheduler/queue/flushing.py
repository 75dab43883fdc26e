"""When time alone moves a pod: the end of a backoff, and a wait of more than five minutes.

Source: pkg/scheduler/backend/queue/scheduling_queue.go (`Run`), v1.35.
"""

from __future__ import annotations

from binpack.scheduler.queue.backoff_queue import BackoffQueue
from binpack.scheduler.queue.unschedulable_pods import UnschedulablePods
from binpack.units import US_PER_MINUTE, US_PER_S

BACKOFF_FLUSH_PERIOD_US = US_PER_S
UNSCHEDULABLE_FLUSH_PERIOD_US = 30 * US_PER_S
MAX_IN_UNSCHEDULABLE_US = 5 * US_PER_MINUTE


def next_flush_us(backoff: BackoffQueue, unschedulable: UnschedulablePods, now_us: int) -> int | None:
    """Return the next instant after now at which a flush finds a pod; None if it never does."""
    instants: list[int] = []
    release_us = backoff.next_release_us()
    if release_us is not None:
        instants.append(max(release_us, _multiple_after(now_us, BACKOFF_FLUSH_PERIOD_US)))
    oldest_us = unschedulable.oldest_us()
    if oldest_us is not None:
        too_old_us = oldest_us + MAX_IN_UNSCHEDULABLE_US
        instants.append(_multiple_after(max(too_old_us, now_us), UNSCHEDULABLE_FLUSH_PERIOD_US))
    return min(instants, default=None)


def _multiple_after(time_us: int, period_us: int) -> int:
    """The first multiple of a period after a time."""
    return (time_us // period_us + 1) * period_us
