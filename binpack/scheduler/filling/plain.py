"""Filling pod by pod through the scheduling cycle: any profile, any plugin, and the definition of what the kernel has to give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from binpack.framework.profile import Profile
from binpack.model.base import replace
from binpack.model.pod import Pod
from binpack.plugins.research.device_demand import demand
from binpack.plugins.research.fragmentation import Bucket, row_buckets, target_of
from binpack.plugins.research.typical_pods import TypicalPod
from binpack.scheduler.cycle import Refusal, SchedulingCycle
from binpack.scheduler.filling.run import NOWHERE, FillingRun, device_bits
from binpack.scheduler.ties import TieBreaker
from binpack.state.cluster import Cluster


def fill_plainly(
    cluster: Cluster,
    profile: Profile,
    pods: Sequence[Pod],
    arrivals: NDArray[np.int64],
    *,
    tie_breaker: TieBreaker,
    typical: Sequence[TypicalPod],
    generator: np.random.Generator | None = None,
) -> FillingRun:
    """Let pods arrive, each placed for ever or dropped. The cluster keeps the pods, named by their place in the list.

    Parameters
    ----------
    cluster : Cluster
    profile : Profile
    pods : sequence of Pod
        The different pods.
    arrivals : NDArray[np.int64]
        Which of them arrives, shape [events].
    tie_breaker : TieBreaker
    typical : sequence of TypicalPod
        What fragmentation is measured against.
    generator : numpy.random.Generator, optional
        For policies that draw.
    """
    cycle = SchedulingCycle(cluster, {profile.scheduler_name: profile}, tie_breaker=tie_breaker, generator=generator)
    target = target_of(typical, cluster.devices.models)
    amounts = row_buckets(target, cluster.rows())
    run = FillingRun(
        rows=np.full(len(arrivals), NOWHERE, np.int64),
        devices=np.zeros(len(arrivals), np.int64),
        used_milli=np.zeros(len(arrivals), np.int64),
        buckets=np.zeros((len(arrivals), len(Bucket))),
    )
    used = 0
    for event, which in enumerate(arrivals):
        pod = pods[which]
        pod = replace(pod, metadata=replace(pod.metadata, name=f"arrival-{event}"))
        decision = cycle.decide(pod)
        row = None if decision.node is None else cluster.row_of(decision.node)
        if row is not None and not isinstance(cycle.commit(decision), Refusal):
            held = cluster.devices.held(pod.key)
            run.rows[event] = row
            run.devices[event] = 0 if held is None else device_bits(held.devices)
            used += demand(pod, cluster).gpu_milli
            amounts[:, row] = row_buckets(target, cluster.rows(np.array([row], np.intp)))[:, 0]
        run.used_milli[event] = used
        run.buckets[event] = amounts[:, cluster.active].sum(axis=1)
    return run
