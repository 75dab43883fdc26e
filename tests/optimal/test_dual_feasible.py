"""Dual feasible functions: in arrays as in the checker, never above the optimum, and strong where sums are weak."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.optimal.certificate import certificate
from binpack.optimal.dual_feasible import FUNCTIONS, dual_feasible_bound, function_bound
from binpack.optimal.problem import PackingProblem, problem_of
from binpack.optimal.solve import solve
from binpack.optimal.verify import verify
from binpack.optimal.verify_dff import dff
from binpack.testing.packing_problems import brute_force, tiny_problems


@given(st.sampled_from(sorted(FUNCTIONS)), st.integers(2, 60), st.integers(2, 20), st.lists(st.integers(0, 60), min_size=1, max_size=9))
def test_arrays_agree_with_the_checker(name: str, capacity: int, parameter: int, amounts: list[int]) -> None:
    if name not in ("u", "vb2"):
        parameter = max(1, min(parameter, capacity // 2))
    sizes = np.minimum(np.array(amounts), capacity)
    demand = 1 + sizes % 3
    values, full = FUNCTIONS[name](sizes, demand, capacity, np.array([parameter]))
    value, most = dff(name, parameter, capacity, list(zip(sizes.tolist(), demand.tolist(), strict=True)))
    assert values[0].tolist() == [value(size) for size in sizes.tolist()]
    assert full.tolist() == [most]


@given(tiny_problems(costs=True, tiers=1))
def test_never_above_the_least_cost(problem: PackingProblem) -> None:
    placed, cost = brute_force(problem, goal="cost")
    bound = dual_feasible_bound(problem, problem.rank_demand)
    if placed == problem.pods and bound is not None:
        assert bound.value is not None
        assert bound.value <= cost


@given(tiny_problems(tiers=2))
def test_never_below_the_most_pods(problem: PackingProblem) -> None:
    optimum = brute_force(problem, goal="priority")
    for rank, best in enumerate(optimum):
        bound = dual_feasible_bound(problem, (*optimum[:rank], *([0] * (len(optimum) - rank))), rank)
        if bound is not None:
            assert bound.value is not None
            assert bound.value >= best


@pytest.mark.parametrize(
    ("why", "size", "demand", "capacity", "expected"),
    [
        ("pods above a half need a node each", [[51], [10]], [7, 1], 100, 7),
        ("three of a third and a bit need two nodes", [[34]], [9], 100, 5),
        ("large ones leave no room for the medium ones", [[70], [40]], [4, 4], 100, 6),
    ],
)
def test_stronger_than_the_sum(why: str, size: list[list[int]], demand: list[int], capacity: int, expected: int) -> None:
    problem = problem_of(size=size, demand=demand, capacity=[[capacity]], supply=[20])
    bound = dual_feasible_bound(problem, problem.rank_demand)
    assert bound is not None, why
    assert bound.value == expected, why


def test_the_certificate_of_a_solution_is_checked() -> None:
    problem = problem_of(size=[[70, 1], [40, 2]], demand=[4, 4], capacity=[[100, 50]], supply=[20])
    solution = solve(problem, objective="nodes")
    document = json.loads(json.dumps(certificate(problem, solution)))
    assert document["levels"][0]["bound"]["proof"]["kind"] == "dff"
    assert verify(document).optimal


def test_a_given_function_says_which_it_is() -> None:
    problem = problem_of(size=[[6]], demand=[5], capacity=[[10]], supply=[9], resources=("cpu",))
    bound = function_bound(problem, 0, "threshold", 5, problem.rank_demand, None)
    assert (bound.value, bound.proof.source) == (5, "threshold(5) of cpu")
