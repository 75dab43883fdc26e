"""How long what a kubelet does takes.

Kubernetes promises only an upper bound: 99 % of stateless pods, their images being there, run within 5 s of their creation
(kubernetes/community, sig-scalability/slos/pod_startup_latency.md). The numbers here add up to 2 s between binding and running, and are
assumptions of this model, not measurements.
"""

from __future__ import annotations

from dataclasses import dataclass

from binpack.units import US_PER_S


@dataclass(frozen=True, slots=True)
class KubeletTimings:
    """Durations in microseconds.

    Parameters
    ----------
    sandbox_us : int
        From the first sight of a bound pod until its sandbox has a network: volumes, pause container, CNI.
    start_us : int
        From the sandbox (or the last init container) until the main containers run and the kubelet knows: its runtime cache is
        refreshed once a second (pkg/kubelet, plegRelistPeriod).
    init_container_us : int
        How long an ordinary init container takes, unless the workload model says otherwise.
    """

    sandbox_us: int = US_PER_S
    start_us: int = US_PER_S
    init_container_us: int = US_PER_S
