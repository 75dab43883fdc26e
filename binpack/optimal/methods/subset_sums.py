"""One resource, equal nodes: every node is filled as full as the pods that are left allow, large pods first.

Which sums small pods can make is kept in the bits of one long integer for each class, so that a node costs a few shifts. What is left for
the end are small pods, from which nearly every sum can be made. Source: minimum bin slack (Gupta and Ho 1999) with exact subset sums.
"""

from __future__ import annotations

import numpy as np

from binpack.optimal.budget import Budget
from binpack.optimal.problem import PackingProblem
from binpack.optimal.solution import Fill, gathered

WORK_PER_WORD = 2e-9
WORK_A_CLASS = 4e-7
MOST_BITS = 400_000_000
LEFT_OUT = 0.2
"""How often a class of large pods is passed over where small ones can make the sum as well."""


def is_one_dimensional(problem: PackingProblem) -> bool:
    """Whether nodes are equal, one resource alone can fill up, and the sums are few enough to be written down."""
    if not are_alike(problem) or not problem.pod_classes:
        return False
    resources = binding(problem)
    if len(resources) != 1:
        return False
    return int(problem.capacity[0, resources[0]]) * problem.pod_classes <= MOST_BITS and bool(problem.size[:, resources[0]].all())


def are_alike(problem: PackingProblem) -> bool:
    """Whether there is one class of nodes, and only resources say what it can hold."""
    if problem.node_classes != 1 or problem.exclusions or problem.spreads or problem.caps or not problem.supply[0]:
        return False
    alone = problem.demand.copy()
    for resource in range(len(problem.resources)):
        sizes = problem.size[:, resource]
        alone = np.where(sizes > 0, np.minimum(alone, problem.capacity[0, resource] // np.maximum(sizes, 1)), alone)
    return bool((problem.limit[:, 0] >= alone).all())


def binding(problem: PackingProblem) -> list[int]:
    """The resources that all pods together could fill."""
    coming = problem.demand @ problem.size
    return [resource for resource in range(len(problem.resources)) if coming[resource] > problem.capacity[0, resource]]


def fullest_first(problem: PackingProblem, budget: Budget, generator: np.random.Generator | None) -> tuple[Fill, ...] | None:
    """Fill node after node; None if the budget ends before.

    Parameters
    ----------
    problem : PackingProblem
        For which `is_one_dimensional` holds.
    budget : Budget
    generator : numpy.random.Generator, optional
        Leaves large pods out of a node now and then, for another placement at each call.
    """
    resource = binding(problem)[0]
    order = np.lexsort((np.arange(problem.pod_classes), problem.size[:, resource]))
    sizes, left = problem.size[order, resource].tolist(), problem.demand[order].tolist()
    capacity = int(problem.capacity[0, resource])
    sums = [1] + [0] * len(sizes)
    known = 0
    fills = []
    while any(left):
        if budget.exhausted():
            return None
        # What the classes below `known` can add up to has not changed since the last node.
        for number in range(known, len(sizes)):
            sums[number + 1] = _with_class(sums[number], sizes[number], left[number], capacity)
        budget.spend((len(sizes) - known) * (WORK_A_CLASS + WORK_PER_WORD * capacity / 64))
        content = _content(sizes, left, sums, capacity, generator)
        times = min(left[number] // pods for number, pods in content)
        for number, pods in content:
            left[number] -= pods * times
        known = min(number for number, _ in content)
        fills.append(Fill(0, times, tuple(sorted((int(order[number]), pods) for number, pods in content))))
    return gathered(fills)


def _with_class(sums: int, size: int, pods: int, capacity: int) -> int:
    """Add up to `pods` of a size to all sums, in bits: by 1, 2, 4, … at a time."""
    pods = min(pods, capacity // size)
    step = 1
    while pods > 0:
        taken = min(step, pods)
        sums |= sums << (taken * size)
        pods -= taken
        step *= 2
    return sums & ((1 << (capacity + 1)) - 1)


def _content(
    sizes: list[int], left: list[int], sums: list[int], capacity: int, generator: np.random.Generator | None
) -> list[tuple[int, int]]:
    """The largest pod that is left and what fills up the node with it, large pods first."""
    largest = max(number for number, pods in enumerate(left) if pods)
    room = capacity - sizes[largest]
    counts = {largest: 1}
    sums_here = sums[largest]
    if left[largest] > 1 and sizes[largest] <= room:
        sums_here = _with_class(sums_here, sizes[largest], left[largest] - 1, room)
    target = (sums_here & ((1 << (room + 1)) - 1)).bit_length() - 1
    # From large to small: as many of each as leave a sum that smaller ones can make.
    for number in range(largest, -1, -1):
        most = min(left[number] - counts.get(number, 0), target // sizes[number])
        fewest_first = generator is not None and most > 0 and generator.random() < LEFT_OUT
        for pods in range(most + 1) if fewest_first else range(most, -1, -1):
            rest = target - pods * sizes[number]
            if sums[number] >> rest & 1:
                if pods:
                    counts[number] = counts.get(number, 0) + pods
                target = rest
                break
        if target == 0:
            break
    return sorted(counts.items())
