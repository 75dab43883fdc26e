"""Few nodes and no room to waste: all contents that waste little enough are written down, and CP-SAT chooses those that cover the pods.

If a bound says B nodes, then in a placement on B nodes no node wastes more of a resource than all of them together may. Where that is
little and pods are large, such contents are a few thousand, and choosing among them settles instances (triplets) on which rounding the
pattern LP ends one node too high.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from binpack.optimal.budget import Budget
from binpack.optimal.methods.master import Content
from binpack.optimal.methods.subset_sums import binding
from binpack.optimal.problem import PackingProblem
from binpack.optimal.solution import Fill, gathered

MOST_CONTENTS = 40_000
MOST_STEPS = 1_500_000
MOST_BITS = 200_000_000
WORK_PER_STEP = 2e-6


def covering(problem: PackingProblem, nodes: int, budget: Budget, seed: int) -> tuple[Fill, ...] | None:
    """Return a placement on so many nodes, or None if none was found or it is not worth trying.

    Parameters
    ----------
    problem : PackingProblem
        With equal nodes (`subset_sums.are_alike`).
    nodes : int
        A proven bound.
    budget : Budget
    seed : int
    """
    contents = _Contents(problem, nodes).all(budget)
    if not contents:
        return None
    return chosen_contents(problem, contents, nodes, budget, seed)


class _Contents:
    """Contents of a node that waste no more of any resource than all nodes together may."""

    def __init__(self, problem: PackingProblem, nodes: int) -> None:
        resources = binding(problem)
        share = (problem.size[:, resources] / np.maximum(problem.capacity[0, resources], 1)).max(axis=1, initial=0.0)
        self.order: list[int] = np.lexsort((np.arange(problem.pod_classes), share)).tolist()
        self.sizes: list[list[int]] = problem.size[np.ix_(self.order, resources)].tolist()
        self.most: list[int] = problem.most[self.order, 0].tolist()
        self.capacity: list[int] = problem.capacity[0, resources].tolist()
        asked = (problem.demand @ problem.size[:, resources]).tolist()
        self.waste = [min(nodes * free - total, free) for free, total in zip(self.capacity, asked, strict=True)]
        self.steps = 0

    def all(self, budget: Budget) -> list[Content]:
        """All such contents; empty if they are too many, or the waste says nothing."""
        tight = [waste < free // 20 + 1 for waste, free in zip(self.waste, self.capacity, strict=True)]
        if min(self.waste, default=-1) < 0 or not any(tight) or sum(self.capacity) * len(self.sizes) > MOST_BITS:
            return []
        most_steps = MOST_STEPS if budget.work_left is None else min(MOST_STEPS, int(budget.work_left / WORK_PER_STEP))
        sums = self._sums()
        found: list[Content] = []
        stack: list[tuple[int, list[int], Content]] = [(len(self.sizes) - 1, self.capacity, ())]
        while stack:
            number, free, content = stack.pop()
            self.steps += 1
            if len(found) > MOST_CONTENTS or self.steps > most_steps or (self.steps % 4096 == 0 and budget.out_of_time()):
                found = []
                break
            if number < 0:
                found.append(tuple(sorted(content)))
                continue
            room = min([self.most[number], *(left // size for left, size in zip(free, self.sizes[number], strict=True) if size)])
            for pods in range(room + 1):
                rest = [left - pods * size for left, size in zip(free, self.sizes[number], strict=True)]
                if all(self._reachable(sums[r][number], left, self.waste[r]) for r, left in enumerate(rest)):
                    stack.append((number - 1, rest, (*content, (self.order[number], pods)) if pods else content))
        budget.spend(WORK_PER_STEP * self.steps)
        return found

    def _sums(self) -> list[list[int]]:
        """For each resource and class what the smaller classes can add up to, as bits."""
        result = []
        for resource, free in enumerate(self.capacity):
            bits = [1]
            for sizes, most in zip(self.sizes, self.most, strict=True):
                last, pods, step = bits[-1], most, 1
                while pods > 0 and sizes[resource]:
                    taken = min(step, pods)
                    last |= last << (taken * sizes[resource])
                    pods, step = pods - taken, 2 * step
                bits.append(last & ((1 << (free + 1)) - 1))
            result.append(bits)
        return result

    @staticmethod
    def _reachable(bits: int, left: int, waste: int) -> bool:
        low = max(left - waste, 0)
        return (bits >> low) & ((1 << (left - low + 1)) - 1) != 0


def chosen_contents(problem: PackingProblem, contents: list[Content], nodes: int, budget: Budget, seed: int) -> tuple[Fill, ...] | None:
    """Choose contents that hold each pod once, on so many nodes, by CP-SAT; None if it finds none.

    Parameters
    ----------
    contents : list of contents of a node
    nodes : int
    """
    from ortools.sat.python import cp_model

    kinds: Any = cp_model
    model: Any = kinds.CpModel()
    demand = problem.demand.tolist()
    covered: list[list[Any]] = [[] for _ in demand]
    variables = []
    for content in contents:
        variable = model.new_int_var(0, min(demand[i] // pods for i, pods in content), "")
        variables.append(variable)
        for pod_class, pods in content:
            covered[pod_class].append(pods * variable)
    for terms, pods in zip(covered, demand, strict=True):
        model.add(sum(terms) == pods)
    model.add(sum(variables) <= nodes)
    solver: Any = kinds.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    if budget.work_left is not None:
        solver.parameters.max_deterministic_time = budget.work_left
    if budget.seconds_left is not None:
        solver.parameters.max_time_in_seconds = max(budget.seconds_left, 0.01)
    found = solver.solve(model) in (kinds.OPTIMAL, kinds.FEASIBLE)
    budget.spend(float(solver.response_proto.deterministic_time))
    if not found:
        return None
    return gathered(Fill(0, int(solver.value(x)), content) for x, content in zip(variables, contents, strict=True) if solver.value(x))
