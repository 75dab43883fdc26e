from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from binpack.errors import ConfigurationError, TraceError
from binpack.sim.timeline import Apply
from binpack.units import US_PER_S
from workloads.demand import demand
from workloads.traces.openb import GPU_CARD_MODEL, GPU_COUNT, GPU_MILLI, read_nodes, read_pods, trace_folder
from workloads.traces.openb_replay import OpenbReplay, replay

NODES = """\
sn,cpu_milli,memory_mib,gpu,model
n-0,64000,262144,2,P100
n-1,96000,393216,8,V100
n-2,32000,131072,0,
"""
PODS = """\
name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time
p-0,6000,12288,1,460,,LS,Running,100,5000,100
p-1,8000,0,2,1000,P100||V100|P100,BE,Succeeded,160,400,200
p-2,4000,1024,0,0,T4,LS,Failed,130,180,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "openb"
    folder.mkdir()
    (folder / "openb_node_list_gpu_node.csv").write_text(NODES)
    (folder / "openb_pod_list_default.csv.gz").write_bytes(gzip.compress(PODS.encode()))
    return folder


def rewrite(folder: Path, before: str, after: str) -> None:
    for name, text in (("openb_node_list_gpu_node.csv", NODES), ("openb_pod_list_default.csv.gz", PODS)):
        if before in text:
            data = text.replace(before, after).encode()
            (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
            return
    raise AssertionError(before)


def test_nodes(folder):
    first, _, plain = read_nodes(folder)
    assert {name: str(amount) for name, amount in first.status.allocatable.items()} == {
        "cpu": "64",
        "memory": "262144Mi",
        "pods": "1001",
        GPU_COUNT: "2",
        GPU_MILLI: "2000",
    }
    assert first.metadata.labels[GPU_CARD_MODEL] == "P100"
    assert GPU_COUNT not in plain.status.allocatable
    assert GPU_CARD_MODEL not in plain.metadata.labels


def test_pods_carry_annotations_a_pooled_request_and_model_affinity(folder):
    generated = replay(folder, OpenbReplay(), seed=1)
    share, whole, plain = (event.object for event in generated.events)
    assert share.metadata.annotations == {GPU_COUNT: "1", GPU_MILLI: "460"}
    assert {name: str(amount) for name, amount in share.spec.containers[0].resources.requests.items()} == {
        "cpu": "6",
        "memory": "12288Mi",
        GPU_MILLI: "460",
    }
    assert share.spec.affinity is None
    assert whole.metadata.annotations == {GPU_COUNT: "2", GPU_MILLI: "1000", GPU_CARD_MODEL: "P100|V100"}
    assert whole.spec.containers[0].resources.requests[GPU_MILLI].ceil_units() == 2000
    assert "memory" not in whole.spec.containers[0].resources.requests
    required = whole.spec.affinity.node_affinity.required_during_scheduling_ignored_during_execution
    (expression,) = required.node_selector_terms[0].match_expressions
    assert (expression.key, expression.operator, expression.values) == (GPU_CARD_MODEL, "In", ("P100", "V100"))
    assert plain.spec.affinity is None
    assert plain.metadata.annotations == {}


def test_filling_lets_one_arrive_each_second_and_none_leave(folder):
    generated = replay(folder, OpenbReplay(), seed=1)
    assert [(event.time_us, event.object.metadata.name) for event in generated.events] == [
        (0, "p-0"),
        (US_PER_S, "p-1"),
        (2 * US_PER_S, "p-2"),
    ]
    assert generated.span_us == 3 * US_PER_S
    assert demand(generated).pods.tolist() == [1, 2, 3]


def test_recorded_times_and_run_times(folder):
    generated = replay(folder, OpenbReplay(timing="recorded", speed=2), seed=1)
    seen = [
        (event.time_us / US_PER_S, event.object.metadata.name, event.object.metadata.annotations.get("binpack.dev/duration"))
        for event in generated.events
    ]
    # From its start, or where it never started from its creation; the first outlives the recording.
    assert seen == [(0, "p-0", None), (15, "p-2", "50s"), (30, "p-1", "200s")]


def test_shuffled_by_the_seed_and_only_then(folder):
    def order(**how):
        return [[e.object.metadata.name for e in replay(folder, OpenbReplay(**how), seed=seed).events] for seed in range(6)]

    assert len({tuple(names) for names in order(order="shuffled")}) > 1
    assert len({tuple(names) for names in order()}) == 1
    assert order(order="shuffled") == order(order="shuffled")


def test_a_share_of_nodes_and_pods(folder):
    generated = replay(folder, OpenbReplay(share=0.67), seed=1)
    assert (len(generated.nodes), len(generated.events)) == (2, 2)
    assert all(isinstance(event, Apply) for event in generated.events)


def test_the_folder_or_its_parent_given_or_from_the_environment(folder, monkeypatch):
    assert trace_folder(folder) == trace_folder(folder.parent) == folder
    monkeypatch.setenv("BINPACK_TRACES", str(folder.parent))
    assert trace_folder() == folder


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "give --trace-dir or set BINPACK_TRACES"),
        ("nowhere", "--trace-dir: nowhere is not a folder"),
        (".", "holds no openb_node_list_*.csv or openb_pod_list_*.csv"),
    ],
)
def test_a_missing_folder_says_where_the_trace_is_published(given, said, monkeypatch, tmp_path):
    monkeypatch.delenv("BINPACK_TRACES", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TraceError) as caught:
        trace_folder(given)
    assert said in str(caught.value)
    assert "published as data/csv of hkust-adsl/kubernetes-scheduler-simulator" in str(caught.value)


@pytest.mark.parametrize(
    ("why", "before", "after", "said"),
    [
        ("a missing column", "gpu_milli,gpu_spec", "gpu,gpu_spec", "openb_pod_list_default.csv.gz, line 1: column gpu_milli is missing"),
        ("a missing node column", "memory_mib,gpu", "mem,gpu", "openb_node_list_gpu_node.csv, line 1: column memory_mib is missing"),
        ("no number", "p-1,8000", "p-1,8e3", 'line 3, column cpu_milli: "8e3" (accepted: a whole number from 0)'),
        ("a negative number", "64000,262144", "-1,262144", 'line 2, column cpu_milli: "-1" (accepted: a whole number from 1)'),
        ("a name used twice", "p-1,", "p-0,", 'line 3, column name: "p-0" is used twice'),
        ("a node name used twice", "n-1,", "n-0,", 'line 3, column sn: "n-0" is used twice'),
        ("no name", "p-1,", ",", 'line 3, column name: "" (accepted: a name)'),
        ("no model", "8,V100", "8,", 'line 3, column model: "" (accepted: a name)'),
        ("too few values", "n-2,32000,131072,0,", "n-2,32000", "line 4: 2 values (accepted: 5, one a column)"),
        (
            "more devices than any node",
            "p-1,8000,0,2",
            "p-1,8000,0,9",
            'line 3, column num_gpu: "9" (accepted: up to 8, the most that a node has)',
        ),
        ("a share above a device", ",1,460", ",1,1460", 'line 2, column gpu_milli: "1460" (accepted: 1 to 1000)'),
        ("a share of several devices", ",2,1000", ",2,500", 'line 3, column gpu_milli: "500" on 2 devices'),
        (
            "a model that no node has",
            "P100||V100|P100",
            "H100",
            'line 3, column gpu_spec: "H100" names no model of the nodes (accepted: P100, V100)',
        ),
    ],
)
def test_bad_values_name_file_line_column_value_and_what_is_accepted(folder, why, before, after, said):
    rewrite(folder, before, after)
    with pytest.raises(TraceError) as caught:
        replay(folder, OpenbReplay(), seed=1)
    assert said in str(caught.value), why
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize(("before", "after", "column"), [(",1,460", ",1,1460", "gpu_milli"), ("P100||V100|P100", "H100", "gpu_spec")])
def test_lenient_leaves_them_out_and_counts(folder, before, after, column):
    rewrite(folder, before, after)
    generated = replay(folder, OpenbReplay(lenient=True), seed=1)
    assert len(generated.events) == 2
    assert generated.notes == {column: 1}


def test_an_end_before_the_beginning(folder):
    rewrite(folder, "160,400,200", "160,100,200")
    with pytest.raises(TraceError, match='column deletion_time: "100" is before creation_time "160"'):
        replay(folder, OpenbReplay(timing="recorded"), seed=1)


def test_a_variant_that_is_not_there(folder):
    with pytest.raises(TraceError, match=r'no pod list "multigpu20" \(accepted: default; published as'):
        read_pods(folder, "multigpu20")


def test_a_node_list_that_is_not_there(folder):
    with pytest.raises(TraceError, match="has no file openb_node_list_all_node"):
        read_nodes(folder, "all_node")


def test_a_variant_without_times_cannot_be_replayed_as_recorded(folder):
    (folder / "openb_pod_list_multigpu20.csv").write_text("name,cpu_milli,memory_mib,num_gpu,gpu_milli\np,1,1,0,0\n")
    assert len(replay(folder, OpenbReplay(pods="multigpu20"), seed=1).events) == 1
    with pytest.raises(TraceError, match="column creation_time is missing"):
        replay(folder, OpenbReplay(pods="multigpu20", timing="recorded"), seed=1)


def test_a_broken_file(folder):
    (folder / "openb_pod_list_default.csv.gz").write_bytes(b"not gzipped")
    with pytest.raises(TraceError, match="cannot be read as gzipped CSV"):
        read_pods(folder)


def test_an_empty_file(folder):
    (folder / "openb_node_list_gpu_node.csv").write_text(NODES.split("\n")[0] + "\n")
    with pytest.raises(TraceError, match="no nodes"):
        read_nodes(folder)


@pytest.mark.parametrize("how", [{"speed": 0}, {"share": 0}, {"share": 1.5}, {"order": "shuffled", "timing": "recorded"}])
def test_what_cannot_be_is_refused(how):
    with pytest.raises(ConfigurationError, match="accepted"):
        OpenbReplay(**how)


@pytest.mark.skipif("BINPACK_TRACES" not in os.environ, reason="BINPACK_TRACES does not name the folder of the openb trace")
@pytest.mark.parametrize(("variant", "pods"), [("default", 8152), ("multigpu50", 9061), ("gpuspec33", 8152)])
def test_the_real_trace(variant, pods):
    folder = trace_folder()
    generated = replay(folder, OpenbReplay(pods=variant), seed=1)
    assert len(generated.events) == pods
    assert len(generated.nodes) == 1213
    capacity = [node.status.allocatable for node in generated.nodes]
    assert sum(amounts["cpu"].ceil_milli() for amounts in capacity) == 107_018_000
    assert sum(amounts["memory"].ceil_units() for amounts in capacity) == 503_828_480 << 20
    assert sum(amounts[GPU_COUNT].ceil_units() for amounts in capacity) == 6212
    if variant == "default":
        assert demand(generated).resources[GPU_MILLI].max() == 6_086_800
