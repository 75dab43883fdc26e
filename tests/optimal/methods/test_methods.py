"""Each method by itself: what it places is legal, what it proves or claims is true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given

from binpack.errors import InfeasibleError
from binpack.optimal.bounds import sum_bounds
from binpack.optimal.budget import Budget
from binpack.optimal.legality import cost_of, violations
from binpack.optimal.methods import cp_sat
from binpack.optimal.methods.column_generation import ColumnGeneration
from binpack.optimal.methods.diving import dive
from binpack.optimal.methods.greedy import greedy_packings, improved, score
from binpack.optimal.methods.naive import optimal_levels
from binpack.optimal.methods.ruin import by_rank, cheaper, fuller
from binpack.optimal.methods.sequential import VARIANTS, Sequential, pods_of
from binpack.optimal.packing import packing_of
from binpack.optimal.problem import PackingProblem, problem_of
from binpack.optimal.quotas import split
from binpack.optimal.trimming import without_skew
from binpack.testing.packing_problems import brute_force, planted, tiny_problems


def budget() -> Budget:
    return Budget(deterministic_limit=1.0, time_limit_s=None)


@given(tiny_problems(costs=True))
def test_greedy_fills_are_legal_once_split(problem: PackingProblem) -> None:
    for ranked in (True, False):
        pieces = split(problem, ranked=ranked)
        assert sum(pods for members in pieces.members for _, pods in members) == problem.pods
        for packing in greedy_packings(pieces.problem, by_rank=ranked):
            merged = without_skew(problem, pieces.merge(packing.fills()))
            assert violations(problem, merged) == []


@given(tiny_problems(couplings=False, costs=True))
def test_improvement_is_legal_and_no_worse(problem: PackingProblem) -> None:
    for packing in greedy_packings(problem, by_rank=False):
        better = improved(packing, budget())
        assert violations(problem, better.fills()) == []
        assert score(better) <= score(packing)
        assert packing_of(problem, packing.fills()).fills() == packing.fills()


def test_greedy_never_beats_the_bound() -> None:
    problem = planted(4, bins=9)
    for packing in greedy_packings(problem, by_rank=False):
        assert not packing.missing.any()
        assert packing.cost >= 9


@given(tiny_problems(couplings=False, costs=True, tiers=1))
def test_node_by_node_fills_are_legal(problem: PackingProblem) -> None:
    fill = Sequential(problem, budget())
    for variant in range(len(VARIANTS)):
        fills = fill.placement(variant)
        assert violations(problem, fill.part(variant)) == []
        if fills is not None:
            better = cheaper(fill, fills, None, np.random.default_rng(0), rounds=3)
            assert violations(problem, better) == []
            assert cost_of(problem, better) <= cost_of(problem, fills)
            assert (pods_of(problem, better) == problem.demand).all()


@given(tiny_problems(couplings=False, tiers=3))
def test_refilling_never_gives_up_what_counts_more(problem: PackingProblem) -> None:
    fill = Sequential(problem, budget())
    part = fill.part(0)
    better = fuller(fill, part, np.random.default_rng(0), rounds=5)
    assert violations(problem, better) == []
    assert by_rank(problem, pods_of(problem, better)) >= by_rank(problem, pods_of(problem, part))


def pattern_bound(relaxed: PackingProblem) -> int:
    """The bound of the converged pattern LP."""
    generation = ColumnGeneration(relaxed, relaxed.rank_demand, None, budget())
    generation.start([])
    generation.run(enough=None, known=None, exact=True)
    assert generation.converged
    assert generation.bound is not None
    assert generation.bound.value is not None
    return generation.bound.value


# The only nodes that take pods cost 2 each: sums round up to whole nodes, the LP to whole costs, and is below them.
HALF_A_NODE = replace(
    problem_of(size=[[1], [1]], demand=[1, 2], capacity=[[2], [2]], supply=[1, 2], cost=np.array([1, 2])), limit=np.array([[0, 1], [0, 2]])
)


@given(tiny_problems(costs=True, tiers=1))
@example(HALF_A_NODE)
def test_the_pattern_bound_never_exceeds_the_optimum(problem: PackingProblem) -> None:
    placed, cost = brute_force(problem, goal="cost")
    if placed == problem.pods:
        assert pattern_bound(replace(problem, spreads=(), caps=())) <= cost


@given(tiny_problems(costs=False, tiers=1))
def test_for_equal_costs_patterns_bound_no_less_than_sums(problem: PackingProblem) -> None:
    placed, _ = brute_force(problem, goal="cost")
    if placed == problem.pods:
        relaxed = replace(problem, spreads=(), caps=())
        assert pattern_bound(relaxed) >= max(bound.value or 0 for bound in sum_bounds(relaxed, problem.rank_demand))


def test_patterns_close_what_sums_leave_open() -> None:
    problem = problem_of(size=[[4, 3], [3, 4]], demand=[3, 2], capacity=[[9, 9]], supply=[5])
    generation = ColumnGeneration(problem, problem.rank_demand, None, budget())
    generation.start([])
    generation.run(enough=None, known=None, exact=True)
    packing = dive(generation, None, None)
    assert generation.bound is not None
    assert packing is not None
    assert generation.bound.value == packing.cost == 3


@given(tiny_problems(costs=True))
def test_cp_sat_agrees_with_brute_force(problem: PackingProblem) -> None:
    *placed, cost = brute_force(problem, goal="cost")
    answer = cp_sat.search(problem, cp_sat.Ask(tuple(placed), None), hint=None, seed=0, deterministic_limit=None, seconds=None)
    assert answer.status == "optimal"
    assert answer.claimed == cost
    assert answer.fills is not None
    assert violations(problem, answer.fills) == []
    again = cp_sat.search(problem, cp_sat.Ask(tuple(placed), None), hint=answer.fills, seed=0, deterministic_limit=None, seconds=None)
    assert again.claimed == cost


def test_cp_sat_says_what_cannot_be() -> None:
    problem = problem_of(size=[[3]], demand=[3], capacity=[[5]], supply=[3])
    answer = cp_sat.search(problem, cp_sat.Ask((3,), None, 2), hint=None, seed=0, deterministic_limit=None, seconds=None)
    assert (answer.status, answer.fills) == ("infeasible", None)


def test_rounded_models_claim_nothing() -> None:
    big = 1 << 40
    problem = problem_of(size=[[big + 1], [big + 3]], demand=[2, 2], capacity=[[2 * big + 4]], supply=[4])
    answer = cp_sat.search(problem, cp_sat.Ask((4,), None), hint=None, seed=0, deterministic_limit=None, seconds=None)
    assert answer.claimed is None
    assert answer.fills is not None
    assert violations(problem, answer.fills) == []


TOO_LARGE = problem_of(size=[[1]] * 40, demand=[200] * 40, capacity=[[1000]], supply=[60_000])


def test_a_naive_model_that_is_too_large_is_refused_before_memory_is_spent() -> None:
    with pytest.raises(InfeasibleError, match=r"480000000 Booleans .* accepted: at most 2000000"):
        optimal_levels(TOO_LARGE, goal="nodes")


def test_an_aggregated_model_that_is_too_large_is_refused_before_memory_is_spent() -> None:
    ask = cp_sat.Ask(TOO_LARGE.rank_demand, None)
    with pytest.raises(InfeasibleError, match=r"2460000 variables .* accepted: at most 2000000"):
        cp_sat.search(TOO_LARGE, ask, hint=None, seed=0, deterministic_limit=None, seconds=None)
