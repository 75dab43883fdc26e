"""Methods for equal nodes: subset sums, perfect fills and covers by tight contents are legal, and reach planted optima."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.optimal.budget import Budget
from binpack.optimal.legality import cost_of, violations
from binpack.optimal.methods.exact_cover import chosen_contents, covering
from binpack.optimal.methods.perfect_fills import all_perfect_fills, completed, is_worth_trying, perfect_fills
from binpack.optimal.methods.sequential import pods_of
from binpack.optimal.methods.subset_sums import are_alike, binding, fullest_first, is_one_dimensional
from binpack.optimal.methods.tight_fills import ALIGNMENTS, tight_fills
from binpack.optimal.problem import PackingProblem, problem_of
from binpack.testing.packing_problems import brute_force, planted


def budget() -> Budget:
    return Budget(deterministic_limit=5.0, time_limit_s=None)


@st.composite
def equal_nodes(draw: st.DrawFn, *, resources: int = 1) -> PackingProblem:
    m = draw(st.integers(1, 3))
    sizes = draw(st.lists(st.lists(st.integers(1, 9), min_size=resources, max_size=resources), min_size=m, max_size=m))
    demand = draw(st.lists(st.integers(1, 2), min_size=m, max_size=m))
    return problem_of(size=sizes, demand=demand, capacity=[[draw(st.integers(9, 14))] * resources], supply=[sum(demand)])


@given(equal_nodes(), st.booleans())
def test_fullest_first_places_everything(problem: PackingProblem, at_random: bool) -> None:
    if not is_one_dimensional(problem):
        return
    fills = fullest_first(problem, budget(), np.random.default_rng(1) if at_random else None)
    assert fills is not None
    assert violations(problem, fills) == []
    assert (pods_of(problem, fills) == problem.demand).all()
    assert brute_force(problem, goal="nodes")[-1] <= cost_of(problem, fills)


def test_fullest_first_reaches_planted_optima() -> None:
    for seed in range(4):
        problem = planted(seed, bins=60, resources=1, capacity=1000, step=1)
        fills = fullest_first(problem, budget(), None)
        assert fills is not None
        assert cost_of(problem, fills) == 60


@given(equal_nodes(resources=2))
def test_perfect_fills_are_legal_and_can_be_completed(problem: PackingProblem) -> None:
    if not is_worth_trying(problem):
        return
    fills = perfect_fills(problem, budget(), 0)
    assert violations(problem, fills) == []
    whole = completed(problem, fills, budget())
    assert whole is None or (pods_of(problem, whole) == problem.demand).all()


def test_perfect_fills_find_what_was_planted() -> None:
    problem = planted(1, bins=20, resources=4, pieces=5, capacity=1000, step=1)
    assert is_worth_trying(problem)
    fills = perfect_fills(problem, budget(), 0)
    assert violations(problem, fills) == []
    assert (pods_of(problem, fills) == problem.demand).all()
    assert sum(fill.nodes for fill in fills) == 20


def triplets(seed: int, count: int) -> PackingProblem:
    generator = np.random.default_rng([6, seed, count])
    large = generator.integers(380, 491, count)
    medium = np.array([generator.integers(250, (1000 - size) // 2 + 1) for size in large.tolist()])
    sizes, demand = np.unique(np.concatenate([large, medium, 1000 - large - medium]), return_counts=True)
    return problem_of(size=sizes[:, None], demand=demand, capacity=[[1000]], supply=[2 * count])


@pytest.mark.parametrize("seed", range(3))
def test_tight_contents_cover_triplets(seed: int) -> None:
    problem = triplets(seed, 30)
    fills = covering(problem, 30, budget(), 0)
    assert fills is not None
    assert violations(problem, fills) == []
    assert cost_of(problem, fills) == 30


@given(equal_nodes(resources=2))
def test_covers_agree_with_brute_force(problem: PackingProblem) -> None:
    optimum = brute_force(problem, goal="nodes")[-1]
    for nodes in range(1, optimum + 1):
        fills = covering(problem, nodes, budget(), 0)
        if fills is not None:
            assert nodes == optimum
            assert violations(problem, fills) == []
            assert (pods_of(problem, fills) == problem.demand).all()


@pytest.mark.parametrize(
    ("why", "problem"),
    [
        ("two classes of nodes", problem_of(size=[[1]], demand=[2], capacity=[[3], [4]], supply=[2, 2])),
        ("a limit below what resources allow", problem_of(size=[[1]], demand=[4], capacity=[[3]], supply=[4], limit=[[1]])),
        ("no nodes", problem_of(size=[[1]], demand=[2], capacity=[[3]], supply=[0])),
    ],
)
def test_not_for_other_problems(why: str, problem: PackingProblem) -> None:
    assert not are_alike(problem), why
    assert not is_one_dimensional(problem), why


@given(equal_nodes(resources=2), st.integers(0, len(ALIGNMENTS)))
def test_tight_fills_are_legal_and_complete(problem: PackingProblem, attempt: int) -> None:
    if not are_alike(problem) or not binding(problem):
        return
    fills = tight_fills(problem, 1, budget(), np.random.default_rng(0), attempt)
    if fills is not None:
        assert violations(problem, fills) == []
        assert (pods_of(problem, fills) == problem.demand).all()
        assert brute_force(problem, goal="nodes")[-1] <= cost_of(problem, fills)


@pytest.mark.parametrize(("resources", "most"), [(1, 201), (2, 202)])
def test_tight_fills_come_near_planted_optima(resources: int, most: int) -> None:
    problem = planted(2, bins=200, resources=resources, capacity=1000, step=1)
    fills = tight_fills(problem, 200, budget(), np.random.default_rng(0), 0)
    assert fills is not None
    assert (pods_of(problem, fills) == problem.demand).all()
    assert 200 <= cost_of(problem, fills) <= most


def test_tight_fills_without_a_budget_are_complete() -> None:
    problem = planted(2, bins=40, resources=2, capacity=1000, step=1)
    none = Budget(deterministic_limit=0.0, time_limit_s=None)
    fills = tight_fills(problem, 40, none, np.random.default_rng(0), 0)
    assert fills is not None
    assert violations(problem, fills) == []
    assert (pods_of(problem, fills) == problem.demand).all()


def test_all_perfect_fills_cover_what_was_planted() -> None:
    problem = planted(4, bins=8, resources=2, pieces=4, capacity=1000, step=1)
    contents = all_perfect_fills(problem, 10_000)
    assert all((sum(problem.size[i] * pods for i, pods in content) == problem.capacity[0]).all() for content in contents)
    fills = chosen_contents(problem, contents, 8, budget(), 0)
    assert fills is not None
    assert violations(problem, fills) == []
    assert (pods_of(problem, fills) == problem.demand).all()
    assert cost_of(problem, fills) == 8
    assert all_perfect_fills(problem, len(contents) - 1) == []
