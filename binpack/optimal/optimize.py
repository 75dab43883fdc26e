"""How far is a cluster from the best placement there is? The question of `binpack optimize`, from a cluster to an answer with its proof.

The problem is built, solved, and its placement is checked on the original objects. If the problem had to leave rules out and the
placement breaks one of them, the pods with such rules are held where they are and the rest is solved again: the bound stays that of the
whole, the placement is one that can be had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from binpack.errors import InfeasibleError
from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.optimal.acceptance import rejections
from binpack.optimal.answer import Answer, checked_answer
from binpack.optimal.assignment import Move, assign, fills_of, moves
from binpack.optimal.build import BuiltProblem, build_problem
from binpack.optimal.certificate import certificate
from binpack.optimal.legality import cost_of, placed_by_rank, placed_of
from binpack.optimal.mobility import Stays
from binpack.optimal.present import present_fills, without_broken_rules
from binpack.optimal.problem import PackingProblem
from binpack.optimal.progress import Listener, relative_gap
from binpack.optimal.solution import Fill, Solution, Status
from binpack.optimal.solve import OF_SOME_PODS, Objective, solve
from binpack.state.cluster import Cluster


@dataclass(frozen=True)
class Measure:
    """What a placement amounts to, of the pods that may move and those that wait.

    Attributes
    ----------
    nodes : int
        Nodes that hold at least one of these pods.
    cost : float or None
        Of these nodes, in the prices' unit; None without prices.
    placed : tuple[tuple[str, int, int], ...]
        For each tier: its name, pods placed, pods there are.
    allocated : int or None
        Of the resource that is asked for, by all pods of the cluster; None for other objectives.
    """

    nodes: int
    cost: float | None
    placed: tuple[tuple[str, int, int], ...]
    allocated: int | None = None

    @property
    def left_out(self) -> int:
        """Pods without a node."""
        return sum(there - placed for _, placed, there in self.placed)


@dataclass(frozen=True)
class Compared:
    """Another placement of the same pods, measured against the bound.

    Attributes
    ----------
    name : str
    measure : Measure
    value : int, tuple of int or None
        In the units of the objective; None where the objective asks for all pods and some are left out.
    gap : float or None
        To the bound, as a fraction; for several objectives of the first in which it falls short.
    """

    name: str
    measure: Measure
    value: int | tuple[int, ...] | None
    gap: float | None


@dataclass(frozen=True)
class Optimum:
    """The answer.

    Attributes
    ----------
    solution : Solution
        Status, levels with value and proven bound, method. Its placement was accepted by the independent checker.
    today, best : Measure
        Of the present placement and of the solution's.
    placement : dict[str, str]
        Node of each placed pod, by `namespace/name`.
    moves : tuple[Move, ...]
        Pods whose place changes.
    stays : tuple[Stays, ...]
        Pods that are no part of the question, and why.
    closed : tuple[tuple[str, str], ...]
        Nodes that take no new pods, and why.
    relaxed : tuple[str, ...]
        Rules that the bound does not know. It holds all the same; the optimum may be worse than it says.
    rejected : tuple[str, ...]
        Why a better placement of the relaxed problem was not accepted.
    built : BuiltProblem
        The problem, and what its classes stand for.
    """

    solution: Solution
    today: Measure
    best: Measure
    placement: dict[str, str]
    moves: tuple[Move, ...]
    stays: tuple[Stays, ...]
    closed: tuple[tuple[str, str], ...]
    relaxed: tuple[str, ...]
    rejected: tuple[str, ...]
    built: BuiltProblem

    @property
    def problem(self) -> PackingProblem:
        """The problem that was solved."""
        return self.built.problem

    @cached_property
    def answer(self) -> Answer:
        """Status, objective and bound, after the certificate was checked."""
        removed = [move.pod for move in self.moves if move.target is None]
        document = {**certificate(self.problem, self.solution), "pods": self.placement, "removed": removed, "members": self.built.members()}
        if self.built.amounts is not None:
            document["resource"] = self.built.amounts.resource
        return checked_answer(document)

    def certificate(self) -> dict[str, Any]:
        """The document that `binpack verify` checks; it holds the placement by classes, and by names under `pods`."""
        return self.answer.document

    def compare(self, name: str, placement: Mapping[str, str]) -> Compared:
        """Measure another placement of the same pods (`namespace/name` to node) against the proven bound."""
        fills = fills_of(self.built, placement)
        placed = placed_by_rank(self.problem, fills)
        bound = self.answer.bound
        value: int | tuple[int, ...] | None
        gap = None
        if self.solution.goal in OF_SOME_PODS:
            value = placed
            bounds = bound if isinstance(bound, tuple) else (None,) * len(placed)
            gaps = [relative_gap(each, most) for each, most in zip(placed, bounds, strict=True)]
            gap = next((each for each in gaps if each != 0), 0.0)
        else:
            value = cost_of(self.problem, fills) if placed == self.problem.rank_demand else None
            gap = relative_gap(value, bound) if isinstance(bound, int) else None
        return Compared(name, _measure(self.built, fills, priced=self.solution.goal == "cost"), value, gap)

    def compare_today(self) -> Compared:
        """The present placement against the proven bound."""
        return self.compare("today", {item.pod.key: item.node for pods in self.built.pods for item in pods if item.node is not None})

    def summary(self) -> str:
        """A few lines for a terminal."""
        lines = [self.solution.summary(), f"  today: {_in_words(self.today)}", f"  found: {_in_words(self.best)}"]
        moved = sum(move.origin is not None and move.target is not None for move in self.moves)
        lines.append(f"  {moved} running pods move, {len(self.stays)} pods stay or are left out, {len(self.closed)} nodes take no new pods")
        lines += [f"  not in the bound: {rule}" for rule in self.relaxed]
        lines += [f"  not accepted: {reason}" for reason in self.rejected]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()


def optimize(
    cluster: Cluster,
    profile: Profile,
    *,
    objective: Objective,
    pending: Iterable[Pod] = (),
    prices: Mapping[str, float | str] | None = None,
    seed: int = 0,
    time_limit_s: float | None = None,
    deterministic_limit: float | None = None,
    gap: float = 0.0,
    bare_pods_stay: bool = False,
    resource: str | None = None,
    must_place: Callable[[Pod], bool] | None = None,
    listener: Listener | None = None,
    stop: Callable[[], bool] | None = None,
) -> Optimum:
    """Find the best placement of a cluster's pods, and prove how good any could be.

    Parameters
    ----------
    cluster : Cluster
    profile : Profile
        Whose filter plugins decide what is legal.
    objective : {"nodes", "cost", "priority", "resource"}
        Fewest nodes or lowest cost for all pods that may move and all that wait; most pods placed, tier by tier; or most of one resource
        allocated, where running pods keep a place and those that wait are chosen from.
    pending : iterable of Pod
    prices : mapping from instance type to price, optional
        For `cost`.
    seed : int
    time_limit_s, deterministic_limit : float, optional
        For the solver, see `binpack.optimal.solve.solve`; building and checking are not counted.
    gap, listener, stop
        See `binpack.optimal.solve.solve`.
    bare_pods_stay : bool
        Whether running pods without a controller stay where they are (`kubectl drain` would refuse them).
    resource : str, optional
        For `resource`: its name as nodes give it.
    must_place : callable, optional
        For `resource`: whether a pod that waits has to be placed, too. Without it there is then no solution.

    Raises
    ------
    ConfigurationError
        If prices are missing or wrong, or no node and no pod knows the resource.
    InfeasibleError
        If sums overflow, or if there is no pod to choose.
    """
    waiting = tuple(pending)
    options: dict[str, Any] = {"objective": objective, "prices": prices, "bare_pods_stay": bare_pods_stay}
    options |= {"resource": resource, "must_place": must_place}
    limits: dict[str, Any] = {"seed": seed, "time_limit_s": time_limit_s, "deterministic_limit": deterministic_limit, "gap": gap}
    limits |= {"listener": listener, "stop": stop}
    built = build_problem(cluster, profile, pending=waiting, **options)
    if objective in OF_SOME_PODS and not built.pods:
        raise InfeasibleError(
            f"no pod that may move or waits, {len(built.stays)} stay: there is nothing to choose "
            f"(accepted for this objective: a cluster with such a pod; give waiting ones with --pods)"
        )
    built = replace(built, problem=without_broken_rules(built.problem))
    solution = solve(built.problem, objective=objective, **limits)
    placement = assign(built, solution.fills)
    rejected = _rejections(cluster, built, placement)
    if rejected:
        solution, placement = _acceptable(cluster, profile, waiting, built, solution, options, limits)
    return Optimum(
        solution=solution,
        today=_measure(built, present_fills(built.problem), priced=objective == "cost"),
        best=_measure(built, solution.fills, priced=objective == "cost"),
        placement=placement,
        moves=moves(built, placement),
        stays=built.stays,
        closed=built.closed,
        relaxed=built.problem.relaxed,
        rejected=tuple(rejected),
        built=built,
    )


def _acceptable(
    cluster: Cluster,
    profile: Profile,
    pending: tuple[Pod, ...],
    built: BuiltProblem,
    solution: Solution,
    options: dict[str, Any],
    limits: dict[str, Any],
) -> tuple[Solution, dict[str, str]]:
    """A placement that the checker accepts, with the bound of the whole problem: pods with rules that it lacks stay where they are."""
    problem = built.problem
    today = {item.pod.key: item.node for pods in built.pods for item in pods if item.node is not None}
    best = _with_placement(problem, solution, present_fills(problem), "present placement"), today
    confined = build_problem(cluster, profile, pending=pending, confine=True, **options)
    confined = replace(confined, problem=without_broken_rules(confined.problem))
    first = solve(confined.problem, objective=options["objective"], **limits)
    placement = assign(confined, first.fills)
    solution = replace(solution, repeatable=solution.repeatable and first.repeatable, seconds=solution.seconds + first.seconds)
    if not _rejections(cluster, built, placement):
        fills = fills_of(built, placement)
        if _better(problem, fills, best[0].fills):
            best = _with_placement(problem, solution, fills, f"{first.method}, pods with affinity in one domain"), placement
        if placed_by_rank(problem, fills) == problem.rank_demand:
            return best
    staying = {item.pod.key for pods in built.pods for item in pods if _attracted(item.pod)}
    free = [pod for pod in pending if pod.key not in staying]
    held = build_problem(cluster, profile, pending=free, staying=staying, **options)
    held = replace(held, problem=without_broken_rules(held.problem))
    second = solve(held.problem, objective=options["objective"], **limits)
    placement = {key: node for key, node in today.items() if key in staying} | assign(held, second.fills)
    if not _rejections(cluster, built, placement):
        fills = fills_of(built, placement)
        if _better(problem, fills, best[0].fills):
            best = _with_placement(problem, solution, fills, f"{second.method}, pods with affinity held"), dict(sorted(placement.items()))
    return replace(best[0], repeatable=solution.repeatable and second.repeatable, seconds=solution.seconds + second.seconds), best[1]


def _better(problem: PackingProblem, fills: tuple[Fill, ...], than: tuple[Fill, ...]) -> bool:
    def key(placement: tuple[Fill, ...]) -> tuple[tuple[int, ...], int]:
        return tuple(-placed for placed in placed_by_rank(problem, placement)), cost_of(problem, placement)

    return key(fills) < key(than)


def _with_placement(problem: PackingProblem, solution: Solution, fills: tuple[Fill, ...], method: str) -> Solution:
    """The solution with another placement: values change, bounds stay where they do not depend on the values before."""
    placed = placed_by_rank(problem, fills)
    levels = []
    sound = True
    for number, level in enumerate(solution.levels):
        value = placed[number] if level.maximise else cost_of(problem, fills)
        levels.append(replace(level, value=value, bound=level.bound if sound else None, claimed=level.claimed if sound else None))
        sound = sound and value == level.value
    if len(levels) == 1 and not levels[0].maximise and placed != problem.rank_demand:
        # The bound is for all pods, this placement leaves some out: its value does not compare.
        levels[0] = replace(levels[0], value=None)
    optimal = all(level.closed for level in levels)
    return replace(solution, status=Status.OPTIMAL if optimal else Status.FEASIBLE, levels=tuple(levels), fills=fills, method=method)


def _rejections(cluster: Cluster, built: BuiltProblem, placement: dict[str, str]) -> list[str]:
    pods = {item.pod.key: item.pod for members in built.pods for item in members}
    today = {item.pod.key: item.node for members in built.pods for item in members if item.node is not None}
    stays = [(item.pod, item.node) for item in built.stays if item.node is not None]
    return rejections(cluster, stays, pods, placement, today)


def _attracted(pod: Pod) -> bool:
    affinity = pod.spec.affinity
    near = None if affinity is None else affinity.pod_affinity
    return near is not None and bool(near.required_during_scheduling_ignored_during_execution)


def _measure(built: BuiltProblem, fills: tuple[Fill, ...], *, priced: bool) -> Measure:
    problem, amounts = built.problem, built.amounts
    placed = placed_of(problem, fills).sum(axis=1)
    ranks = range(len(problem.rank_demand))
    names = problem.rank_names if amounts is None else [amounts.pods_named(name) for name in problem.rank_names]
    return Measure(
        nodes=sum(fill.nodes for fill in fills),
        cost=cost_of(problem, fills) / problem.cost_unit if priced else None,
        placed=tuple(
            (name, int(placed[problem.rank == rank].sum()), int(problem.demand[problem.rank == rank].sum()))
            for name, rank in zip(names, ranks, strict=True)
        ),
        allocated=None if amounts is None else amounts.allocated(problem, fills),
    )


def _in_words(measure: Measure) -> str:
    parts = [f"{measure.nodes} nodes in use"]
    if measure.allocated is not None:
        parts.append(f"{measure.allocated} allocated")
    if measure.cost is not None:
        parts.append(f"cost {measure.cost:g}")
    if measure.left_out:
        parts.append(f"{measure.left_out} pods without a node")
    return ", ".join(parts)
