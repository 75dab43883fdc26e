"""Fewer moves step by step: fit a few nodes again, exactly, as long as there is a gap and budget (a large neighbourhood search)."""

from __future__ import annotations

import numpy as np

from binpack.optimal.budget import Budget
from binpack.optimal.legality import violations
from binpack.optimal.migration.refit import refit
from binpack.optimal.migration.today import Today
from binpack.optimal.packing import Packing
from binpack.optimal.problem import Integers

NODES = 5
LARGEST = 12
STALE = 60
ROUNDS_TO_PLACE = 200
WORK_A_MODEL = 0.01


def improved(today: Today, packing: Packing, target: int, lower: int, budget: Budget, generator: np.random.Generator) -> Packing:
    """Return a placement with no more moves on no more nodes.

    Parameters
    ----------
    packing : Packing
        Complete, on at most `target` paid nodes.
    lower : int
        A bound on the moves: what reaches it is not improved any further.
    """
    best, moves = packing, today.moved(packing.held)
    nodes, stale = NODES, 0
    while moves > lower and not budget.exhausted():
        chosen = _related(today, best, min(nodes, best.kind.size), generator)
        better = _refitted(today, best, chosen, target, budget, generator)
        if better is not None and today.moved(better.held) < moves:
            best, moves, stale = better, today.moved(better.held), 0
            continue
        stale += 1
        if stale > STALE:
            if nodes >= min(LARGEST, best.kind.size):
                break
            nodes, stale = nodes + 2, 0
    return best


def completed(today: Today, packing: Packing, target: int, budget: Budget, generator: np.random.Generator) -> Packing:
    """Find places for the pods that have none, by fitting nodes with free room again; steps that gain nothing lead elsewhere."""
    current = best = packing
    for _ in range(ROUNDS_TO_PLACE):
        if not current.missing.any() or budget.exhausted():
            break
        chosen = _roomy(today, current, min(NODES + 1, current.kind.size), generator)
        better = _refitted(today, current, chosen, target, budget, generator)
        if better is not None and better.missing.sum() <= current.missing.sum():
            current = better
            best = current if current.missing.sum() < best.missing.sum() else best
    return current if not current.missing.any() else best


def _refitted(
    today: Today, packing: Packing, chosen: Integers, target: int, budget: Budget, generator: np.random.Generator
) -> Packing | None:
    spare = target - int((packing.used & today.paid).sum())
    used = int((packing.used[chosen] & today.paid[chosen]).sum())
    answer = refit(today, packing, chosen, used + spare, seed=int(generator.integers(1 << 30)), seconds=budget.seconds_left)
    budget.spend(answer.work + WORK_A_MODEL)
    if answer.held is None:
        return None
    better = packing.copy()
    for node in chosen.tolist():
        better.clear(node)
    for place, node in enumerate(chosen.tolist()):
        better.put(node, answer.held[:, place])
    return None if violations(today.problem, better.fills()) else better


def _related(today: Today, packing: Packing, count: int, generator: np.random.Generator) -> Integers:
    """One node whose pods move, and others that hold or held pods of the same classes; now and then an emptied one."""
    coming = np.maximum(packing.held - today.held, 0)
    leaving = np.maximum(today.held - packing.held, 0)
    weight = coming.sum(axis=0) + 0.2 * leaving.sum(axis=0) * ~packing.used
    if weight.sum() == 0:
        return np.sort(generator.permutation(packing.kind.size)[:count])
    first = int(generator.choice(weight.size, p=weight / weight.sum()))
    shared = np.minimum(coming[:, first][:, None], today.held).sum(axis=0)
    related = (shared + np.minimum(leaving[:, first][:, None], packing.held).sum(axis=0)).astype(float)
    related += generator.uniform(0.0, 2.0, related.size) + packing.used * generator.uniform(0.0, 1.0)
    related[~packing.used & (today.pods == 0)] -= 3.0
    related[first] = np.inf
    return np.sort(np.argsort(-related, kind="stable")[:count])


def _roomy(today: Today, packing: Packing, count: int, generator: np.random.Generator) -> Integers:
    """Used nodes, those with much free room more often: what is free on several is to come together on one."""
    share = packing.free / np.maximum(today.problem.capacity[packing.kind].T, 1)
    free = share.mean(axis=0) * packing.used
    draw = (free + 0.3 * free.mean() + 1e-9) * packing.used * generator.uniform(0.0, 1.0, free.size)
    return np.sort(np.argsort(-draw, kind="stable")[:count])
