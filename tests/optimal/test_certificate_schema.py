"""The published schema of certificates: what the solver writes conforms to it, whatever the kind of proof."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import binpack
from binpack.optimal.certificate import certificate
from binpack.optimal.problem import PackingProblem
from binpack.optimal.proof import Proof
from binpack.optimal.solve import solve
from binpack.testing.packing_problems import planted, tiny_problems

jsonschema: Any = pytest.importorskip("jsonschema")
SCHEMA = Path(binpack.__file__).parent / "optimal" / "certificate.schema.json"


def validator() -> Any:
    return jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))


@given(tiny_problems(costs=True), st.sampled_from(["cost", "priority"]))
def test_what_is_written_conforms(problem: PackingProblem, goal: Any) -> None:
    validator().validate(json.loads(json.dumps(certificate(problem, solve(problem, objective=goal, deterministic_limit=1.0)))))


@pytest.mark.parametrize(
    "proof",
    [
        Proof("dff", "u", functions=((0, "u", 1, 1), (1, "ccm1", 20, 2))),
        Proof("dual", "zones", None, (1,), (2,), ((1, 1),), 1, rows=(("above", 0, 1, None, 3), ("cap", 0, 1, None, 2))),
    ],
)
def test_every_kind_of_proof(proof: Proof) -> None:
    document = json.loads(json.dumps(certificate(planted(0, bins=3), solve(planted(0, bins=3), objective="nodes"))))
    document["levels"][0]["bound"]["proof"] = proof.document()
    document["kind"] = proof.kind
    validator().validate(document)


def test_what_is_none() -> None:
    document = json.loads(json.dumps(certificate(planted(0, bins=3), solve(planted(0, bins=3), objective="nodes"))))
    for path, value in ((("placement",), [[0, 1]]), (("levels",), []), (("version",), 2)):
        assert not validator().is_valid({**document, path[0]: value})
    document["levels"][0]["bound"]["proof"] = {"kind": "solver"}
    assert not validator().is_valid(document)
