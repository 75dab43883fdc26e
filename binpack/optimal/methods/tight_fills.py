"""Equal nodes, many kinds of pods: a node is begun with large pods and finished with those up to four that leave least of it free.

Nodes that are filled badly early cannot be made good later. So a node begins with the largest pod that is left, goes on with pods that ask
for resources as the node still has them, and for the end all pairs of pods are kept in a tree by what they take: two pairs that together
are just short of what is free are found in microseconds, among more combinations than could be tried. Sources: alignment with what is
free (Panigrahy and others 2011, dot product), two lists that meet in the middle (Horowitz and Sahni 1974), k-d trees (Bentley 1975).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.budget import Budget
from binpack.optimal.methods.subset_sums import binding, fullest_first
from binpack.optimal.problem import Integers, PackingProblem
from binpack.optimal.quotas import of_classes
from binpack.optimal.solution import Fill, gathered

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

Numbers = NDArray[np.float64]

ALIGNMENTS = (64.0, 256.0, 16.0, 128.0)
"""How much more it counts that a pod asks for what is free than that it is large, tried in turn."""
SCARCITY = 8
"""How fast a resource stops to matter with what is left of it when all pods are placed."""
CANDIDATES = 48
ROOM_TO_FINISH = 5.0
"""A node is finished by pairs when it has room for so many average pods."""
MOST_PAIRS = 350_000
OUTDATED = 0.93
QUERIES = 300
NEIGHBOURS = 4
ROUNDS = 12
NARROWEST, WIDEST = 1e-5, 0.3
LARGE_FIRST = 1e-5
FEW_PODS = 800
WORK_A_NODE, WORK_A_LOOSE_NODE = 2e-3, 5e-5
WORK_PER_PAIR = 4e-7


def tight_fills(
    problem: PackingProblem, nodes: int, budget: Budget, generator: np.random.Generator, attempt: int
) -> tuple[Fill, ...] | None:
    """Return a placement of all pods; None if it takes more nodes than there are. Where the budget ends before, the rest is not as tight.

    Parameters
    ----------
    problem : PackingProblem
        With equal nodes (`subset_sums.are_alike`).
    nodes : int
        Hoped for, at best a proven bound: says how scarce each resource is.
    budget : Budget
    generator : numpy.random.Generator
    attempt : int
        Chooses among `ALIGNMENTS`.
    """
    filler = _Filler(problem, nodes, generator, ALIGNMENTS[attempt % len(ALIGNMENTS)])
    fills: list[Fill] = []
    few = FEW_PODS if filler.capacity.size == 1 and problem.size[:, binding(problem)].all() else 0
    while filler.left.sum() > few:
        if len(fills) >= problem.supply[0]:
            return None
        tightly = not budget.exhausted()
        if tightly and filler.is_outdated():
            budget.spend(WORK_PER_PAIR * filler.write_pairs())
        content = filler.next_node(tightly=tightly)
        budget.spend(WORK_A_NODE if tightly else WORK_A_LOOSE_NODE)
        classes, pods = np.unique(content, return_counts=True)
        fills.append(Fill(0, 1, tuple(zip(classes.tolist(), pods.tolist(), strict=True))))
    return gathered((*fills, *_rest(problem, filler.left, budget)))


def _rest(problem: PackingProblem, left: Integers, budget: Budget) -> tuple[Fill, ...]:
    """Of one resource, the last pods, whose sums can all be written down."""
    kept = np.flatnonzero(left)
    if not kept.size:
        return ()
    fills = fullest_first(of_classes(problem, kept, left[kept]), budget, None)
    return tuple(Fill(0, fill.nodes, tuple((int(kept[i]), pods) for i, pods in fill.pods)) for fill in fills or ())


class _Filler:
    """The pods that are left, and pairs of them by what they take."""

    def __init__(self, problem: PackingProblem, nodes: int, generator: np.random.Generator, alignment: float) -> None:
        resources = binding(problem)
        self.sizes: Integers = problem.size[:, resources]
        self.capacity: Integers = problem.capacity[0, resources]
        asked = problem.demand @ self.sizes
        self.price: Numbers = (asked / (max(nodes, 1) * self.capacity)) ** SCARCITY / self.capacity
        self.scaled = self.sizes * self.price
        self.length: Numbers = np.sqrt((self.scaled**2).sum(axis=1)) + 1e-12
        self.order = np.argsort(-self.scaled.max(axis=1, initial=0.0), kind="stable")
        self.left: Integers = problem.demand.copy()
        self.generator, self.alignment = generator, alignment
        self.tolerance = NARROWEST
        self._first = self._second = self._load = np.zeros(0, np.int64)
        self._square: Numbers = np.zeros(0)
        self._tree: cKDTree | None = None
        self._pods_then = 0

    def is_outdated(self) -> bool:
        """Whether many of the pairs are no longer there."""
        return self._tree is None or self.left.sum() < OUTDATED * self._pods_then

    def write_pairs(self) -> int:
        """Write down pairs, single pods and nothing, of the pods that are left or as many of them as there is room for; return how many."""
        from scipy.spatial import cKDTree

        there = np.flatnonzero(self.left)
        most = int((2 * MOST_PAIRS) ** 0.5)
        if there.size > most:
            there = np.sort(self.generator.choice(there, most, replace=False))
        one, two = np.triu_indices(there.size)
        first, second = there[one], there[two]
        kept = (first != second) | (self.left[first] >= 2)
        # The class after the last one stands for no pod.
        nothing = self.left.size
        first = np.concatenate([[nothing], there, first[kept]])
        second = np.concatenate([[nothing], np.full(there.size, nothing), second[kept]])
        sizes = np.vstack([self.sizes, np.zeros((1, self.capacity.size), np.int64)])
        load = sizes[first] + sizes[second]
        fits = (load <= self.capacity).all(axis=1)
        self._first, self._second, self._load = first[fits], second[fits], load[fits]
        squares = np.append(self.length**2, 0.0)
        self._square = squares[self._first] + squares[self._second]
        self._tree = cKDTree(self._load * self.price)
        self._pods_then = int(self.left.sum())
        return int(first.size)

    def next_node(self, *, tightly: bool) -> list[int]:
        """Take the pods for one node, by class."""
        content = [int(self.order[np.argmax(self.left[self.order] > 0)])]
        self.left[content[0]] -= 1
        room = self.capacity - self.sizes[content[0]]
        average = np.maximum(self.left @ self.sizes / max(int(self.left.sum()), 1), 1e-9)
        while (room / average).min() > ROOM_TO_FINISH:
            pod_class = self._aligned(room)
            if pod_class is None:
                return content
            content.append(pod_class)
            self.left[pod_class] -= 1
            room = room - self.sizes[pod_class]
        last = self._finish(room) if tightly else None
        if last is None:
            last = self._whatever_fits(room)
        for pod_class in last:
            self.left[pod_class] -= 1
        return content + last

    def _aligned(self, room: Integers) -> int | None:
        """Of some pods that fit the one that asks most nearly for what is free, the larger the better."""
        fitting = np.flatnonzero((self.left > 0) & (self.sizes <= room).all(axis=1))
        if not fitting.size:
            return None
        if fitting.size > CANDIDATES:
            fitting = self.generator.choice(fitting, CANDIDATES, replace=False)
        wanted = room * self.price
        cosine = self.scaled[fitting] @ wanted / self.length[fitting] / (np.sqrt(wanted @ wanted) + 1e-12)
        return int(fitting[np.argmax(cosine**self.alignment * self.length[fitting])])

    def _finish(self, room: Integers) -> list[int] | None:
        """Up to four pods that leave little of a node free; None if none were found."""
        assert self._tree is not None
        drawn = self.generator.integers(0, self._first.size, 2 * QUERIES)
        drawn = np.concatenate([[0], drawn[(self._load[drawn] <= room).all(axis=1)][:QUERIES]])
        needs = room - self._load[drawn]
        for _ in range(ROUNDS):
            # What lies within the tolerance of this point, in each direction, takes no more than there is and leaves little.
            reach = self.tolerance
            _, found = self._tree.query(needs * self.price - reach, k=NEIGHBOURS, p=np.inf, distance_upper_bound=reach * (1 + 1e-9))
            rows, columns = np.nonzero(found < self._first.size)
            if rows.size < QUERIES // 15 and self.tolerance < WIDEST:
                self.tolerance *= 1.4
            if not rows.size:
                continue
            chosen = self._best(drawn[rows], found[rows, columns], needs[rows])
            if chosen is not None:
                if rows.size > QUERIES // 3:
                    self.tolerance /= 1.3
                return chosen
            self.tolerance = min(self.tolerance * 1.6, WIDEST)
        return None

    def _best(self, left: Integers, right: Integers, needs: Integers) -> list[int] | None:
        """The two pairs that waste least, large pods rather than small ones, of which all pods are still there."""
        free = needs - self._load[right]
        waste = (free * self.price).sum(axis=1) - LARGE_FIRST * (self._square[left] + self._square[right])
        waste[(free < 0).any(axis=1)] = np.inf
        for number in np.argsort(waste, kind="stable")[:200].tolist():
            if waste[number] == np.inf:
                break
            both = (self._first[left[number]], self._second[left[number]], self._first[right[number]], self._second[right[number]])
            pods = [int(pod_class) for pod_class in both if pod_class < self.left.size]
            if all(self.left[pod_class] >= pods.count(pod_class) for pod_class in pods):
                return pods
        return None

    def _whatever_fits(self, room: Integers) -> list[int]:
        """Large pods first, as many as fit."""
        pods: list[int] = []
        left = self.left.copy()
        while True:
            fitting = (left > 0) & (self.sizes <= room).all(axis=1)
            pod_class = int(self.order[np.argmax(fitting[self.order])])
            if not fitting[pod_class]:
                return pods
            asked = self.sizes[pod_class] > 0
            fit = int((room[asked] // self.sizes[pod_class][asked]).min(initial=int(left[pod_class])))
            pods += [pod_class] * fit
            left[pod_class] -= fit
            room = room - fit * self.sizes[pod_class]
