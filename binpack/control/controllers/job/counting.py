"""Which of a Job's pods are active, have succeeded, have failed.

Source: pkg/controller/job/job_controller.go (getNewFinishedPods, isPodFailed, countUniqueSucceeded…), v1.35.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from binpack.control.conditions import is_active, is_ready
from binpack.control.controllers.job.indexes import Intervals, count_of, index_of, parse_indexes, with_indexes
from binpack.control.controllers.job.policies import FailureMatch, match_failure
from binpack.model.pod import Pod
from binpack.model.workloads import Job, JobStatus, UncountedTerminatedPods

TRACKING_FINALIZER = "batch.kubernetes.io/job-tracking"


@dataclass(frozen=True, slots=True)
class Counts:
    """A Job's pods, counted once each.

    Parameters
    ----------
    active : tuple of Pod
    ready : int
    terminating : tuple of Pod
        Those that are being deleted and have not ended.
    succeeded, failed : int
        Those of the status, and those that have ended since it was written.
    new_succeeded, new_failed : tuple of Pod
        Those that have ended and are in no list yet.
    indexes : intervals
        Of an Indexed Job: which have succeeded.
    failed_indexes : intervals or None
        Of a Job with limits per index: which have failed for good.
    delayed : mapping
        Of such a Job, by index: the last failed pod, whose replacement does not exist yet. It keeps its finalizer until then, for its
        annotations tell how often the index has failed.
    """

    active: tuple[Pod, ...]
    ready: int
    terminating: tuple[Pod, ...]
    succeeded: int
    failed: int
    new_succeeded: tuple[Pod, ...]
    new_failed: tuple[Pod, ...]
    indexes: Intervals = ()
    failed_indexes: Intervals | None = None
    delayed: Mapping[int, Pod] = field(default_factory=dict)


def is_indexed(job: Job) -> bool:
    """Tell whether a Job's pods have completion indexes."""
    return job.spec.completion_mode == "Indexed"


def is_suspended(job: Job) -> bool:
    """Tell whether a Job is to have no pods for now."""
    return job.spec.suspend


def only_replaces_failed(job: Job) -> bool:
    """Tell whether a terminating pod is replaced only when it has ended."""
    return job.spec.pod_replacement_policy == "Failed" or job.spec.pod_failure_policy is not None


def has_limit_per_index(job: Job) -> bool:
    """Tell whether each index of a Job has its own limit of failures."""
    return job.spec.backoff_limit_per_index is not None


def failure_of(job: Job, pod: Pod) -> FailureMatch:
    """Return what a pod's failure means to its Job; without a policy it counts."""
    policy = job.spec.pod_failure_policy
    return FailureMatch() if policy is None else match_failure(policy.rules, pod, per_index=has_limit_per_index(job))


def is_failed(job: Job, pod: Pod) -> bool:
    """Tell whether a pod counts as failed, which a terminating one does already unless the Job waits for its end."""
    if pod.status.phase == "Failed":
        return True
    return not only_replaces_failed(job) and pod.is_terminating and pod.status.phase != "Succeeded"


def uncounted_of(status: JobStatus) -> UncountedTerminatedPods:
    """Return the lists of pods that have ended and still carry the finalizer."""
    return status.uncounted_terminated_pods or UncountedTerminatedPods()


def count(job: Job, pods: tuple[Pod, ...], released: frozenset[str] = frozenset()) -> Counts:
    """Count a Job's pods.

    Parameters
    ----------
    job : Job
    pods : tuple of Pod
        All that it owns.
    released : set of str
        Uids whose finalizer has been taken off, though the pods as read may still show it.
    """
    uncounted = uncounted_of(job.status)
    completions = job.spec.completions or 0

    def is_new(pod: Pod, listed: tuple[str, ...]) -> bool:
        if TRACKING_FINALIZER not in pod.metadata.finalizers or pod.metadata.uid in released or pod.metadata.uid in listed:
            return False
        index = index_of(pod)
        return not is_indexed(job) or (index is not None and index < completions)

    active = tuple(pod for pod in pods if is_active(pod))
    new_succeeded = tuple(pod for pod in pods if pod.status.phase == "Succeeded" and is_new(pod, uncounted.succeeded))
    new_failed = tuple(pod for pod in pods if is_failed(job, pod) and is_new(pod, uncounted.failed))
    indexes: Intervals = ()
    succeeded = job.status.succeeded + len(new_succeeded) + len(uncounted.succeeded)
    if is_indexed(job):
        former = parse_indexes(job.status.completed_indexes, completions)
        indexes = with_indexes(former, (index for pod in new_succeeded if (index := index_of(pod)) is not None), completions)
        succeeded = count_of(indexes)
    return Counts(
        active=active,
        ready=sum(is_ready(pod) for pod in active),
        terminating=tuple(pod for pod in pods if pod.is_terminating and not pod.is_terminal),
        succeeded=succeeded,
        failed=job.status.failed + sum(failure_of(job, pod).counts for pod in new_failed) + len(uncounted.failed),
        new_succeeded=new_succeeded,
        new_failed=new_failed,
        indexes=indexes,
    )
