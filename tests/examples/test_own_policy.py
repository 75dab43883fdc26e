"""A policy of one's own: the plugin of the README and of examples/, alone, by name in a configuration, and in a suite."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.record import read_finished
from benchmarks.suite import load_suite
from binpack.cli.main import run
from binpack.scheduler.snapshot import build_cluster
from binpack.testing import node, pod
from binpack.testing.checks import check_plugin

ROOT = Path(__file__).parents[2]
PATH = "examples.best_fit_on_cpu:BestFitOnCpu"


@pytest.fixture(autouse=True)
def _from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT)])


def from_the_readme() -> Any:
    blocks = (ROOT / "README.md").read_text(encoding="utf-8").split("```")
    (code,) = (block.removeprefix("python\n") for block in blocks if "class BestFitOnCpu:" in block)
    names: dict[str, Any] = {}
    exec(code, names)
    return names["BestFitOnCpu"]()


def from_the_examples() -> Any:
    return import_module("examples.best_fit_on_cpu").BestFitOnCpu()


@pytest.mark.parametrize("plugin", [from_the_readme, from_the_examples])
def test_it_keeps_the_contract_of_plugins(plugin: Any) -> None:
    check_plugin(plugin(), examples=25)


@pytest.mark.parametrize("plugin", [from_the_readme, from_the_examples])
def test_it_prefers_the_node_that_the_pod_leaves_fullest_of_cpu(plugin: Any) -> None:
    nodes = [node("empty").cpu("4").build(), node("half").cpu("4").build(), node("small").cpu("1").build()]
    cluster = build_cluster([*nodes, pod("there").request(cpu="2").on("half").build()])
    policy, web, rows = plugin(), pod("web").request(cpu="1").build(), cluster.rows()
    scores = policy.score(policy.prepare_score(web, cluster, rows), rows)
    assert scores.dtype == np.int64
    assert [int(scores[cluster.row_of(each.name)]) for each in nodes] == [25, 75, 100]


def test_the_suite_of_the_examples_is_valid() -> None:
    suite = load_suite("examples/suite.yaml")
    assert [policy.score for policy in suite.policies] == ["", "BestFit", PATH]


def test_it_runs_in_the_suite_of_the_examples(tmp_path: Path) -> None:
    out = tmp_path / "results"
    assert run(["bench", "run", "examples/suite.yaml", "--policy", "BestFitOnCpu", "--seed", "1", "--jobs", "1", "--out", str(out)]) == 0
    (row,) = read_finished(out).runs.to_dict("records")
    assert row["policy"] == "BestFitOnCpu"
    assert row["pods_bound_count"] > 0
