"""How the kubelets of a run are configured: what KubeletConfiguration says, as far as it is modelled.

Source: pkg/kubelet/apis/config/v1beta1/defaults.go and pkg/kubelet/eviction/defaults_linux.go, v1.35.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from binpack.control.node.node_pressure import Amount, Threshold
from binpack.errors import ManifestError
from binpack.model.node import Node
from binpack.model.quantity import Quantity
from binpack.units import MIB, US_PER_MINUTE, US_PER_S

PULL_BANDWIDTH = "binpack.dev/pull-bandwidth"
"""Annotation of a node: bytes a second, as a quantity, in place of the configured bandwidth."""

HARD_THRESHOLDS = (
    Threshold("memory.available", Amount(100 * MIB)),
    Threshold("allocatableMemory.available", Amount(100 * MIB)),
    Threshold("nodefs.available", Amount(share=0.1)),
    Threshold("imagefs.available", Amount(share=0.15)),
)


@dataclass(frozen=True, slots=True)
class KubeletConfiguration:
    """Kubernetes' defaults, except that reservations are only looked at when some are given.

    Parameters
    ----------
    max_pods : int or None
        What nodes report as their capacity of pods; None: what the Node says holds.
    serialize_image_pulls : bool
        One pull at a time on a node.
    max_parallel_image_pulls : int
        How many at a time, if they are not serialized.
    pull_bytes_per_second : int
        Of each pull, unless the node's annotation says otherwise. An assumption of this model.
    image_gc_high_percent, image_gc_low_percent : int
        Above which use of the file system unused images are removed, and down to which.
    image_gc_period_us, image_minimum_age_us : int
    kube_reserved, system_reserved : dict[str, int] or None
        Milli-cores (cpu), bytes. With one of them, an empty one included, kubelets compute their nodes' allocatable; without, what the
        Node says holds.
    eviction : tuple of Threshold
        Hard ones have no grace period.
    eviction_max_pod_grace_seconds : int
        Of soft evictions, at most.
    eviction_period_us, pressure_transition_us : int
        Between two looks at the signals, and how long a condition stays after the last sight of pressure.
    pids : int
        How many processes a node can have.
    max_restart_backoff_us : int
        `crashLoopBackOff.maxContainerRestartPeriod`: 1 s to 300 s.
    """

    max_pods: int | None = None
    serialize_image_pulls: bool = True
    max_parallel_image_pulls: int = 5
    pull_bytes_per_second: int = 100 * MIB
    image_gc_high_percent: int = 85
    image_gc_low_percent: int = 80
    image_gc_period_us: int = 5 * US_PER_MINUTE
    image_minimum_age_us: int = 2 * US_PER_MINUTE
    kube_reserved: dict[str, int] | None = None
    system_reserved: dict[str, int] | None = None
    eviction: tuple[Threshold, ...] = field(default=HARD_THRESHOLDS)
    eviction_max_pod_grace_seconds: int = 0
    eviction_period_us: int = 10 * US_PER_S
    pressure_transition_us: int = 5 * US_PER_MINUTE
    pids: int = 32768
    max_restart_backoff_us: int = 5 * US_PER_MINUTE


def pull_bandwidth(node: Node, otherwise: int) -> int:
    """Return how many bytes a second a node pulls: what its annotation says, or what is configured.

    Raises
    ------
    ManifestError
        If the annotation cannot be understood.
    """
    text = node.metadata.annotations.get(PULL_BANDWIDTH)
    if text is None:
        return otherwise
    try:
        bandwidth = Quantity.parse(text).ceil_units()
    except ValueError as error:
        raise ManifestError(f"Node {node.name}, metadata.annotations[{PULL_BANDWIDTH}]: {error}") from None
    if bandwidth <= 0:
        raise ManifestError(
            f'Node {node.name}, metadata.annotations[{PULL_BANDWIDTH}]: "{text}" is no bandwidth (accepted: bytes a second, above 0)'
        )
    return bandwidth
