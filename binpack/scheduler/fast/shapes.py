"""Shape slots: fit and resource scores of every row for one request vector, shared by all classes that ask for the same.

A slot is caught up from the journal when it is used: only rows that changed since are worked out again, by the plugins' own code.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.framework.interface import Skip
from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from binpack.plugins.node_resources_fit import NodeResourcesFit, Wanted
from binpack.plugins.resource_allocation import ScoredRequest
from binpack.scheduler.fast.counters import Counters
from binpack.scheduler.fast.shape_codes import encode_shape, is_exact
from binpack.scheduler.fast.usual_shape import UsualShape, read_usual
from binpack.state.cluster import Cluster
from binpack.state.columns import grown
from binpack.state.node_rows import NodeRows

INFEASIBLE = -1
STALE = -1
FULL_PASS_SHARE = 4
"""A slot that lags by more than a fourth of the rows is worked out in one pass: patches gather, a pass streams."""
MAX_BYTES = 1 << 28

Shape = tuple[tuple[Wanted, ...] | None, tuple[ScoredRequest, ...] | None, tuple[ScoredRequest, ...] | None]
"""What the Fit filter wants, what Fit scores, what BalancedAllocation scores; None where a plugin is off or skips."""


class ShapeSlots:
    """The slots of one profile.

    Parameters
    ----------
    cluster : Cluster
    profile : Profile
    counters : Counters

    Attributes
    ----------
    rest : NDArray[np.int16]
        Shape [at least slots, rows]: the weighted sum of the resource scores, `INFEASIBLE` where the pod does not fit.
    positions : NDArray[np.int64]
        The journal position up to which each slot is right; `STALE` before its first pass.
    shapes : list[Shape]
        By slot.
    epoch : int
        Moves when slots were thrown away: numbers handed out before are void.
    """

    def __init__(self, cluster: Cluster, profile: Profile, counters: Counters) -> None:
        self._cluster = cluster
        self._counters = counters
        self.fit_filter = next((p for p in profile.filters if type(p) is NodeResourcesFit), None)
        weights = {type(plugin): (plugin, weight) for plugin, weight in profile.scores}
        self.fit_score, self.fit_weight = weights.get(NodeResourcesFit, (None, 0))
        self.balanced, self.balanced_weight = weights.get(NodeResourcesBalancedAllocation, (None, 0))
        self.rest: NDArray[np.int16] = np.zeros((0, cluster.capacity), np.int16)
        self.positions: NDArray[np.int64] = np.zeros(0, np.int64)
        self.shapes: list[Shape] = []
        self.epoch = 0
        self._usual: list[UsualShape | None] = []
        self._usual_stamp = -1
        self._usual_nodes = False
        self._numbers: dict[Hashable, int] = {}

    def number(self, pod: Pod) -> int:
        """Return the slot of a pod's requests, making it if there is none."""
        shape = self._shape(pod)
        number = self._numbers.get(shape)
        if number is None:
            if len(self.shapes) * 2 * self._cluster.capacity >= MAX_BYTES:
                self._forget_all()
            number = self._numbers[shape] = len(self.shapes)
            self.shapes.append(shape)
            self._usual.append(read_usual(encode_shape(self._cluster, self, number)))
            self._make_room()
        return number

    def caught_up(self, number: int) -> NDArray[np.int16]:
        """Return a slot's rows as of now. A live view."""
        cluster = self._cluster
        rest: NDArray[np.int16] = self.rest[number]
        behind = cluster.journal.position - int(self.positions[number])
        if self.positions[number] == STALE or behind * FULL_PASS_SHARE > cluster.capacity:
            rest[:] = self._work_out(number, cluster.rows())
            self._counters.full_passes += 1
        elif behind:
            touched = cluster.journal.since(int(self.positions[number]))
            assert touched is not None, "the ring is longer than any lag that is patched"
            rows = touched.astype(np.intp)
            rest[rows] = self._work_out(number, cluster.rows(rows))
            self._counters.rows_patched += len(rows)
        self.positions[number] = cluster.journal.position
        return rest

    def grow(self) -> None:
        """Make room for the cluster's rows; what joined is in the journal."""
        if self.rest.shape[1] != self._cluster.capacity:
            self.rest = grown(self.rest, self._cluster.capacity, INFEASIBLE)

    def _shape(self, pod: Pod) -> Shape:
        return (
            _prepared(self.fit_filter.prepare(pod, self._cluster)) if self.fit_filter is not None else None,
            _prepared(self.fit_score.prepare_score(pod, self._cluster, None)) if self.fit_score is not None else None,
            _prepared(self.balanced.prepare_score(pod, self._cluster, None)) if self.balanced is not None else None,
        )

    def usual_nodes(self) -> bool:
        """Tell whether every node has cpu and memory, and amounts whose hundredfold is exact as a float."""
        cluster = self._cluster
        if self._usual_stamp != cluster.static_version:
            self._usual_stamp = cluster.static_version
            amounts = cluster.allocatable[:2, cluster.active]
            self._usual_nodes = bool((amounts > 0).all() and is_exact(cluster))
        return self._usual_nodes

    def _work_out(self, number: int, rows: NodeRows) -> NDArray[np.int16]:
        usual = self._usual[number]
        if usual is not None and self.usual_nodes():
            return usual.rest(rows)
        wanted, scored, balanced = self.shapes[number]
        total = np.zeros(len(rows), np.int64)
        if self.fit_score is not None and scored is not None:
            total += self.fit_weight * self.fit_score.score(scored, rows)
        if self.balanced is not None and balanced is not None:
            total += self.balanced_weight * self.balanced.score(balanced, rows)
        if self.fit_filter is not None and wanted is not None:
            total[self.fit_filter.filter(wanted, rows) != 0] = INFEASIBLE
        return total.astype(np.int16)

    def _make_room(self) -> None:
        if len(self.shapes) > len(self.rest):
            more = np.full((max(16, 2 * len(self.rest)), self._cluster.capacity), INFEASIBLE, np.int16)
            more[: len(self.rest)] = self.rest
            positions = np.full(len(more), STALE, np.int64)
            positions[: len(self.positions)] = self.positions
            self.rest, self.positions = more, positions

    def _forget_all(self) -> None:
        self.shapes.clear()
        self._usual.clear()
        self._numbers.clear()
        self.positions[:] = STALE
        self.epoch += 1


def _prepared(answer: Any) -> Any:
    return None if isinstance(answer, Skip) else answer
