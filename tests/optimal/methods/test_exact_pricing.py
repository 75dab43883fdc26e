"""Three pricers, one answer: branch and bound, table and CP-SAT agree with each other and with trying everything."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.optimal.methods.exact_pricing import by_cp_sat, by_table, heaviest_content, table_loads
from binpack.optimal.methods.knapsack import Heaviest, NodeKnapsack
from binpack.optimal.problem import PackingProblem, problem_of
from binpack.testing.packing_problems import tiny_problems


def weight_of(found: Heaviest, weights: list[int]) -> int:
    assert found.content is not None
    return sum(weights[pod_class] * pods for pod_class, pods in found.content)


def holds(problem: PackingProblem, found: Heaviest) -> bool:
    assert found.content is not None
    load = sum(problem.size[pod_class] * pods for pod_class, pods in found.content)
    return bool((load <= problem.capacity[0]).all()) and all(pods <= problem.most[i, 0] for i, pods in found.content)


@given(tiny_problems(), st.data())
def test_all_three_agree(problem: PackingProblem, data: st.DataObject) -> None:
    weights = [data.draw(st.integers(0, 50)) for _ in range(problem.pod_classes)]
    above = data.draw(st.integers(0, 60))
    knapsack = NodeKnapsack(problem, 0)
    searched = knapsack.heaviest(weights, knapsack.multipliers(weights), above=above, step_limit=10**6)
    for other in (by_table(knapsack, weights, above=above), by_cp_sat(knapsack, weights, above=above)):
        if other is None:
            assert table_loads(knapsack) is None
            continue
        assert (other.content is None) == (searched.content is None)
        if other.content is not None:
            assert other.weight == weight_of(other, weights) == searched.weight > above
            assert other.upper == searched.weight
            assert holds(problem, other)


def one_resource(seed: int, classes: int) -> tuple[PackingProblem, list[int]]:
    """Sizes that are nearly proportional to their weights: hard for branch and bound."""
    generator = np.random.default_rng(seed)
    size = generator.integers(1000, 9000, classes)
    problem = problem_of(size=size[:, None], demand=generator.integers(1, 4, classes), capacity=[[19_997]], supply=[50])
    return problem, (size * 100 + generator.integers(0, 30, classes)).tolist()


@pytest.mark.parametrize("seed", range(3))
def test_a_table_where_the_search_takes_long(seed: int) -> None:
    problem, weights = one_resource(seed, 60)
    knapsack = NodeKnapsack(problem, 0)
    multipliers = knapsack.multipliers(weights)
    tabled = by_table(knapsack, weights, above=0)
    assert tabled is not None
    assert tabled.upper == tabled.weight == weight_of(tabled, weights)
    assert holds(problem, tabled)
    found = heaviest_content(knapsack, weights, multipliers, above=0, step_limit=100_000)
    assert found.exact
    assert (found.upper, found.weight) == (tabled.weight, tabled.weight)
    claimed = by_cp_sat(knapsack, weights, above=tabled.weight - 1)
    assert claimed is not None
    assert claimed.weight == tabled.weight
    nothing = by_table(knapsack, weights, above=tabled.weight)
    assert nothing is not None
    assert (nothing.content, nothing.upper) == (None, tabled.weight)


def test_cp_sat_finds_a_column_where_the_search_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two resources, and a threshold just below the heaviest content."""
    generator = np.random.default_rng(5)
    size = generator.integers(100, 1000, (30, 2))
    problem = problem_of(size=size, demand=[2] * 30, capacity=[[3000, 3000]], supply=[50])
    weights = (size.sum(axis=1) * 50 + generator.integers(0, 400, 30)).tolist()
    knapsack = NodeKnapsack(problem, 0)
    multipliers = knapsack.multipliers(weights)
    best = knapsack.heaviest(weights, multipliers, above=0, step_limit=10**6)
    assert best.exact
    assert best.steps > 200
    monkeypatch.setattr("binpack.optimal.methods.exact_pricing.STEPS_BEFORE_CP_SAT", 10)
    found = heaviest_content(knapsack, weights, multipliers, above=best.weight - 1, step_limit=20)
    assert not found.exact
    assert found.weight == weight_of(found, weights) == best.weight
    assert found.upper >= best.weight
