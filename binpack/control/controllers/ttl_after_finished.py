"""TTL after finished: deletes a Job some time after it is over.

Source: pkg/controller/ttlafterfinished/ttlafterfinished_controller.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterator

from binpack.control.actions import Actions, Delete, Done, Outcome, conclude_plainly
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.clock import time_of
from binpack.control.controller import Wake
from binpack.control.reader import Reader
from binpack.control.subjects import PodChange
from binpack.control.workqueue import RateLimiter
from binpack.model.workloads import Job
from binpack.units import US_PER_S


class TtlAfterFinishedController:
    """Deletes finished Jobs, their pods first, when their time is over."""

    name = "ttl-after-finished-controller"
    resources: tuple[str, ...] | None = ("Job",)
    pod_owners: tuple[str, ...] | None = None
    pod_changes: tuple[PodChange, ...] | None = None
    max_retries: int | None = None
    workers: int = 5

    def new_limiter(self) -> RateLimiter:
        """Return client-go's default limiter."""
        return RateLimiter()

    def new_memory(self) -> None:
        """Return nothing: the time is in the Job."""
        return

    def observe(self, event: WatchEvent, reader: Reader, memory: None, now_us: int) -> Iterator[Wake]:
        """Wake a Job that is over and has a time to live."""
        if isinstance(event.object, Job) and event.type != "DELETED" and time_left_us(event.object, now_us) is not None:
            yield f"{event.object.metadata.namespace}/{event.object.metadata.name}"

    def reconcile(self, key: str, reader: Reader, memory: None, now_us: int) -> Actions:
        """Delete the Job, or wait for the rest of its time."""
        namespace, _, name = key.partition("/")
        job = reader.find(Job, name, namespace)
        left_us = None if job is None or job.metadata.deletion_timestamp is not None else time_left_us(job, now_us)
        if job is None or left_us is None:
            return Actions()
        if left_us > 0:
            return Actions(requeue_after_us=left_us)
        return Actions(((Delete(job, propagation="Foreground"),),))

    def conclude(self, key: str, plan: Actions, outcomes: tuple[Outcome, ...], reader: Reader, memory: None, now_us: int) -> Done:
        """Retry what failed."""
        return conclude_plainly(plan, outcomes)


def time_left_us(job: Job, now_us: int) -> int | None:
    """Return how long a Job still stays, in microseconds, 0 if it is to go now; None if it is not over or stays for good."""
    seconds = job.spec.ttl_seconds_after_finished
    if seconds is None:
        return None
    for condition in job.status.conditions:
        if condition.type in ("Complete", "Failed") and condition.status == "True" and condition.last_transition_time is not None:
            return max(time_of(condition.last_transition_time) + seconds * US_PER_S - now_us, 0)
    return None
