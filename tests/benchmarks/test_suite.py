"""Suites: what is read, what is refused, and what a run's key depends on."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path
from typing import Any

import pytest

from benchmarks.matrix import RunSpec, expand
from benchmarks.selection import select
from benchmarks.suite import OpenbSpec, WorkloadSpec, load_suite, parse_suite, suite_names
from binpack.errors import BinpackError, ConfigurationError
from binpack.model.base import replace

MINIMAL = """
name: mine
workloads: [{name: w, preset: small}]
policies: [{name: p}, {name: q, score: BestFit}]
seeds: [1, 2]
baseline: p
"""


def test_the_packaged_suites_are_valid() -> None:
    assert {"quickstart", "openb"} <= set(suite_names())
    for name in suite_names():
        assert load_suite(name).name == name


def test_a_suite_expands_policy_by_policy_so_that_solver_answers_are_shared() -> None:
    runs = expand(parse_suite(MINIMAL, source="s"))
    assert [run.label for run in runs] == ["w/p/1", "w/p/2", "w/q/1", "w/q/2"]
    assert len({run.key for run in runs}) == 4


@pytest.mark.parametrize(
    ("why", "change", "says"),
    [
        ("an unknown field", "nonsense: 1", "nonsense: unknown field"),
        ("no such preset", "workloads: [{name: w, preset: smal}]", 'workloads[0].preset: "smal" (accepted: '),
        ("neither preset nor trace", "workloads: [{name: w}]", "workloads[0]: exactly one of preset, openb and filling"),
        ("a name twice", "policies: [{name: p}, {name: p}]", 'policies: name "p" is used twice'),
        ("an unknown plugin", "policies: [{name: p, score: BestFitt}]", "BestFitt"),
        ("two ways at once", "policies: [{name: p, score: BestFit, configuration: {parallelism: 1}}]", "cannot both be given"),
        ("a seed twice", "seeds: [1, 1]", "seeds: [1, 1] (accepted: distinct whole numbers"),
        ("an unknown tie rule", "ties: dice", 'ties: "dice" (accepted: kube, first, rank, random)'),
        ("an unknown baseline", "baseline: z", 'baseline: "z" is none of the policies'),
        ("another kind", "kind: Suit", "Suit (accepted: binpack.dev/v1, Suite)"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(why: str, change: str, says: str) -> None:
    key = change.partition(":")[0]
    kept = [line for line in MINIMAL.strip().splitlines() if not line.startswith(f"{key}:")]
    with pytest.raises(ConfigurationError) as error:
        parse_suite("\n".join([*kept, change]), source="mine.yaml")
    assert any(line.startswith("mine.yaml") and says in line for line in error.value.problems), error.value.problems


def test_broken_yaml_names_the_line() -> None:
    with pytest.raises(BinpackError, match=r"mine\.yaml, line"):
        parse_suite("name: [", source="mine.yaml")


def test_a_missing_suite_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r'no suite "quikstart" \(accepted: .*quickstart'):
        load_suite("quikstart")


def test_a_selection_keeps_the_baseline_if_it_can() -> None:
    suite = parse_suite(MINIMAL, source="s")
    assert select(suite, policies=["q"]).baseline == "q"
    assert select(suite, policies=["p", "q"]).baseline == "p"
    assert select(suite, seeds=[7, 7]).seeds == (7,)
    with pytest.raises(ConfigurationError, match=r'policy "r" is not in the suite \(accepted: p, q\)'):
        select(suite, policies=["r"])


def test_whatever_changes_the_result_changes_the_key() -> None:
    run = expand(parse_suite(MINIMAL, source="s"))[0]
    others = [
        replace_run(run, seed=9),
        replace_run(run, ties="kube"),
        replace_run(run, policy=replace(run.policy, score="FirstFit")),
        replace_run(run, workload=replace(run.workload, preset="steady")),
        replace_run(run, trace_digest="x"),
        replace_run(run, plugins="x"),
    ]
    assert len({run.key, *(other.key for other in others)}) == 7
    assert replace_run(run, trace_dir="/elsewhere").key == run.key


def test_a_plugin_of_ones_own_that_was_edited_changes_the_keys_of_its_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no part of the three packages, whose sources are in every key."""
    source = (Path(__file__).parents[2] / "examples" / "best_fit_on_cpu.py").read_text(encoding="utf-8")
    (tmp_path / "policy_of_a_test.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    suite = parse_suite(MINIMAL.replace("score: BestFit", 'score: "policy_of_a_test:BestFitOnCpu"'), source="s")
    before = [run.key for run in expand(suite)]
    assert [run.key for run in expand(suite)] == before
    (tmp_path / "policy_of_a_test.py").write_text(source + "\n# edited\n", encoding="utf-8")
    after = [run.key for run in expand(suite)]
    assert [key in before for key in after] == [True, True, False, False]


def test_a_run_keeps_its_key_on_the_way_to_a_worker() -> None:
    """A struct that was pickled holds equal values, not the same objects; a key was once made from which objects they were."""
    workload = OpenbSpec(pods="default", order="shuffled")
    run = replace_run(expand(parse_suite(MINIMAL, source="s"))[0], workload=WorkloadSpec(name="o", openb=workload))
    assert pickle.loads(pickle.dumps(run)).key == run.key


def replace_run(run: RunSpec, **changes: Any) -> RunSpec:
    return dataclasses.replace(run, **changes)
