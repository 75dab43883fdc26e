"""Which pods of a Job to create or delete.

Source: pkg/controller/job/job_controller.go (manageJob), indexed_job_utils.go, v1.35.
"""

from __future__ import annotations

from dataclasses import dataclass

from binpack.control.actions import Create, Delete, EditMetadata, Write
from binpack.control.controllers.job.backoff import BackoffRecord, remaining_us
from binpack.control.controllers.job.counting import (
    TRACKING_FINALIZER,
    Counts,
    has_limit_per_index,
    is_indexed,
    is_suspended,
    only_replaces_failed,
)
from binpack.control.controllers.job.indexes import INDEX_ANNOTATION, first_pending, index_of
from binpack.control.controllers.job.per_index import FAILURES, IGNORED_FAILURES, failures_after, ready_indexes
from binpack.control.controllers.pods import compare_active, in_order, pod_from_template, slow_start_batches
from binpack.model.base import replace
from binpack.model.pod import Pod
from binpack.model.workloads import Job
from binpack.units import US_PER_S

MAX_PODS_PER_SYNC = 500
_MAX_PREFIX_LENGTH = 58


@dataclass(frozen=True, slots=True)
class Management:
    """What a Job's pods need.

    Parameters
    ----------
    stages : tuple of tuples of writes
    creates, deletes : int
        How many pods these create or delete.
    wait_us : int
        How long a replacement still has to wait, in microseconds; 0 if it does not.
    """

    stages: tuple[tuple[Write, ...], ...] = ()
    creates: int = 0
    deletes: int = 0
    wait_us: int = 0


def manage(job: Job, counts: Counts, record: BackoffRecord, now_us: int) -> Management:
    """Plan the pods to create or delete; a sync that deletes creates none."""
    doomed = _to_delete(job, counts)
    if doomed:
        release = tuple(EditMetadata(pod, drop_finalizer=TRACKING_FINALIZER) for pod in doomed)
        return Management((release, tuple(Delete(pod) for pod in doomed)), deletes=len(doomed))
    if is_suspended(job):
        return Management()
    terminating = len(counts.terminating) if only_replaces_failed(job) else 0
    missing = _wanted(job, counts) - terminating - len(counts.active)
    if missing <= 0:
        return Management()
    per_index = has_limit_per_index(job)
    wait_us = 0 if per_index else remaining_us(record, now_us)
    if wait_us > 0:
        return Management(wait_us=max(wait_us, US_PER_S))
    number = min(missing, MAX_PODS_PER_SYNC)
    if not is_indexed(job):
        creations = [Create(_tracked(pod_from_template(job.spec.template, job)))] * number
    else:
        indexes = _pending_indexes(job, counts, number)
        if per_index:
            indexes, wait_us = ready_indexes(indexes, counts.delayed, now_us)
            if wait_us > 0:
                return Management(wait_us=max(wait_us, US_PER_S))
        creations = [Create(_indexed(job, index, counts)) for index in indexes]
    return Management(slow_start_batches(creations), creates=len(creations))


def _wanted(job: Job, counts: Counts) -> int:
    """Return how many pods should be active."""
    parallelism = 1 if job.spec.parallelism is None else job.spec.parallelism
    if job.spec.completions is None:
        # A work queue: once one pod has succeeded the others run down and none is started.
        return len(counts.active) if counts.succeeded > 0 else parallelism
    return max(min(job.spec.completions - counts.succeeded, parallelism), 0)


def _to_delete(job: Job, counts: Counts) -> list[Pod]:
    if is_suspended(job):
        return in_order(counts.active, compare_active)[:MAX_PODS_PER_SYNC]
    misplaced = _misplaced(job, counts) if is_indexed(job) else []
    more = len(counts.active) - _wanted(job, counts) - len(misplaced)
    if more <= 0:
        return misplaced[:MAX_PODS_PER_SYNC]
    uids = {pod.metadata.uid for pod in misplaced}
    others = in_order([pod for pod in counts.active if pod.metadata.uid not in uids], compare_active)
    return (misplaced + others[:more])[:MAX_PODS_PER_SYNC]


def _misplaced(job: Job, counts: Counts) -> list[Pod]:
    """Return the pods without a valid index, and all but the best of those that share one."""
    valid = range(job.spec.completions or 0)
    indexes = [index_of(pod) for pod in counts.active]
    if len(set(indexes)) == len(indexes) and all(index in valid for index in indexes):
        return []
    misplaced: list[Pod] = []
    seen: set[int | None] = set()
    # The last in the order of deletion is the best: it keeps the index.
    for pod in reversed(in_order(counts.active, compare_active)):
        index = index_of(pod)
        if index not in valid or index in seen:
            misplaced.append(pod)
        else:
            seen.add(index)
    return misplaced[::-1]


def _pending_indexes(job: Job, counts: Counts, number: int) -> list[int]:
    """Return the lowest indexes that need a pod."""
    busy = [index for pod in counts.active if (index := index_of(pod)) is not None]
    if only_replaces_failed(job):
        busy += [index for pod in counts.terminating if (index := index_of(pod)) is not None]
    return first_pending(number, job.spec.completions or 0, busy, counts.indexes, counts.failed_indexes or ())


def _indexed(job: Job, index: int, counts: Counts) -> Pod:
    name, suffix = job.metadata.name, f"-{index}-"
    pod = _tracked(pod_from_template(job.spec.template, job, name_prefix=name[: _MAX_PREFIX_LENGTH - len(suffix)] + suffix))
    mark = {INDEX_ANNOTATION: str(index)}
    told = {}
    if has_limit_per_index(job):
        failures = failures_after(job, counts.delayed.get(index))
        told = {FAILURES: str(failures.counted)} | ({IGNORED_FAILURES: str(failures.ignored)} if failures.ignored else {})
    meta = replace(pod.metadata, annotations=pod.metadata.annotations | mark | told, labels=pod.metadata.labels | mark)
    return replace(pod, metadata=meta, spec=replace(pod.spec, hostname=f"{name}-{index}"))


def _tracked(pod: Pod) -> Pod:
    return replace(pod, metadata=replace(pod.metadata, finalizers=(*pod.metadata.finalizers, TRACKING_FINALIZER)))
