"""What docs/reference/simulation.md shows works as printed."""

from __future__ import annotations

import re
from pathlib import Path

from binpack.control.node.workload_model import DURATION, EXIT_CODE, STOP_DURATION
from binpack.sim.metrics import metrics_of
from binpack.sim.scenario import load_scenario, run_scenario
from binpack.sim.scenario_format import ScenarioFile

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "simulation.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_scenario(tmp_path):
    text, _ = blocks("yaml")
    (tmp_path / "scenario.yaml").write_text(text)
    run = run_scenario(load_scenario(tmp_path / "scenario.yaml"))
    metrics = metrics_of(run)
    assert (metrics.nodes_count, metrics.pending_count) == (6, 0)
    assert run.cluster.columns["pods_running_count"][-1] == 20
    assert metrics.pods_count > 20, "pods of the failed node were created anew"


def test_the_branches():
    (program,) = blocks("python")
    exec(compile(program, str(PAGE), "exec"), {})


def test_every_field_and_annotation_is_described():
    text = PAGE.read_text(encoding="utf-8")
    fields = {name for name in ScenarioFile.__struct_fields__ if name not in ("api_version", "kind")}
    assert [name for name in sorted(fields) if f"`{name}" not in text and f"{name}:" not in text] == []
    assert all(annotation in text for annotation in (DURATION, EXIT_CODE, STOP_DURATION))
