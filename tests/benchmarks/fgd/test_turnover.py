"""The policies where pods finish: devices are given back, and bound pods say which they hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cell import instants, workload_of
from benchmarks.fgd.turnover import configuration_of, device_columns
from benchmarks.matrix import RunSpec, expand
from benchmarks.suite import parse_suite
from binpack.framework.registry import Registry
from binpack.model.devices import GPU_INDEX, device_index, device_request
from binpack.plugins import in_tree
from binpack.sim.run import Run
from binpack.sim.simulation import simulate
from binpack.state.cluster import Cluster
from workloads.traces.openb_sample import write_sample

SUITE = """
name: mine
workloads: [{name: w, openb: {timing: turnover, loadPercent: 120, lifetimeS: 600, spanH: 1, devices: true}}]
policies: [{name: FGD, score: FGD}, {name: kube-scheduler}, {name: Random, score: FGDRandom}]
seeds: [1]
"""


def simulated(spec: RunSpec) -> Run:
    registry, generated = Registry(in_tree()), workload_of(spec)
    return simulate(
        generated.nodes,
        generated.events,
        configuration=configuration_of(spec, registry),
        seed=1,
        until_us=generated.span_us,
        sample_at_us=instants(spec, generated.span_us),
        registry=registry,
        keeps_log=False,
    )


@pytest.mark.parametrize("policy", ["FGD", "kube-scheduler", "Random"])
def test_no_device_is_given_twice_and_all_come_back(tmp_path: Path, policy: str) -> None:
    write_sample(tmp_path, nodes=9, pods=80)
    (spec,) = (run for run in expand(parse_suite(SUITE, source="s"), trace_dir=str(tmp_path)) if run.policy.name == policy)
    run = simulated(spec)
    finished = sum(time is not None for time in run.pods.columns["finished_us"])
    assert finished > 50
    for sample, measured in zip(run.samples, device_columns(spec, run.samples), strict=True):
        cluster = Cluster()
        for node in sample.nodes:
            cluster.add_node(node)
        for pod in sample.bound:
            request = device_request(pod)
            assert (GPU_INDEX in pod.metadata.annotations) == (request is not None)
            assert len(device_index(pod)) == (0 if request is None else request.count)
            cluster.add_pod(pod, pod.spec.node_name)
        assert cluster.devices.free.min() >= 0
        used = sum(request.total for pod in sample.bound if (request := device_request(pod)) is not None)
        assert measured["gpu_allocated_percent"] == pytest.approx(100 * used / (1000 * cluster.devices.counts.sum()))
        assert 50 < measured["gpu_allocated_percent"] <= 100
