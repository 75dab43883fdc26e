"""How ended pods are counted without losing or doubling one: uid into a list, finalizer off, list into the count.

A crash between any two of these writes is made good by the next sync. Source: pkg/controller/job/job_controller.go
(trackJobStatusAndRemoveFinalizers, flushUncountedAndRemoveFinalizers), v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from binpack.control.conditions import with_condition
from binpack.control.controllers.job.counting import TRACKING_FINALIZER, Counts, failure_of, is_failed, is_indexed, uncounted_of
from binpack.control.controllers.job.finishing import FAILURE_TARGET, SUCCESS_CRITERIA_MET, terminal
from binpack.control.controllers.job.indexes import count_of, format_indexes, index_of, parse_indexes, with_indexes
from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.pod import Pod
from binpack.model.workloads import Job, JobStatus, UncountedTerminatedPods

MAX_UNCOUNTED_PODS = 500


@dataclass(frozen=True, slots=True)
class Tracking:
    """The first half of the count.

    Parameters
    ----------
    status : JobStatus
        With the ended pods in its lists; to be written before any finalizer is taken off.
    release : tuple of Pod
        Whose finalizer to take off then.
    is_complete : bool
        False if there were too many pods for one sync.
    """

    status: JobStatus
    release: tuple[Pod, ...]
    is_complete: bool


def track(job: Job, pods: tuple[Pod, ...], counts: Counts, decided: Condition | None, released: frozenset[str]) -> Tracking:
    """List the pods that have ended, or all pods if the Job is over.

    Parameters
    ----------
    job : Job
        With the status as far as this sync has changed it.
    pods : tuple of Pod
        All that it owns.
    counts : Counts
        Of these pods.
    decided : Condition or None
        What ends the Job. If it has failed, its other pods count as failed.
    released : set of str
        Uids whose finalizer has been taken off already.
    """
    uncounted = uncounted_of(job.status)
    succeeded, failed = dict.fromkeys(uncounted.succeeded), dict.fromkeys(uncounted.failed)
    completions = job.spec.completions or 0
    indexes: list[int] = []
    release: list[Pod] = []
    is_complete = True
    over = decided is not None or job.metadata.deletion_timestamp is not None
    all_fail = decided is not None and decided.type != SUCCESS_CRITERIA_MET
    waiting = frozenset(pod.metadata.uid for pod in counts.delayed.values())
    for pod in _by_index(job, pods):
        uid, has_failed = pod.metadata.uid, is_failed(job, pod)
        if TRACKING_FINALIZER not in pod.metadata.finalizers or uid in released:
            continue
        if not (over or pod.status.phase == "Succeeded" or (has_failed and uid not in waiting)):
            continue
        release.append(pod)
        index = index_of(pod)
        is_valid = not is_indexed(job) or (index is not None and index < completions)
        if pod.status.phase == "Succeeded" and uid not in failed:
            if not is_indexed(job):
                succeeded[uid] = None
            elif is_valid and index is not None:
                indexes.append(index)
        elif (has_failed or all_fail) and is_valid and failure_of(job, pod).counts:
            failed[uid] = None
        if len(indexes) + len(succeeded) + len(failed) >= MAX_UNCOUNTED_PODS:
            is_complete = False
            break
    status = replace(job.status, uncounted_terminated_pods=_lists(succeeded, failed))
    if is_indexed(job):
        known = with_indexes(parse_indexes(status.completed_indexes, completions), indexes, completions)
        failed_indexes = None if counts.failed_indexes is None else format_indexes(counts.failed_indexes)
        status = replace(
            status, completed_indexes=format_indexes(known), succeeded=count_of(known), failed_indexes=failed_indexes
        )  # fmt: skip
    if decided is not None and decided.type in (FAILURE_TARGET, SUCCESS_CRITERIA_MET):
        status = replace(status, conditions=with_condition(status.conditions, decided))
    return Tracking(status, tuple(release), is_complete)


def settle(status: JobStatus, with_finalizer: frozenset[str]) -> JobStatus:
    """Move the uids of pods that have lost their finalizer from the lists into the counts."""
    uncounted = uncounted_of(status)
    succeeded = [uid for uid in uncounted.succeeded if uid in with_finalizer]
    failed = [uid for uid in uncounted.failed if uid in with_finalizer]
    return replace(
        status,
        succeeded=status.succeeded + len(uncounted.succeeded) - len(succeeded),
        failed=status.failed + len(uncounted.failed) - len(failed),
        uncounted_terminated_pods=_lists(succeeded, failed),
    )


def finished(status: JobStatus, decided: Condition | None, terminating: int, now_us: int) -> JobStatus:
    """Add the last condition once every pod is counted and none is terminating; before that return the status as it is."""
    if decided is None or terminating > 0 or status.uncounted_terminated_pods is not None:
        return status
    last = terminal(decided, now_us)
    status = replace(status, conditions=with_condition(status.conditions, last))
    return replace(status, completion_time=last.last_transition_time) if last.type == "Complete" else status


def _by_index(job: Job, pods: tuple[Pod, ...]) -> Iterable[Pod]:
    if not is_indexed(job):
        return pods
    return sorted(pods, key=lambda pod: -1 if (index := index_of(pod)) is None else index)


def _lists(succeeded: Iterable[str], failed: Iterable[str]) -> UncountedTerminatedPods | None:
    lists = UncountedTerminatedPods(tuple(succeeded), tuple(failed))
    return lists if lists.succeeded or lists.failed else None
