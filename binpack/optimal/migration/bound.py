"""How few moves could do: a bound on the pods that stay, with a proof in integers.

Say what placing a pod of each class is worth, and what using a node costs. The pods that stay are then at most what the best content of
each node is worth (a pod that stays counts one on top), less what the nodes in use cost and what all the pods to place are worth. With
the prices of pooled resources as worth of a pod this is the pooled knapsack: choose the nodes to empty so that the others have enough
in total. With the dual values of a pattern LP it also knows how pods fit together on a node.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.bounds import MULTIPLIER_SCALE, lagrangian
from binpack.optimal.linear import LinearProgram
from binpack.optimal.migration.today import Today

STAY = 10**6
"""What a pod that stays counts, in the units of the weights."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class MovesProof:
    """The data of one proof; weights are in units of 1/`scale` moves.

    Attributes
    ----------
    source : str
        For readers: where the weights come from.
    scale : int
        What a pod that stays counts.
    pod_weights : tuple[int, ...]
        For each pod class what placing a pod is worth.
    node_price : int
        What a paid node in use costs.
    node_weights : tuple[int, ...]
        For each kind of node the most that its content can be worth.
    multipliers : tuple[tuple[int, ...], ...]
        For each kind of node one number for each resource, in units of 1/`multiplier_scale`: what proves the node's weight.
    multiplier_scale : int
    """

    source: str
    scale: int
    pod_weights: tuple[int, ...]
    node_price: int
    node_weights: tuple[int, ...]
    multipliers: tuple[tuple[int, ...], ...]
    multiplier_scale: int

    def document(self) -> dict[str, Any]:
        """The proof as a certificate carries it."""
        return {
            "kind": "moves",
            "source": self.source,
            "scale": self.scale,
            "podWeights": list(self.pod_weights),
            "nodePrice": self.node_price,
            "nodeWeights": list(self.node_weights),
            "multipliers": [list(row) for row in self.multipliers],
            "multiplierScale": self.multiplier_scale,
        }


@dataclass(frozen=True)
class MovesBound:
    """No placement on so many nodes needs fewer moves than `value`; None where the proof shows that there is no placement at all."""

    value: int | None
    proof: MovesProof


def fewest_moves_by(
    today: Today, target: int, scale: int, pod_weights: Sequence[int], node_price: int, node_weights: Sequence[int]
) -> int | None:
    """Compute the bound that weights give; None where they prove that no placement uses at most `target` paid nodes."""
    gain: int = node_price * target - sum(w * d for w, d in zip(pod_weights, today.problem.demand.tolist(), strict=True))
    paid = today.split.cost.tolist()
    for (_, nodes, _), weight, cost in zip(today.kinds, node_weights, paid, strict=True):
        gain += nodes * max(0, weight - node_price * cost)
    if gain < 0:
        return None
    return max(0, today.running - gain // scale)


def priced_moves(
    today: Today, target: int, pod_weights: Sequence[int], node_price: int, multipliers: Sequence[Sequence[int]], source: str
) -> MovesBound:
    """Turn weights and multipliers into a bound: each kind's weight follows from its multipliers alone, without a search."""
    both = today.split
    weights = [STAY + weight for weight in pod_weights] + list(pod_weights)
    node_weights = tuple(
        lagrangian(weights, both.size, both.capacity[kind], both.most[:, kind], multipliers[kind], MULTIPLIER_SCALE)
        for kind in range(both.node_classes)
    )
    value = fewest_moves_by(today, target, STAY, pod_weights, node_price, node_weights)
    rows = tuple(tuple(row) for row in multipliers)
    return MovesBound(value, MovesProof(source, STAY, tuple(pod_weights), node_price, node_weights, rows, MULTIPLIER_SCALE))


@dataclass(frozen=True)
class Pooled:
    """The pooled knapsack as a linear program: which nodes to keep, and its prices.

    Attributes
    ----------
    kept : float64[N]
        How much of each node is kept.
    prices : float64[R]
        Of one unit of each resource, in moves.
    node_price : float
    """

    kept: Numbers
    prices: Numbers
    node_price: float


def pooled(today: Today, target: int) -> Pooled | None:
    """Keep the nodes with most pods, at most `target` paid ones, whose capacities suffice in total; None if there is no such choice."""
    problem = today.problem
    asked = (problem.size * problem.demand[:, None]).sum(axis=0)
    count = len(problem.resources)
    program = LinearProgram([float(amount) for amount in asked] + [-np.inf], [np.inf] * count + [float(target)])
    for node, kind in enumerate(today.node_class.tolist()):
        rows = [*range(count), count] if today.paid[node] else list(range(count))
        values = [float(amount) for amount in problem.capacity[kind]] + ([1.0] if today.paid[node] else [])
        program.add_column(-float(today.pods[node]), rows, values, 1.0)
    result = program.solve()
    if result is None:
        return None
    return Pooled(result.columns, np.maximum(result.duals[:count], 0.0), max(0.0, -float(result.duals[count])))


def pooled_moves_bound(today: Today, target: int, found: Pooled | None) -> MovesBound | None:
    """The bound of the pooled knapsack; without a solution of it one that shows why, by the scarcest resource."""
    if found is None:
        return _impossible(today, target)
    prices = np.round(found.prices * STAY * MULTIPLIER_SCALE).astype(object)
    weights = [int(price) // MULTIPLIER_SCALE for price in today.problem.size.astype(object) @ prices]
    rows = [[int(price) for price in prices]] * len(today.kinds)
    return priced_moves(today, target, weights, round(found.node_price * STAY), rows, "pooled resources")


def _impossible(today: Today, target: int) -> MovesBound | None:
    """Show by one resource alone that the pods do not fit on so many nodes; None where no single resource does."""
    problem = today.problem
    for resource in range(len(problem.resources)):
        capacity = problem.capacity[:, resource]
        # The price of a node is what the last node worth keeping holds; any price is valid.
        sizes = np.sort(capacity[today.node_class[today.paid]])[::-1]
        price = int(sizes[target - 1]) if 0 < target <= sizes.size else int(sizes.max(initial=0))
        # One unit that is missing has to outweigh all pods that could stay.
        factor = STAY * (today.running + 1)
        rows = [[factor * MULTIPLIER_SCALE * int(r == resource) for r in range(len(problem.resources))]] * len(today.kinds)
        weights = [factor * int(size) for size in problem.size[:, resource]]
        bound = priced_moves(today, target, weights, factor * price, rows, f"sum of {problem.resources[resource]}")
        if bound.value is None:
            return bound
    return None
