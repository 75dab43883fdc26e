"""A part of kube-scheduler's recorded decisions, and recordings that were tampered with: the count of agreement must be able to fail."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from binpack.cli.main import run
from binpack.conformance.agreement import KEYS, Agreement
from binpack.conformance.cases import RULES
from binpack.conformance.run import RUNNERS, run_files
from binpack.framework.registry import Registry
from binpack.plugins import in_tree

HERE = Path(__file__).parent
REGISTRY = Registry(in_tree())
Record = dict[str, Any]
Tamper = Callable[[Record], None]


@pytest.mark.parametrize("family", sorted(RUNNERS.keys() - RULES.keys()))
def test_every_recorded_decision_is_ours(family: str) -> None:
    agreement = run_files([HERE / f"{family}.jsonl.gz"], REGISTRY)
    assert agreement.disagreements == []
    assert list(agreement.families) == [family]
    assert agreement.decisions >= 30


def records(family: str) -> list[Record]:
    with gzip.open(HERE / f"{family}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def written(path: Path, *lines: Record | str) -> Path:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines), encoding="utf-8")
    return path


def first(results: list[Record], *fields: str) -> Record:
    """The first recorded result that has all the given fields."""
    return next(result for result in results if all(result.get(field) for field in fields))


def other_plugin(record: Record) -> None:
    rejected = first(record["expected"]["results"], "rejected")["rejected"]
    next(iter(rejected.values()))["plugin"] = "Nobody"


def other_code(record: Record) -> None:
    rejected = first(record["expected"]["results"], "rejected")["rejected"]
    status = next(iter(rejected.values()))
    status["code"] = "Unschedulable" if status["code"] != "Unschedulable" else "UnschedulableAndUnresolvable"


def feasible_node_missing(record: Record) -> None:
    first(record["expected"]["results"], "feasible")["feasible"].pop()


def other_reason(record: Record) -> None:
    rejected = first(record["expected"]["results"], "rejected")["rejected"]
    next(iter(rejected.values()))["reasons"].append("node(s) were haunted")


def other_score(record: Record) -> None:
    scores = next(iter(first(record["expected"]["results"], "scores")["scores"].values()))
    scores["NodeResourcesFit"] = scores.get("NodeResourcesFit", 0) + 1


def other_total(record: Record) -> None:
    total = first(record["expected"]["results"], "total")["total"]
    total[next(iter(total))] -= 1


def other_best(record: Record) -> None:
    first(record["expected"]["results"], "best")["best"].append("node-zz")


def other_bound(record: Record) -> None:
    # Of the last pod: the run follows the recorded node, so that others would be decided over another cluster.
    result = record["expected"]["results"][-1]
    result["bound"] = next(iter(result["best"][1:]))


def other_message(record: Record) -> None:
    first(record["expected"]["results"], "message")["message"] += " Sorry."


def other_victims(record: Record) -> None:
    first(record["expected"]["results"], "postFilter")["postFilter"] = [{"nominatedNodeName": "node-zz", "victims": ["default/b0"]}]


def attempt_later(record: Record) -> None:
    record["expected"]["attempts"][3]["at_ms"] += 1


def attempt_missing(record: Record) -> None:
    record["expected"]["attempts"].pop()


def attempt_says_otherwise(record: Record) -> None:
    first(record["expected"]["attempts"], "message")["message"] += " Sorry."


def other_queue(record: Record) -> None:
    record["expected"]["queues"][0]["unschedulable"].append("default/nobody")


def other_entry(record: Record) -> None:
    record["expected"]["sequence"][0]["evaluated"] += 1


@pytest.mark.parametrize(
    ("family", "tamper", "counted"),
    [
        ("taints", other_plugin, {"verdict": 1}),
        ("taints", other_code, {"verdict": 1}),
        ("taints", feasible_node_missing, {"verdict": 1}),
        ("taints", other_reason, {"reasons": 1}),
        ("taints", other_score, {"scores": 1}),
        ("taints", other_total, {"total": 1}),
        ("taints", other_best, {"best": 1}),
        ("config", other_bound, {"best": 1}),
        ("taints", other_message, {"message": 1}),
        ("preemption", other_victims, {"postFilter": 1}),
        ("timeline", attempt_later, {"attempts": 1}),
        ("timeline", attempt_missing, {"attempts": 1}),
        ("timeline", attempt_says_otherwise, {"message": 1}),
        ("timeline", other_queue, {"queues": 1}),
        ("sequence", other_entry, {"sequence": 1}),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_was_tampered_with_is_counted_under_its_key(family: str, tamper: Tamper, counted: dict[str, int], tmp_path: Path) -> None:
    agreement = run_files([written(tmp_path / f"{family}.jsonl", tampered(family, tamper))], REGISTRY)
    tally = agreement.families[family]
    assert tally.decisions - tally.agree == 1
    assert +tally.disagree == counted
    assert not agreement.complete


def test_every_key_can_be_counted() -> None:
    tampered_keys = {
        key for mark in test_what_was_tampered_with_is_counted_under_its_key.pytestmark for _, _, c in mark.args[1] for key in c
    }
    assert tampered_keys == set(KEYS)


def tampered(family: str, tamper: Tamper) -> Record:
    """The first recorded scenario that has something to tamper with."""
    for record in records(family):
        changed = copy.deepcopy(record)
        try:
            tamper(changed)
        except (StopIteration, KeyError):
            continue
        return changed
    raise AssertionError(f"no scenario of {family} shows it")


def test_an_error_is_counted_once_for_the_recorded_node_is_followed(tmp_path: Path) -> None:
    for record in records("ports"):
        results = record["expected"]["results"]
        if len(results[0].get("feasible") or ()) > 1:
            # Had the run gone on with its own choice, the pods after it would have differed, too.
            results[0]["total"] = {name: total + (name != results[0]["bound"]) * 500 for name, total in results[0]["total"].items()}
            break
    agreement = run_files([written(tmp_path / "ports.jsonl", record)], REGISTRY)
    assert [comparison.differences.keys() for comparison in agreement.disagreements] == [{"total"}]


def agreement_of(path: Path) -> Agreement:
    return run_files([path], REGISTRY)


def test_a_line_that_cannot_be_read_is_disagreement(tmp_path: Path) -> None:
    good = records("taints")[0]
    path = written(tmp_path / "taints.jsonl", good, '{"name": "cut o', "[]")
    tally = agreement_of(path).families["taints"]
    assert tally.scenarios == 3
    assert tally.decisions - tally.agree == 2
    assert tally.disagree["verdict"] == 2


def test_an_unknown_family_is_disagreement_in_all_its_decisions(tmp_path: Path) -> None:
    record = records("taints")[0]
    unknown = {**record, "family": "tarot"}
    agreement = agreement_of(written(tmp_path / "taints.jsonl", unknown))
    tally = agreement.families["tarot"]
    assert (tally.decisions, tally.agree) == (len(record["expected"]["results"]), 0)
    assert 'family "tarot" is not known' in agreement.disagreements[0].differences["verdict"]


def test_the_family_is_the_records_or_else_the_files(tmp_path: Path) -> None:
    record = records("taints")[0]
    nameless = {key: value for key, value in record.items() if key not in ("family", "name")}
    assert list(agreement_of(written(tmp_path / "ports.jsonl", nameless)).families) == ["ports"]
    assert list(agreement_of(written(tmp_path / "ports.jsonl", record)).families) == ["taints"]


@pytest.mark.parametrize(
    ("why", "damage"),
    [
        ("no nodes", lambda record: record.pop("nodes")),
        ("a node that is no object", lambda record: record["nodes"].append(7)),
        ("a pod without a spec", lambda record: record["pending"][0].pop("spec")),
        ("a quantity that is none", lambda record: record["nodes"][0]["status"]["allocatable"].update(cpu="much")),
        ("more pods than results", lambda record: record["expected"]["results"].pop()),
        ("a result that is no object", lambda record: record["expected"]["results"].insert(0, None)),
        ("nothing expected", lambda record: record.pop("expected")),
    ],
)
def test_a_malformed_record_is_disagreement_and_no_crash(why: str, damage: Callable[[Record], Any], tmp_path: Path) -> None:
    record = records("taints")[0]
    damage(record)
    agreement = agreement_of(written(tmp_path / "taints.jsonl", record, records("taints")[1]))
    assert not agreement.complete
    assert agreement.families["taints"].scenarios == 2
    # The other scenario is not touched by it.
    assert agreement.agree >= len(records("taints")[1]["expected"]["results"])


@pytest.mark.parametrize(
    ("why", "content", "code"),
    [
        ("all agree", lambda path: written(path, records("taints")[0]), 0),
        ("one differs", lambda path: written(path, tampered("taints", other_total)), 1),
        ("a line cannot be read", lambda path: written(path, records("taints")[0], "{"), 1),
        ("a family is not known", lambda path: written(path, {**records("taints")[0], "family": "tarot"}), 1),
        ("the file is not there", lambda path: path, 2),
        ("the file is no text", lambda path: path.write_bytes(b"\xff\xfe\x00") and path, 2),
    ],
)
def test_exit_codes(why: str, content: Callable[[Path], Path], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["conformance", str(content(tmp_path / "taints.jsonl")), "--json"]) == code, why
    output = capsys.readouterr()
    if code == 2:
        assert output.out == ""
        assert "cannot be read as recorded decisions" in output.err
    else:
        counted = json.loads(output.out)
        assert set(counted) == {"families", "decisions", "agree"}
        assert (counted["decisions"] == counted["agree"]) == (code == 0)


def test_a_file_without_decisions_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "taints.jsonl"
    path.write_text("\n")
    assert run(["conformance", str(path)]) == 2
    assert "taints.jsonl: holds no recorded decisions (accepted: JSON lines" in capsys.readouterr().err


def test_a_damaged_gzip_file_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "taints.jsonl.gz"
    path.write_bytes((HERE / "taints.jsonl.gz").read_bytes()[:200])
    assert run(["conformance", str(path)]) == 2
    assert str(path) in capsys.readouterr().err


def test_json_has_every_key_of_every_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["conformance", str(HERE / "ports.jsonl.gz"), "--json"]) == 0
    tally = json.loads(capsys.readouterr().out)["families"]["ports"]
    assert tally["disagree"] == dict.fromkeys(KEYS, 0)
    assert tally["decisions"] == tally["agree"] > 0
    assert tally["scenarios"] == len(records("ports"))


def test_show_prints_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "taints.jsonl", tampered("taints", other_plugin))
    assert run(["conformance", str(path), "--show", "1"]) == 1
    assert "recorded ('Nobody'" in capsys.readouterr().out
