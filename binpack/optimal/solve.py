"""Solve a packing problem: bounds first, then placements until they meet, all under one budget.

The order of a portfolio: today's placement and greedy fills; bounds without search; stop if they meet. Then column generation with
diving, then CP-SAT, first to reach the bound, then to optimise. Each step runs only if the ones before left a gap.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from binpack.optimal.budget import Budget
from binpack.optimal.minimising import minimise
from binpack.optimal.placing import place
from binpack.optimal.problem import PackingProblem
from binpack.optimal.progress import Listener
from binpack.optimal.search import Search
from binpack.optimal.solution import Level, Solution, Status
from binpack.optimal.weighing import Requirement

Objective = Literal["nodes", "cost", "priority", "resource"]

OF_SOME_PODS = ("priority", "resource")
"""Objectives that do not ask for all pods, but for the most that can be placed, rank by rank."""

DEFAULT_DETERMINISTIC_LIMIT = 10.0


def solve(
    problem: PackingProblem,
    *,
    objective: Objective,
    seed: int = 0,
    time_limit_s: float | None = None,
    deterministic_limit: float | None = None,
    gap: float = 0.0,
    listener: Listener | None = None,
    stop: Callable[[], bool] | None = None,
) -> Solution:
    """Find the best placement of a problem's pods, and the best bound on any.

    Parameters
    ----------
    problem : PackingProblem
    objective : {"nodes", "cost", "priority", "resource"}
        `nodes` and `cost` place all pods on the fewest or cheapest nodes; where not all can be placed, most pods come first, the most
        important tier first. `priority` is that alone, and so is `resource`, whose problems count by amounts. For `nodes` every cost of
        the problem has to be 1.
    seed : int
        For CP-SAT and for the choices of diving.
    time_limit_s : float, optional
        Wall time. A run that it ended says so (`Solution.repeatable`).
    deterministic_limit : float, optional
        Work, the same on every machine; about a second of one core is 1. Without any limit it is 10.
    gap : float
        Good enough: a level whose gap is at most this fraction is left as it is. 0 asks for the optimum.
    listener : callable, optional
        Told of each better placement and bound, as they come.
    stop : callable, optional
        Asked often whether to end now with the best so far; such a run is not repeatable. A KeyboardInterrupt does the same.

    Returns
    -------
    Solution
        `OPTIMAL` only where a checkable proof meets the value.

    Examples
    --------
    >>> from binpack.optimal.problem import problem_of
    >>> print(solve(problem_of(size=[[2], [3]], demand=[3, 2], capacity=[[6]], supply=[5]), objective="nodes"))
    optimal: nodes, greedy
      nodes: 2, optimal (sum of resource 0)
    """
    if time_limit_s is None and deterministic_limit is None:
        deterministic_limit = DEFAULT_DETERMINISTIC_LIMIT
    budget = Budget(deterministic_limit=deterministic_limit, time_limit_s=time_limit_s, stop=stop)
    search = Search(problem, budget, seed, gap=gap, listener=listener)
    try:
        return _solved(search, objective)
    except KeyboardInterrupt:
        budget.interrupt()
        return _so_far(search, objective)


def _solved(search: Search, objective: Objective) -> Solution:
    problem, incumbent = search.problem, search.incumbent
    _start(search, objective)
    levels: list[Level] = []
    required = problem.rank_demand
    if objective in OF_SOME_PODS or not incumbent.complete:
        levels = place(search)
        required = incumbent.placed
    if any(level.value != there for level, there in zip(levels, _must(problem), strict=False)):
        return _without_placement(search, objective, levels[0])
    if objective not in OF_SOME_PODS:
        if incumbent.complete:
            levels, required = [], problem.rank_demand
        levels.append(minimise(search, required, objective))
    return _solution(search, objective, levels, required)


def _so_far(search: Search, objective: Objective) -> Solution:
    """What there is when somebody ends the search: finished levels, the one being worked on, and values without bounds for the others."""
    problem, incumbent = search.problem, search.incumbent
    if search.level is not None:
        search.close()
    levels = [level for level in search.done if level.maximise]
    if objective not in OF_SOME_PODS and incumbent.complete:
        costs = [level for level in search.done if not level.maximise and not levels]
        return _solution(search, objective, costs or [search.cost_level(objective)], problem.rank_demand)
    levels = levels[: next((n for n, level in enumerate(levels) if level.value != incumbent.placed[n]), len(levels))]
    for rank in range(len(levels), len(problem.rank_demand)):
        levels.append(Level(problem.rank_names[rank], True, incumbent.placed[rank], None))
    if any(level.value != there for level, there in zip(levels, _must(problem), strict=False)):
        return _without_placement(search, objective, levels[0])
    return _solution(search, objective, levels, incumbent.placed)


def _solution(search: Search, objective: Objective, levels: list[Level], required: Requirement) -> Solution:
    incumbent, budget = search.incumbent, search.budget
    return Solution(
        status=Status.OPTIMAL if all(level.closed for level in levels) else Status.FEASIBLE,
        goal=objective,
        levels=tuple(levels),
        fills=incumbent.fills,
        method=incumbent.method,
        required=required,
        reason=_reason(search.problem, levels) if not incumbent.complete else "",
        repeatable=budget.repeatable,
        seconds=budget.seconds,
        digest=search.problem.digest(),
        interrupted=budget.interrupted,
    )


def _start(search: Search, objective: Objective) -> None:
    """Offer today's placement, and greedy fills until they reach the bound; where they leave pods out, node-by-node fills."""
    search.offer_present()
    if objective in OF_SOME_PODS:
        # Pods that stay where they are cost nothing: as good a placement with fewer nodes in use is no better.
        search.incumbent.counts_cost = False
        search.fill_up()
        if search.is_settled():
            return
    else:
        bound = search.cheap_bound(search.problem.rank_demand)
        search.begin(objective, None, bound)
        search.greedy(search.whole, by_rank=False, enough=bound.value)
    if not search.incumbent.complete:
        search.greedy(search.ranked, by_rank=True, enough=None)
    if not search.incumbent.complete:
        search.node_by_node()


def _must(problem: PackingProblem) -> tuple[int, ...]:
    """The demand of the rank that must be placed, if there is one."""
    return problem.rank_demand[:1] if problem.must_place.any() else ()


def _without_placement(search: Search, objective: Objective, first: Level) -> Solution:
    problem, budget = search.problem, search.budget
    impossible = first.bound is not None and (first.proven is None or first.proven < problem.rank_demand[0])
    level = Level(first.name, True, None, first.bound, first.claimed)
    return Solution(
        status=Status.INFEASIBLE if impossible else Status.UNKNOWN,
        goal=objective,
        levels=(level,),
        fills=(),
        method="",
        required=(),
        reason=_reason(problem, [first]),
        repeatable=budget.repeatable,
        seconds=budget.seconds,
        digest=problem.digest(),
        interrupted=budget.interrupted,
    )


def _reason(problem: PackingProblem, levels: list[Level]) -> str:
    """Why pods are left out: classes that fit no node, and ranks that do not fit together."""
    reasons = []
    for pod_class in range(problem.pod_classes):
        if not problem.placeable[pod_class]:
            reasons.append(f"{int(problem.demand[pod_class])} pods fit no node: {problem.why_unplaceable(pod_class)}")
    for level, there in zip(levels, problem.rank_demand, strict=False):
        if level.value is None or level.value == there or not level.maximise or reasons:
            continue
        if level.closed and level.bound is not None:
            reasons.append(f"{level.name}: no placement holds more than {level.proven} of {there} ({level.bound.proof.source})")
        else:
            reasons.append(f"{level.name}: {level.value} of {there} placed; nothing proves that more is impossible")
    return "; ".join(reasons[:3]) + (f"; and {len(reasons) - 3} more" if len(reasons) > 3 else "")
