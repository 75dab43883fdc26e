"""Certificates of plans: what a plan says is verified, and whatever is changed in it is rejected or proves less."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from binpack.errors import CertificateError
from binpack.optimal.verify import verify


def document() -> Any:
    """Four nodes with a pod each, all alike, of which one node could hold all: two moves free two nodes."""
    instance = {
        "version": 1,
        "size": [[1]],
        "demand": [4],
        "tier": [0],
        "mustPlace": [0],
        "capacity": [[4]],
        "supply": [4],
        "cost": [1],
        "limit": [[4]],
        "exclusions": [],
        "spreads": [],
        "caps": [],
    }
    # A pod that stays is worth one, a node's price is one: a node with one pod that stays earns nothing.
    proof = {
        "kind": "moves",
        "scale": 1,
        "podWeights": [0],
        "nodePrice": 1,
        "nodeWeights": [1],
        "multipliers": [[0]],
        "multiplierScale": 1,
    }
    from binpack.optimal.verify_instance import digest_of

    return {
        "schema": "binpack/certificate",
        "version": 1,
        "goal": "moves",
        "status": "optimal",
        "digest": digest_of(instance),
        "instance": instance,
        "target": 2,
        "today": [[0, 4, [[0, 1]]]],
        "placement": [[0, 2, [[0, 2]]]],
        "levels": [{"name": "moves", "rank": None, "value": 2, "bound": {"value": 2, "proof": proof}, "claimed": None}],
    }


def test_a_plan_is_verified() -> None:
    verdict = verify(document())
    assert verdict.optimal
    assert (verdict.levels[0].value, verdict.levels[0].proven, verdict.levels[0].kind) == (2, 2, "moves")


def test_that_so_few_nodes_do_not_do_is_proven() -> None:
    changed = document()
    changed["status"], changed["target"], changed["placement"] = "infeasible", 0, []
    level = changed["levels"][0]
    level["value"], level["bound"]["value"] = None, None
    # Placing a pod is worth one, a node holds four: without a node there is nothing to pay for four pods.
    level["bound"]["proof"] |= {"podWeights": [1], "nodePrice": 8, "nodeWeights": [8]}
    verdict = verify(changed)
    assert verdict.verified
    assert verdict.levels[0].infeasible


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.__setitem__("target", 1), "2 nodes in use, 1 were asked for"),
        (lambda d: d["placement"][0].__setitem__(1, 3), "placement"),
        (lambda d: d["placement"][0][2][0].__setitem__(1, 3), "placement"),
        (lambda d: d["today"][0].__setitem__(1, 3), "today: not the 4 nodes of class 0"),
        (lambda d: d["today"][0][2][0].__setitem__(1, 2), "today: more than the 4 pods of class 0"),
        (lambda d: d["levels"][0].__setitem__("value", 1), "states the value 1, the placement has 2"),
        (lambda d: d["levels"][0]["bound"].__setitem__("value", 3), "states the bound 3, the proof gives 2"),
        (lambda d: d["levels"][0]["bound"]["proof"].__setitem__("nodePrice", 2), "states the bound 2, the proof gives 0"),
        (lambda d: d["levels"][0]["bound"]["proof"].__setitem__("nodeWeights", [2]), "states the bound 2"),
        (lambda d: d["instance"]["capacity"][0].__setitem__(0, 5), "digest"),
        (lambda d: d.__setitem__("kind", "sum"), "kind: says 'sum'"),
    ],
)
def test_false_statements(change: Any, message: str) -> None:
    changed = copy.deepcopy(document())
    change(changed)
    problems = verify(changed).problems
    assert any(message in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("target"), "target: None"),
        (lambda d: d.pop("today"), "today: missing"),
        (lambda d: d["placement"][0].__setitem__(0, 4), "placement[0]"),
        (lambda d: d["levels"].append({}), "levels"),
        (lambda d: d["levels"][0]["bound"]["proof"].__setitem__("scale", 0), "proof"),
        (lambda d: d["levels"][0]["bound"]["proof"].__setitem__("podWeights", []), "podWeights"),
        (lambda d: d["levels"][0]["bound"]["proof"].__setitem__("kind", "dual"), "kind: 'dual'"),
    ],
)
def test_what_cannot_be_read(change: Any, message: str) -> None:
    changed = document()
    change(changed)
    with pytest.raises(CertificateError) as error:
        verify(changed)
    assert message in str(error.value)
    assert json.dumps(changed)
