"""Workers of pods that a kubelet has not started itself: those that run already, and those of before a reboot."""

from __future__ import annotations

from binpack.control.clock import time_of
from binpack.control.node.pod_plan import ContainerPlan, PodPlan
from binpack.control.node.pod_worker import NEVER, ContainerRecord, Exit, PodWorker
from binpack.control.node.restart import restarts_after
from binpack.control.node.workload_model import KILLED_EXIT_CODE
from binpack.model.pod import ContainerStatus, Pod
from binpack.units import US_PER_S


def taken_over(pod: Pod, plan: PodPlan, now_us: int) -> PodWorker:
    """Read from a running pod's status what its containers are doing."""
    worker = PodWorker(pod, plan, stage="active", sandbox_us=now_us, is_initialized=True, has_run=True)
    since = pod.status.start_time
    since_us = now_us if since is None else time_of(since)
    if pod.spec.active_deadline_seconds is not None:
        worker.deadline_us = since_us + pod.spec.active_deadline_seconds * US_PER_S
    statuses = {one.name: one for one in (*pod.status.container_statuses, *pod.status.init_container_statuses)}
    worker.records = [_record(one, statuses.get(one.container.name), since_us) for one in plan.containers]
    return worker


def after_reboot(former: PodWorker, pod: Pod, plan: PodPlan, now_us: int) -> PodWorker:
    """Return the worker of a pod that ran when its machine went down: what is to run is started anew, init containers first."""
    worker = PodWorker(pod, plan, has_run=True, deadline_us=former.deadline_us)
    for one, old, record in zip(plan.containers, former.records, worker.records, strict=True):
        record.starts, record.restarts, record.has_image = old.starts, old.restarts, old.has_image
        record.ended = old.ended
        if old.runs:
            record.ended = Exit(KILLED_EXIT_CODE, "Error", old.started_us, now_us)
        if one.kind == "main" and old.starts:
            policy = pod.spec.restart_policy
            waits = old.stage in ("waiting", "starting", "pulling")
            code = KILLED_EXIT_CODE if record.ended is None else record.ended.code
            if not waits and not restarts_after(one.container, one.kind, policy, code):
                record.stage = "exited"
    main = worker.records[plan.init_count :]
    if main and all(record.stage == "exited" for record in main):
        worker.stage = "ended"
    return worker


def _record(plan: ContainerPlan, status: ContainerStatus | None, since_us: int) -> ContainerRecord:
    record = ContainerRecord(stage="running", started_us=since_us, is_started=True, is_ready=True, starts=1, has_image=True)
    if status is None:
        if plan.kind == "init":
            record.stage, record.ended, record.due_us = "exited", Exit(0, "Completed", since_us, since_us), NEVER
        return record
    record.restarts, record.starts = status.restart_count, status.restart_count + 1
    state = status.state
    if state.running is not None:
        record.started_us = since_us if state.running.started_at is None else time_of(state.running.started_at)
        return record
    ended = state.terminated or status.last_state.terminated
    if ended is not None:
        began = since_us if ended.started_at is None else time_of(ended.started_at)
        record.started_us = began
        record.ended = Exit(
            ended.exit_code, ended.reason, began, since_us if ended.finished_at is None else time_of(ended.finished_at)
        )  # fmt: skip
    if state.terminated is not None:
        record.stage, record.is_started, record.is_ready = "exited", False, False
    elif state.waiting is not None:
        record.stage, record.is_started, record.is_ready = "waiting", False, False
        record.starts = 0 if ended is None else record.starts
    return record
