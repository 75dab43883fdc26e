"""The whole solver against brute force, the naive model and planted optima."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from binpack.optimal.legality import violations
from binpack.optimal.methods.naive import optimal_levels
from binpack.optimal.problem import PackingProblem, problem_of
from binpack.optimal.progress import Progress
from binpack.optimal.solution import Solution, Status
from binpack.optimal.solve import Objective, solve
from binpack.testing.packing_problems import brute_force, planted, tiny_problems


def check(problem: PackingProblem, solution: Solution, optimum: tuple[int, ...]) -> None:
    """A solution is legal, as good as the optimum, and no bound is better than the optimum."""
    assert violations(problem, solution.fills) == []
    ranks = len(problem.rank_demand)
    if len(solution.levels) < len(optimum):
        assert optimum[:ranks] == problem.rank_demand
        optimum = optimum[ranks:]
    assert tuple(level.value for level in solution.levels) == optimum, solution.summary()
    for level, value in zip(solution.levels, optimum, strict=True):
        for bound in (level.proven, level.claimed):
            if bound is not None:
                assert bound >= value if level.maximise else bound <= value, solution.summary()


@given(tiny_problems())
def test_fewest_nodes_against_brute_force(problem: PackingProblem) -> None:
    check(problem, solve(problem, objective="nodes", deterministic_limit=1.0), brute_force(problem, goal="nodes"))


@given(tiny_problems(costs=True))
def test_lowest_cost_against_brute_force(problem: PackingProblem) -> None:
    check(problem, solve(problem, objective="cost", deterministic_limit=1.0), brute_force(problem, goal="cost"))


@given(tiny_problems(tiers=3))
def test_most_pods_by_priority_against_brute_force(problem: PackingProblem) -> None:
    check(problem, solve(problem, objective="priority", deterministic_limit=1.0), brute_force(problem, goal="priority"))


@given(tiny_problems())
def test_the_naive_model_agrees_with_brute_force(problem: PackingProblem) -> None:
    assert optimal_levels(problem, goal="nodes") == brute_force(problem, goal="nodes")


@pytest.mark.parametrize("seed", range(4))
def test_medium_problems_against_the_naive_model(seed: int) -> None:
    generator = np.random.default_rng(seed)
    problem = problem_of(
        size=generator.integers(1, 30, (5, 2)),
        demand=generator.integers(1, 5, 5),
        capacity=generator.integers(30, 60, (2, 2)),
        supply=[4, 4],
        cost=[2, 3],
    )
    solution = solve(problem, objective="cost", seed=seed)
    optimum = optimal_levels(problem, goal="cost", seconds=20.0)
    assert optimum is not None
    check(problem, solution, optimum)


@pytest.mark.parametrize(("bins", "resources"), [(7, 1), (12, 2), (6, 4), (20, 2)])
def test_planted_optima_are_found_and_proven(bins: int, resources: int) -> None:
    problem = planted(1, bins=bins, resources=resources)
    solution = solve(problem, objective="nodes", deterministic_limit=2.0)
    assert solution.bound == bins
    assert solution.objective in (bins, bins + 1)
    assert violations(problem, solution.fills) == []
    if resources == 1:
        assert solution.status is Status.OPTIMAL


def test_two_runs_give_the_same_solution() -> None:
    problem = planted(3, bins=11)
    one, other = (solve(problem, objective="nodes", seed=5, deterministic_limit=2.0) for _ in range(2))
    assert replace(one, seconds=0.0) == replace(other, seconds=0.0)
    assert one.repeatable


def test_a_clock_that_ends_the_search_is_reported() -> None:
    solution = solve(planted(3, bins=30, resources=3), objective="nodes", time_limit_s=1e-6)
    assert not solution.repeatable
    assert "time limit" in solution.summary()
    assert solution.objective is not None


def test_what_must_be_placed_and_cannot_be_is_infeasible_with_the_reason() -> None:
    problem = problem_of(
        size=[[5], [1]],
        demand=[1, 3],
        capacity=[[4]],
        supply=[2],
        must_place=np.array([True, False]),
        resources=("cpu",),
        unit=(100,),
        class_names=("default/big", "default/small"),
    )
    solution = solve(problem, objective="nodes")
    assert solution.status is Status.INFEASIBLE
    assert "default/big: asks for 500 of cpu, no eligible node offers more than 400" in solution.reason
    assert solution.fills == ()


def test_most_pods_come_first_where_not_all_fit() -> None:
    problem = problem_of(size=[[3], [2]], demand=[2, 4], capacity=[[5]], supply=[2], tier=[0, 1])
    solution = solve(problem, objective="nodes")
    assert solution.status is Status.OPTIMAL
    assert [(level.name, level.value) for level in solution.levels] == [("pods of tier 0", 2), ("pods of tier 1", 2), ("nodes", 2)]
    assert "no placement holds more than 2 of 4" in solution.reason


@pytest.mark.parametrize(
    ("why", "problem", "expected"),
    [
        ("no pods", problem_of(size=np.zeros((0, 1)), demand=[], capacity=[[4]], supply=[2]), 0),
        ("pods that ask for nothing share a node", problem_of(size=[[0]], demand=[9], capacity=[[4]], supply=[2]), 1),
        ("no nodes", problem_of(size=[[1]], demand=[2], capacity=np.zeros((0, 1)), supply=[]), (0, 0)),
        ("nothing is eligible", problem_of(size=[[1]], demand=[2], capacity=[[3]], supply=[2], limit=[[0]]), (0, 0)),
    ],
)
def test_edges(why: str, problem: PackingProblem, expected: int | tuple[int, ...]) -> None:
    solution = solve(problem, objective="nodes")
    assert solution.objective == expected, why
    assert solution.status is Status.OPTIMAL, why


def test_present_placement_is_a_candidate() -> None:
    problem = problem_of(size=[[1]], demand=[4], capacity=[[4]], supply=[3], present=[[0, 1, 0, 4]])
    solution = solve(problem, objective="nodes")
    assert (solution.objective, solution.method) == (1, "present placement")


def test_a_search_tells_better_placements_and_bounds_as_they_come() -> None:
    told: list[Progress] = []
    problem = problem_of(size=[[6, 1], [1, 6], [5, 5]], demand=[20, 22, 11], capacity=[[10, 10]], supply=[60])
    solution = solve(problem, objective="nodes", listener=told.append)
    assert {step.level for step in told} == {"nodes"}
    gaps = [step.gap for step in told if step.gap is not None]
    assert gaps == sorted(gaps, reverse=True)
    assert (told[-1].value, told[-1].bound) == (solution.objective, solution.bound)


def test_a_gap_that_is_good_enough_ends_the_search() -> None:
    problem = planted(3, bins=40, resources=3)
    near = solve(problem, objective="nodes", gap=0.2, deterministic_limit=50.0)
    assert near.gap is not None
    assert 0 < near.gap <= 0.2
    assert near.repeatable


@pytest.mark.parametrize("objective", ["nodes", "priority"])
@pytest.mark.parametrize("after", [0, 1, 2, 4])
def test_an_interrupted_search_returns_its_best_with_its_bound(objective: Objective, after: int) -> None:
    def interrupt(step: Progress) -> None:
        nonlocal after
        after -= 1
        if after < 0:
            raise KeyboardInterrupt

    problem = planted(3, bins=20, resources=3)
    problem = replace(problem, supply=np.array([20]), tier=np.arange(problem.pod_classes) % 2) if objective == "priority" else problem
    solution = solve(problem, objective=objective, listener=interrupt, deterministic_limit=2.0)
    assert violations(problem, solution.fills) == []
    assert solution.levels
    assert all(level.value is not None for level in solution.levels)
    if solution.interrupted:
        assert not solution.repeatable
        assert "interrupted" in solution.summary()


def test_a_search_that_is_asked_to_stop_ends_with_what_it_has() -> None:
    solution = solve(planted(3, bins=30, resources=3), objective="nodes", stop=lambda: True)
    assert solution.interrupted
    assert solution.objective is not None
    assert solution.bound == 30
