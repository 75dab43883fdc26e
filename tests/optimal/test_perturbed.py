"""Whatever is changed in a certificate, the checker rejects it, or proves less, or what it says is still true."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from binpack.errors import CertificateError
from binpack.optimal.certificate import certificate
from binpack.optimal.couplings import DomainCap, Exclusion, Spread
from binpack.optimal.problem import PackingProblem, problem_of
from binpack.optimal.proof import Proof
from binpack.optimal.solve import solve
from binpack.optimal.verdict import Verdict
from binpack.optimal.verify import digest_of, verify
from binpack.testing.packing_problems import brute_force, planted, tiny_problems

Path = tuple[Any, ...]


def document_of(problem: PackingProblem) -> Any:
    return json.loads(json.dumps(certificate(problem, solve(problem, objective="nodes", deterministic_limit=1.0))))


def numbers(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, int) and not isinstance(value, bool):
        yield path
    elif isinstance(value, list | dict):
        items = enumerate(value) if isinstance(value, list) else value.items()
        for key, item in items:
            yield from numbers(item, (*path, key))


def changed(document: Any, path: Path, by: int) -> Any:
    result = copy.deepcopy(document)
    part = result
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] += by
    return result


def outcome(document: Any) -> Verdict | None:
    """None if it cannot even be read."""
    try:
        return verify(document)
    except CertificateError:
        return None


def dual_document() -> Any:
    """Every pod weighs one, a node holds two, five pods need three nodes: the sum says two."""
    document = document_of(problem_of(size=[[4, 3], [3, 4]], demand=[3, 2], capacity=[[9, 9]], supply=[5]))
    proof = Proof("dual", "by hand", None, (1, 1), (2,), ((1, 1),), 7).document()
    document["levels"][0]["bound"] = {"value": 3, "proof": json.loads(json.dumps(proof))}
    return {**document, "kind": "dual"}


def dff_document() -> Any:
    """Six of a little more than half: the sum says four, a dual feasible function six."""
    document = document_of(problem_of(size=[[6]], demand=[6], capacity=[[10]], supply=[8]))
    proof = Proof("dff", "u", functions=((0, "u", 1, 1),)).document()
    document["levels"][0]["bound"] = {"value": 6, "proof": proof}
    return {**document, "kind": "dff"}


@pytest.mark.parametrize("make", [dual_document, dff_document, lambda: document_of(planted(3, bins=4))])
def test_the_documents_prove_what_they_say(make: Any) -> None:
    assert verify(make()).optimal


@pytest.mark.parametrize("make", [dual_document, dff_document, lambda: document_of(planted(3, bins=4))])
def test_every_number_by_one(make: Any) -> None:
    document = make()
    optimum = document["levels"][0]["value"]
    seen = set()
    for part in ("instance", "placement", "levels"):
        for path in numbers(document[part], (part,)):
            for by in (-1, 1, 1000):
                verdict = outcome(changed(document, path, by))
                seen.add((part, verdict is None or not verdict.verified))
                if part in ("instance", "placement") or path[-1] == "value":
                    # The digest covers the instance; multiplicities and stated numbers are exact. (A stated bound may be weaker.)
                    weaker = path[-1] == "value" and "bound" in path and by < 0
                    if not weaker:
                        assert verdict is None or not verdict.verified, (path, by)
                    elif document["status"] == "optimal":
                        assert verdict is not None
                        assert verdict.levels[0].stated == optimum - 1
                elif verdict is not None and verdict.verified:
                    # Other weights, multipliers or functions may do as well: then the bound follows from them.
                    assert verdict.levels[0].proven == optimum
    assert {part for part, rejected in seen if rejected} == {"instance", "placement", "levels"}


@pytest.mark.parametrize("field", ["digest", "status", "kind"])
def test_every_word_of_the_head(field: str) -> None:
    document = dual_document()
    document[field] = {"digest": "sha256:0", "status": "optimal", "kind": "sum"}[field]
    if field == "status":
        document["levels"][0]["bound"] = {"value": 2, "proof": {"kind": "sum", "resource": 0}}
        document["kind"] = "sum"
    verdict = verify(document)
    assert not verdict.verified
    assert any(problem.startswith(field) for problem in verdict.problems)


@given(tiny_problems(tiers=1), st.data())
def test_a_changed_instance_with_a_fitting_digest_proves_only_what_is_true_of_it(problem: PackingProblem, data: st.DataObject) -> None:
    document = document_of(problem)
    paths = [path for path in numbers(document["instance"], ("instance",)) if path[1] in ("size", "demand", "capacity", "limit")]
    path = data.draw(st.sampled_from(paths))
    other = changed(document, path, data.draw(st.sampled_from([-1, 1])))
    other["digest"] = digest_of(other["instance"])
    verdict = outcome(other)
    if verdict is None:
        return
    raw = other["instance"]
    assume(sum(raw["demand"]) <= 6)
    truth = brute_force(problem_from(raw), goal="nodes")
    complete = len(verdict.levels) == 1
    assume(not complete or truth[0] == sum(raw["demand"]))
    for level, best in zip(verdict.levels, truth[1:] if complete else truth, strict=True):
        if level.proven is not None:
            assert level.proven >= best if level.maximise else level.proven <= best
        if level.value != best:
            break


def problem_from(raw: Any) -> PackingProblem:
    return problem_of(
        size=raw["size"],
        demand=raw["demand"],
        capacity=raw["capacity"],
        supply=raw["supply"],
        limit=np.array(raw["limit"]),
        exclusions=tuple(Exclusion(tuple(a), tuple(b)) for a, b in raw["exclusions"]),
        spreads=tuple(Spread(tuple(c), tuple(d), tuple(b), s, bool(z)) for c, d, b, s, z in raw["spreads"]),
        caps=tuple(DomainCap(tuple(c), tuple(d), tuple(r)) for c, d, r in raw["caps"]),
    )
