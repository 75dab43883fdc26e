"""The status that a kubelet reports of a pod: container statuses, phase, conditions.

Source: pkg/kubelet/kubelet_pods.go (generateAPIPodStatus, convertToAPIContainerStatuses), pkg/kubelet/status/status_manager.go, v1.35.
"""

from __future__ import annotations

from datetime import datetime

from binpack.control.clock import timestamp_of
from binpack.control.node.phase import phase_of
from binpack.control.node.pod_conditions import containers_ready, initialized, pod_ready
from binpack.control.node.pod_plan import ContainerPlan
from binpack.control.node.pod_worker import ContainerRecord, Exit, PodWorker
from binpack.control.node.workload_model import KILLED_EXIT_CODE
from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.pod import (
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    Pod,
    PodStatus,
)

_NOTHING = ContainerState()
_LOST = ContainerState(
    terminated=ContainerStateTerminated(
        exit_code=KILLED_EXIT_CODE,
        reason="ContainerStatusUnknown",
        message="The container could not be located when the pod was terminated",
    )
)


def status_of(pod: Pod, worker: PodWorker, now_us: int) -> PodStatus:
    """Compute the status of a pod.

    Parameters
    ----------
    pod : Pod
        As the store has it: what is not the kubelet's in its status stays.
    worker : PodWorker
    now_us : int
    """
    spec, former, now = pod.spec, pod.status, timestamp_of(now_us)
    waits_for = "PodInitializing" if spec.init_containers else "ContainerCreating"
    has_ended = worker.stage == "ended"
    statuses = tuple([_container_status(plan, record, worker, waits_for, has_ended) for plan, record in worker.members()])
    init, main = statuses[: worker.plan.init_count], statuses[worker.plan.init_count :]
    phase = former.phase
    if not pod.is_terminal:
        phase = phase_of(spec, statuses, has_initialized=worker.has_run, is_finishing=has_ended)
        if has_ended and (phase not in ("Succeeded", "Failed") or worker.reason):
            # Ended by the kubelet, or before its main containers ever ran.
            phase = "Failed"
    reports_end = has_ended and bool(worker.reason)
    return replace(
        former,
        phase=phase,
        reason=worker.reason if reports_end else former.reason,
        message=worker.message if reports_end else former.message,
        conditions=_conditions(pod, worker, statuses, phase, now, now_us),
        start_time=former.start_time or now,
        container_statuses=main,
        init_container_statuses=init,
        observed_generation=pod.metadata.generation,
    )


def rejected(pod: Pod, reason: str, message: str, now: datetime) -> PodStatus:
    """Return the status of a pod that the kubelet does not admit."""
    status = pod.status
    return replace(status, phase="Failed", reason=reason, message=f"Pod was rejected: {message}", start_time=status.start_time or now)


def _conditions(
    pod: Pod, worker: PodWorker, statuses: tuple[ContainerStatus, ...], phase: str, now: datetime, now_us: int
) -> tuple[Condition, ...]:
    """Set the kubelet's conditions where they stand, or append them; each keeps its time as long as it keeps its status."""
    spec, former = pod.spec, pod.status.conditions
    all_ready = containers_ready(spec, statuses, phase)
    gates = [gate.condition_type for gate in spec.readiness_gates]
    has_network = now_us >= worker.sandbox_us and worker.stage not in ("ended", "lost")
    new = {
        "PodReadyToStartContainers": _NETWORK if has_network else _NO_NETWORK,
        "Initialized": initialized(spec, statuses, phase, has_initialized=worker.has_run),
        "Ready": pod_ready(all_ready, gates, {one.type: one.status for one in former} if gates else None),
        "ContainersReady": all_ready,
    }
    if worker.disruption is not None:
        new["DisruptionTarget"] = worker.disruption
    conditions = []
    for old in former:
        one = new.pop(old.type, None)
        if one is None or (old.status == one.status and old.reason == one.reason and old.message == one.message):
            conditions.append(old)
        else:
            since = old.last_transition_time if old.status == one.status else now
            conditions.append(Condition(one.type, one.status, one.reason, one.message, since))
    if new:
        conditions += [Condition(one.type, one.status, one.reason, one.message, now) for one in new.values()]
    return tuple(conditions)


_NETWORK = Condition("PodReadyToStartContainers", "True")
_NO_NETWORK = Condition("PodReadyToStartContainers", "False")


def _container_status(
    plan: ContainerPlan, record: ContainerRecord, worker: PodWorker, waits_for: str, has_ended: bool
) -> ContainerStatus:  # fmt: skip
    last = _NOTHING
    runs = record.stage in ("running", "killing")
    if runs:
        state = ContainerState(running=ContainerStateRunning(started_at=timestamp_of(record.started_us)))
        last = _terminated(record.ended)
    elif record.stage == "exited" or (has_ended and record.ended is not None):
        state = _terminated(record.ended)
    elif has_ended and worker.has_run and plan.kind != "init":
        state = _LOST
    else:
        state = ContainerState(waiting=ContainerStateWaiting(reason=record.reason or waits_for, message=record.message))
        last = _terminated(record.ended)
    # An ordinary init container counts as ready when it has ended well.
    ready = record.is_ready if plan.kind != "init" else record.stage == "exited" and record.ended is not None and record.ended.code == 0
    return ContainerStatus(
        name=plan.container.name,
        image=plan.container.image,
        ready=ready,
        started=runs and record.is_started,
        restart_count=record.restarts,
        state=state,
        last_state=last,
    )


def _terminated(ended: Exit | None) -> ContainerState:
    if ended is None:
        return _NOTHING
    return ContainerState(
        terminated=ContainerStateTerminated(
            exit_code=ended.code,
            reason=ended.reason,
            started_at=timestamp_of(ended.started_us),
            finished_at=timestamp_of(ended.exited_us),
        )
    )
