"""Why not all pods can be placed, as data: which pod or which pods together, which resource, how much is asked for and offered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from binpack.optimal.problem import PackingProblem

MOST = 20


@dataclass(frozen=True)
class Shortage:
    """One reason.

    Attributes
    ----------
    pod : str or None
        An example of pods that fit no node even alone; None where it is all pods together that ask for too much.
    pods : int
        How many pods it is about.
    resource : str or None
        None where it is no one resource: no node is eligible, or each lacks another one.
    asked, offered : int or None
        Milli-cores, bytes or units: by the pod and by the largest node, or by all pods and by all nodes. What is below the greatest
        common divisor of the requests can never be used and is not offered.
    reason : str
        The same in words.
    """

    pod: str | None
    pods: int
    resource: str | None
    asked: int | None
    offered: int | None
    reason: str

    def document(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "pod": self.pod,
            "pods": self.pods,
            "resource": self.resource,
            "asked": self.asked,
            "offered": self.offered,
            "reason": self.reason,
        }


def shortages(problem: PackingProblem, *, nodes: int | None = None) -> tuple[Shortage, ...]:
    """Say what keeps pods from being placed; empty where sums alone do not show it.

    Parameters
    ----------
    problem : PackingProblem
    nodes : int, optional
        Use at most so many of the nodes that cost something, as a plan of moves does.
    """
    found = []
    for pod_class in np.flatnonzero(~problem.placeable).tolist():
        short = problem.too_large(pod_class)
        found.append(
            Shortage(
                pod=problem.class_names[pod_class] if problem.class_names else None,
                pods=int(problem.demand[pod_class]),
                resource=None if short is None else problem.resources[short[0]],
                asked=None if short is None else short[1],
                offered=None if short is None else short[2],
                reason=problem.why_unplaceable(pod_class),
            )
        )
    return tuple(found[:MOST]) or tuple(_together(problem, nodes))


def _together(problem: PackingProblem, nodes: int | None) -> list[Shortage]:
    """Resources of which all pods together ask for more than all nodes, or than the largest of them, offer."""
    found = []
    for number, name in enumerate(problem.resources):
        unit = problem.unit[number]
        asked = sum(size * pods for size, pods in zip(problem.size[:, number].tolist(), problem.demand.tolist(), strict=True)) * unit
        offered = _offered(problem, number, nodes) * unit
        if asked > offered:
            count = problem.nodes if nodes is None else nodes
            word = f"{count} node{'' if count == 1 else 's'} can give {'' if nodes is None else 'at most '}{offered}"
            found.append(Shortage(None, problem.pods, name, asked, offered, f"{problem.pods} pods ask for {asked} of {name}, {word}"))
    return found


def _offered(problem: PackingProblem, resource: int, nodes: int | None) -> int:
    paid: list[int] = []
    free = 0
    for capacity, supply, cost in zip(problem.capacity[:, resource].tolist(), problem.supply.tolist(), problem.cost.tolist(), strict=True):
        if nodes is not None and cost > 0:
            paid += [capacity] * min(supply, nodes)
        else:
            free += capacity * supply
    return free + sum(sorted(paid, reverse=True)[:nodes])
