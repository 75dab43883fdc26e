"""Sources of events by Python function: what they are told, what they give, what is wrong with them."""

from __future__ import annotations

import importlib
import tomllib
from importlib.metadata import EntryPoint
from itertools import count
from pathlib import Path

import pytest

from binpack.errors import ConfigurationError
from binpack.sim import sources
from binpack.sim.scenario import load_scenario, run_scenario
from binpack.units import US_PER_S

ROOT = Path(__file__).parents[2]
SCENARIO = "duration: 10m\ncluster: {nodePools: [{name: m, count: 2, capacity: {cpu: '4', memory: 8Gi}}]}\n"
NUMBER = count()


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module that no other test has imported, and return its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(body: str) -> str:
        name = f"own_source_{next(NUMBER)}"
        head = "from binpack.sim.timeline import *\nfrom binpack.testing import pod\n"
        (tmp_path / f"{name}.py").write_text(f"{head}def source(context):\n    {body}\n")
        importlib.invalidate_caches()
        return name

    return write


def scenario(folder: Path, text: str):
    path = folder / "s.yaml"
    path.write_text(SCENARIO + text)
    return load_scenario(path)


def test_a_source_of_demand_and_one_of_faults(tmp_path, module):
    demand = module(
        "return [Apply(int(context.generator('times').integers(context.until_us)), pod(f'p{i}').build())"
        " for i in range(context.arguments['pods'])]"
    )
    faults = module("return [FailNode(60_000_000, node.name) for node in context.nodes]")
    text = (
        f"workloads: [{{source: '{demand}:source', arguments: {{pods: 5}}}}]\nfaults: {{sources: [{{source: '{faults}:source'}}]}}"
    )  # fmt: skip
    loaded = scenario(tmp_path, text)
    run = run_scenario(loaded)
    assert len(run.pod_rows) == 5
    assert run.cluster.columns["nodes_ready_count"][-1] == 0
    assert run_scenario(scenario(tmp_path, text)).log() == run.log()
    assert {row.created_us for row in run_scenario(loaded.with_seed(2)).pod_rows} != {row.created_us for row in run.pod_rows}


def test_two_uses_of_a_source_draw_by_themselves(tmp_path, module):
    name = module("return [Apply(int(context.generator('t').integers(10**8)), pod(context.arguments['pod']).build())]")
    uses = ", ".join(f"{{source: '{name}:source', name: {one}, arguments: {{pod: {one}}}}}" for one in "ab")
    run = run_scenario(scenario(tmp_path, f"workloads: [{uses}]"))
    first, second = (row.created_us for row in run.pod_rows)
    assert first != second
    alone = run_scenario(scenario(tmp_path, f"workloads: [{{source: '{name}:source', name: b, arguments: {{pod: b}}}}]"))
    assert [row.created_us for row in alone.pod_rows if row.pod == "b"] == [row.created_us for row in run.pod_rows if row.pod == "b"]


def test_a_registered_source_is_found_by_its_name(tmp_path, module, monkeypatch):
    name = module("return [Apply(0, pod('p').build())]")
    entry = EntryPoint("mine", f"{name}:source", "binpack.workloads")
    monkeypatch.setattr(sources, "entry_points", lambda group: [entry] if group == "binpack.workloads" else [])
    assert len(run_scenario(scenario(tmp_path, "workloads: [{source: mine}]")).pod_rows) == 1
    with pytest.raises(ConfigurationError, match=r'faults\.sources\[0\]\.source: no source "mine" \(accepted: package\.module:function'):
        scenario(tmp_path, "faults: {sources: [{source: mine}]}")


def test_the_projects_own_sources_are_registered_as_they_are_called(tmp_path):
    entries = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["binpack.workloads"]
    assert entries == {"preset": "workloads.as_source:preset"}
    run = run_scenario(scenario(tmp_path, f"workloads: [{{source: '{entries['preset']}', arguments: {{preset: small}}}}]"))
    assert len(run.pod_rows) > 5
    with pytest.raises(ConfigurationError, match=r"s\.yaml: workloads\[0\]: .*arguments \{\} \(accepted: \{preset: the name"):
        run_scenario(scenario(tmp_path, f"workloads: [{{source: '{entries['preset']}'}}]"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("none", 'workloads[0].source: no source "none" (accepted: '),
        ("no_such_module:f", 'workloads[0].source: source "no_such_module:f" cannot be imported: ModuleNotFoundError: '),
        ("binpack.units:none", "cannot be imported: AttributeError: "),
        ("binpack.units:MIB", 'source "binpack.units:MIB" is no function (accepted: a function that takes a SourceContext'),
    ],
)
def test_a_source_that_is_none_is_said_before_anything_runs(tmp_path, source, message):
    with pytest.raises(ConfigurationError) as caught:
        scenario(tmp_path, f"workloads: [{{source: '{source}'}}]")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_name_for_two_sources(tmp_path, module):
    name = module("return []")
    with pytest.raises(ConfigurationError, match=r'workloads\[1\]\.name: ".*:source" is used twice \(accepted: distinct names\)'):
        scenario(tmp_path, f"workloads: [{{source: '{name}:source'}}, {{source: '{name}:source'}}]")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return context.arguments['rate']", "line 4: KeyError: 'rate'"),
        ("return ['p']", "gave 'p' as event 0 (accepted: events of binpack.sim.timeline, such as Apply and FailNode)"),
        ("return 7", "TypeError: 'int' object is not iterable"),
        ("return [Cordon(-1, 'm-000')]", "gave event 0 at -1 us (accepted: times from 0 to the run's end, 600000000 us)"),
        ("yield Cordon(10**9, 'm-000')", "gave event 0 at 1000000000 us"),
    ],
)
def test_what_a_source_does_wrong_is_one_line(tmp_path, module, body, message):
    name = module(body)
    with pytest.raises(ConfigurationError) as caught:
        run_scenario(scenario(tmp_path, f"workloads: [{{source: '{name}:source'}}]"))
    assert str(caught.value).startswith(f'{tmp_path / "s.yaml"}: workloads[0]: "{name}:source" ')
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_example(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    run = run_scenario(load_scenario(ROOT / "examples" / "sources.yaml").with_seed(3))
    ready = run.cluster.columns["nodes_ready_count"]
    assert (min(ready[1:]), ready[-1]) == (4, 8)
    assert run.cluster.columns["pods_pending_count"][-1] == 0
    assert {row.created_us % (20 * 60 * US_PER_S) for row in run.pod_rows if row.owner_kind == "Job"} >= {0}
