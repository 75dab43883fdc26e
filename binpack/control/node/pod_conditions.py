"""The conditions that a kubelet gives a pod.

Source: pkg/kubelet/status/generate.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from binpack.control.node.phase import is_sidecar
from binpack.model.meta import Condition
from binpack.model.pod import Container, ContainerStatus, PodSpec

_ALL_READY = Condition("ContainersReady", "True")
_COMPLETED = Condition("ContainersReady", "False", "PodCompleted")
_READY = Condition("Ready", "True")
_READY_NO_MORE = Condition("Ready", "False", "PodCompleted")
_INITIALIZED_AND_COMPLETED = Condition("Initialized", "True", "PodCompleted")
_INITIALIZED = Condition("Initialized", "True")


def containers_ready(spec: PodSpec, statuses: Sequence[ContainerStatus] | None, phase: str) -> Condition:
    """Return the condition ContainersReady (without its time): True if all main containers and sidecars are ready.

    Parameters
    ----------
    spec : PodSpec
    statuses : sequence of ContainerStatus or None
        Of main and init containers; None if there are none at all yet.
    phase : str
    """
    if statuses is None:
        return Condition("ContainersReady", "False", "UnknownContainerStatuses")
    if phase == "Succeeded":
        return _COMPLETED
    if phase == "Failed":
        return Condition("ContainersReady", "False", "PodFailed")
    if len(statuses) == len(spec.containers) + len(spec.init_containers):
        for status in statuses:
            if not status.ready:
                break
        else:
            return _ALL_READY
    by_name = {status.name: status for status in statuses}
    relevant = [one for one in spec.init_containers if is_sidecar(one)] + list(spec.containers)
    unknown = [one.name for one in relevant if one.name not in by_name]
    unready = [one.name for one in relevant if one.name in by_name and not by_name[one.name].ready]
    message = _listed(unknown, unready, "unready")
    return Condition("ContainersReady", "False", "ContainersNotReady", message) if message else Condition("ContainersReady", "True")


def pod_ready(containers: Condition, gates: Sequence[str] = (), others: Mapping[str, str] | None = None) -> Condition:
    """Return the condition Ready (without its time): True if the containers are ready and all readiness gates are True.

    Parameters
    ----------
    containers : Condition
        ContainersReady.
    gates : sequence of str
        The types of the conditions that the pod's readiness gates name.
    others : mapping, optional
        The statuses of the pod's conditions by type.
    """
    if containers.status != "True":
        return _READY_NO_MORE if containers is _COMPLETED else Condition("Ready", "False", containers.reason, containers.message)
    if not gates:
        return _READY
    problems = []
    for gate in gates:
        status = (others or {}).get(gate)
        if status is None:
            problems.append(f'corresponding condition of pod readiness gate "{gate}" does not exist.')
        elif status != "True":
            problems.append(f'the status of pod readiness gate "{gate}" is not "True", but {status}')
    return Condition("Ready", "False", "ReadinessGatesNotReady", ", ".join(problems)) if problems else Condition("Ready", "True")


def initialized(spec: PodSpec, statuses: Sequence[ContainerStatus], phase: str, *, has_initialized: bool) -> Condition:
    """Return the condition Initialized (without its time): True once init containers have ended and sidecars have started."""
    if phase == "Succeeded":
        return _INITIALIZED_AND_COMPLETED
    if has_initialized or not spec.init_containers:
        return _INITIALIZED
    by_name = {status.name: status for status in statuses}
    unknown = [one.name for one in spec.init_containers if one.name not in by_name]
    incomplete = [one.name for one in spec.init_containers if one.name in by_name and not _is_complete(one, by_name[one.name])]
    message = _listed(unknown, incomplete, "incomplete")
    return Condition("Initialized", "False", "ContainersNotInitialized", message) if message else Condition("Initialized", "True")


def _is_complete(container: Container, status: ContainerStatus) -> bool:
    if is_sidecar(container):
        return bool(status.started)
    return status.state.terminated is not None and status.state.terminated.exit_code == 0


def _listed(unknown: list[str], lacking: list[str], what: str) -> str:
    parts = []
    if unknown:
        parts.append(f"containers with unknown status: [{' '.join(unknown)}]")
    if lacking:
        parts.append(f"containers with {what} status: [{' '.join(lacking)}]")
    return ", ".join(parts)
