"""Spread, caps, anti-affinity by hostname and exclusions together, against trying everything; and what the rows of zones are good for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binpack.errors import CertificateError
from binpack.optimal.budget import Budget
from binpack.optimal.certificate import certificate
from binpack.optimal.couplings import DomainCap, Exclusion, Spread
from binpack.optimal.guided_quotas import guided_quotas
from binpack.optimal.legality import breaks_cap, breaks_spread, violations
from binpack.optimal.methods.column_generation import ColumnGeneration
from binpack.optimal.problem import PackingProblem, problem_of
from binpack.optimal.quotas import merged, split
from binpack.optimal.solution import Status
from binpack.optimal.solve import solve
from binpack.optimal.verify import verify
from binpack.optimal.verify_instance import read_instance
from binpack.optimal.verify_rows import read_rows
from binpack.optimal.zone_rows import credit_of, zone_rows
from binpack.testing.packing_problems import brute_force, tiny_problems


@st.composite
def zoned_problems(draw: st.DrawFn) -> PackingProblem:
    """Two or three zones with unequal nodes, and at least one rule between them."""
    zones, classes = draw(st.integers(2, 3)), draw(st.integers(1, 2))
    demand = [draw(st.integers(1, 4 if classes == 1 else 2)) for _ in range(classes)]
    domain = tuple(range(zones))
    everyone = tuple(range(classes))
    counted = draw(st.sampled_from([(0,), everyone]))
    base = tuple(draw(st.integers(0, 1)) for _ in domain)
    spread = Spread(counted, domain, base, draw(st.integers(1, 2)), draw(st.booleans()))
    cap = DomainCap((classes - 1,), domain, tuple(draw(st.integers(0, 3)) for _ in domain))
    rules = draw(st.sampled_from(["spread", "cap", "both"]))
    apart = classes == 2 and draw(st.booleans())
    alone = np.array([[draw(st.sampled_from([1, 4]))] * zones for _ in everyone])
    return problem_of(
        size=[[draw(st.integers(1, 3))] for _ in everyone],
        demand=demand,
        capacity=[[draw(st.integers(2, 6))] for _ in domain],
        supply=[draw(st.integers(1, 2)) for _ in domain],
        cost=[draw(st.integers(1, 5)) for _ in domain],
        limit=np.minimum(alone, np.array(demand)[:, None]),
        spreads=() if rules == "cap" else (spread,),
        caps=() if rules == "spread" else (cap,),
        exclusions=(Exclusion((0,), (1,)),) if apart else (),
    )


def check(problem: PackingProblem) -> None:
    """The solver finds the optimum, no bound is better, and the checker agrees with both."""
    placed, cost = brute_force(problem, goal="cost")
    solution = solve(problem, objective="cost", deterministic_limit=1.0)
    assert violations(problem, solution.fills) == []
    assert [level.value for level in solution.levels] == ([cost] if len(solution.levels) == 1 else [placed, cost])
    for level, value in zip(reversed(solution.levels), (cost, placed), strict=False):
        if level.proven is not None:
            assert level.proven >= value if level.maximise else level.proven <= value
    verdict = verify(json.loads(json.dumps(certificate(problem, solution))))
    assert verdict.verified, verdict.problems
    assert verdict.optimal == (solution.status is Status.OPTIMAL)


@given(zoned_problems())
def test_zones_against_trying_everything(problem: PackingProblem) -> None:
    check(problem)


@pytest.mark.deep
@settings(max_examples=500)
@given(zoned_problems())
def test_many_zones_against_trying_everything(problem: PackingProblem) -> None:
    check(problem)


@pytest.mark.deep
@settings(max_examples=500)
@given(tiny_problems(costs=True, tiers=1))
def test_many_couplings_against_trying_everything(problem: PackingProblem) -> None:
    check(problem)


@given(zoned_problems())
def test_the_pattern_bound_with_rows_of_zones_never_exceeds_the_optimum(problem: PackingProblem) -> None:
    placed, cost = brute_force(problem, goal="cost")
    pieces = merged(problem, ranked=False)
    generation = ColumnGeneration(pieces.problem, pieces.problem.rank_demand, None, Budget(deterministic_limit=1.0, time_limit_s=None))
    generation.start([])
    generation.run(enough=None, known=None, exact=True)
    if placed < problem.pods:
        return
    assert generation.bound is not None
    assert generation.bound.value is not None
    assert generation.bound.value <= cost


@given(zoned_problems(), st.booleans())
def test_solver_and_checker_read_the_same_rows(problem: PackingProblem, counted: bool) -> None:
    goal = 0 if counted else None
    rows = zone_rows(problem, problem.rank_demand, goal)
    instance = read_instance(json.loads(json.dumps(problem.canonical())))
    required = [0] * len(problem.rank_demand) if counted else list(problem.rank_demand)
    raw: list[dict[str, Any]] = []
    for row in rows:
        kind, number, domain, other, price = row.priced(3)
        raw.append({"row": kind, "cap" if kind == "cap" else "spread": number, "domain": domain, "other": other, "price": price})
    checked = read_rows(instance, raw, required)
    assert [(row.allowed, row.coefficient) for row in checked] == [(row.allowed, row.coefficient.tolist()) for row in rows]
    credit = credit_of(problem, [row.priced(3) for row in rows], problem.rank_demand, goal)
    assert credit == sum(3 * row.allowed for row in checked)


def uneven() -> PackingProblem:
    """Nodes of zone a are cheap, those of zone c dear; eight pods may differ by two between zones."""
    spread = Spread((0,), (0, 1, 2), (0, 0, 0), 2)
    return problem_of(size=[[1]], demand=[8], capacity=[[2], [2], [2]], supply=[8, 8, 8], cost=[1, 2, 6], spreads=(spread,))


def test_rows_of_zones_prove_the_optimum_where_a_relaxation_does_not() -> None:
    problem = uneven()
    solution = solve(problem, objective="cost")
    # Four pods in a, two in b and two in c: 2 + 2 + 6.
    assert (solution.objective, solution.status) == (10, Status.OPTIMAL)
    bound = solution.levels[0].bound
    assert bound is not None
    assert bound.proof.rows
    assert solve(replace(problem, spreads=()), objective="cost").objective == 4
    assert verify(certificate(problem, solution)).optimal


def test_quotas_follow_the_fractions_as_far_as_the_spread_allows() -> None:
    problem = uneven()
    quotas = guided_quotas(problem, np.array([[4.0, 2.0, 2.0]]))
    pieces = split(problem, ranked=False, quotas=quotas)
    assert sorted((int(np.flatnonzero(mask)[0]), pods) for mask, pods in quotas[0]) == [(0, 4), (1, 2), (2, 2)]
    assert pieces.problem.pods == 8
    # What the spread does not allow is dealt out as near to it as may be.
    greedy = guided_quotas(problem, np.array([[8.0, 0.0, 0.0]]))
    assert sorted((int(np.flatnonzero(mask)[0]), pods) for mask, pods in greedy[0]) == [(0, 4), (1, 2), (2, 2)]


@given(zoned_problems(), st.data())
def test_guided_quotas_keep_every_rule(problem: PackingProblem, data: st.DataObject) -> None:
    guide = np.array([[data.draw(st.floats(0, 4)) for _ in range(problem.node_classes)] for _ in range(problem.pod_classes)])
    quotas = guided_quotas(problem, guide)
    placed = np.zeros((problem.pod_classes, problem.node_classes), np.int64)
    for pod_class, shares in quotas.items():
        assert sum(pods for _, pods in shares) == problem.demand[pod_class]
        for mask, pods in shares:
            if mask.any():
                placed[pod_class, np.flatnonzero(mask)[0]] += pods
    assert not any(breaks_spread(spread, placed) for spread in problem.spreads)
    assert not any(breaks_cap(cap, placed) for cap in problem.caps)


@pytest.mark.parametrize("by", [-1, 1, 40])
def test_changed_prices_of_rows_are_rejected_or_prove_no_more(by: int) -> None:
    problem = uneven()
    document = certificate(problem, solve(problem, objective="cost"))
    rows = document["levels"][0]["bound"]["proof"]["rows"]
    for number in range(len(rows)):
        for key in ("price", "domain", "spread"):
            changed = json.loads(json.dumps(document))
            entry = changed["levels"][0]["bound"]["proof"]["rows"][number]
            entry[key] = entry[key] + (by * 1000 if key == "price" else by)
            try:
                verdict = verify(changed)
            except CertificateError:
                continue
            proven = verdict.levels[0].proven
            assert proven is None or proven <= 10
            assert not verdict.verified or proven == 10
