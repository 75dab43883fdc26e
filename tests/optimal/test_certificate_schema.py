"""The published schema of certificates: what the solver writes conforms to it, whatever the kind of proof."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import binpack
from binpack.api.solving import fewest_evictions, optimize, plan_moves
from binpack.model.kinds import KubernetesObject
from binpack.optimal.answer import checked_answer
from binpack.optimal.certificate import certificate
from binpack.optimal.problem import PackingProblem
from binpack.optimal.proof import Proof
from binpack.optimal.solve import solve
from binpack.testing import node, pod
from binpack.testing.packing_problems import planted, tiny_problems

jsonschema: Any = pytest.importorskip("jsonschema")
FOLDER = Path(binpack.__file__).parent / "optimal"


def validator(name: str = "certificate") -> Any:
    return jsonschema.Draft202012Validator(json.loads((FOLDER / f"{name}.schema.json").read_text()))


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


def small_cluster() -> list[KubernetesObject]:
    held = [pod(f"a{i}").request(cpu="1").owner("ReplicaSet", "a").on(f"n{i}") for i in range(3)]
    waits = [pod("new").request(cpu="4").priority(9), pod("huge").request(cpu="9"), pod("tiny").request(cpu="1")]
    return [one.build() for one in (*(node(f"n{i}").cpu("4") for i in range(3)), node("gpu").taint("gpu", "true"), *held, *waits)]


def test_what_is_written_about_a_cluster_conforms() -> None:
    objects = [one for one in small_cluster() if one.metadata.name != "huge"]
    for document in (
        optimize(objects, deterministic_limit=1.0).certificate(),
        optimize(objects, objective="priority", deterministic_limit=1.0).certificate(),
        checked_answer(plan_moves(objects, target_nodes=2, deterministic_limit=1.0).certificate()).document,
    ):
        assert document["members"]["pods"]
        validator().validate(json.loads(json.dumps(document)))


def test_evictions_conform() -> None:
    for found in fewest_evictions(small_cluster()):
        validator("evictions").validate(json.loads(json.dumps(found.answer.document)))
    assert not validator("evictions").is_valid({**found.answer.document, "levels": []})


def test_the_same_question_gives_the_same_bytes() -> None:
    for ask in (
        lambda: optimize(small_cluster(), objective="priority", deterministic_limit=1.0).certificate(),
        lambda: plan_moves(small_cluster(), target_nodes=2, deterministic_limit=1.0).certificate(),
        lambda: [found.answer.document for found in fewest_evictions(small_cluster())],
    ):
        assert json.dumps(ask()) == json.dumps(ask())
