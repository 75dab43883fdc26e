"""Decides pods of one profile from the cache: with kernels where they reach, else in numpy; or says that the plain way has to."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from binpack.framework.profile import Profile
from binpack.model.base import replace
from binpack.model.pod import Pod
from binpack.plugins.dynamic_resources import DynamicResources
from binpack.plugins.volume_binding import VolumeBinding
from binpack.scheduler.fast.compile import is_cacheable
from binpack.scheduler.fast.counters import Counters
from binpack.scheduler.fast.fallback import NotCachedError
from binpack.scheduler.fast.numpy_decision import NumpyDecision
from binpack.scheduler.fast.placed import Placed
from binpack.scheduler.fast.plan import Plan
from binpack.scheduler.fast.plans import Plans
from binpack.scheduler.fast.verdicts import Verdicts
from binpack.scheduler.filtering import Filtering
from binpack.scheduler.scoring import Scoring
from binpack.scheduler.search import SearchResult, feasible_nodes_to_find
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.state.cluster import Cluster

if TYPE_CHECKING:
    from binpack.scheduler.fast.kernel_tick import KernelTick

PODS_BEFORE_KERNELS = 3000
"""Importing numba and loading compiled code takes as long as deciding some thousand pods in numpy."""


class FastScheduler:
    """The cache over one cluster and one profile.

    Parameters
    ----------
    cluster : Cluster
    profile : Profile
    tie_breaker : TieBreaker
    kernels : bool or None
        Whether to use compiled kernels; None: if numba is installed, from the `PODS_BEFORE_KERNELS`-th pod on.

    Attributes
    ----------
    counters : Counters
    profile : Profile
    """

    def __init__(self, cluster: Cluster, profile: Profile, tie_breaker: TieBreaker, *, kernels: bool | None = None) -> None:
        self.counters = Counters()
        self._cluster = cluster
        self._plans = Plans(cluster, profile, self.counters)
        self._numpy = NumpyDecision(cluster, profile, self._plans.compiler, tie_breaker)
        self._verdicts = Verdicts(cluster, profile, self.counters)
        self.profile = profile
        self._ties = tie_breaker.ties
        self._cacheable = is_cacheable(profile)
        # Left to itself it imports numba only for a run that is long enough to gain by it.
        self._pods_to_wait_for = 0 if kernels else PODS_BEFORE_KERNELS
        self._with_kernels = (has_numba() if kernels is None else kernels) and covered_by_kernels(profile, tie_breaker.ties)
        self._kernels: KernelTick | None = None
        self._nowhere: Pod | None = None

    @property
    def samples(self) -> bool:
        """Whether the search stops before it has seen all nodes: then each decision moves where the next one begins."""
        return self._to_find < len(self._cluster)

    @property
    def _to_find(self) -> int:
        return feasible_nodes_to_find(len(self._cluster), self.profile.percentage_of_nodes_to_score)

    def row_for(self, pod: Pod, start: int) -> tuple[int, int] | None:
        """Return the row that a pod goes to, and how many nodes the search looked at.

        None if the plain way has to say: it fits nowhere, or is not cached.

        Parameters
        ----------
        pod : Pod
        start : int
            Where the search of the node list begins.
        """
        if not self._cacheable or pod.status.nominated_node_name:
            return None
        if self._nowhere is pod:
            self._nowhere = None
            return None
        (pod_class,), plans = self._plans.of((pod,))
        plan = plans[pod_class]
        return None if plan is None else self._row_for(pod, plan, start)

    def ranked(self, pod: Pod, start: int) -> tuple[int, SearchResult, Scoring | None] | None:
        """Return the row that a pod goes to, all feasible rows and their totals; None if the plain way has to say, as for `row_for`."""
        if not self._cacheable or pod.status.nominated_node_name:
            return None
        (pod_class,), plans = self._plans.of((pod,))
        plan = plans[pod_class]
        try:
            found = None if plan is None else self._numpy.ranked(pod, plan, start, self._to_find)
        except NotCachedError:
            return None
        self.counters.decisions += found is not None
        return found

    def filtering(self, pod: Pod) -> Filtering | None:
        """Return the verdict of every row from what is kept; None if the plain way has to judge."""
        if not self._cacheable:
            return None
        (pod_class,), plans = self._plans.of((pod,))
        plan = plans[pod_class]
        return None if plan is None else self._verdicts.of(pod, plan)

    def rejection_key(self, pod: Pod, start: int) -> Hashable | None:
        """Return what a rejection of a pod depends on: as long as it is the same, so is all that is said about the pod.

        None where a plugin without cached parts, or one that reads more of a pod than its class, may have had a say.
        """
        if not self._cacheable or pod.status.nominated_node_name:
            return None
        (pod_class,), plans = self._plans.of((pod,))
        plan = plans[pod_class]
        if plan is None or plan.filters:
            return None
        cluster = self._cluster
        return pod_class, self._plans.changes, cluster.journal.position, cluster.static_version, start

    def place_in_numpy(self, pods: Sequence[Pod], start: int) -> Placed:
        """Place pods one after another, as far as the cache goes."""
        nodes: list[str] = []
        evaluated: list[int] = []
        if not self._cacheable or not reserves_nothing(self.profile):
            return Placed(nodes, evaluated, start)
        classes, plans = self._plans.of(pods)
        epoch = self._cluster.counts.epoch
        for pod, pod_class in zip(pods, classes, strict=True):
            if epoch != self._cluster.counts.epoch:
                # A plugin without cached parts has read labels that told no classes apart before: the plans are void.
                break
            plan = plans[pod_class]
            found = None if plan is None or pod.status.nominated_node_name else self._row_for(pod, plan, start)
            if found is None:
                break
            row, looked = found
            start = (start + looked) % len(self._cluster)
            evaluated.append(looked)
            node = self._cluster.node(row).name
            # Its class as of now: a plugin without cached parts may have read a label just before that tells classes apart.
            bound = replace(pod, spec=replace(pod.spec, node_name=node))
            self._cluster.add_pod(bound, node, pod_class=self._cluster.classes.of(pod))
            nodes.append(node)
        return Placed(nodes, evaluated, start)

    def _row_for(self, pod: Pod, plan: Plan, start: int) -> tuple[int, int] | None:
        try:
            found = self._numpy.row_for(pod, plan, start, self._to_find)
        except NotCachedError:
            return None
        self.counters.decisions += found is not None
        return found

    def place(self, pods: Sequence[Pod], start: int) -> Placed:
        """Place pods one after another, as far as kernels can, or in numpy."""
        if not self._cacheable or not self._with_kernels:
            return self.place_in_numpy(pods, start)
        if self._pods_to_wait_for > 0:
            placed = self.place_in_numpy(pods, start)
            self._pods_to_wait_for -= max(len(placed.nodes), 1)
            return placed
        if {pod.status.nominated_node_name for pod in pods} != {""}:
            pods = pods[: next(index for index, pod in enumerate(pods) if pod.status.nominated_node_name)]
            if not pods:
                return Placed([], [], start)
        if self._kernels is None:
            from binpack.scheduler.fast.kernel_tick import KernelTick

            self._kernels = KernelTick(self._cluster, self.profile, self._plans.compiler, self._ties, self.counters)
        placed, fits_nowhere = self._kernels.place(pods, self._plans, start, self._to_find)
        self._nowhere = pods[len(placed.nodes)] if fits_nowhere else None
        return placed


@cache
def has_numba() -> bool:
    """Tell whether numba is installed, without importing it."""
    return find_spec("numba") is not None


def covered_by_kernels(profile: Profile, ties: Ties) -> bool:
    """Tell whether kernels can decide for a profile: no tie rule that draws, nothing to reserve for pods without volumes."""
    return ties in (Ties.FIRST, Ties.KUBE) and reserves_nothing(profile)


def reserves_nothing(profile: Profile) -> bool:
    """Tell whether pods without volumes and devices have nothing to reserve."""
    return all(type(plugin) in (VolumeBinding, DynamicResources) for plugin in profile.reserves)
