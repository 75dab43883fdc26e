"""Static slots: what the nodes' taints, labels, cordons and images mean to a class. A small code a row stands for all of it.

When nodes change only their rows are judged again. What is normalised over the feasible nodes is kept raw: nothing normalised ever is.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

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
from binpack.scheduler.fast.vectors import changed_rows
from binpack.state.cluster import Cluster
from binpack.state.columns import grown
from binpack.state.node_rows import NodeRows
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
        Shape [codes, 3]: raw scores of TaintToleration and NodeAffinity, and the final one of ImageLocality. It only grows.
    images : Any
        What ImageLocality prepared: how far each image is spread, which is part of the score of every row that has it.
    version : int
        The `static_version` that the codes are of.
    """

    example: Pod
    codes: NDArray[np.int8]
    table: NDArray[np.int64]
    images: Any
    version: int

    @property
    def trivial(self) -> bool:
        """One code or none: static scores differ nowhere, and are left out."""
        return len(self.table) <= 1


class StaticSlots:
    """The static slots of one profile, which follow the nodes when they are used.

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
        return number

    def current(self, number: int) -> StaticSlot:
        """Return a slot as the nodes are now: the same object as before if the codes mean the same still.

        Raises
        ------
        NotCachedError
            If there are too many different scores now.
        """
        slot = self.slots[number]
        if slot.version != self._cluster.static_version:
            rows = changed_rows(self._cluster, slot.version)
            if rows is None or not self._patch(slot, rows):
                slot = self.slots[number] = self._make(slot.example)
        return slot

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
        self._counters.static_passes += 1
        rows = self._cluster.rows()
        raw, images = self._raw_scores(pod, rows)
        codes, table = _coded(self._admitted(pod, rows), raw)
        return StaticSlot(pod, codes, table, images, self._cluster.static_version)

    def _patch(self, slot: StaticSlot, changed: NDArray[np.intp]) -> bool:
        """Judge changed rows again. False: everything has to be, for an image is spread otherwise, or there are too many codes."""
        rows = self._cluster.rows(changed)
        raw, images = self._raw_scores(slot.example, rows)
        if images != slot.images:
            return False
        known = {tuple(line): code for code, line in enumerate(slot.table.tolist())}
        codes = [
            known.setdefault(tuple(line), len(known)) if admitted else EXCLUDED
            for line, admitted in zip(raw.T.tolist(), self._admitted(slot.example, rows).tolist(), strict=True)
        ]
        if len(known) > MAX_CODES:
            return False
        slot.codes = grown(slot.codes, self._cluster.capacity, EXCLUDED)
        slot.codes[changed] = codes
        slot.table = np.array(list(known), np.int64).reshape(-1, len(SCORES))
        slot.version = self._cluster.static_version
        self._counters.static_rows_patched += len(changed)
        return True

    def _admitted(self, pod: Pod, rows: NodeRows) -> NDArray[np.bool_]:
        """The rows that hold a node that no static filter rejects, shape [len(rows)]."""
        cluster = self._cluster
        admitted: NDArray[np.bool_] = cluster.active[rows.index]
        for plugin in self._filters:
            prepared = plugin.prepare(pod, cluster)
            if isinstance(prepared, Status | Shortlist):
                raise NotCachedError(f"{plugin.name} rejects or lists nodes for this pod")
            if not isinstance(prepared, Skip):
                admitted = admitted & (plugin.filter(prepared, rows) == 0)
        return admitted

    def _raw_scores(self, pod: Pod, rows: NodeRows) -> tuple[NDArray[np.int64], Any]:
        """The static scores of rows, shape [SCORES, len(rows)], and what ImageLocality, the last, prepared."""
        raw, prepared = np.zeros((len(SCORES), len(rows)), np.int64), None
        for line, (plugin, _) in enumerate(self._scores):
            prepared = plugin.prepare_score(pod, self._cluster, rows) if plugin is not None else None
            if plugin is not None and not isinstance(prepared, Skip):
                raw[line] = plugin.score(prepared, rows)
        return raw, prepared


def _coded(admitted: NDArray[np.bool_], raw: NDArray[np.int64]) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    codes = np.full(len(admitted), EXCLUDED, np.int8)
    if not raw.any():
        codes[admitted] = 0
        return codes, np.zeros((1, len(SCORES)), np.int64)
    table, inverse = np.unique(raw[:, admitted].T, axis=0, return_inverse=True)
    if len(table) > MAX_CODES:
        raise NotCachedError(f"{len(table)} different static scores (accepted: at most {MAX_CODES})")
    codes[admitted] = inverse.reshape(-1).astype(np.int8)
    return codes, table
