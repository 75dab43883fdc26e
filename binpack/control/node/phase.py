"""A pod's phase, from the states of its containers.

Source: pkg/kubelet/kubelet_pods.go (getPhase), v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from binpack.control.node.restart import restarts_after
from binpack.model.pod import Container, ContainerStatus, PodSpec

Phase = Literal["Pending", "Running", "Succeeded", "Failed"]


@dataclass(slots=True)
class _Tally:
    """How many containers are in which state; sidecars count as running, waiting or unknown like main ones."""

    pending_init: int = 0
    pending_sidecars: int = 0
    failed_init: int = 0
    unknown: int = 0
    running: int = 0
    waiting: int = 0
    stopped: int = 0
    succeeded: int = 0
    restartable: int = 0


def phase_of(spec: PodSpec, statuses: Iterable[ContainerStatus], *, has_initialized: bool, is_finishing: bool = False) -> Phase:
    """Return a pod's phase. A terminal one never changes again, which is up to the caller.

    Parameters
    ----------
    spec : PodSpec
    statuses : iterable of ContainerStatus
        Of main and init containers.
    has_initialized : bool
        A main container has run at some time.
    is_finishing : bool
        The kubelet is ending the pod: nothing is restarted any more.
    """
    found = tuple(statuses)
    if len(found) == len(spec.containers) == 1 and not spec.init_containers and found[0].name == spec.containers[0].name:
        # Most pods have one container, and most of the time nothing of it has ended.
        state = found[0].state
        if state.running is not None:
            return "Running"
        if state.waiting is not None and state.terminated is None and found[0].last_state.terminated is None:
            return "Pending"
    by_name = {status.name: status for status in found}
    tally = _Tally()
    for container in spec.init_containers:
        if is_sidecar(container):
            _count_sidecar(by_name.get(container.name), tally)
        else:
            _count_init(by_name.get(container.name), tally)
    _count_main(spec.containers, by_name, spec.restart_policy, tally)
    if tally.failed_init > 0 and spec.restart_policy == "Never":
        return "Failed"
    if tally.pending_init > 0 or (tally.pending_sidecars > 0 and not has_initialized) or tally.waiting > 0:
        return "Pending"
    if tally.running > 0 and tally.unknown == 0:
        return "Running"
    if tally.running == 0 and tally.stopped > 0 and tally.unknown == 0:
        return _phase_when_stopped(spec, tally, is_finishing=is_finishing)
    return "Pending"


def is_sidecar(container: Container) -> bool:
    """Tell whether an init container is one that keeps running."""
    return container.restart_policy == "Always"


def _phase_when_stopped(spec: PodSpec, tally: _Tally, *, is_finishing: bool) -> Phase:
    all_succeeded = tally.stopped == tally.succeeded
    if is_finishing:
        return "Succeeded" if all_succeeded else "Failed"
    if tally.restartable or (spec.restart_policy in ("", "Always") and not _all_decide_alone(spec)):
        return "Running"
    if all_succeeded:
        return "Succeeded"
    return "Failed" if spec.restart_policy == "Never" else "Running"


def _all_decide_alone(spec: PodSpec) -> bool:
    """Tell whether every main container has a restart policy of its own."""
    return bool(spec.containers) and all(container.restart_policy for container in spec.containers)


def _count_init(status: ContainerStatus | None, tally: _Tally) -> None:
    ended = None
    if status is not None and status.state.running is None:
        ended = status.state.terminated
        if ended is None and status.state.waiting is not None:
            ended = status.last_state.terminated
    if ended is None:
        tally.pending_init += 1
    elif ended.exit_code != 0:
        tally.failed_init += 1


def _count_sidecar(status: ContainerStatus | None, tally: _Tally) -> None:
    if status is None:
        tally.unknown += 1
    elif status.state.running is not None:
        tally.pending_sidecars += not status.started
        tally.running += 1
    elif status.state.terminated is not None:
        pass
    elif status.state.waiting is not None:
        if status.last_state.terminated is None:
            tally.pending_sidecars += 1
            tally.waiting += 1
    else:
        tally.pending_sidecars += 1
        tally.unknown += 1


def _count_main(containers: Iterable[Container], by_name: Mapping[str, ContainerStatus], policy: str, tally: _Tally) -> None:
    for container in containers:
        status = by_name.get(container.name)
        if status is None:
            tally.unknown += 1
        elif status.state.running is not None:
            tally.running += 1
        elif status.state.terminated is not None:
            code = status.state.terminated.exit_code
            tally.stopped += 1
            tally.succeeded += code == 0
            if container.restart_policy or container.restart_policy_rules:
                tally.restartable += restarts_after(container, "main", policy, code)
        elif status.state.waiting is not None:
            if status.last_state.terminated is not None:
                tally.stopped += 1
            else:
                tally.waiting += 1
        else:
            tally.unknown += 1
