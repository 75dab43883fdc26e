"""Ways to the same decisions: the plain cycle, its cache in numpy, and compiled kernels. Recordings are held against each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.scheduler.cached_cycle import CachedCycle
from binpack.scheduler.cycle import Decision
from binpack.scheduler.needs import needed_plugins
from binpack.scheduler.ties import TieBreaker
from binpack.state.cluster import Cluster


class Way(StrEnum):
    """How pods are decided."""

    PLAIN = "plain"
    CACHE = "cache"
    KERNELS = "kernels"


def make_cycle(
    way: Way,
    cluster: Cluster,
    profiles: Mapping[str, Profile],
    *,
    tie_breaker: TieBreaker,
    score_single: bool = False,
    preemption: bool = False,
) -> CachedCycle:
    """Return a cycle that decides in a way."""
    return CachedCycle(
        cluster,
        profiles,
        tie_breaker=tie_breaker,
        score_single=score_single,
        preemption=preemption,
        cache=way is not Way.PLAIN,
        kernels=way is Way.KERNELS,
    )


def choose(cycle: CachedCycle, pod: Pod) -> Decision:
    """Decide a pod by placing it in a fork, so that kernels, too, have their say; the cluster stays as it is."""
    if needed_plugins(pod):
        # What Reserve allots of volumes outlasts a fork.
        return cycle.choose(pod)
    with cycle.cluster.fork():
        outcome = cycle.place(pod)
    return outcome.decision if outcome.decision is not None else Decision(pod, outcome.node, len(cycle.cluster))
