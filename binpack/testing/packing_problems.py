"""Packing problems to test a solver with: tiny ones of every kind, planted optima of any size, and an oracle that tries everything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from binpack.optimal.couplings import DomainCap, Exclusion, Spread
from binpack.optimal.problem import PackingProblem, problem_of


@st.composite
def tiny_problems(draw: st.DrawFn, *, couplings: bool = True, tiers: int = 2, costs: bool = False, amounts: bool = False) -> PackingProblem:
    """At most six pods on at most four nodes, often tight.

    Parameters
    ----------
    couplings : bool
        Whether exclusions, spreads and caps may occur.
    tiers : int
        Most tiers of priority.
    costs : bool
        Whether node classes differ in cost; else each node costs 1.
    amounts : bool
        Whether pods count for amounts, some have to be placed, and something is counted anyway.
    """
    m, k, r = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    demand = _integers(draw, 1, 6 // m if m > 1 else 4, m)
    exclusions: tuple[Exclusion, ...] = ()
    spreads: tuple[Spread, ...] = ()
    caps: tuple[DomainCap, ...] = ()
    if couplings and m > 1 and draw(st.booleans()):
        exclusions = (Exclusion((0,), (1,)),)
    if couplings and draw(st.booleans()):
        base = (draw(st.integers(0, 1)), draw(st.integers(0, 1)))
        spreads = (Spread((0,), (0, 1)[:k], base[:k], draw(st.integers(1, 2)), draw(st.booleans())),)
    if couplings and draw(st.booleans()):
        caps = (DomainCap((m - 1,), (0, 0)[:k], (draw(st.integers(0, 2)),)),)
    return problem_of(
        size=_integers(draw, 0, 4, m, r),
        demand=demand,
        capacity=_integers(draw, 2, 7, k, r),
        supply=_integers(draw, 1, 2, k),
        limit=np.minimum(_integers(draw, 0, 3, m, k), demand[:, None]),
        cost=_integers(draw, 1, 4, k) if costs else None,
        tier=_integers(draw, 0, tiers - 1, m),
        must_place=_integers(draw, 0, 1, m) == 1 if amounts else np.zeros(m, bool),
        value=_integers(draw, 1, 5, m) if amounts else np.ones(m, np.int64),
        base=draw(st.integers(0, 3)) if amounts else 0,
        exclusions=exclusions,
        spreads=spreads,
        caps=caps,
    )


def brute_force(problem: PackingProblem, *, goal: str) -> tuple[int, ...]:
    """Try every assignment of pods to nodes: what is placed by rank, then (for nodes and cost) the cost."""
    pods = [i for i in range(problem.pod_classes) for _ in range(int(problem.demand[i]))]
    kinds = [k for k in range(problem.node_classes) for _ in range(int(problem.supply[k]))]
    best: tuple[int, ...] | None = None
    for choice in product(range(-1, len(kinds)), repeat=len(pods)):
        nodes: list[dict[int, int]] = [{} for _ in kinds]
        placed = list(problem.rank_base)
        for pod_class, node in zip(pods, choice, strict=True):
            if node >= 0:
                nodes[node][pod_class] = nodes[node].get(pod_class, 0) + 1
                placed[int(problem.rank[pod_class])] += int(problem.value[pod_class])
        key = tuple(-count for count in placed)
        if goal in ("nodes", "cost"):
            key += (sum(int(problem.cost[kind]) for kind, held in zip(kinds, nodes, strict=True) if held),)
        if (best is None or key < best) and is_legal(problem, kinds, nodes):
            best = key
    assert best is not None
    ranks = len(problem.rank_demand)
    return tuple(-value for value in best[:ranks]) + best[ranks:]


def is_legal(problem: PackingProblem, kinds: list[int], nodes: list[dict[int, int]]) -> bool:
    """Check a placement node by node, in plain Python."""
    for kind, held in zip(kinds, nodes, strict=True):
        for resource in range(len(problem.resources)):
            if sum(int(problem.size[i, resource]) * pods for i, pods in held.items()) > problem.capacity[kind, resource]:
                return False
        if any(pods > problem.limit[i, kind] for i, pods in held.items()):
            return False
        if any(one in held and other in held for e in problem.exclusions for one in e.left for other in e.right):
            return False
    return all(_even(problem, s, kinds, nodes) for s in problem.spreads) and all(_below(c, kinds, nodes) for c in problem.caps)


def _even(problem: PackingProblem, spread: Spread, kinds: list[int], nodes: list[dict[int, int]]) -> bool:
    moved = _in_domains(spread.classes, spread.domain, len(spread.base), kinds, nodes)
    counts = [base + new for base, new in zip(spread.base, moved, strict=True)]
    least = 0 if spread.zero_minimum else min(counts)
    return all(count - least <= spread.max_skew for count, new in zip(counts, moved, strict=True) if new)


def _below(cap: DomainCap, kinds: list[int], nodes: list[dict[int, int]]) -> bool:
    return all(c <= room for c, room in zip(_in_domains(cap.classes, cap.domain, len(cap.room), kinds, nodes), cap.room, strict=True))


def _in_domains(classes: Sequence[int], domain: Sequence[int], domains: int, kinds: list[int], nodes: list[dict[int, int]]) -> list[int]:
    counts = [0] * domains
    for kind, held in zip(kinds, nodes, strict=True):
        if domain[kind] >= 0:
            counts[domain[kind]] += sum(held.get(i, 0) for i in classes)
    return counts


def _integers(draw: st.DrawFn, low: int, high: int, *shape: int) -> NDArray[np.int64]:
    count = math.prod(shape)
    return np.array(draw(st.lists(st.integers(low, high), min_size=count, max_size=count)), np.int64).reshape(shape)


def planted(seed: int, *, bins: int, resources: int = 2, pieces: int = 6, capacity: int = 240, step: int = 20) -> PackingProblem:
    """Return a problem whose fewest nodes are known: nodes cut into pods completely in every resource, then mixed up.

    Parameters
    ----------
    seed : int
    bins : int
        The optimum; there are twice as many nodes.
    pieces : int
        Pods cut from each node.
    capacity, step : int
        Of a node in each resource; sizes are multiples of the step.
    """
    generator = np.random.default_rng([17, seed, bins, resources])
    ends = capacity // step
    pods: list[tuple[int, ...]] = []
    for _ in range(bins):
        inner = [np.sort(generator.choice(ends - 1, pieces - 1, replace=False) + 1) for _ in range(resources)]
        cuts = [np.diff(np.concatenate([[0], cut, [ends]])) for cut in inner]
        pods += [tuple(int(cut[piece]) * step for cut in cuts) for piece in range(pieces)]
    sizes, demand = np.unique(np.array(pods), axis=0, return_counts=True)
    return problem_of(size=sizes, demand=demand, capacity=[[capacity] * resources], supply=[2 * bins])
