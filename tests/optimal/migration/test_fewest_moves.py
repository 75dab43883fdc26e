"""The fewest moves against trying everything, and certificates against a checker that knows nothing of the solver."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.optimal.budget import Budget
from binpack.optimal.legality import violations
from binpack.optimal.migration.certificate import moves_certificate
from binpack.optimal.migration.fewest import fewest_moves
from binpack.optimal.migration.ordering import order_moves
from binpack.optimal.migration.today import Today, today_of
from binpack.optimal.migration.waves import Leg, waves_of
from binpack.optimal.problem import Integers, PackingProblem, problem_of
from binpack.optimal.verify_moves import verify_moves
from binpack.testing.packing_problems import tiny_problems


def contents(problem: PackingProblem) -> list[Integers]:
    """All placements of all pods, int64[m, N], that are legal."""
    pods = [i for i in range(problem.pod_classes) for _ in range(int(problem.demand[i]))]
    found = {}
    kinds = np.repeat(np.arange(problem.node_classes), problem.supply)
    for choice in product(range(kinds.size), repeat=len(pods)):
        held = np.zeros((problem.pod_classes, kinds.size), np.int64)
        np.add.at(held, (pods, list(choice)), 1)
        found[held.tobytes()] = held
    return [held for held in found.values() if is_legal(problem, held)]


def is_legal(problem: PackingProblem, held: Integers) -> bool:
    kinds = np.repeat(np.arange(problem.node_classes), problem.supply)
    fits = (problem.size.T @ held <= problem.capacity[kinds].T).all() and (held <= problem.limit[:, kinds]).all()
    apart = all(not (held[list(e.left)].any(axis=0) & held[list(e.right)].any(axis=0)).any() for e in problem.exclusions)
    return bool(fits and apart)


def budget() -> Budget:
    return Budget(deterministic_limit=0.5, time_limit_s=None)


@given(tiny_problems(couplings=False, tiers=1), st.data())
def test_bound_and_plan_agree_with_trying_everything(problem: PackingProblem, data: st.DataObject) -> None:
    everything = contents(problem)
    if not everything:
        return
    today = Today(problem, data.draw(st.sampled_from(everything)))
    target = data.draw(st.integers(1, problem.nodes))
    possible = [today.moved(held) for held in everything if (held.sum(axis=0) > 0).sum() <= target]
    found = fewest_moves(today, target, budget(), 0)
    if not possible:
        assert found.packing is None
    elif found.bound is not None:
        assert found.bound.value is not None
        assert found.bound.value <= min(possible)
    if found.packing is not None:
        assert today.moved(found.packing.held) == min(possible)
        assert is_legal(problem, found.packing.held)
        assert violations(problem, found.packing.fills()) == []
    if found.bound is not None:
        problems, moves, proven, _ = verify_moves(json.loads(json.dumps(moves_certificate(today, found, "feasible", repeatable=True))))
        assert problems == []
        assert moves is None or moves == min(possible)
        assert proven == found.bound.value


def consolidation(nodes: int = 12, seed: int = 0) -> Today:
    """Pods of three sizes over half-full nodes."""
    generator = np.random.default_rng([5, seed])
    held = generator.integers(0, 3, (3, nodes))
    problem = problem_of(size=[[1, 2], [2, 1], [3, 3]], demand=held.sum(axis=1), capacity=[[14, 14]], supply=[nodes])
    return Today(problem, held)


@pytest.mark.parametrize("seed", range(4))
def test_order_is_possible_at_every_step_and_in_every_wave(seed: int) -> None:
    today = consolidation(seed=seed)
    problem = today.problem
    least = max(-(-int((problem.size[:, r] * problem.demand).sum()) // 14) for r in range(2))
    found = fewest_moves(today, least + 1, budget(), seed)
    assert found.packing is not None
    order = order_moves(today, found.packing.held)
    assert order.stuck == ()
    held = today.held.copy()
    for move in order.moves:
        assert move.origin is not None
        held[move.pod_class, move.origin] -= 1
        held[move.pod_class, move.target] += 1
        assert (problem.size.T @ held <= 14).all()
    assert (held == found.packing.held).all()
    legs = [Leg(f"p{n}", m.pod_class, m.origin, m.target, (0,) if m.pod_class == 0 else ()) for n, m in enumerate(order.moves)]
    waves = waves_of(today, legs, [2])
    state = today.held.copy()
    for wave in range(1, max(waves) + 1):
        together = [leg for leg, own in zip(legs, waves, strict=True) if own == wave]
        assert together
        assert sum(bool(leg.budgets) for leg in together) <= 2
        for leg in together:
            # Whatever has not left yet may still be there.
            state[leg.pod_class, leg.target] += 1
        assert (problem.size.T @ state <= 14).all()
        for leg in together:
            assert leg.origin is not None
            state[leg.pod_class, leg.origin] -= 1
    assert (state == found.packing.held).all()


def test_a_circle_is_broken_by_a_hop() -> None:
    problem = problem_of(size=[[3], [2]], demand=[1, 1], capacity=[[3]], supply=[3], limit=[[1], [1]])
    today = Today(problem, np.array([[1, 0, 0], [0, 1, 0]]))
    order = order_moves(today, np.array([[0, 1, 0], [1, 0, 0]]))
    assert order.stuck == ()
    assert [move.final for move in order.moves].count(False) == 1
    assert len(order.moves) == 3


def test_a_circle_without_any_room_is_said_to_be_stuck() -> None:
    problem = problem_of(size=[[3], [2]], demand=[1, 1], capacity=[[3]], supply=[2])
    order = order_moves(Today(problem, np.array([[1, 0], [0, 1]])), np.array([[0, 1], [1, 0]]))
    assert order.moves == ()
    assert {(pod_class, node) for pod_class, node, _ in order.stuck} == {(0, 0), (1, 1)}


def test_so_few_nodes_are_proven_impossible() -> None:
    today = consolidation()
    found = fewest_moves(today, 1, budget(), 0)
    assert found.impossible
    problems, moves, _, possible = verify_moves(moves_certificate(today, found, "infeasible", repeatable=True))
    assert (problems, moves, possible) == ([], None, False)


@pytest.mark.parametrize("change", ["value", "bound", "placement", "today", "weights", "status", "target"])
def test_a_changed_certificate_is_rejected_or_weaker(change: str) -> None:
    today = consolidation(seed=1)
    problem = today.problem
    least = max(-(-int((problem.size[:, r] * problem.demand).sum()) // 14) for r in range(2))
    found = fewest_moves(today, least + 1, budget(), 0)
    document = copy.deepcopy(moves_certificate(today, found, "feasible", repeatable=True))
    assert verify_moves(document)[0] == []
    level = document["levels"][0]
    if change == "value":
        level["value"] -= 1
    elif change == "bound":
        level["bound"]["value"] += 1
    elif change == "placement":
        document["placement"].pop()
    elif change == "today":
        document["today"][0][1] += 1
    elif change == "weights":
        level["bound"]["proof"]["nodePrice"] = 0
    elif change == "status":
        document["status"] = "infeasible"
    else:
        document["target"] = 0
    assert verify_moves(document)[0] != []


def test_the_same_seed_gives_the_same_certificate() -> None:
    today = consolidation(seed=2)
    texts = {json.dumps(moves_certificate(today, fewest_moves(today, 8, budget(), 3), "feasible", repeatable=True)) for _ in range(2)}
    assert len(texts) == 1


def test_prices_are_no_counts_of_nodes() -> None:
    with pytest.raises(ValueError, match="cost 1"):
        today_of(replace(consolidation().problem, cost=np.array([3])))
