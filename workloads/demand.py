"""What a timeline asks for over time, as if every pod started the moment it is created: the demand, whatever the scheduler does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.model.duration import parse_duration_ns
from binpack.model.pod import Pod, PodTemplateSpec
from binpack.model.requests import fit_requests
from binpack.model.workloads import Deployment, Job
from binpack.sim.timeline import Apply, Delete, Scale
from binpack.testing.values import DURATION_ANNOTATION
from workloads.workload import Generated

Key = tuple[str, str, str]


@dataclass(frozen=True)
class PodGroup:
    """Equal pods that are wanted over one stretch of time.

    Parameters
    ----------
    start_us, end_us : int
        From when to before when.
    count : int
        Pods.
    pod : Pod
        One of them, without a name.
    created : int
        How many of the pods are new in this stretch; the others were there in the stretch before.
    ends : bool
        Whether the end belongs to the timeline, and is not just the end of the run.
    """

    start_us: int
    end_us: int
    count: int
    pod: Pod
    created: int
    ends: bool


@dataclass(frozen=True)
class Demand:
    """Step functions of time: row k holds from `times_us[k]` to the next time.

    Parameters
    ----------
    times_us : NDArray[np.int64]
        Ascending, int64[k], the first is 0.
    pods : NDArray[np.int64]
        Pods wanted, int64[k].
    resources : dict[str, NDArray[np.int64]]
        Resource name to requests, int64[k]: milli-cores, bytes, units.
    """

    times_us: NDArray[np.int64]
    pods: NDArray[np.int64]
    resources: dict[str, NDArray[np.int64]]


def pod_groups(generated: Generated) -> list[PodGroup]:
    """Follow the timeline's Deployments, Jobs and pods, and return what each wants when."""
    groups: list[PodGroup] = []
    open_groups: dict[Key, PodGroup] = {}

    def close(key: Key, end_us: int, *, ends: bool) -> PodGroup | None:
        group = open_groups.pop(key, None)
        if group is not None:
            groups.append(_until(group, end_us, ends=ends))
        return group

    for event in generated.events:
        if isinstance(event, Apply) and isinstance(event.object, Deployment):
            key = ("Deployment", event.object.metadata.namespace, event.object.metadata.name)
            close(key, event.time_us, ends=True)
            # A new template rolls all pods; a workload's Deployment is not applied again without one.
            replicas = 1 if event.object.spec.replicas is None else event.object.spec.replicas
            open_groups[key] = PodGroup(event.time_us, generated.span_us, replicas, _pod_of(event.object.spec.template), replicas, False)
        elif isinstance(event, Scale):
            key = (event.kind, event.namespace, event.name)
            former = close(key, event.time_us, ends=False)
            if former is not None:
                created = max(event.replicas - former.count, 0)
                open_groups[key] = PodGroup(event.time_us, generated.span_us, event.replicas, former.pod, created, False)
        elif isinstance(event, Apply) and isinstance(event.object, Job):
            groups += _waves(event.object, event.time_us, generated.span_us)
        elif isinstance(event, Apply) and isinstance(event.object, Pod):
            end_us = _end_of(event.object, event.time_us, generated.span_us)
            group = PodGroup(event.time_us, min(end_us, generated.span_us), 1, event.object, 1, end_us < generated.span_us)
            open_groups["Pod", event.object.metadata.namespace, event.object.metadata.name] = group
        elif isinstance(event, Delete):
            close((event.kind, event.namespace, event.name), event.time_us, ends=True)
    return groups + list(open_groups.values())


def demand(generated: Generated) -> Demand:
    """Sum up what all groups of pods want, over time."""
    groups = [group for group in pod_groups(generated) if group.start_us < group.end_us]
    starts = np.array([group.start_us for group in groups], np.int64)
    ends = np.array([group.end_us for group in groups], np.int64)
    counts = np.array([group.count for group in groups], np.int64)
    times = np.unique(np.concatenate([np.zeros(1, np.int64), starts, ends[ends < generated.span_us]]))
    requests = [fit_requests(group.pod) for group in groups]
    resources = list(dict.fromkeys(name for wanted in requests for name in wanted))
    return Demand(
        times_us=times,
        pods=_steps(times, starts, ends, counts),
        resources={
            name: _steps(times, starts, ends, counts * np.array([wanted.get(name, 0) for wanted in requests], np.int64))
            for name in resources
        },
    )


def _steps(times: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64], amounts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Add each amount from its start to before its end, at all times."""
    changes = np.zeros(times.size + 1, np.int64)
    np.add.at(changes, np.searchsorted(times, starts), amounts)
    np.subtract.at(changes, np.searchsorted(times, ends), amounts)
    return np.cumsum(changes)[:-1]


def _until(group: PodGroup, end_us: int, *, ends: bool) -> PodGroup:
    if end_us >= group.end_us:
        return group
    return PodGroup(group.start_us, end_us, group.count, group.pod, group.created, ends)


def _waves(job: Job, start_us: int, span_us: int) -> list[PodGroup]:
    """Run a Job as many pods at a time as it may, each wave as long as its pods."""
    completions = 1 if job.spec.completions is None else job.spec.completions
    parallelism = 1 if job.spec.parallelism is None else job.spec.parallelism
    pod = _pod_of(job.spec.template)
    waves = []
    while completions > 0 and parallelism > 0 and start_us < span_us:
        end_us = _end_of(pod, start_us, span_us)
        count = min(completions, parallelism)
        waves.append(PodGroup(start_us, min(end_us, span_us), count, pod, count, end_us < span_us))
        start_us, completions = end_us, completions - count
    return waves


def _end_of(pod: Pod, start_us: int, span_us: int) -> int:
    duration = pod.metadata.annotations.get(DURATION_ANNOTATION)
    return span_us if duration is None else start_us + parse_duration_ns(duration) // 1000


def _pod_of(template: PodTemplateSpec) -> Pod:
    return Pod(metadata=template.metadata, spec=template.spec)
