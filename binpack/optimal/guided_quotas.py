"""Quotas that follow a fractional placement: how many pods of a class with spreads or caps go to which domain.

The pattern LP with rows of zones says how many pods of each class the cheapest (fractional) placement has in each domain. Pods are dealt
out one by one, all classes at the same pace, each to the place that is furthest behind its share, as long as spreads and caps allow it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.couplings import DomainCap, Spread
from binpack.optimal.problem import PackingProblem
from binpack.optimal.quotas import Shares, allows, masked, places_of, take_place, tied_classes

Numbers = NDArray[np.float64]

LEAST_SHARE = 1e-3


class _Dealt:
    """One class and what is dealt out of it."""

    def __init__(
        self,
        problem: PackingProblem,
        pod_class: int,
        spreads: Iterable[tuple[Spread, list[int]]],
        caps: Iterable[tuple[DomainCap, list[int]]],
        guide: Numbers,
    ) -> None:
        self.spreads = [(spread, numbers) for spread, numbers in spreads if pod_class in spread.classes]
        self.caps = [(cap, room) for cap, room in caps if pod_class in cap.classes]
        self.places = places_of(problem, pod_class, [spread for spread, _ in self.spreads], [cap for cap, _ in self.caps])
        self.share = {key: max(float(guide[classes].sum()), LEAST_SHARE) for key, classes in self.places.items()}
        self.taken = dict.fromkeys(self.places, 0)

    def deal(self) -> bool:
        """Place one more pod; False if no place is open."""
        open_places = [key for key in self.places if allows(key, self.spreads, self.caps)]
        if not open_places:
            return False
        best = min(open_places, key=lambda key: ((self.taken[key] + 0.5) / self.share[key], key))
        self.taken[best] += 1
        take_place(best, self.spreads, self.caps)
        return True


def guided_quotas(problem: PackingProblem, guide: Numbers) -> Shares:
    """Divide the classes of spreads and caps as `guide`, float64[m, K] pods on each node class, has them.

    Returns
    -------
    mapping from pod class to (mask of node classes, pods)
        For `binpack.optimal.quotas.split`.
    """
    spreads = [(spread, list(spread.base)) for spread in problem.spreads]
    caps = [(cap, list(cap.room)) for cap in problem.caps]
    tied = tied_classes(problem)
    dealt = {pod_class: _Dealt(problem, pod_class, spreads, caps, guide[pod_class]) for pod_class in tied}
    turns = [((number + 0.5) / problem.demand[i], i) for i in tied for number in range(int(problem.demand[i]))]
    waiting = [pod_class for _, pod_class in sorted(turns)]
    while waiting:
        # A pod that finds no place now may find one after others were placed.
        left = [pod_class for pod_class in waiting if not dealt[pod_class].deal()]
        if len(left) == len(waiting):
            break
        waiting = left
    return {i: masked(problem, each.places, each.taken, int(problem.demand[i])) for i, each in dealt.items()}
