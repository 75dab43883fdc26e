"""Objects from the short forms in which cases write them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from binpack.control.clock import EPOCH
from binpack.model.base import from_builtins
from binpack.model.meta import Condition, ObjectMeta
from binpack.model.pod import (
    Container,
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    Pod,
    PodSpec,
    PodStatus,
    ResourceRequirements,
    Toleration,
)
from binpack.units import US_PER_S

NOW = EPOCH + timedelta(days=4000)
"""The instant of a case: late enough that all ages are after the epoch."""

NOW_US = 4000 * 86_400 * US_PER_S


def ago(seconds: float | None) -> datetime | None:
    """Return the time so many seconds before now; None stays None, which stands for a time that is not set."""
    return None if seconds is None else NOW - timedelta(seconds=seconds)


def requirements(value: Mapping[str, Any] | None) -> ResourceRequirements:
    """Read `requests` and `limits`."""
    value = value or {}
    return from_builtins({key: value[key] for key in ("requests", "limits") if value.get(key)}, ResourceRequirements)


def container(value: Mapping[str, Any]) -> Container:
    """Build a container that is nothing but its resources."""
    return Container(name=value.get("name", ""), resources=requirements(value), restart_policy=value.get("restartPolicy"))


def toleration(value: Mapping[str, Any]) -> Toleration:
    """Read a toleration."""
    return from_builtins(dict(value), Toleration)


def sized_pod(value: Mapping[str, Any]) -> Pod:
    """Build a pod that is nothing but what it asks for: containers, init containers, pod-level resources, overhead."""
    given = value.get("podResources")
    spec = PodSpec(
        containers=tuple(container(one) for one in value.get("containers") or ()),
        init_containers=tuple(container(one) for one in value.get("initContainers") or ()),
        resources=None if given is None else requirements(given),
        overhead=requirements({"requests": value.get("overhead")}).requests,
        active_deadline_seconds=value.get("activeDeadlineSeconds"),
        priority_class_name=value.get("priorityClassName", ""),
    )
    return Pod(metadata=ObjectMeta(name=value.get("name", "foo")), spec=spec, status=PodStatus(phase=value.get("phase", "")))


def running_pod(value: Mapping[str, Any]) -> Pod:
    """Build a pod of a ranking: node, phase, readiness, restarts and ages."""
    conditions: tuple[Condition, ...] = ()
    if value.get("ready"):
        conditions = (Condition("Ready", "True", last_transition_time=ago(value.get("readyAge"))),)
    cost = value.get("deletionCost")
    name = value.get("name") or value.get("id") or ""
    return Pod(
        metadata=ObjectMeta(
            name=name,
            uid=value.get("uid", ""),
            creation_timestamp=ago(value.get("createdAge")),
            annotations={} if cost is None else {"controller.kubernetes.io/pod-deletion-cost": str(cost)},
        ),
        spec=PodSpec(node_name=value.get("nodeName") or "", init_containers=(Container(name="sidecar", restart_policy="Always"),)),
        status=PodStatus(
            phase=value.get("phase", ""),
            conditions=conditions,
            container_statuses=(ContainerStatus(name="main", restart_count=value.get("restarts") or 0),),
            init_container_statuses=(ContainerStatus(name="sidecar", restart_count=value.get("sidecarRestarts") or 0),),
        ),
    )


def container_status(value: Mapping[str, Any]) -> ContainerStatus:
    """Build a container's status from its state: running, waiting or terminated."""
    state, last = ContainerState(), ContainerState()
    match value.get("state"):
        case "running":
            state = ContainerState(running=ContainerStateRunning())
        case "terminated":
            state = ContainerState(terminated=ContainerStateTerminated(exit_code=value.get("exitCode", 0)))
        case "waiting":
            state = ContainerState(waiting=ContainerStateWaiting())
        case _:
            pass
    if value.get("lastExitCode") is not None:
        last = ContainerState(terminated=ContainerStateTerminated(exit_code=value["lastExitCode"]))
    return ContainerStatus(name=value["name"], state=state, last_state=last, started=value.get("started"))
