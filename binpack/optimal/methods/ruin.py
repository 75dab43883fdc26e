"""Ruin and recreate: empty some nodes of a placement and fill them again, with weights a little off; keep what is no worse.

Closes gaps of a node or two after node-by-node fills, and finds places for pods that were left out.
Source: Schrimpf et al. 2000; the weights' changes are those of sequential value correction (Belov and Scheithauer 2007), drawn at random.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from binpack.optimal.legality import cost_of
from binpack.optimal.methods.sequential import CONFINED, EMPHASIS, VARIANTS, Sequential, pods_of, weights_of
from binpack.optimal.problem import Integers, PackingProblem
from binpack.optimal.solution import Fill, gathered

MOST_RUINED = 14
NOISE = 0.03


def cheaper(
    sequential: Sequential, fills: tuple[Fill, ...], enough: int | None, generator: np.random.Generator, *, rounds: int
) -> tuple[Fill, ...]:
    """Look for fewer or cheaper nodes that hold the same pods.

    Parameters
    ----------
    sequential : Sequential
        Its problem, budget and weights.
    fills : tuple[Fill, ...]
        A placement.
    enough : int, optional
        The cost at which to stop.
    generator : numpy.random.Generator
    rounds : int
    """
    problem = sequential.problem
    nodes = _single(fills)
    cost = cost_of(problem, nodes)
    for _ in range(rounds):
        if sequential.budget.exhausted() or not nodes or (enough is not None and cost <= enough):
            break
        taken = _badly_filled(sequential, nodes, generator)
        ruined, kept = _divided(nodes, taken)
        held = pods_of(problem, ruined)
        again = sequential.fill(_other_weights(sequential, generator), held, problem.supply - _nodes_of(problem, kept))
        if (pods_of(problem, again) == held).all() and cost_of(problem, again) <= cost_of(problem, ruined):
            nodes = kept + _single(again)
            cost = cost_of(problem, nodes)
    return gathered(nodes)


def fuller(sequential: Sequential, fills: tuple[Fill, ...], generator: np.random.Generator, *, rounds: int) -> tuple[Fill, ...]:
    """Look for places for the pods that a placement leaves out; pods of earlier ranks are never given up for others.

    Parameters
    ----------
    sequential : Sequential
    fills : tuple[Fill, ...]
        A placement of some pods.
    generator : numpy.random.Generator
    rounds : int
    """
    problem = sequential.problem
    nodes = _single(fills)
    left: Integers = problem.demand - pods_of(problem, nodes)
    for _ in range(rounds):
        if sequential.budget.exhausted() or not left.any():
            break
        taken = _of_use(problem, nodes, left, generator)
        ruined, kept = _divided(nodes, taken)
        held = pods_of(problem, ruined)
        again = sequential.fill(_pod_weights(sequential, generator), held + left, problem.supply - _nodes_of(problem, kept))
        placed = pods_of(problem, again)
        if by_rank(problem, placed) >= by_rank(problem, held):
            nodes = kept + _single(again)
            left = left + held - placed
    return gathered(nodes)


def by_rank(problem: PackingProblem, placed: Integers) -> tuple[int, ...]:
    """Count int64[m] pods by rank: the first that differs decides which placement is better."""
    return problem.counted(placed)


def _single(fills: Iterable[Fill]) -> list[Fill]:
    return [Fill(fill.node_class, 1, fill.pods) for fill in fills for _ in range(fill.nodes)]


def _divided(nodes: Sequence[Fill], taken: set[int]) -> tuple[list[Fill], list[Fill]]:
    return [node for n, node in enumerate(nodes) if n in taken], [node for n, node in enumerate(nodes) if n not in taken]


def _nodes_of(problem: PackingProblem, nodes: Sequence[Fill]) -> Integers:
    return np.bincount([node.node_class for node in nodes], minlength=problem.node_classes).astype(np.int64)


def _badly_filled(sequential: Sequential, nodes: list[Fill], generator: np.random.Generator) -> set[int]:
    """Choose nodes to empty at random, those with much room left more often."""
    measure = sequential.measures["scarcity"]
    loads = [sum(float(measure[pod_class]) * pods for pod_class, pods in node.pods) for node in nodes]
    free = np.maximum(sequential.room[[node.node_class for node in nodes]] - np.array(loads), 0.0)
    odds = free + 0.05 * max(float(free.max()), 1e-12)
    count = min(len(nodes), int(generator.integers(2, MOST_RUINED + 1)))
    return set(generator.choice(len(nodes), count, replace=False, p=odds / odds.sum()).tolist())


def _of_use(problem: PackingProblem, nodes: list[Fill], left: Integers, generator: np.random.Generator) -> set[int]:
    """Choose nodes that could take one of the pods left out."""
    wanted = np.flatnonzero(left)
    chosen = int(wanted[int(generator.integers(wanted.size))])
    useful = [number for number, node in enumerate(nodes) if problem.most[chosen, node.node_class] > 0]
    count = min(len(useful), int(generator.integers(1, MOST_RUINED + 1)))
    return set(generator.permutation(useful)[:count].tolist())


def _other_weights(sequential: Sequential, generator: np.random.Generator) -> list[int]:
    measure = VARIANTS[int(generator.integers(2))][0]
    noise = np.exp(generator.normal(0.0, NOISE, sequential.problem.pod_classes))
    return sequential.weights(measure, generator.uniform(1.0, 1.3), confined=generator.uniform(0.0, 2.0 * CONFINED), noise=noise)


def _pod_weights(sequential: Sequential, generator: np.random.Generator) -> list[int]:
    """A pod counts for one of its rank, and a little or much for its size."""
    size = sequential.measures["largest"] / max(float(sequential.measures["largest"].max(initial=0.0)), 1e-300)
    worth = size ** generator.uniform(0.2, 1.2) * np.exp(generator.normal(0.0, NOISE, size.size))
    return weights_of(EMPHASIS ** (1.5 * -sequential.problem.rank.astype(float)) * np.maximum(worth, 1e-6))
