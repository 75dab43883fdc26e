"""The exact knapsack against trying everything."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from binpack.optimal.methods.knapsack import NodeKnapsack
from binpack.optimal.problem import PackingProblem
from binpack.testing.packing_problems import tiny_problems


def heaviest(problem: PackingProblem, weights: list[int]) -> int:
    best = 0
    for counts in product(*(range(int(most) + 1) for most in problem.most[:, 0])):
        together = {i for i, count in enumerate(counts) if count}
        if any(together & set(e.left) and together & set(e.right) for e in problem.exclusions):
            continue
        if (np.array(counts) @ problem.size <= problem.capacity[0]).all():
            best = max(best, sum(weight * count for weight, count in zip(weights, counts, strict=True)))
    return best


@given(tiny_problems(), st.data())
def test_the_heaviest_content(problem: PackingProblem, data: st.DataObject) -> None:
    weights = [data.draw(st.integers(0, 50)) for _ in range(problem.pod_classes)]
    truth = heaviest(problem, weights)
    knapsack = NodeKnapsack(problem, 0)
    for multipliers in (knapsack.multipliers(weights), [0] * len(knapsack.resources)):
        found = knapsack.heaviest(weights, multipliers, above=0, step_limit=10**6)
        assert found.upper == max(truth, 0)
        assert found.weight == truth
        if found.content is not None:
            assert sum(weights[pod_class] * pods for pod_class, pods in found.content) == truth


@given(tiny_problems(), st.data())
def test_a_search_that_was_cut_short_still_bounds(problem: PackingProblem, data: st.DataObject) -> None:
    weights = [data.draw(st.integers(0, 50)) for _ in range(problem.pod_classes)]
    knapsack = NodeKnapsack(problem, 0)
    found = knapsack.heaviest(weights, [0] * len(knapsack.resources), above=0, step_limit=1)
    assert found.upper >= heaviest(problem, weights)


@given(tiny_problems(couplings=False), st.data())
def test_a_threshold_is_proven_or_beaten(problem: PackingProblem, data: st.DataObject) -> None:
    weights = [data.draw(st.integers(0, 50)) for _ in range(problem.pod_classes)]
    above = data.draw(st.integers(0, 120))
    knapsack = NodeKnapsack(problem, 0)
    found = knapsack.heaviest(weights, knapsack.multipliers(weights), above=above, step_limit=10**6)
    truth = heaviest(problem, weights)
    assert (found.content is not None) == (truth > above)
    assert found.upper == (truth if truth > above else found.upper) <= max(truth, above)
