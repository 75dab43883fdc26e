"""Bounds: never better than the optimum, and as strong as they should be where that is known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from binpack.optimal.bounds import clique_bound, count_bound, lagrangian, pooled_bound, sum_bounds
from binpack.optimal.couplings import Exclusion
from binpack.optimal.problem import PackingProblem, problem_of
from binpack.optimal.weighing import least_cost, least_weight, most_pods
from binpack.testing.packing_problems import brute_force, planted, tiny_problems


@given(tiny_problems(costs=True, tiers=1))
def test_bounds_on_cost_never_exceed_the_optimum(problem: PackingProblem) -> None:
    placed, cost = brute_force(problem, goal="cost")
    required = problem.rank_demand
    pooled = pooled_bound(problem, required)
    bounds = [*sum_bounds(problem, required), clique_bound(problem, required), *([] if pooled is None else [pooled])]
    for bound in bounds:
        if placed == problem.pods:
            assert bound.value is not None, bound
            assert bound.value <= cost, bound


@given(tiny_problems(tiers=2))
def test_bounds_on_pods_never_fall_short_of_the_optimum(problem: PackingProblem) -> None:
    optimum = brute_force(problem, goal="priority")
    for rank, best in enumerate(optimum):
        required = (*optimum[:rank], *([0] * (len(optimum) - rank)))
        for bound in (*sum_bounds(problem, required, rank), clique_bound(problem, required, rank), count_bound(problem, rank)):
            assert bound.value is not None, bound
            assert bound.value >= best, bound


def test_the_sum_bound_takes_the_largest_nodes_first() -> None:
    problem = problem_of(size=[[5]], demand=[6], capacity=[[10], [20]], supply=[9, 1])
    assert [bound.value for bound in sum_bounds(problem, problem.rank_demand)] == [2]


def test_the_sum_bound_pays_for_parts_of_nodes_and_rounds_up_to_what_costs_can_be() -> None:
    problem = problem_of(size=[[5]], demand=[6], capacity=[[10], [20]], supply=[9, 9], cost=[6, 10])
    # 30 units at best at half a credit each are 15; every sum of costs is even.
    assert [bound.value for bound in sum_bounds(problem, problem.rank_demand)] == [16]


def test_a_planted_optimum_is_its_sum_bound() -> None:
    problem = planted(2, bins=13, resources=3)
    assert {bound.value for bound in sum_bounds(problem, problem.rank_demand)} == {13}


def test_pods_that_cannot_share_a_node() -> None:
    # Anti-correlated: each pair is too much in one resource, though the sums are small.
    problem = problem_of(size=[[6, 1], [1, 6], [5, 5]], demand=[2, 2, 1], capacity=[[10, 10]], supply=[9])
    assert clique_bound(problem, problem.rank_demand).value == 3
    apart = replace(problem, exclusions=(Exclusion((0,), (1,)),))
    assert clique_bound(apart, problem.rank_demand).value == 5


def test_the_pooled_lp_knows_eligibility() -> None:
    problem = problem_of(size=[[4], [4]], demand=[2, 2], capacity=[[4], [8]], supply=[4, 4], cost=[3, 4], limit=[[2, 0], [0, 2]])
    assert max(bound.value or 0 for bound in sum_bounds(problem, problem.rank_demand)) == 8
    pooled = pooled_bound(problem, problem.rank_demand)
    assert pooled is not None
    assert pooled.value == 10


def test_too_little_capacity_is_no_bound_but_impossibility() -> None:
    problem = problem_of(size=[[4]], demand=[3], capacity=[[4]], supply=[2])
    assert sum_bounds(problem, problem.rank_demand)[0].value is None


@pytest.mark.parametrize("multipliers", [[0, 0], [1, 2], [7, 0], [100, 100]])
def test_any_multipliers_give_a_bound(multipliers: list[int]) -> None:
    problem = problem_of(size=[[2, 3], [4, 1]], demand=[3, 3], capacity=[[8, 8]], supply=[1])
    heaviest = max(5 * a + 6 * b for a in range(4) for b in range(4) if 2 * a + 4 * b <= 8 and 3 * a + b <= 8)
    assert lagrangian([5, 6], problem.size, problem.capacity[0], problem.most[:, 0], multipliers, 1) >= heaviest


def test_weighing() -> None:
    assert least_weight([5, 1, 3], [2, 2, 2], [0, 0, 1], (3, 1)) == 1 + 1 + 5 + 3
    assert least_cost(0, [3], [1], [1]) == 0
    assert least_cost(7, [3], [2], [1]) is None
    assert most_pods(10, [3, 0], [9, 2], [0, 0], (0,), 0) == 5
    assert most_pods(2, [3, 1], [1, 1], [0, 1], (1, 0), 1) is None
