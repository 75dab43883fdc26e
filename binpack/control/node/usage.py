"""What pods use now, by their workload models: piecewise constant functions of the time since their containers' starts."""

from __future__ import annotations

from collections.abc import Iterator

from binpack.control.node.pod_plan import ContainerPlan
from binpack.control.node.pod_worker import NEVER, ContainerRecord, PodWorker
from binpack.control.node.workload_model import Steps
from binpack.model.requests import MEMORY


def usage_at(worker: PodWorker, now_us: int) -> dict[str, int]:
    """Return what a pod uses, by resource: the sum over its running containers."""
    total: dict[str, int] = {}
    for plan, record in worker.members():
        for resource, amount in container_usage(plan, record, now_us).items():
            total[resource] = total.get(resource, 0) + amount
    return total


def container_usage(plan: ContainerPlan, record: ContainerRecord, now_us: int) -> dict[str, int]:
    """Return what a container uses, by resource; nothing while it does not run."""
    return {resource: amount_at(steps, now_us - record.started_us) for resource, steps in _steps(plan, record)}


def amount_at(steps: Steps, after_us: int) -> int:
    """Return how much it is so long after the start."""
    amount = 0
    for begin_us, value in steps:
        if begin_us > after_us:
            break
        amount = value
    return amount


def next_change_us(worker: PodWorker, now_us: int) -> int:
    """Return when a pod's use changes next while its containers run on."""
    return min(
        (
            record.started_us + begin_us
            for plan, record in worker.members()
            for _, steps in _steps(plan, record)
            for begin_us, _ in steps
            if record.started_us + begin_us > now_us
        ),
        default=NEVER,
    )


def memory_excess_us(worker: PodWorker, now_us: int) -> int:
    """Return when a pod's containers together use more memory than the whole pod may, now or later, if they run on."""
    limit, time_us = worker.plan.memory_limit, now_us
    while limit is not None and time_us != NEVER:
        if usage_at(worker, time_us).get(MEMORY, 0) > limit:
            return time_us
        time_us = next_change_us(worker, time_us)
    return NEVER


def _steps(plan: ContainerPlan, record: ContainerRecord) -> Iterator[tuple[str, Steps]]:
    if record.runs:
        yield from plan.model.run(record.starts - 1).usage
