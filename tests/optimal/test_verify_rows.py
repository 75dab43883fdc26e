"""Bounds with rows of zones: whatever the prices, no bound exceeds a placement; good prices prove what weights alone cannot."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from binpack.errors import CertificateError
from binpack.optimal.couplings import DomainCap, Spread
from binpack.optimal.problem import PackingProblem, problem_of
from binpack.optimal.verify_bounds import proven_bound
from binpack.optimal.verify_instance import CheckedInstance, read_instance
from binpack.testing.packing_problems import brute_force, tiny_problems


def checked(problem: PackingProblem) -> CheckedInstance:
    return read_instance(json.loads(json.dumps(problem.canonical())))


@st.composite
def rows_of(draw: st.DrawFn, problem: PackingProblem) -> list[dict[str, Any]]:
    """Any rows that the instance has, at any price."""
    rows: list[dict[str, Any]] = []
    price = st.integers(0, 4)
    for number, spread in enumerate(problem.spreads):
        for domain in range(len(spread.base)):
            rows.append({"row": "most", "spread": number, "domain": domain, "price": draw(price)})
            rows.append({"row": "least", "spread": number, "domain": domain, "price": draw(price)})
            others = [None] if spread.zero_minimum else list(range(len(spread.base)))
            rows += [{"row": "above", "spread": number, "domain": domain, "other": o, "price": draw(price)} for o in others]
    for number, cap in enumerate(problem.caps):
        rows += [{"row": "cap", "cap": number, "domain": domain, "price": draw(price)} for domain in range(len(cap.room))]
    return rows


@given(tiny_problems(tiers=1, costs=True), st.data())
def test_no_prices_prove_more_than_the_truth(problem: PackingProblem, data: st.DataObject) -> None:
    assume(problem.spreads or problem.caps)
    pods, cost = brute_force(problem, goal="cost")
    weights = data.draw(st.lists(st.integers(0, 5), min_size=problem.pod_classes, max_size=problem.pod_classes))
    proof = {
        "kind": "dual",
        "weights": weights,
        "nodeWeights": [data.draw(st.integers(0, 12)) for _ in range(problem.node_classes)],
        "multipliers": [[data.draw(st.integers(0, 2)) for _ in problem.resources] for _ in range(problem.node_classes)],
        "multiplierScale": 1,
        "rows": data.draw(rows_of(problem)),
    }
    bound, possible = proven_bound(checked(problem), proof, [pods], None, 10_000)
    assert possible
    assert bound is not None
    assert bound <= cost
    bound, possible = proven_bound(checked(problem), proof, [0], 0, 10_000)
    assert possible
    assert bound is not None
    assert bound >= pods


def two_zones() -> PackingProblem:
    """Six pods, at most one more in a zone than in the other; nodes of zone b are small, so that three are needed there."""
    spread = Spread((0,), (0, 1), (0, 0), 1)
    return problem_of(size=[[1]], demand=[6], capacity=[[6], [1]], supply=[2, 6], spreads=(spread,))


def test_a_row_of_zones_proves_what_weights_alone_cannot() -> None:
    instance = checked(two_zones())
    dual = {"kind": "dual", "nodeWeights": [6, 1], "multipliers": [[1], [1]], "multiplierScale": 1}
    assert proven_bound(instance, {**dual, "weights": [1]}, [6], None, 100) == (1, True)
    # At most three pods in zone a: what a node there holds beyond that is worth nothing.
    rows = [{"row": "most", "spread": 0, "domain": 0, "price": 1}]
    bound = proven_bound(instance, {**dual, "weights": [1], "nodeWeights": [0, 1], "rows": rows}, [6], None, 100)
    assert bound == (3, True)


@pytest.mark.parametrize(
    ("row", "allowed"),
    [
        ({"row": "most", "spread": 0, "domain": 0}, 3),
        ({"row": "least", "spread": 0, "domain": 0}, -3),
        ({"row": "above", "spread": 0, "domain": 0, "other": 1}, 1),
        ({"row": "cap", "cap": 0, "domain": 0}, 4),
    ],
)
def test_what_a_row_allows_for(row: dict[str, Any], allowed: int) -> None:
    from binpack.optimal.verify_rows import read_rows

    problem = two_zones()
    capped = problem_of(
        size=[[1]], demand=[6], capacity=[[6], [1]], supply=[2, 6], spreads=problem.spreads, caps=(DomainCap((0,), (0, 1), (4, 5)),)
    )
    assert [each.allowed for each in read_rows(checked(capped), [{**row, "price": 1}], [6])] == [allowed]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"row": "below", "spread": 0, "domain": 0, "price": 1}, "row: 'below' (accepted: above, most, least, cap)"),
        ({"row": "most", "spread": 1, "domain": 0, "price": 1}, "spread, domain and price"),
        ({"row": "most", "spread": 0, "domain": 2, "price": 1}, "spread, domain and price"),
        ({"row": "most", "spread": 0, "domain": 0, "price": -1}, "spread, domain and price"),
        ({"row": "above", "spread": 0, "domain": 0, "other": 7, "price": 1}, "other: 7"),
        ({"row": "above", "spread": 0, "domain": 0, "other": None, "price": 1}, "other is null"),
        (3, "a list of objects"),
    ],
)
def test_what_is_no_row(row: Any, message: str) -> None:
    proof = {"kind": "dual", "weights": [1], "nodeWeights": [1, 1], "multipliers": [[1], [1]], "multiplierScale": 1, "rows": [row]}
    with pytest.raises(CertificateError) as error:
        proven_bound(checked(two_zones()), proof, [6], None, 100)
    assert message in str(error.value)
