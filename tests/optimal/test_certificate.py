"""Certificates: what the solver writes is verified, and whatever is changed in it is rejected or proves less."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from binpack.errors import CertificateError
from binpack.optimal.certificate import certificate
from binpack.optimal.device_problem import DeviceProblem, NodeKind, PodKind
from binpack.optimal.methods.device_patterns import device_bound
from binpack.optimal.problem import PackingProblem, problem_of
from binpack.optimal.proof import Proof
from binpack.optimal.solution import Status
from binpack.optimal.solve import solve
from binpack.optimal.verify import digest_of, verify
from binpack.testing.packing_problems import brute_force, planted, tiny_problems


def document_of(problem: PackingProblem, goal: Any, limit: float = 1.0) -> Any:
    return json.loads(json.dumps(certificate(problem, solve(problem, objective=goal, deterministic_limit=limit))))


def with_a_dual() -> Any:
    """Sum bound 2, optimum 3: every pod weighs 1, a node holds two. At a seventh a unit both kinds of pods cost what they weigh."""
    problem = problem_of(size=[[4, 3], [3, 4]], demand=[3, 2], capacity=[[9, 9]], supply=[5])
    document = document_of(problem, "nodes")
    proof = Proof("dual", "by hand", None, (1, 1), (2,), ((1, 1),), 7)
    document["levels"][0]["bound"] = {"value": 3, "proof": json.loads(json.dumps(proof.document()))}
    return {**document, "kind": "dual"}


@given(tiny_problems(costs=True), st.sampled_from(["cost", "priority"]))
def test_a_certificate_is_verified_and_optimal_if_the_solver_says_so(problem: PackingProblem, goal: Any) -> None:
    document = document_of(problem, goal)
    verdict = verify(document)
    assert verdict.verified, verdict.problems
    assert verdict.optimal == (document["status"] == "optimal")


@given(tiny_problems(costs=True), st.data())
def test_a_changed_certificate_never_proves_more_than_the_truth(problem: PackingProblem, data: st.DataObject) -> None:
    """Change one number anywhere (with a fitting digest): the checker's own bound stays on the safe side of the true optimum."""
    document = document_of(problem, "cost")
    optimum = brute_force(problem, goal="cost")
    changed = copy.deepcopy(document)
    part = data.draw(st.sampled_from(["placement", "levels"]))
    paths = list(_numbers(changed[part], (part,)))
    assume(paths)
    path = data.draw(st.sampled_from(paths))
    _set(changed, path, data.draw(st.integers(0, 8)))
    assume(changed != document)
    try:
        verdict = verify(changed)
    except CertificateError:
        return
    if len(verdict.levels) < len(optimum):
        optimum = optimum[len(problem.rank_demand) :]
    if not verdict.verified:
        return
    # Whatever passes is true: the values are those of a legal placement, the bounds are bounds. Later levels depend on earlier ones.
    for level, best in zip(verdict.levels, optimum, strict=True):
        assert level.value is None or (level.value <= best if level.maximise else level.value >= best)
        if level.proven is not None:
            assert level.proven >= best if level.maximise else level.proven <= best
        if level.value != best:
            break


def _numbers(value: Any, path: tuple[Any, ...]) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        yield path
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _numbers(item, (*path, number))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, (*path, key))


def _set(document: Any, path: tuple[Any, ...], number: int) -> None:
    for step in path[:-1]:
        document = document[step]
    document[path[-1]] = number


def test_an_instance_that_was_changed_no_longer_fits_its_digest() -> None:
    document = document_of(planted(0, bins=4), "nodes")
    document["instance"]["capacity"][0][0] += 1
    assert "digest" in verify(document).problems[0]
    document["digest"] = digest_of(document["instance"])
    assert not any("digest" in problem for problem in verify(document).problems)


def test_a_pattern_bound_is_checked_by_its_weights() -> None:
    document = with_a_dual()
    proof = document["levels"][0]["bound"]["proof"]
    assert (document["status"], document["levels"][0]["value"]) == ("optimal", 3)
    assert verify(document).optimal
    assert verify(document, step_limit=0).optimal
    proof["nodeWeights"], proof["multipliers"] = [1], [[0, 0]]
    # A false claim about what a node can hold falls back to what the multipliers prove: the bound is weaker than stated.
    verdict = verify(document)
    assert not verdict.verified
    assert verdict.levels[0].proven == 2


def test_useless_multipliers_cost_steps_but_not_truth() -> None:
    document = with_a_dual()
    document["levels"][0]["bound"]["proof"]["multipliers"] = [[0, 0]]
    assert verify(document).optimal
    assert not verify(document, step_limit=1).verified


@pytest.mark.parametrize(
    ("why", "change", "message"),
    [
        ("one pod too many", lambda d: d["placement"][0][2][0].__setitem__(1, 9), "placement[0]"),
        ("a pod left out", lambda d: d["placement"][0][2].pop(), "though the cost alone is stated"),
        ("a node too many", lambda d: d["placement"][0].__setitem__(1, 99), "nodes used of"),
        ("a better value than the placement has", lambda d: d["levels"][0].__setitem__("value", 3), "states the value 3"),
        ("a better bound than is proven", lambda d: d["levels"][0]["bound"].__setitem__("value", 5), "states the bound 5"),
    ],
)
def test_false_statements(why: str, change: Any, message: str) -> None:
    document = document_of(planted(0, bins=4), "nodes")
    change(document)
    problems = verify(document).problems
    assert any(message in problem for problem in problems), (why, problems)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("schema"), "schema"),
        (lambda d: d.__setitem__("version", 2), "version: 2"),
        (lambda d: d.pop("instance"), "instance: missing"),
        (lambda d: d["instance"].__setitem__("demand", [0]), "instance.demand"),
        (lambda d: d["instance"]["size"].pop(), "instance.size"),
        (lambda d: d["instance"].__setitem__("caps", [[[0], [7], [1]]]), "instance.caps"),
        (lambda d: d.__setitem__("placement", [[0, 1]]), "placement[0]"),
        (lambda d: d["placement"][0].__setitem__(0, 7), "does not have"),
        (lambda d: d.__setitem__("levels", []), "levels: missing"),
        (lambda d: d["levels"][0].__setitem__("rank", 3), "levels[0].rank"),
        (lambda d: d["levels"][0].pop("rank"), "levels[0].rank: missing"),
        (lambda d: d["levels"][0]["bound"]["proof"].__setitem__("kind", "solver"), "proof.kind: 'solver'"),
        (lambda d: d["levels"][0]["bound"]["proof"].__setitem__("resource", 9), "proof.resource: 9"),
    ],
)
def test_what_cannot_be_read(change: Any, message: str) -> None:
    document = document_of(planted(0, bins=4), "nodes")
    change(document)
    with pytest.raises(CertificateError) as error:
        verify(document)
    assert message in str(error.value)


def test_infeasibility_is_certified() -> None:
    problem = problem_of(size=[[2]], demand=[5], capacity=[[4]], supply=[2], must_place=np.array([True]))
    solution = solve(problem, objective="nodes")
    assert solution.status is Status.INFEASIBLE
    verdict = verify(json.loads(json.dumps(certificate(problem, solution))))
    assert verdict.verified
    assert not verdict.optimal
    assert (verdict.levels[0].value, verdict.levels[0].proven) == (None, 4)


def test_what_must_be_placed_is() -> None:
    problem = problem_of(size=[[2], [1]], demand=[2, 1], capacity=[[4]], supply=[2], must_place=np.array([True, False]))
    document = json.loads(json.dumps(certificate(problem, solve(problem, objective="priority"))))
    assert verify(document).optimal
    document["placement"] = []
    document["levels"][0]["value"] = document["levels"][1]["value"] = 0
    assert "placement: pods that must be placed are left out" in verify(document).problems


def test_same_search_same_bytes() -> None:
    texts = [json.dumps(certificate(p, solve(p, objective="nodes", deterministic_limit=1.0))) for p in [planted(5, bins=6)] * 2]
    assert texts[0] == texts[1]


def test_the_checker_imports_neither_numpy_nor_a_solver_nor_the_builder() -> None:
    code = (
        "import sys, binpack.optimal.verify; "
        "print([m for m in sys.modules if m in ('numpy', 'ortools', 'highspy') or m.startswith('binpack.optimal.')])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all("verify" in name or "verdict" in name for name in loaded.split("'")[1::2]), loaded
    assert "binpack.optimal.verify_bounds" in loaded


def test_documents_about_devices_are_checked_too() -> None:
    pods, nodes = (PodKind(1, 1, 600, 1, 9),), (NodeKind(100, 100, 4, 2),)
    problem = DeviceProblem(pods, nodes, ((True,),))
    document = json.loads(json.dumps(device_bound(problem).certificate(problem)))
    verdict = verify(document)
    assert verdict.verified
    assert (verdict.levels[0].maximise, verdict.levels[0].proven) == (True, 4800)
    document["bound"] = 4200
    assert verify(document).problems == ("bound: states 4200 milli, the prices prove 4800",)
    document["digest"] = "0"
    assert not verify(document).verified


def test_each_tier_has_a_bound_of_its_own() -> None:
    """Two tiers fit and are counted, the third lacks room: three proofs, and none of them can be had cheaper."""
    problem = problem_of(size=[[2], [3], [4]], demand=[2, 2, 4], capacity=[[9]], supply=[2], tier=[0, 1, 2])
    document = document_of(problem, "priority")
    assert document["kind"] == "tiers"
    assert [level["bound"]["proof"]["kind"] for level in document["levels"][:2]] == ["count", "count"]
    assert document["levels"][2]["bound"]["proof"]["kind"] != "count"
    assert verify(document).optimal
    for number, level in enumerate(document["levels"]):
        changed = copy.deepcopy(document)
        changed["levels"][number]["bound"]["value"] = level["bound"]["value"] - 1
        (problem_found, *_) = verify(changed).problems
        assert f"levels[{number}]" in problem_found
