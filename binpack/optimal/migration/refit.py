"""Exact small steps: fit a few nodes' pods again so that more of them stay, with CP-SAT on counts of pods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from binpack.optimal.migration.today import Today
from binpack.optimal.packing import Packing
from binpack.optimal.problem import Integers
from binpack.optimal.scaling import is_small

DETERMINISTIC_LIMIT = 0.1


@dataclass(frozen=True)
class Refit:
    """What a few nodes may hold instead, int64[m, nodes], or None; and the deterministic work that it took."""

    held: Integers | None
    work: float


def refit(today: Today, packing: Packing, nodes: Integers, most_paid: int, *, seed: int, seconds: float | None) -> Refit:
    """Fit the pods of some nodes, and those without a place, again: as many placed as can be, then as many staying as can.

    Parameters
    ----------
    packing : Packing
        Left as it is.
    nodes : int64[Q]
        Nodes to fit again; they may be empty now.
    most_paid : int
        Of these nodes, those that may hold pods and are paid.
    """
    if not is_small(today.problem):
        return Refit(None, 0.0)
    model = _Model(today, packing, nodes, most_paid)
    return model.solve(seed, seconds)


class _Model:
    def __init__(self, today: Today, packing: Packing, nodes: Integers, most_paid: int) -> None:
        from ortools.sat.python import cp_model

        self._kinds: Any = cp_model
        self._today, self._nodes = today, nodes
        self._pool = packing.held[:, nodes].sum(axis=1) + packing.missing
        self.model: Any = cp_model.CpModel()
        self._used = [self.model.new_bool_var("") for _ in nodes]
        self._stay: list[dict[int, Any]] = []
        self._come: list[dict[int, Any]] = []
        for place, node in enumerate(nodes.tolist()):
            self._add_node(place, node)
        for pod_class in np.flatnonzero(self._pool).tolist():
            terms = [part[pod_class] for part in (*self._stay, *self._come) if pod_class in part]
            self.model.add(sum(terms) <= int(self._pool[pod_class]))
        paid = [used for used, node in zip(self._used, nodes.tolist(), strict=True) if today.paid[node]]
        self.model.add(sum(paid) <= most_paid)
        stay = sum(variable for part in self._stay for variable in part.values())
        come = sum(variable for part in self._come for variable in part.values())
        whole = int(self._pool.sum())
        if not packing.missing.any():
            self.model.add(stay + come == whole)
        self.model.maximize(stay + (whole + 1) * (stay + come) if packing.missing.any() else stay)
        self._hint(packing)

    def _add_node(self, place: int, node: int) -> None:
        problem, kind = self._today.problem, int(self._today.node_class[node])
        stay: dict[int, Any] = {}
        come: dict[int, Any] = {}
        for pod_class in np.flatnonzero(self._pool).tolist():
            most = int(min(problem.most[pod_class, kind], self._pool[pod_class]))
            there = min(int(self._today.held[pod_class, node]), most)
            if there:
                stay[pod_class] = self.model.new_int_var(0, there, "")
            if most:
                come[pod_class] = self.model.new_int_var(0, most, "")
                self.model.add(come[pod_class] + stay.get(pod_class, 0) <= most * self._used[place])
        self._stay.append(stay)
        self._come.append(come)
        for resource in range(len(problem.resources)):
            load = sum(
                int(problem.size[pod_class, resource]) * (come[pod_class] + stay.get(pod_class, 0))
                for pod_class in come
                if problem.size[pod_class, resource]
            )
            if not isinstance(load, int):
                self.model.add(load <= int(problem.capacity[kind, resource]) * self._used[place])
        for exclusion in problem.exclusions:
            self._exclude(come, stay, exclusion.left, exclusion.right)

    def _exclude(self, come: dict[int, Any], stay: dict[int, Any], left: tuple[int, ...], right: tuple[int, ...]) -> None:
        one, other = ([pod_class for pod_class in side if pod_class in come] for side in (left, right))
        if not one or not other:
            return
        first = self.model.new_bool_var("")
        for side, allowed in ((one, first), (other, first.negated())):
            for pod_class in side:
                self.model.add(come[pod_class] + stay.get(pod_class, 0) == 0).only_enforce_if(allowed.negated())

    def _hint(self, packing: Packing) -> None:
        if packing.missing.any():
            return
        for place, node in enumerate(self._nodes.tolist()):
            held = packing.held[:, node]
            self.model.add_hint(self._used[place], bool(held.any()))
            for pod_class, variable in self._come[place].items():
                staying = min(int(held[pod_class]), int(self._today.held[pod_class, node]))
                if pod_class in self._stay[place]:
                    self.model.add_hint(self._stay[place][pod_class], staying)
                self.model.add_hint(variable, int(held[pod_class]) - staying)

    def solve(self, seed: int, seconds: float | None) -> Refit:
        solver: Any = self._kinds.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = seed
        solver.parameters.max_deterministic_time = DETERMINISTIC_LIMIT
        if seconds is not None:
            solver.parameters.max_time_in_seconds = max(seconds, 0.01)
        code = solver.solve(self.model)
        work = float(solver.response_proto.deterministic_time)
        if code not in (self._kinds.OPTIMAL, self._kinds.FEASIBLE):
            return Refit(None, work)
        held = np.zeros((self._today.problem.pod_classes, self._nodes.size), np.int64)
        for place in range(self._nodes.size):
            for part in (self._stay[place], self._come[place]):
                for pod_class, variable in part.items():
                    held[pod_class, place] += int(solver.value(variable))
        return Refit(held, work)
