"""A deterministic limit ends every step: the same seed and limit give the same bytes, and no more work than was allowed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from binpack.optimal import solve as solving
from binpack.optimal.budget import Budget
from binpack.optimal.certificate import certificate
from binpack.optimal.linear import LinearProgram
from binpack.optimal.problem import PackingProblem, problem_of
from binpack.optimal.solve import Objective, solve
from binpack.testing.packing_problems import planted


def dear_and_cheap() -> PackingProblem:
    """Forty kinds of pods on three kinds of nodes at different prices, three resources."""
    generator = np.random.default_rng(4)
    size = np.column_stack([generator.integers(1, 120, 40), generator.integers(1, 240, 40), np.ones(40, np.int64)])
    capacity = [[160, 640, 58], [320, 1310, 110], [640, 1310, 110]]
    return problem_of(size=size, demand=generator.integers(1, 60, 40), capacity=capacity, supply=[1000] * 3, cost=[100, 196, 330])


def with_tiers() -> PackingProblem:
    generator = np.random.default_rng(2)
    size = generator.integers(100, 1001, (90, 2))
    demand = generator.integers(1, 4, 90)
    capacity = (size * demand[:, None]).sum(axis=0) // 24
    return problem_of(size=size, demand=demand, capacity=[capacity], supply=[22], tier=generator.integers(0, 3, 90))


@pytest.mark.parametrize("limit", [0.05, 0.4])
@pytest.mark.parametrize(
    ("objective", "problem"), [("nodes", planted(3, bins=150, resources=3)), ("cost", dear_and_cheap()), ("priority", with_tiers())]
)
def test_same_bytes_within_the_limit(monkeypatch: pytest.MonkeyPatch, objective: Objective, problem: PackingProblem, limit: float) -> None:
    budgets: list[Budget] = []

    class Recorded(Budget):
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)  # type: ignore[arg-type]
            budgets.append(self)

    monkeypatch.setattr(solving, "Budget", Recorded)
    one, other = (
        json.dumps(certificate(problem, solve(problem, objective=objective, seed=3, deterministic_limit=limit))) for _ in range(2)
    )
    assert one == other
    assert json.loads(one)["repeatable"]
    assert all(budget.work <= 1.1 * limit for budget in budgets), [budget.work for budget in budgets]
    assert all(budget.work >= 0.9 * limit for budget in budgets) or json.loads(one)["status"] == "optimal"


def test_a_single_linear_program_is_cut() -> None:
    generator = np.random.default_rng(0)
    program = LinearProgram([1.0] * 60, [float("inf")] * 60)
    for _ in range(400):
        rows = np.sort(generator.choice(60, 6, replace=False)).tolist()
        program.add_column(float(generator.uniform(1, 2)), rows, generator.uniform(0.1, 1, 6).tolist())
    assert program.solve(work_limit=1e-4) is None
    assert program.work <= 2e-4
    whole = program.solve()
    assert whole is not None
    assert program.work > 1e-4
