"""One pod on one node: what its containers are doing, as plain data, and the status that follows from it.

All main containers of a pod start and exit together here, for a workload model says when a pod's containers exit, not each one's.
Source: pkg/kubelet/pod_workers.go, kubelet_pods.go (convertToAPIContainerStatuses), v1.35.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from binpack.control.clock import timestamp_of
from binpack.control.conditions import transitioned
from binpack.control.node.phase import is_sidecar, phase_of
from binpack.control.node.pod_conditions import containers_ready, initialized, pod_ready
from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.pod import (
    Container,
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    Pod,
    PodStatus,
)

Stage = Literal["sandbox", "init", "starting", "running", "backoff", "stopping", "ended", "lost"]


@dataclass(slots=True)
class PodWorker:
    """What the kubelet knows of a pod.

    Parameters
    ----------
    uid, key, node : str
    stage : str
        sandbox: getting its network; init: its init containers run; starting: its main containers are being started; running; backoff:
        waiting to be restarted; stopping: has got SIGTERM; ended: nothing runs any more; lost: its machine is down.
    timer : int
        The number of the timer that counts; others are stale.
    init_done : int
        Ordinary init containers that have ended.
    has_run : bool
        Its main containers have run at some time.
    started_us, exited_us : int
        When they were last started, when they last exited.
    is_ready : bool
        Readiness probes have succeeded since the last start.
    exit_code : int
        Of the last exit.
    restarts : int
    backoff_us : int
        The delay of the restart after the next exit; 0 at first.
    """

    uid: str
    key: str
    node: str
    stage: Stage = "sandbox"
    timer: int = -1
    init_done: int = 0
    has_run: bool = False
    started_us: int = 0
    exited_us: int = 0
    is_ready: bool = False
    exit_code: int = 0
    restarts: int = 0
    backoff_us: int = 0


def status_of(pod: Pod, worker: PodWorker, now_us: int) -> PodStatus:
    """Compute the status of a pod: container statuses, phase, conditions."""
    spec = pod.spec
    main_state, last_state = _main_states(worker)
    if worker.stage in ("sandbox", "init", "starting") and not worker.has_run:
        reason = "PodInitializing" if spec.init_containers else "ContainerCreating"
        main_state, last_state = ContainerState(waiting=ContainerStateWaiting(reason=reason)), ContainerState()
    runs = worker.stage in ("running", "stopping")
    main = tuple(
        ContainerStatus(
            name=container.name,
            image=container.image,
            ready=runs and worker.is_ready,
            started=runs,
            restart_count=worker.restarts,
            state=main_state,
            last_state=last_state,
        )
        for container in spec.containers
    )
    init = _init_statuses(spec.init_containers, worker)
    everything = (*init, *main)
    former = pod.status
    is_finishing = worker.stage == "ended"
    phase = former.phase
    if not pod.is_terminal:
        phase = phase_of(spec, everything, has_initialized=worker.has_run, is_finishing=is_finishing)
        if is_finishing and phase == "Pending":
            # Ended before its main containers ever ran.
            phase = "Failed"
    now = timestamp_of(now_us)
    conditions = former.conditions
    all_ready = containers_ready(spec, everything, phase)
    for condition in (
        Condition("PodReadyToStartContainers", "False" if worker.stage in ("sandbox", "ended") else "True"),
        initialized(spec, everything, phase, has_initialized=worker.has_run),
        pod_ready(all_ready),
        all_ready,
    ):
        conditions = transitioned(conditions, condition, now)
    return replace(
        former,
        phase=phase,
        conditions=conditions,
        start_time=former.start_time or now,
        container_statuses=main,
        init_container_statuses=init,
        observed_generation=pod.metadata.generation,
    )


def ordinary_init_containers(pod: Pod) -> int:
    """Return how many init containers have to end before the main ones start."""
    return sum(not is_sidecar(container) for container in pod.spec.init_containers)


def _main_states(worker: PodWorker) -> tuple[ContainerState, ContainerState]:
    """Return the present and the last state of the main containers."""
    ended = ContainerState(
        terminated=ContainerStateTerminated(
            exit_code=worker.exit_code,
            reason="Completed" if worker.exit_code == 0 else "Error",
            started_at=timestamp_of(worker.started_us),
            finished_at=timestamp_of(worker.exited_us),
        )
    )
    match worker.stage:
        case "running" | "stopping":
            running = ContainerState(running=ContainerStateRunning(started_at=timestamp_of(worker.started_us)))
            return running, ended if worker.restarts else ContainerState()
        case "ended":
            return ended, ContainerState()
        case "backoff":
            return ContainerState(waiting=ContainerStateWaiting(reason="CrashLoopBackOff")), ended
        case _:
            return ContainerState(waiting=ContainerStateWaiting(reason="ContainerCreating")), ended


def _init_statuses(containers: tuple[Container, ...], worker: PodWorker) -> tuple[ContainerStatus, ...]:
    """Return the statuses of init containers: done, running one by one, or waiting; sidecars run from their turn on."""
    statuses: list[ContainerStatus] = []
    ordinary_before = 0
    completed = ContainerState(terminated=ContainerStateTerminated(exit_code=0, reason="Completed"))
    running = ContainerState(running=ContainerStateRunning())
    waiting = ContainerState(waiting=ContainerStateWaiting(reason="PodInitializing"))
    for container in containers:
        has_turn = worker.has_run or (worker.stage != "sandbox" and worker.init_done >= ordinary_before)
        if is_sidecar(container):
            runs = has_turn and worker.stage != "ended"
            state = running if runs else completed if worker.stage == "ended" else waiting
            statuses.append(ContainerStatus(name=container.name, image=container.image, ready=runs, started=runs, state=state))
            continue
        done = worker.has_run or worker.init_done > ordinary_before
        state = completed if done else running if has_turn and worker.stage == "init" else waiting
        statuses.append(ContainerStatus(name=container.name, image=container.image, ready=done, state=state))
        ordinary_before += 1
    return tuple(statuses)
