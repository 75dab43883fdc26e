"""An order in which the moves can be carried out: every pod finds room on its target when its turn comes.

A move is an eviction and a pod that comes anew elsewhere, so its own room is free by then, and nothing else is. Where moves wait for
each other in a circle, one pod first goes to a node with room that is not its target: one move more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from binpack.optimal.migration.emptying import domains_open, is_tied, packing_without
from binpack.optimal.migration.today import Today
from binpack.optimal.packing import Packing
from binpack.optimal.problem import Integers


@dataclass(frozen=True)
class ClassMove:
    """One pod of a class goes from a node (None: it was pending) to another; `final` is False for a hop to make room."""

    pod_class: int
    origin: int | None
    target: int
    final: bool


@dataclass(frozen=True)
class Order:
    """Moves in order, and what could not be ordered: (pod class, origin, pods)."""

    moves: tuple[ClassMove, ...]
    stuck: tuple[tuple[int, int | None, int], ...]


def order_moves(today: Today, held: Integers) -> Order:
    """Order the moves from today's placement to another one, int64[m, N], one pod at a time.

    Parameters
    ----------
    held : int64[m, N]
        All pods placed, legally.
    """
    return _Ordering(today, held).run()


class _Ordering:
    def __init__(self, today: Today, held: Integers) -> None:
        self.packing: Packing = packing_without(today, np.ones(today.pods.size, bool))
        self.leaving = np.maximum(today.held - held, 0)
        self.coming = np.maximum(held - today.held, 0)
        self.parked = np.zeros_like(held)
        """Pods that hopped: on a node that is neither where they were nor where they go."""
        self.emptied = held.sum(axis=0) == 0
        self.moves: list[ClassMove] = []

    def run(self) -> Order:
        while self._what_fits() or self._hop():
            pass
        self._pending()
        stuck = [
            (int(pod_class), int(node), int(self.leaving[pod_class, node]))
            for pod_class, node in zip(*np.nonzero(self.leaving + self.parked), strict=True)
        ]
        return Order(tuple(self.moves), tuple(stuck))

    def _what_fits(self) -> bool:
        """Do every move that fits now, emptied nodes first so that they are free early; True if there was one."""
        before = len(self.moves)
        for pod_class in np.flatnonzero(self.coming.any(axis=1)).tolist():
            for target in np.flatnonzero(self.coming[pod_class]).tolist():
                while self.coming[pod_class, target] and self._move_to(pod_class, target):
                    pass
        return len(self.moves) > before

    def _move_to(self, pod_class: int, target: int) -> bool:
        sources = np.flatnonzero(self.leaving[pod_class] + self.parked[pod_class])
        sources = sources[np.lexsort((sources, ~self.emptied[sources], self.parked[pod_class, sources] == 0))]
        for source in sources.tolist():
            if self._fits(pod_class, source, target):
                self._do(pod_class, source, target, final=True)
                self.coming[pod_class, target] -= 1
                return True
            if not is_tied(self.packing.problem, pod_class):
                # Where the pod comes from makes no difference then.
                return False
        return False

    def _fits(self, pod_class: int, source: int, target: int) -> bool:
        """Whether a pod that leaves its node can come to another: the scheduler sees it gone."""
        one = np.zeros(self.packing.kind.size, np.int64)
        one[source] = 1
        self.packing.add(pod_class, -one)
        fits = bool(self.packing.room(pod_class)[target] > 0 and domains_open(self.packing, pod_class)[target])
        self.packing.add(pod_class, one)
        return fits

    def _do(self, pod_class: int, source: int, target: int, *, final: bool) -> None:
        change = np.zeros(self.packing.kind.size, np.int64)
        change[source], change[target] = -1, 1
        self.packing.add(pod_class, change)
        stock = self.parked if self.parked[pod_class, source] else self.leaving
        stock[pod_class, source] -= 1
        self.moves.append(ClassMove(pod_class, source, target, final))

    def _hop(self) -> bool:
        """Park one pod that has to leave a node on which others wait to come; the smallest for which there is room elsewhere."""
        problem = self.packing.problem
        weight = 1.0 / np.maximum(problem.capacity.max(axis=0, initial=1), 1)
        awaited = self.coming.any(axis=0)
        waiting = [(pod_class, node) for pod_class, node in zip(*np.nonzero(self.leaving), strict=True) if awaited[node]]
        for pod_class, node in sorted(waiting, key=lambda pair: (float(problem.size[pair[0]] @ weight), pair)):
            room = (self.packing.room(int(pod_class)) > 0) & ~awaited
            room[node] = False
            for target in np.flatnonzero(room).tolist():
                if self._fits(int(pod_class), int(node), target):
                    self._do(int(pod_class), int(node), target, final=False)
                    self.parked[pod_class, target] += 1
                    return True
        return False

    def _pending(self) -> None:
        """Pods that were on no node come last."""
        for pod_class, target in zip(*np.nonzero(self.coming), strict=True):
            fits = self.packing.room(int(pod_class)) * domains_open(self.packing, int(pod_class))
            while self.coming[pod_class, target] and not self.leaving[pod_class].any() and fits[target] > 0:
                one = np.zeros(self.packing.kind.size, np.int64)
                one[target] = 1
                self.packing.add(int(pod_class), one)
                self.coming[pod_class, target] -= 1
                self.moves.append(ClassMove(int(pod_class), None, int(target), True))
                fits = self.packing.room(int(pod_class)) * domains_open(self.packing, int(pod_class))
