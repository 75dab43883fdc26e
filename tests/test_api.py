"""The names of `import binpack`: each there, each with an answer that prints itself and has a table."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import binpack as bp
from binpack.model.objects import as_list
from binpack.scheduler.ties import Ties
from binpack.testing import node, pod

CLUSTER = [
    node("a").cpu("4").build(),
    node("b").cpu("2").build(),
    pod("fits").request(cpu="1").build(),
    pod("huge").request(cpu="9").build(),
]


@pytest.mark.parametrize("name", bp.__all__)
def test_each_name_is_there_and_documented(name):
    value = getattr(bp, name)
    assert name in dir(bp)
    assert isinstance(value, str) or value.__doc__


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="module 'binpack' has no attribute 'nothing'"):
        _ = bp.nothing


def test_the_reference_lists_every_name():
    page = (Path(__file__).parents[1] / "docs" / "reference" / "api.md").read_text()
    assert all(f"`{name}" in page for name in bp.__all__)


def test_the_examples_of_the_reference_run(monkeypatch, capsys):
    root = Path(__file__).parents[1]
    monkeypatch.chdir(root)
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", (root / "docs" / "reference" / "api.md").read_text(), re.DOTALL):
        exec(block, names)
    out = capsys.readouterr().out
    assert "8 waiting pods: 5 placed" in out
    assert "optimal: nodes" in out


def test_a_schedule_prints_itself_and_is_a_table():
    result = bp.schedule(CLUSTER)
    assert str(result).startswith("2 waiting pods: 1 placed on 1 of 2 nodes, 1 unschedulable.")
    table = result.to_pandas()
    assert table["pod"].tolist() == ["fits", "huge"]
    assert table["node"].tolist()[0] == "a"


def test_an_explanation_prints_itself_and_is_a_table():
    explanation = bp.explain(CLUSTER, "fits")
    assert "Decision    a, score" in str(explanation)
    table = explanation.to_pandas()
    assert set(table["node"]) == {"a", "b"}
    assert table[table["node"] == "a"]["score"].sum() == explanation.score


def test_explaining_leaves_nothing_behind():
    objects = [*CLUSTER, pod("runs").request(cpu="1").on("a").build()]
    first, second = (str(bp.explain(objects, "runs")) for _ in range(2))
    assert first == second


def test_what_is_loaded_can_be_scheduled(tmp_path):
    path = tmp_path / "cluster.json"
    path.write_text(json.dumps(as_list(CLUSTER)))
    assert [one.node for one in bp.schedule(bp.load(path)).placements] == ["a", None]


def test_load_warns_of_workloads_that_stay_without_pods(tmp_path):
    path = tmp_path / "old.yaml"
    path.write_text(
        "{apiVersion: v1, kind: ReplicationController, metadata: {name: old}, spec: {selector: {a: b}, template:"
        " {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}}"
    )
    with pytest.warns(UserWarning, match="ReplicationController default/old: no pods are made of it"):
        bp.load(path)


def test_a_configuration_brings_kube_schedulers_ties_and_sampling(tmp_path):
    path = tmp_path / "scheduler.yaml"
    path.write_text("{apiVersion: kubescheduler.config.k8s.io/v1, kind: KubeSchedulerConfiguration}")
    configuration = bp.read_configuration(path)
    assert bp.schedule(CLUSTER, configuration=configuration).ties is Ties.KUBE
    assert bp.schedule(CLUSTER, configuration=configuration, ties="first").ties is Ties.FIRST


def test_errors_are_of_one_family():
    with pytest.raises(bp.BinpackError, match="no nodes among the objects"):
        bp.schedule([pod("p").build()])
    with pytest.raises(bp.BinpackError, match='no pod "nobody" among 2'):
        bp.explain(CLUSTER, "nobody")
