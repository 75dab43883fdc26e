"""One Boolean for each pod and node: the model of every textbook, kept as the oracle of the tests for tiny problems.

Its symmetry makes it hopeless beyond some 200 pods; it shares no constraint with the other methods, and no aggregation.
"""

from __future__ import annotations

from typing import Any

from binpack.errors import InfeasibleError
from binpack.optimal.problem import PackingProblem

LARGEST_MODEL = 2_000_000


def optimal_levels(problem: PackingProblem, *, goal: str, seed: int = 0, seconds: float = 60.0) -> tuple[int, ...] | None:
    """Return what the optimum counts for by rank, followed for `nodes` and `cost` by the cost of the nodes in use.

    Returns
    -------
    tuple[int, ...] or None
        None if the classes that must be placed cannot be.

    Raises
    ------
    InfeasibleError
        If the model would have more than `LARGEST_MODEL` Booleans, or if the time does not suffice.
    """
    size = problem.pods * problem.nodes
    if size > LARGEST_MODEL:
        raise InfeasibleError(
            f"the naive model would have {size} Booleans ({problem.pods} pods × {problem.nodes} nodes); accepted: at most {LARGEST_MODEL} "
            "(take fewer pods or nodes, or `solve`, which never models pods one by one)"
        )
    model = _Pods(problem)
    values: list[int] = []
    for rank, demand in enumerate(problem.rank_demand):
        values.append(model.best(model.of_rank(rank), maximise=True, seed=seed, seconds=seconds))
        if values[rank] < demand and problem.must_place[problem.rank == rank].any():
            return None
    if goal in ("nodes", "cost"):
        values.append(model.best(model.cost(), maximise=False, seed=seed, seconds=seconds))
    return tuple(values)


class _Pods:
    def __init__(self, problem: PackingProblem) -> None:
        from ortools.sat.python import cp_model

        self._kinds: Any = cp_model
        self.problem = problem
        self.model: Any = cp_model.CpModel()
        self.kind = [k for k in range(problem.node_classes) for _ in range(int(problem.supply[k]))]
        self.classes = [i for i in range(problem.pod_classes) for _ in range(int(problem.demand[i]))]
        self.on = [[self.model.new_bool_var("") for _ in self.kind] for _ in self.classes]
        self.used = [self.model.new_bool_var("") for _ in self.kind]
        for row in self.on:
            self.model.add(sum(row) <= 1)
        for node, kind in enumerate(self.kind):
            self._node(node, kind)
        self._domains()

    def _node(self, node: int, kind: int) -> None:
        problem = self.problem
        for resource in range(len(problem.resources)):
            load = sum(int(problem.size[i, resource]) * row[node] for i, row in zip(self.classes, self.on, strict=True))
            self.model.add(load <= int(problem.capacity[kind, resource]))
        for pod_class in range(problem.pod_classes):
            mine = [row[node] for i, row in zip(self.classes, self.on, strict=True) if i == pod_class]
            self.model.add(sum(mine) <= int(problem.limit[pod_class, kind]))
        for row in self.on:
            self.model.add_implication(row[node], self.used[node])
        for exclusion in problem.exclusions:
            for one, left in zip(self.classes, self.on, strict=True):
                for other, right in zip(self.classes, self.on, strict=True):
                    if one in exclusion.left and other in exclusion.right:
                        self.model.add_bool_or([~left[node], ~right[node]])

    def _counts(self, classes: tuple[int, ...], domain: tuple[int, ...], domains: int) -> list[Any]:
        places: list[list[Any]] = [[] for _ in range(domains)]
        for pod_class, row in zip(self.classes, self.on, strict=True):
            for node, kind in enumerate(self.kind):
                if pod_class in classes and domain[kind] >= 0:
                    places[domain[kind]].append(row[node])
        return places

    def _domains(self) -> None:
        for cap in self.problem.caps:
            for pods, room in zip(self._counts(cap.classes, cap.domain, len(cap.room)), cap.room, strict=True):
                self.model.add(sum(pods) <= room)
        for spread in self.problem.spreads:
            places = self._counts(spread.classes, spread.domain, len(spread.base))
            for pods, base in zip(places, spread.base, strict=True):
                # The most crowded domain with moved pods against every other one, and against 0 where the minimum is 0.
                for pod in pods:
                    lowest = [0] if spread.zero_minimum else [sum(p) + b for p, b in zip(places, spread.base, strict=True)]
                    for other in lowest:
                        self.model.add(sum(pods) + base - other <= spread.max_skew).only_enforce_if(pod)

    def of_rank(self, rank: int) -> Any:
        mine = [(int(self.problem.value[i]), row) for i, row in zip(self.classes, self.on, strict=True) if self.problem.rank[i] == rank]
        return self.problem.rank_base[rank] + sum(worth * v for worth, row in mine for v in row)

    def cost(self) -> Any:
        return sum(int(self.problem.cost[kind]) * used for kind, used in zip(self.kind, self.used, strict=True))

    def best(self, expression: Any, *, maximise: bool, seed: int, seconds: float) -> int:
        """Optimise, and hold the value for what comes next."""
        (self.model.maximize if maximise else self.model.minimize)(expression)
        solver: Any = self._kinds.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = seed
        solver.parameters.max_time_in_seconds = seconds
        if solver.solve(self.model) != self._kinds.OPTIMAL:
            raise InfeasibleError(f"the naive model was not solved in {seconds} s ({len(self.classes)} pods × {len(self.kind)} nodes)")
        value: int = round(solver.objective_value)
        self.model.clear_objective()
        self.model.add(expression == value)
        return value
