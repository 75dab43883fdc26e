"""When a pod's containers become ready after their start.

Probes succeed here from their first try on; what counts is when that is. Source: pkg/kubelet/prober, v1.35, first try at startedAt plus
initialDelaySeconds, then every period.
"""

from __future__ import annotations

from binpack.model.pod import Container, Pod, Probe
from binpack.units import US_PER_S


def ready_after_us(pod: Pod) -> int:
    """Return how long after the start of its main containers a pod is ready, in microseconds; 0 without probes."""
    return max((_container_ready_after(container) for container in pod.spec.containers), default=0) * US_PER_S


def _container_ready_after(container: Container) -> int:
    """The readiness probe does nothing until the startup probe has succeeded, but both count from the container's start."""
    startup = 0 if container.startup_probe is None else container.startup_probe.initial_delay_seconds
    readiness = 0 if container.readiness_probe is None else _succeeds_after(container.readiness_probe)
    return max(startup, readiness)


def _succeeds_after(probe: Probe) -> int:
    return probe.initial_delay_seconds + (probe.success_threshold - 1) * probe.period_seconds
