"""Static slots: what the nodes' taints, labels, cordons and images mean to a class. A small code a row stands for all of it.

What is normalised over the feasible nodes is kept raw: normalised scores are never kept.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.framework.interface import Shortlist, Skip
from binpack.framework.profile import Profile
from binpack.framework.status import Status
from binpack.model.base import encoded
from binpack.model.pod import Pod
from binpack.plugins.image_locality import ImageLocality
from binpack.plugins.node_affinity import NodeAffinity
from binpack.plugins.node_unschedulable import NodeUnschedulable
from binpack.plugins.required_node_affinity import node_affinity_of
from binpack.plugins.taint_toleration import TaintToleration
from binpack.scheduler.fast.counters import Counters
from binpack.scheduler.fast.fallback import NotCachedError
from binpack.state.cluster import Cluster
from binpack.units import MAX_NODE_SCORE

FILTERS = (NodeUnschedulable, TaintToleration, NodeAffinity)
SCORES = (TaintToleration, NodeAffinity, ImageLocality)
EXCLUDED = -1
MAX_CODES = 32
"""A kernel keeps the codes of a block's feasible rows as a mask of this many bits."""


@dataclass(slots=True)
class StaticSlot:
    """One class's view of the nodes.

    Parameters
    ----------
    example : Pod
    codes : NDArray[np.int8]
        By row; `EXCLUDED` where a static filter says no, and in holes.
    table : NDArray[np.int64]
        Shape [codes, 3]: raw scores of TaintToleration and NodeAffinity, and the final one of ImageLocality.
    trivial : bool
        One code or none: static scores differ nowhere, and are left out.
    """

    example: Pod
    codes: NDArray[np.int8]
    table: NDArray[np.int64]
    trivial: bool


class StaticSlots:
    """The static slots of one profile, made anew when a node has changed.

    Parameters
    ----------
    cluster : Cluster
    profile : Profile
    counters : Counters

    Attributes
    ----------
    weights : tuple[int, int, int]
        Of TaintToleration, NodeAffinity and ImageLocality.
    """

    def __init__(self, cluster: Cluster, profile: Profile, counters: Counters) -> None:
        self._cluster = cluster
        self._counters = counters
        self._filters = [plugin for plugin in profile.filters if type(plugin) in FILTERS]
        by_type = {type(plugin): (plugin, weight) for plugin, weight in profile.scores}
        self._scores = [by_type.get(kind, (None, 0)) for kind in SCORES]
        self.weights = (self._scores[0][1], self._scores[1][1], self._scores[2][1])
        self.slots: list[StaticSlot] = []
        self.versions: list[int] = []
        self._numbers: dict[Hashable, int] = {}

    def number(self, pod: Pod) -> int:
        """Return the slot of a pod's tolerations, node affinity and images, making it if there is none.

        Raises
        ------
        NotCachedError
            If a plugin has more to say than a verdict for each row, or there are too many different scores.
        """
        affinity = node_affinity_of(pod)
        key = (
            pod.spec.tolerations,
            tuple(sorted(pod.spec.node_selector.items())),
            None if affinity is None else encoded(affinity),
            tuple(container.image for container in (*pod.spec.init_containers, *pod.spec.containers)),
        )
        number = self._numbers.get(key)
        if number is None:
            slot = self._make(pod)
            number = self._numbers[key] = len(self.slots)
            self.slots.append(slot)
            self.versions.append(self._cluster.static_version)
        return number

    def current(self, number: int) -> StaticSlot:
        """Return a slot as the nodes are now."""
        if self.versions[number] != self._cluster.static_version:
            self.slots[number] = self._make(self.slots[number].example)
            self.versions[number] = self._cluster.static_version
        return self.slots[number]

    def worth(self, slot: StaticSlot, present: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the weighted score of each code, normalised over the codes that feasible rows have; shape [codes]."""
        taints: NDArray[np.int64] = slot.table[:, 0]
        affinity: NDArray[np.int64] = slot.table[:, 1]
        images: NDArray[np.int64] = slot.table[:, 2]
        most = int(taints[present].max(initial=0))
        worth: NDArray[np.int64] = self.weights[2] * images
        if most > 0:
            # All the same is left out: reversed, it is 100 everywhere.
            worth = worth - self.weights[0] * (MAX_NODE_SCORE * taints // most)
        highest = int(affinity[present].max(initial=0))
        return worth + self.weights[1] * (affinity if highest == 0 else MAX_NODE_SCORE * affinity // highest)

    def _make(self, pod: Pod) -> StaticSlot:
        cluster = self._cluster
        self._counters.static_passes += 1
        rows, admitted = cluster.rows(), cluster.active.copy()
        for plugin in self._filters:
            prepared = plugin.prepare(pod, cluster)
            if isinstance(prepared, Status | Shortlist):
                raise NotCachedError(f"{plugin.name} rejects or lists nodes for this pod")
            if not isinstance(prepared, Skip):
                admitted &= plugin.filter(prepared, rows) == 0
        raw = np.zeros((3, cluster.capacity), np.int64)
        for line, (plugin, _) in enumerate(self._scores):
            prepared = plugin.prepare_score(pod, cluster, rows) if plugin is not None else None
            if plugin is not None and not isinstance(prepared, Skip):
                raw[line] = plugin.score(prepared, rows)
        return _coded(pod, admitted, raw)


def _coded(pod: Pod, admitted: NDArray[np.bool_], raw: NDArray[np.int64]) -> StaticSlot:
    codes = np.full(len(admitted), EXCLUDED, np.int8)
    if not raw.any():
        codes[admitted] = 0
        return StaticSlot(pod, codes, np.zeros((1, 3), np.int64), trivial=True)
    table, inverse = np.unique(raw[:, admitted].T, axis=0, return_inverse=True)
    if len(table) > MAX_CODES:
        raise NotCachedError(f"{len(table)} different static scores (accepted: at most {MAX_CODES})")
    codes[admitted] = inverse.reshape(-1).astype(np.int8)
    return StaticSlot(pod, codes, table, trivial=len(table) <= 1)
