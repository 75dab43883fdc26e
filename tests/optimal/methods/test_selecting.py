"""Dives for the most, and filling up beside what stands: legal, never worse than where they start, and moving no more than they need."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from binpack.optimal.budget import Budget
from binpack.optimal.guided_quotas import guided_quotas
from binpack.optimal.legality import placed_by_rank, placed_of, violations
from binpack.optimal.methods.column_generation import ColumnGeneration
from binpack.optimal.methods.filling import filled_up, filling_orders
from binpack.optimal.methods.selecting import dive_for_most
from binpack.optimal.present import present_fills
from binpack.optimal.problem import PackingProblem, problem_of
from binpack.optimal.quotas import split
from binpack.optimal.search import Search
from binpack.optimal.solution import Fill
from binpack.optimal.solve import solve
from binpack.optimal.weighing import bound_of_weights, with_slack
from binpack.testing.packing_problems import brute_force, tiny_problems


def no_limit() -> Budget:
    return Budget(deterministic_limit=5.0, time_limit_s=None)


def full(seed: int, *, classes: int = 12, nodes: int = 6) -> PackingProblem:
    """More than fits: two resources, amounts of the first."""
    generator = np.random.default_rng([23, seed])
    size = generator.integers(100, 1000, (classes, 2))
    demand = generator.integers(1, 5, classes)
    capacity = [[int(column) for column in (size * demand[:, None]).sum(axis=0) // nodes]]
    return problem_of(size=size, demand=demand, capacity=capacity, supply=[nodes], value=size[:, 0])


@pytest.mark.parametrize("seed", range(4))
def test_a_dive_is_legal_and_close_to_the_bound(seed: int) -> None:
    problem = full(seed)
    generation = ColumnGeneration(problem, (0,), 0, no_limit())
    generation.start(())
    generation.run(enough=None, known=None, exact=True)
    packing = dive_for_most(generation, None, None)
    assert violations(problem, packing.fills()) == []
    assert generation.bound is not None
    assert generation.bound.value is not None
    (counted,) = problem.counted(packing.placed)
    assert 0.9 * generation.bound.value <= counted <= generation.bound.value


def test_a_dive_leaves_the_master_as_it_was() -> None:
    problem = full(0)
    generation = ColumnGeneration(problem, (0,), 0, no_limit())
    generation.start(())
    generation.run(enough=None, known=None, exact=False)
    before = generation.master.solve(no_limit())
    dive_for_most(generation, np.random.default_rng(0), None)
    after = generation.master.solve(no_limit())
    assert before is not None
    assert after is not None
    # More patterns are known now: what is left out can only have become less.
    assert after.value <= before.value + 1e-6


@given(tiny_problems(couplings=False, tiers=2, amounts=True))
def test_filling_up_nothing_gives_something_legal(problem: PackingProblem) -> None:
    packing = filled_up(problem, (), filling_orders(problem))
    assert violations(problem, packing.fills()) == []
    assert problem.counted(packing.placed) <= brute_force(problem, goal="resource")
    # Nothing that is left out would still fit.
    for pod_class in np.flatnonzero(packing.missing).tolist():
        assert not packing.room(pod_class).any()


def test_every_order_keeps_ranks_together() -> None:
    problem = replace(full(1), tier=np.arange(12) % 3)
    for order in filling_orders(problem):
        assert sorted(order) == list(range(12))
        assert [int(problem.rank[i]) for i in order] == sorted(problem.rank.tolist())


def standing() -> PackingProblem:
    """Three nodes of ten, each with pods of three; one of four waits and fits only if one of three moves."""
    return problem_of(
        size=[[3], [4]],
        demand=[6, 1],
        capacity=[[10]],
        supply=[3],
        must_place=[True, False],
        value=[1, 4],
        present=[[0, 0, 0, 3], [0, 1, 0, 2], [0, 2, 0, 1]],
    )


def test_what_waits_is_placed_beside_what_runs() -> None:
    problem = standing()
    found = solve(problem, objective="resource")
    assert found.objective == (6, 4)
    assert found.method == "beside today's placement"
    assert sum(fill.nodes for fill in found.fills if (1, 1) in fill.pods) == 1
    kept = {fill.pods for fill in present_fills(problem)}
    assert len(kept & {fill.pods for fill in found.fills}) == 2


def test_as_good_a_placement_with_fewer_nodes_moves_nothing() -> None:
    problem = replace(standing(), demand=np.array([6, 1]), size=np.array([[1], [1]]))
    found = solve(problem, objective="resource")
    assert sum(fill.nodes for fill in found.fills) == 3


@given(tiny_problems(tiers=1))
def test_a_placement_divided_into_pieces_is_that_placement(problem: PackingProblem) -> None:
    fills = solve(problem, objective="priority", deterministic_limit=0.5).fills
    pieces = split(problem, ranked=True, quotas=guided_quotas(problem, placed_of(problem, fills).astype(float)))
    divided = pieces.divide(fills)
    assert violations(pieces.problem, divided) == []
    again = pieces.merge(divided)
    assert violations(problem, again) == []
    assert placed_by_rank(problem, again) <= placed_by_rank(problem, fills)
    if not (problem.spreads or problem.caps):
        assert placed_by_rank(problem, again) == placed_by_rank(problem, fills)


def test_slack_raises_node_weights_and_leaves_the_bound() -> None:
    problem = problem_of(size=[[3], [2]], demand=[4, 5], capacity=[[7]], supply=[2])
    weights, holds = [3000, 2000], [7000]
    bound = bound_of_weights(problem, weights, holds, (0,), 0)
    raised = with_slack(problem, weights, holds, (0,), 0)
    assert raised[0] > holds[0]
    assert bound_of_weights(problem, weights, raised, (0,), 0) == bound
    assert bound_of_weights(problem, weights, [raised[0] + 7], (0,), 0) != bound


def test_without_a_placement_of_today_nothing_is_offered_beside_it() -> None:
    search = Search(full(2), no_limit(), 0)
    search.fill_up()
    assert search.incumbent.fills == ()
    assert not search.is_settled()


def test_a_placement_at_its_bounds_is_settled() -> None:
    problem = problem_of(size=[[3]], demand=[2], capacity=[[4]], supply=[2])
    search = Search(problem, no_limit(), 0)
    search.offer((Fill(0, 2, ((0, 1),)),), "by hand")
    assert search.is_settled()
