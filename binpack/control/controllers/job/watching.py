"""Which events wake a Job, and the pods that no Job counts any more.

Source: pkg/controller/job/job_controller.go (addPod, updatePod, deletePod, syncOrphanPod), v1.35.
"""

from __future__ import annotations

from collections.abc import Iterator

from binpack.control.actions import Actions, EditMetadata
from binpack.control.apiserver.resources import ApiObject
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.controller import Wake
from binpack.control.controllers.job.counting import TRACKING_FINALIZER
from binpack.control.controllers.job.finishing import is_finished
from binpack.control.controllers.job.memory import JobMemory
from binpack.control.controllers.ownership import selector_of
from binpack.control.controllers.pods import matters_to_owner
from binpack.control.reader import Reader
from binpack.model.meta import controller_of
from binpack.model.pod import Pod
from binpack.model.workloads import Job
from binpack.units import US_PER_S

POD_BATCH_US = US_PER_S
ORPHAN_POD = "orphan-pod:"


def observe_job(event: WatchEvent, job: Job, reader: Reader) -> Iterator[Wake]:
    """Wake a Job for a change of it; when it is over or gone, also the pods that still carry its finalizer."""
    former = event.previous
    # A change of the status alone, mostly by this controller, waits for the batch of pod events.
    same_spec = former is not None and former.metadata.generation == job.metadata.generation
    yield (name_of(job), POD_BATCH_US) if event.type == "MODIFIED" and same_spec else name_of(job)
    if event.type == "DELETED" or is_finished(job):
        for pod in reader.dependents(Pod, job.metadata.uid):
            if TRACKING_FINALIZER in pod.metadata.finalizers:
                yield ORPHAN_POD + name_of(pod)


def observe_pod(event: WatchEvent, pod: Pod, reader: Reader, memory: JobMemory) -> list[Wake]:
    """Wake the Job of a pod a second later, so that these wakes come in batches; count what was expected."""
    meta, former, wakes = pod.metadata, event.previous, list[Wake]()
    owner = _owner(pod, reader)
    if former is not None and former.metadata.owner_references is not meta.owner_references:
        former_owner = _owner(former, reader)
        if former_owner is not None and controller_of(former.metadata) != controller_of(meta):
            wakes.append((name_of(former_owner), POD_BATCH_US))
    if owner is None:
        return wakes + _of_nobody(event, pod, reader)
    key, tracked = name_of(owner), TRACKING_FINALIZER in meta.finalizers
    if event.type == "ADDED":
        memory.expectations.observe_creation(key)
    if event.type == "DELETED" or meta.deletion_timestamp is not None:
        memory.expectations.observe_deletion(key, name_of(pod))
    if event.type == "DELETED" or not tracked:
        memory.released.get(key, {}).pop(meta.uid, None)
    if tracked and is_finished(owner):
        wakes.append(ORPHAN_POD + name_of(pod))
    if event.type != "MODIFIED" or not isinstance(former, Pod) or matters_to_owner(former, pod) or _may_match_anew(owner, former, pod):
        wakes.append((key, POD_BATCH_US))
    return wakes


def _of_nobody(event: WatchEvent, pod: Pod, reader: Reader) -> list[Wake]:
    """Release a pod that a Job once tracked; wake the Jobs that may adopt one that has no controller, or other labels."""
    former, meta = event.previous, pod.metadata
    if event.type == "DELETED":
        return []
    if TRACKING_FINALIZER in meta.finalizers and _belonged_to_a_job(pod):
        return [ORPHAN_POD + name_of(pod)]
    if controller_of(meta) is not None or (former is not None and former.metadata.labels == meta.labels):
        return []
    jobs = reader.selecting(Job, meta.namespace, meta.labels)
    return [(name_of(job), POD_BATCH_US) for job in jobs if selector_of(job.spec.selector).matches(meta.labels)]


def _may_match_anew(job: Job, before: Pod, after: Pod) -> bool:
    """Tell whether a failure policy may judge a pod differently now: it reads conditions that nobody else does."""
    return job.spec.pod_failure_policy is not None and before.status.conditions != after.status.conditions


def _belonged_to_a_job(pod: Pod) -> bool:
    reference = controller_of(pod.metadata)
    return reference is not None and reference.kind == "Job"


def release_orphan(key: str, reader: Reader) -> Actions:
    """Take the finalizer off a pod whose Job has gone or is over."""
    namespace, _, name = key.removeprefix(ORPHAN_POD).partition("/")
    pod = reader.find(Pod, name, namespace)
    if pod is None or TRACKING_FINALIZER not in pod.metadata.finalizers:
        return Actions()
    owner = _owner(pod, reader)
    if owner is not None and not is_finished(owner):
        return Actions()
    return Actions(((EditMetadata(pod, drop_finalizer=TRACKING_FINALIZER),),))


def _owner(value: ApiObject, reader: Reader) -> Job | None:
    reference = controller_of(value.metadata)
    if reference is None or reference.kind != "Job":
        return None
    found = reader.find(Job, reference.name, value.metadata.namespace)
    return found if found is not None and found.metadata.uid == reference.uid else None


def name_of(value: ApiObject) -> str:
    """Return `namespace/name`."""
    return f"{value.metadata.namespace}/{value.metadata.name}"
