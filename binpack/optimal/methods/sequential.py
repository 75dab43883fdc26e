"""Node by node: each node gets the heaviest content that can be made of the pods that are left.

A pod weighs more than in proportion to its size, so that large pods are placed while there is something to choose from, and more if
few nodes can take it. Much better than first fit where classes are many and have few pods each.
Source: minimum bin slack (Gupta and Ho 1999), with several resources and several kinds of nodes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.bounds import WEIGHT_SCALE
from binpack.optimal.budget import Budget
from binpack.optimal.legality import placed_of
from binpack.optimal.methods.offers import Offers
from binpack.optimal.methods.pricing import WORK_PER_STEP, Pricer
from binpack.optimal.problem import Integers, PackingProblem
from binpack.optimal.solution import Fill, gathered

Numbers = NDArray[np.float64]

VARIANTS = (("largest", 1.1), ("scarcity", 1.02), ("largest", 1.2), ("scarcity", 1.1), ("largest", 1.05), ("scarcity", 1.0))
"""How pods are weighed: by their largest share of a resource or by all in proportion to scarcity, and how much more large ones count."""
CONFINED = 0.4
"""How much more a pod weighs that (almost) no node can take than one that every node can."""
EMPHASIS = 4.0
"""How much more a pod weighs than an equal one of the next rank."""


class Sequential:
    """Node-by-node fills of one problem.

    Parameters
    ----------
    problem : PackingProblem
        Without spreads and caps.
    budget : Budget

    Attributes
    ----------
    measures : dict[str, float64[m]]
        How large a pod of each class is, by its largest share of a resource and by all in proportion to scarcity.
    """

    def __init__(self, problem: PackingProblem, budget: Budget) -> None:
        self.problem, self.budget = problem, budget
        self._pricer = Pricer(problem)
        offered = np.maximum((problem.capacity * problem.supply[:, None]).sum(axis=0), 1).astype(float)
        prices = (problem.size * problem.demand[:, None]).sum(axis=0) / offered / offered
        self.measures = {"scarcity": problem.size @ prices, "largest": (problem.size / offered).max(axis=1, initial=0.0)}
        self.room: Numbers = problem.capacity @ prices
        self._confined = 1.0 - ((problem.most > 0) @ problem.supply) / max(problem.nodes, 1)

    def placement(self, variant: int) -> tuple[Fill, ...] | None:
        """A placement of all pods by one of `VARIANTS` weightings; None if it leaves pods out."""
        measure, exponent = VARIANTS[variant]
        fills = self.fill(self.weights(measure, exponent), self.problem.demand, self.problem.supply)
        return fills if (pods_of(self.problem, fills) == self.problem.demand).all() else None

    def part(self, variant: int) -> tuple[Fill, ...]:
        """A placement by one of `VARIANTS` weightings, of as many pods as it comes to; those of earlier ranks weigh much more."""
        measure, exponent = VARIANTS[variant]
        emphasis = EMPHASIS ** -self.problem.rank.astype(float)
        return self.fill(self.weights(measure, exponent, noise=emphasis), self.problem.demand, self.problem.supply)

    def fill(self, weights: Sequence[int], demand: Integers, supply: Integers) -> tuple[Fill, ...]:
        """Fill nodes until no pod is left, or nothing more fits.

        Parameters
        ----------
        weights : sequence of m integers
        demand : int64[m]
        supply : int64[K]
        """
        left, spare = demand.tolist(), supply.tolist()
        offers = Offers(self._pricer, self.problem, weights, spare)
        fills: list[Fill] = []
        before = self._pricer.steps
        while any(left) and not self.budget.exhausted():
            chosen = offers.best(left, spare)
            self.budget.spend(WORK_PER_STEP * (self._pricer.steps - before))
            before = self._pricer.steps
            if chosen is None:
                break
            fills.append(chosen)
            spare[chosen.node_class] -= chosen.nodes
            for pod_class, pods in chosen.pods:
                left[pod_class] -= pods * chosen.nodes
        return gathered(fills)

    def weights(self, measure: str, exponent: float, *, confined: float = CONFINED, noise: Numbers | float = 1.0) -> list[int]:
        """Weigh pods by a measure of size to a power, by how few nodes can take them, and by a factor of the caller's."""
        return weights_of(self.measures[measure] ** exponent * (1.0 + confined * self._confined) * noise)


def pods_of(problem: PackingProblem, fills: Sequence[Fill]) -> Integers:
    """int64[m]: the pods that fills hold."""
    return np.asarray(placed_of(problem, fills).sum(axis=1))


def weights_of(values: Numbers) -> list[int]:
    """Scale positive numbers to integers of at most a million, and at least 1."""
    scale = WEIGHT_SCALE / max(float(values.max(initial=0.0)), 1e-300)
    return [max(1, int(value * scale)) for value in values]
