"""What a kubelet makes of a pod's spec and workload model once, for all that it does with the pod."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from binpack.control.node.phase import is_sidecar
from binpack.control.node.workload_model import ContainerModel, WorkloadModel
from binpack.model.pod import MIRROR_ANNOTATION, Container, Pod, ResourceRequirements
from binpack.model.requests import MEMORY, PODS, fit_requests
from binpack.state.ports import HostPort, host_ports

ContainerKind = Literal["init", "sidecar", "main"]
SYSTEM_CRITICAL_PRIORITY = 2_000_000_000
_STATIC_SOURCES = ("file", "http")
_SOURCE_ANNOTATION = "kubernetes.io/config.source"


@dataclass(frozen=True, slots=True)
class ContainerPlan:
    """One container.

    Parameters
    ----------
    container : Container
    kind : str
        init: an ordinary init container; sidecar: one that keeps running; main.
    model : ContainerModel
    memory_limit : int or None
        Bytes.
    has_probes : bool
    """

    container: Container
    kind: ContainerKind
    model: ContainerModel
    memory_limit: int | None
    has_probes: bool


@dataclass(frozen=True, slots=True)
class PodPlan:
    """A pod, as the kubelet sees it.

    Parameters
    ----------
    containers : tuple of ContainerPlan
        Init containers first, each group in its order.
    init_count : int
        How many of them are init containers.
    requests : dict[str, int]
        What the scheduler's fit counts, and one of `pods`.
    ports : tuple of HostPort
    peaks : dict[str, int]
        The most that its containers can use at a time, by resource, where the model says what they use.
    memory_limit : int or None
        Of the whole pod, bytes.
    """

    containers: tuple[ContainerPlan, ...]
    init_count: int
    requests: dict[str, int]
    ports: tuple[HostPort, ...]
    peaks: dict[str, int]
    memory_limit: int | None

    @property
    def has_usage(self) -> bool:
        """The model says what some container uses."""
        return bool(self.peaks)


def pod_plan(pod: Pod, model: WorkloadModel) -> PodPlan:
    """Make the plan of a pod."""
    spec = pod.spec
    containers = [_container_plan(one, "sidecar" if is_sidecar(one) else "init", model) for one in spec.init_containers]
    containers += [_container_plan(one, "main", model) for one in spec.containers]
    peaks: dict[str, int] = {}
    for one in containers:
        for resource in {name for run in one.model.runs for name, _ in run.usage}:
            peaks[resource] = peaks.get(resource, 0) + _peak(one.model, resource)
    requests = {**fit_requests(pod), PODS: 1}
    return PodPlan(tuple(containers), len(spec.init_containers), requests, host_ports(pod), peaks, _memory_limit(spec.resources))


def is_critical(pod: Pod) -> bool:
    """Tell whether a pod is static, a mirror, or of a system's priority. Source: pkg/kubelet/types/pod_update.go (IsCriticalPod)."""
    annotations = pod.metadata.annotations
    return (
        pod.priority >= SYSTEM_CRITICAL_PRIORITY
        or MIRROR_ANNOTATION in annotations
        or annotations.get(_SOURCE_ANNOTATION) in _STATIC_SOURCES
    )


def _container_plan(container: Container, kind: ContainerKind, model: WorkloadModel) -> ContainerPlan:
    named = model.named.get(container.name)
    if named is None:
        named = model.main if kind == "main" else _SILENT
    probes = (container.startup_probe, container.readiness_probe, container.liveness_probe)
    has_probes = any(probe is not None for probe in probes)
    return ContainerPlan(container, kind, named, _memory_limit(container.resources), has_probes)


def _memory_limit(resources: ResourceRequirements | None) -> int | None:
    limit = None if resources is None else resources.limits.get(MEMORY)
    return None if limit is None else limit.ceil_units()


def _peak(model: ContainerModel, resource: str) -> int:
    return max((amount for run in model.runs for name, steps in run.usage if name == resource for _, amount in steps), default=0)


_SILENT = ContainerModel()
