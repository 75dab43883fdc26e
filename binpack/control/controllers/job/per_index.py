"""Limits per index: which indexes have failed for good, and when the others may try again.

Source: pkg/controller/job/indexed_job_utils.go and backoff_utils.go, v1.35.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from binpack.control.conditions import is_active
from binpack.control.controllers.job.backoff import finish_time_us, index_record, remaining_us
from binpack.control.controllers.job.counting import TRACKING_FINALIZER, Counts, failure_of, is_failed
from binpack.control.controllers.job.indexes import Intervals, has_index, index_of, parse_indexes, with_indexes
from binpack.model.pod import Pod
from binpack.model.selectors import parse_int64
from binpack.model.workloads import Job

FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count"


class Failures(NamedTuple):
    """How often an index has failed: failures that count, and failures that the policy ignores."""

    counted: int = 0
    ignored: int = 0


class Ready(NamedTuple):
    """The indexes that may have a pod now, and how long until the first of the others may, in microseconds (0 if some may now)."""

    indexes: list[int]
    wait_us: int


def failures_before(pod: Pod) -> Failures:
    """Return how often the index of a pod had failed before it was made."""
    return Failures(_number(pod, FAILURES), _number(pod, IGNORED_FAILURES))


def failures_after(job: Job, replaced: Pod | None) -> Failures:
    """Return what the next pod of an index is to say, which replaces a failed one; None for the first."""
    if replaced is None:
        return Failures()
    counted, ignored = failures_before(replaced)
    return Failures(counted + 1, ignored) if failure_of(job, replaced).counts else Failures(counted, ignored + 1)


def judged_by_index(job: Job, pods: Sequence[Pod], counts: Counts, released: frozenset[str]) -> Counts:
    """Find the indexes that have failed for good, and the pods that wait for their replacement.

    Parameters
    ----------
    job : Job
    pods : sequence of Pod
        All that it owns.
    counts : Counts
    released : set of str
        Uids whose finalizer has been taken off already.
    """
    failed = _failed_indexes(job, pods)
    active = {index_of(pod) for pod in pods if is_active(pod)}
    completions = job.spec.completions or 0
    delayed: dict[int, Pod] = {}
    for pod in pods:
        index = index_of(pod)
        if index is None or index >= completions or index in active or not is_failed(job, pod):
            continue
        if TRACKING_FINALIZER not in pod.metadata.finalizers or pod.metadata.uid in released:
            continue
        if has_index(counts.indexes, index) or has_index(failed, index):
            continue
        former = delayed.get(index)
        if former is None or _is_later(pod, former):
            delayed[index] = pod
    return dataclasses.replace(counts, failed_indexes=failed, delayed=delayed)


def ready_indexes(indexes: Sequence[int], delayed: Mapping[int, Pod], now_us: int) -> Ready:
    """Leave out the indexes whose last failure is too recent."""
    waits = {index: _wait_us(delayed.get(index), now_us) for index in indexes}
    ready = [index for index, wait_us in waits.items() if wait_us == 0]
    return Ready(ready, 0 if ready else min(waits.values(), default=0))


def _wait_us(failed: Pod | None, now_us: int) -> int:
    if failed is None:
        return 0
    return remaining_us(index_record(*failures_before(failed), finish_time_us(failed)), now_us)


def _failed_indexes(job: Job, pods: Sequence[Pod]) -> Intervals:
    completions = job.spec.completions or 0
    former = parse_indexes(job.status.failed_indexes or "", completions)
    new = [
        index
        for pod in pods
        if (index := index_of(pod)) is not None and TRACKING_FINALIZER in pod.metadata.finalizers and _fails_its_index(job, pod)
    ]
    return with_indexes(former, new, completions)


def _fails_its_index(job: Job, pod: Pod) -> bool:
    if not is_failed(job, pod):
        return False
    match = failure_of(job, pod)
    if match.action == "FailIndex":
        return True
    return match.counts and failures_before(pod).counted >= (job.spec.backoff_limit_per_index or 0)


def _is_later(pod: Pod, former: Pod) -> bool:
    """Tell whether a failed pod is a later one of its index: it has failed as often at least, and ended no earlier."""
    return sum(failures_before(former)) <= sum(failures_before(pod)) and finish_time_us(former) <= finish_time_us(pod)


def _number(pod: Pod, annotation: str) -> int:
    return max(parse_int64(pod.metadata.annotations.get(annotation, "")) or 0, 0)
