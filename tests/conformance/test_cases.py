"""Cases of the control plane: found by family and function, compared in what they expect and in nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from binpack.conformance.cases import RULES
from binpack.conformance.controller_cases import agrees
from binpack.conformance.run import run_files
from binpack.framework.registry import Registry
from binpack.model.quantity import Quantity
from binpack.plugins import in_tree

FENCEPOSTS = {"function": "fenceposts", "maxSurge": "39%", "maxUnavailable": "39%", "replicas": 10}


@pytest.fixture
def disagreements(tmp_path: Path):
    def run(family: str, given: dict, expect: dict) -> dict[str, str]:
        path = tmp_path / f"{family}.jsonl"
        path.write_text(json.dumps({"case": "one", "given": given, "expect": expect}) + "\n")
        agreement = run_files([path], Registry(in_tree()))
        assert agreement.decisions == 1
        return {key: text for one in agreement.disagreements for key, text in one.differences.items()}

    return run


@pytest.mark.parametrize(
    ("family", "given", "expect"),
    [
        ("deployment", FENCEPOSTS, {"surge": 4, "unavailable": 3}),
        ("deployment", FENCEPOSTS, {"surge": 4}),
        ("deployment", FENCEPOSTS | {"maxSurge": "many"}, {"error": True}),
        ("replicaset", {"function": "slow_start", "count": 9, "initialBatchSize": 1, "callsThatSucceed": 4}, {"successes": 4, "calls": 7}),
        ("job", {"function": "first_pending_indexes", "count": 1, "completions": 9, "active": [], "succeeded": [[0, 1]]}, {"indexes": [2]}),
        ("nodelifecycle", {"function": "min_toleration", "tolerationSeconds": [None, 7]}, {"seconds": 7}),
        ("kubelet", {"function": "signal_order", "signals": ["pid.available"]}, {"order": ["pid.available"]}),
    ],
)  # fmt: skip
def test_agreement(disagreements, family, given, expect):
    assert disagreements(family, given, expect) == {}


@pytest.mark.parametrize(
    ("why", "family", "given", "expect", "said"),
    [
        ("another answer", "deployment", FENCEPOSTS, {"surge": 3}, "surge: expected 3, got 4"),
        ("a key that the rule does not answer", "deployment", FENCEPOSTS, {"colour": "red"}, "colour: expected 'red', got no answer"),
        ("a rule that is not there", "deployment", {"function": "levitate"}, {}, 'rule "levitate" is not known in deployment'),
        ("no function at all", "job", {}, {}, 'rule "" is not known in job'),
        ("a malformed case", "deployment", {"function": "fenceposts"}, {"surge": 1}, "KeyError: 'replicas'"),
    ],
)
def test_disagreement_is_never_skipped(disagreements, why, family, given, expect, said):
    found = disagreements(family, given, expect)
    assert found.keys() == {"expect"}
    assert found["expect"].startswith(said)


def test_only_families_of_cases_count_what_is_expected(tmp_path: Path):
    for name, line in (("deployment", {"case": "x", "given": {"function": "?"}}), ("ports", {"name": "y"})):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(line))
    families = run_files(sorted(tmp_path.iterdir()), Registry(in_tree())).as_json()["families"]
    assert families["deployment"]["disagree"]["expect"] == 1
    assert "expect" not in families["ports"]["disagree"]


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("1", Quantity.parse("1000m"), True),
        ("1", Quantity.parse("2"), False),
        (1.0, 1.0000005, True),
        (1.0, 1.00001, False),
        ([1, 2], (1, 2), True),
        (["b", "a"], {"a", "b"}, True),
        (["b", "a"], ["a", "b"], False),
        ([["a", 1]], [("a", 1)], True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        (True, 1, False),
        (None, None, True),
    ],
)
def test_comparison(expected, actual, same):
    assert agrees(expected, actual) is same


def test_every_rule_is_a_function_of_its_family():
    assert all(callable(rule) for rules in RULES.values() for rule in rules.values())
