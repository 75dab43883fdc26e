"""Objectives in a list: values and bounds are lists, and a bound holds given the values of the levels before it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from binpack.optimal.answer import checked_answer
from binpack.optimal.certificate import certificate
from binpack.optimal.problem import PackingProblem, problem_of
from binpack.optimal.solve import solve
from binpack.optimal.verify import verify
from binpack.testing.packing_problems import brute_force, tiny_problems


def document_of(problem: PackingProblem, objective: Any = "priority") -> Any:
    return json.loads(json.dumps(certificate(problem, solve(problem, objective=objective, deterministic_limit=1.0))))


def two_tiers() -> PackingProblem:
    """Two nodes of four: two pods of three come first, then four pods of one; all of the first leave room for two of the others."""
    return problem_of(size=[[3], [1]], demand=[2, 4], capacity=[[4]], supply=[2], tier=[0, 1])


@given(tiny_problems(tiers=3))
def test_lists_have_one_number_a_tier(problem: PackingProblem) -> None:
    best = brute_force(problem, goal="priority")
    answer = checked_answer(document_of(problem))
    assert answer.verified
    assert answer.objective == best
    assert isinstance(answer.bound, tuple)
    assert len(answer.bound) == len(best) == len(answer.document["levels"])
    for bound, value in zip(answer.bound, best, strict=True):
        assert bound is None or bound >= value


def test_a_bound_takes_the_tiers_before_for_granted() -> None:
    document = document_of(two_tiers())
    assert [(level["value"], level["bound"]["value"]) for level in document["levels"]] == [(2, 2), (2, 2)]
    assert document["kind"] == "tiers"
    assert verify(document).optimal


def test_less_in_the_first_tier_takes_the_bound_of_the_second_away() -> None:
    document = document_of(two_tiers())
    # One pod of three and all four of one: legal, and more pods in all.
    document["placement"] = [[0, 1, [[0, 1], [1, 1]]], [0, 1, [[1, 3]]]]
    document["levels"][0]["value"], document["levels"][1]["value"] = 1, 4
    verdict = verify(document)
    assert not verdict.verified
    assert any(problem.startswith("status: says optimal") for problem in verdict.problems)
    assert any("levels[1]" in problem and "the proof gives 4" in problem for problem in verdict.problems)
    # Told as it is, it is a placement, and no optimum.
    document["status"], document["levels"][1]["bound"]["value"] = "feasible", 4
    honest = verify(document)
    assert honest.verified
    assert not honest.optimal
    assert [(level.value, level.proven) for level in honest.levels] == [(1, 2), (4, 4)]


@pytest.mark.parametrize("level", [0, 1])
def test_a_value_that_is_not_there(level: int) -> None:
    document = document_of(two_tiers())
    document["levels"][level]["value"] += 1
    assert not verify(document).verified


def test_an_amount_between_what_must_be_placed_and_the_rest() -> None:
    problem = problem_of(
        size=[[2, 1], [3, 1], [1, 1]],
        demand=[1, 2, 3],
        capacity=[[6, 2]],
        supply=[1],
        must_place=np.array([True, False, False]),
        tier=[0, 0, 1],
        value=[1, 3, 1],
        base=2,
    )
    # One place is taken by what must be placed, the other is worth 3; nothing is left for the rest.
    answer = checked_answer(document_of(problem, "resource"))
    assert answer.objective == answer.bound == (1, 5, 0) == brute_force(problem, goal="resource")
    assert str(answer.status) == "optimal"
