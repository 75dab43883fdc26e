"""CP-SAT on the aggregated model: x[pod class, node] whole numbers instead of one Boolean for each pod and node.

The variables are here, each constraint is one function below, and `search` runs the solver: one worker, a seed, a deterministic limit.
CP-SAT's own bound is its word, not a proof: callers show it as claimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import Any

import numpy as np

from binpack.errors import InfeasibleError
from binpack.optimal.packing import packing_of
from binpack.optimal.problem import PackingProblem
from binpack.optimal.scaling import is_small, rounded
from binpack.optimal.solution import Fill, gathered
from binpack.optimal.weighing import Requirement

LARGEST_MODEL = 2_000_000


@dataclass(frozen=True)
class Ask:
    """What CP-SAT is asked for.

    Attributes
    ----------
    required : tuple[int, ...]
        What the placed pods of each rank have to count for at least.
    goal : int or None
        The rank that is maximised; None to minimise the cost of the nodes.
    target : int or None
        If given, any placement that reaches this value will do, and it must reach it.
    """

    required: Requirement
    goal: int | None
    target: int | None = None


@dataclass(frozen=True)
class Answer:
    """What CP-SAT says.

    Attributes
    ----------
    status : str
        "optimal", "feasible", "infeasible" or "unknown"; of the model that it was given.
    fills : tuple[Fill, ...] or None
    claimed : int or None
        Its bound on the value, where the model is not a rounded one.
    work : float
        Deterministic time used.
    """

    status: str
    fills: tuple[Fill, ...] | None
    claimed: int | None
    work: float


def model_size(problem: PackingProblem) -> int:
    """The number of integer variables that the aggregated model would have."""
    eligible = (problem.most > 0).sum(axis=0)
    return int((eligible * problem.supply).sum()) + problem.nodes


def search(
    problem: PackingProblem,
    ask: Ask,
    *,
    hint: Sequence[Fill] | None,
    seed: int,
    deterministic_limit: float | None,
    seconds: float | None,
) -> Answer:
    """Build the model and run CP-SAT on it.

    Parameters
    ----------
    hint : sequence of Fill, optional
        A complete, legal placement to start from.
    deterministic_limit, seconds : float, optional
        Where to stop; without both it runs to the end.

    Raises
    ------
    InfeasibleError
        If the model would have more than `LARGEST_MODEL` variables.
    """
    size = model_size(problem)
    if size > LARGEST_MODEL:
        raise InfeasibleError(
            f"the aggregated model would have {size} variables ({problem.pod_classes} pod classes × {problem.nodes} nodes); "
            f"accepted: at most {LARGEST_MODEL}. Use fewer node classes, or the pattern methods, which do not model single nodes"
        )
    exact = is_small(problem)
    model = _Model(rounded(problem, "restrict"), ask)
    if hint is not None:
        model.hint(hint)
    return model.solve(exact=exact, seed=seed, deterministic_limit=deterministic_limit, seconds=seconds)


class _Model:
    def __init__(self, problem: PackingProblem, ask: Ask) -> None:
        from ortools.sat.python import cp_model

        self._kinds: Any = cp_model
        self.problem, self.ask = problem, ask
        self.model: Any = cp_model.CpModel()
        self.kind: list[int] = np.repeat(np.arange(problem.node_classes), problem.supply).tolist()
        self.used = [self.model.new_bool_var("") for _ in self.kind]
        self.pods: list[dict[int, Any]] = [self._pod_variables(kind) for kind in self.kind]
        self.placed = [self.model.new_int_var(0, int(demand), "") for demand in problem.demand]
        self._place()
        self._fit()
        self._exclude()
        self._spread()
        self._cap()
        self._order_equal_nodes()
        self._aim()

    def _pod_variables(self, kind: int) -> dict[int, Any]:
        most = self.problem.most[:, kind]
        return {i: self.model.new_int_var(0, int(most[i]), "") for i in np.flatnonzero(most).tolist()}

    def _place(self) -> None:
        """Count what is placed, and demand what is required."""
        terms: list[list[Any]] = [[] for _ in self.placed]
        for pods in self.pods:
            for pod_class, variable in pods.items():
                terms[pod_class].append(variable)
        for variable, parts in zip(self.placed, terms, strict=True):
            self.model.add(sum(parts) == variable)
        for rank, asked in enumerate(self.ask.required):
            if asked:
                scaled = -(-(asked - self.problem.rank_base[rank]) // self._divisor(rank))
                self.model.add(self._of_rank(rank) >= scaled)

    def _divisor(self, rank: int) -> int:
        """The greatest common divisor of what pods of a rank count for: in bytes the numbers would be needlessly large."""
        return gcd(*self.problem.value[self.problem.rank == rank].tolist())

    def _of_rank(self, rank: int) -> Any:
        """What the placed pods of a rank count for, without the base, in multiples of the divisor."""
        divisor, values = self._divisor(rank), self.problem.value.tolist()
        mine = [number for number, place in enumerate(self.problem.rank.tolist()) if place == rank]
        return sum(values[number] // divisor * self.placed[number] for number in mine)

    def _fit(self) -> None:
        """Every resource of every node, and nothing on a node that is not in use."""
        sizes, capacity = self.problem.size.tolist(), self.problem.capacity.tolist()
        for kind, used, pods in zip(self.kind, self.used, self.pods, strict=True):
            for resource, free in enumerate(capacity[kind]):
                load = [sizes[i][resource] * variable for i, variable in pods.items() if sizes[i][resource]]
                if load:
                    self.model.add(sum(load) <= free * used)
            for pod_class, variable in pods.items():
                if not any(sizes[pod_class]) or int(self.problem.limit[pod_class, kind]) == 1:
                    self.model.add(variable <= int(self.problem.most[pod_class, kind]) * used)

    def _exclude(self) -> None:
        for exclusion in self.problem.exclusions:
            for kind, pods in zip(self.kind, self.pods, strict=True):
                left = [i for i in exclusion.left if i in pods]
                right = [i for i in exclusion.right if i in pods]
                if left and right:
                    side = self.model.new_bool_var("")
                    for pod_class in left:
                        self.model.add(pods[pod_class] <= int(self.problem.most[pod_class, kind]) * side)
                    for pod_class in right:
                        self.model.add(pods[pod_class] <= int(self.problem.most[pod_class, kind]) * (1 - side))

    def _in_domain(self, classes: Sequence[int], domain: Sequence[int], place: int) -> list[Any]:
        return [pods[i] for kind, pods in zip(self.kind, self.pods, strict=True) if domain[kind] == place for i in classes if i in pods]

    def _spread(self) -> None:
        for spread in self.problem.spreads:
            demand = int(self.problem.demand[list(spread.classes)].sum())
            least = self.model.new_int_var(0, 0 if spread.zero_minimum else max(spread.base, default=0) + demand, "")
            for place, base in enumerate(spread.base):
                moved = self.model.new_int_var(0, demand, "")
                self.model.add(sum(self._in_domain(spread.classes, spread.domain, place)) == moved)
                self.model.add(least <= moved + base)
                some = self.model.new_bool_var("")
                self.model.add(moved <= demand * some)
                self.model.add(moved + base <= least + spread.max_skew).only_enforce_if(some)

    def _cap(self) -> None:
        for cap in self.problem.caps:
            for place, room in enumerate(cap.room):
                self.model.add(sum(self._in_domain(cap.classes, cap.domain, place)) <= room)

    def _order_equal_nodes(self) -> None:
        """Break the symmetry of equal nodes: used ones first, and by decreasing load of the resource that is scarcest."""
        resource = self._scarcest()
        for one in range(len(self.kind) - 1):
            if self.kind[one] == self.kind[one + 1]:
                self.model.add_implication(self.used[one + 1], self.used[one])
                self.model.add(self._load(one, resource) >= self._load(one + 1, resource))

    def _scarcest(self) -> int:
        asked = (self.problem.size * self.problem.demand[:, None]).sum(axis=0)
        offered = np.maximum((self.problem.capacity * self.problem.supply[:, None]).sum(axis=0), 1)
        return int(np.argmax(asked / offered)) if asked.size else 0

    def _load(self, node: int, resource: int) -> Any:
        if not self.problem.resources:
            return sum(self.pods[node].values())
        return sum(int(self.problem.size[i, resource]) * variable for i, variable in self.pods[node].items())

    def _aim(self) -> None:
        value = self._value()
        if self.ask.goal is None:
            self.model.add(value <= self.ask.target) if self.ask.target is not None else self.model.minimize(value)
        else:
            target = None if self.ask.target is None else -(-(self.ask.target - self._base) // self._divisor(self.ask.goal))
            self.model.add(value >= target) if target is not None else self.model.maximize(value)

    @property
    def _base(self) -> int:
        return 0 if self.ask.goal is None else self.problem.rank_base[self.ask.goal]

    def _value(self) -> Any:
        if self.ask.goal is not None:
            return self._of_rank(self.ask.goal)
        return sum(int(self.problem.cost[kind]) * used for kind, used in zip(self.kind, self.used, strict=True))

    def hint(self, fills: Sequence[Fill]) -> None:
        """Give a whole placement as hint, its nodes in the order that the symmetry breaking asks for."""
        held = packing_of(self.problem, fills).held
        resource = self._scarcest()
        load = self.problem.size[:, resource] @ held if self.problem.resources else held.sum(axis=0)
        order = np.lexsort((-load, ~held.any(axis=0), np.array(self.kind)))
        for node, source in enumerate(order.tolist()):
            self.model.add_hint(self.used[node], bool(held[:, source].any()))
            for pod_class, variable in self.pods[node].items():
                self.model.add_hint(variable, int(held[pod_class, source]))

    def solve(self, *, exact: bool, seed: int, deterministic_limit: float | None, seconds: float | None) -> Answer:
        solver: Any = self._kinds.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = seed
        if deterministic_limit is not None:
            solver.parameters.max_deterministic_time = deterministic_limit
        if seconds is not None:
            solver.parameters.max_time_in_seconds = max(seconds, 0.01)
        code = solver.solve(self.model)
        if code == self._kinds.MODEL_INVALID:
            raise InfeasibleError(f"CP-SAT refuses the model: {self.model.validate()}")
        names = {self._kinds.OPTIMAL: "optimal", self._kinds.FEASIBLE: "feasible", self._kinds.INFEASIBLE: "infeasible"}
        status = names.get(code, "unknown")
        found = status in ("optimal", "feasible")
        claimed = None
        if exact and self.ask.target is None and status != "infeasible":
            unit = 1 if self.ask.goal is None else self._divisor(self.ask.goal)
            claimed = self._base + unit * round(solver.best_objective_bound)
        return Answer(status, self._fills(solver) if found else None, claimed, float(solver.response_proto.deterministic_time))

    def _fills(self, solver: Any) -> tuple[Fill, ...]:
        found = []
        for kind, pods in zip(self.kind, self.pods, strict=True):
            content = tuple((i, int(solver.value(variable))) for i, variable in sorted(pods.items()) if solver.value(variable))
            found.append(Fill(kind, 1, content))
        return gathered(found)
