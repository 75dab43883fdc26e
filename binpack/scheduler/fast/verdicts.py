"""The verdict of every row for pods that fit nowhere: their message, and preemption, need all of them. Kept by class, patched by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.scheduler.fast.counters import Counters
from binpack.scheduler.fast.plan import Plan
from binpack.scheduler.filtering import Filtering, Preparation, active_filters, filter_all, filter_rows, prepare
from binpack.state.classes import PodClass
from binpack.state.cluster import Cluster

MAX_BYTES = 1 << 26
_BYTES_A_ROW = 6
FULL_PASS_SHARE = 4


@dataclass(slots=True)
class _Kept:
    preparation: Preparation
    verdicts: NDArray[np.int16]
    codes: NDArray[np.uint32]
    plan: Plan
    static_version: int
    position: int


class Verdicts:
    """Verdicts by pod class, for classes that rows alone decide about: no domain, and no plugin without cached parts, has a say.

    Parameters
    ----------
    cluster : Cluster
    profile : Profile
    counters : Counters
    """

    def __init__(self, cluster: Cluster, profile: Profile, counters: Counters) -> None:
        self._cluster = cluster
        self._profile = profile
        self._counters = counters
        self._kept: dict[PodClass, _Kept] = {}

    def of(self, pod: Pod, plan: Plan) -> Filtering | None:
        """Return what `filter_all` gives for a pod; None if its class is not of this kind.

        Parameters
        ----------
        pod : Pod
        plan : Plan
            Of its class, as of now.
        """
        if plan.filters or plan.hard or plan.hard_hosts or plan.attract or plan.repel or plan.clear or plan.near is not None:
            return None
        cluster = self._cluster
        kept = self._kept.get(plan.pod_class)
        if kept is None or not self._can_be_patched(kept, plan):
            kept = self._anew(pod, plan)
        elif cluster.journal.position != kept.position:
            touched = cluster.journal.since(kept.position)
            assert touched is not None, "the ring is longer than any lag that is patched"
            rows = touched.astype(np.intp)
            kept.verdicts[rows], kept.codes[rows] = filter_rows(kept.preparation, self._profile, cluster.rows(rows))
            kept.position = cluster.journal.position
            self._counters.verdicts_patched += len(rows)
        return Filtering(kept.preparation, active_filters(kept.preparation, self._profile), kept.verdicts.copy(), kept.codes.copy())

    def _can_be_patched(self, kept: _Kept, plan: Plan) -> bool:
        cluster = self._cluster
        behind = cluster.journal.position - kept.position
        return kept.plan is plan and kept.static_version == cluster.static_version and behind * FULL_PASS_SHARE <= cluster.capacity

    def _anew(self, pod: Pod, plan: Plan) -> _Kept:
        cluster = self._cluster
        if (len(self._kept) + 1) * _BYTES_A_ROW * cluster.capacity > MAX_BYTES:
            self._kept.clear()
        filtering = filter_all(prepare(pod, cluster, self._profile), cluster, self._profile)
        kept = _Kept(filtering.preparation, filtering.verdicts, filtering.codes, plan, cluster.static_version, cluster.journal.position)
        self._kept[plan.pod_class] = kept
        self._counters.verdict_passes += 1
        return kept
