"""The policies on a small trace: the compiled filling, the scheduling cycle, and a twin in plain loops decide the same pods alike."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from benchmarks.fgd.policies import PLUGIN_OF
from benchmarks.fgd.replay import Replayed, draw, replay
from benchmarks.fgd.trace import Trace, read_trace
from benchmarks.suite import FillingSpec, PolicySpec
from binpack.model.devices import device_model
from binpack.model.requests import resource_list
from binpack.plugins.research.typical_pods import typical_pods
from binpack.scheduler.filling.run import device_bits
from binpack.scheduler.ties import Ties
from binpack.sim.streams import stream
from workloads.traces.openb_sample import write_sample

EVENTS = 1000
SEED = 7
MIB = 1 << 20


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    folder = tmp_path_factory.mktemp("trace")
    write_sample(folder, nodes=144, pods=900)
    return read_trace(Path(folder), "default")


def policy(name: str) -> PolicySpec:
    return PolicySpec(name=name, score=PLUGIN_OF[name])


@pytest.mark.parametrize("name", PLUGIN_OF)
def test_the_first_thousand_decisions_are_those_of_the_plain_twin(trace: Trace, name: str) -> None:
    ours = replay(trace, policy(name), SEED, FillingSpec(), ties=Ties.RANK)
    assert len(ours.run.rows) >= EVENTS
    assert int((ours.run.rows[:EVENTS] < 0).sum()) > 5, "a test where everything fits shows little"
    twin = Twin(trace, name)
    for event, arrival in enumerate(ours.filling.arrivals[:EVENTS]):
        node, devices = twin.place(arrival.pod)
        assert (int(ours.run.rows[event]), int(ours.run.devices[event])) == (node, devices), f"arrival {event}"
        assert float(ours.run.buckets[event].sum()) == pytest.approx(sum(sum(g) for g in twin.free))
        if event % 100 == 0:
            own = sum(twin.fragments(node) for node in range(len(twin.free)))
            b = ours.run.buckets[event]
            assert float(b.sum() - b[2]) == pytest.approx(own)


@pytest.mark.parametrize("name", PLUGIN_OF)
@pytest.mark.parametrize("ties", [Ties.RANK, Ties.FIRST, Ties.KUBE])
def test_the_filling_decides_what_the_scheduling_cycle_decides(tmp_path: Path, name: str, ties: Ties) -> None:
    write_sample(tmp_path, nodes=18, pods=160, seed=3)
    small = read_trace(tmp_path, "default")
    quick, plain = (replay(small, policy(name), SEED, FillingSpec(), ties=ties, kernels=kernels) for kernels in (True, False))
    assert _decisions(quick) == _decisions(plain)
    assert np.array_equal(quick.run.used_milli, plain.run.used_milli)
    assert np.allclose(quick.run.buckets, plain.run.buckets, rtol=1e-12)


def test_float_scores_and_random_ties_are_other_runs(trace: Trace) -> None:
    runs = {
        "as published": replay(trace, policy("FGD"), SEED, FillingSpec(), ties=Ties.RANK),
        "float": replay(trace, policy("FGD"), SEED, FillingSpec(float_scores=True), ties=Ties.RANK),
        "random": replay(trace, policy("FGD"), SEED, FillingSpec(), ties=Ties.RANDOM),
        "all typical": replay(trace, policy("FGD"), SEED, FillingSpec(threshold_percent=60), ties=Ties.RANK),
        "no memory": replay(trace, policy("FGD"), SEED, FillingSpec(memory=False), ties=Ties.RANK),
    }
    assert len({tuple(_decisions(run)) for run in runs.values()}) == len(runs)


def _decisions(replayed: Replayed) -> list[str]:
    return list(replayed.decisions())


class Twin:
    """The experiment's rules in loops over nodes and devices, written from its description and nothing else."""

    def __init__(self, trace: Trace, name: str) -> None:
        self.name = name
        amounts = [resource_list(node.status.allocatable or {}) for node in trace.nodes]
        self.cpu = [amount["cpu"] for amount in amounts]
        self.memory = [amount["memory"] // MIB for amount in amounts]
        self.free = [[1000] * amount["alibabacloud.com/gpu-count"] for amount in amounts]
        self.model = [device_model(node) for node in trace.nodes]
        self.tags: list[list[str]] = [[] for _ in trace.nodes]
        self.order = np.argsort(draw(trace, SEED, load_percent=130).ranks).tolist()
        self.typical = typical_pods(trace.groups())
        self.draws = iter(stream(SEED, f"fgd/{name}").random(10_000))

    def place(self, pod) -> tuple[int, int]:
        feasible = [node for node in self.order if self.fits(node, pod)]
        if not feasible:
            return -1, 0
        if self.name == "Random":
            node = feasible[int(next(self.draws) * len(feasible))] if len(feasible) > 1 else feasible[0]
        else:
            node = max(feasible, key=lambda n: self.score(n, pod))  # the first in the order of ranks
        devices = self.devices(node, pod)
        self.cpu[node] -= pod.cpu_milli
        self.memory[node] -= pod.memory_mib
        for device in devices:
            self.free[node][device] -= pod.milli_per_device
        if pod.devices:
            self.tags[node].append(tag(pod))
        return node, device_bits(tuple(devices))

    def fits(self, node: int, pod) -> bool:
        if pod.cpu_milli > self.cpu[node] or pod.memory_mib > self.memory[node]:
            return False
        if pod.devices == 0:
            return True
        spec = [part for part in pod.gpu_spec.split("|") if part]
        if spec and self.model[node] not in spec:
            return False
        return sum(g >= pod.milli_per_device for g in self.free[node]) >= pod.devices

    def devices(self, node: int, pod) -> list[int]:
        g, d = self.free[node], pod.milli_per_device
        if pod.devices == 0:
            return []
        if d == 1000:
            return [i for i in range(len(g)) if g[i] == 1000][: pod.devices]
        fitting = [i for i in range(len(g)) if g[i] >= d]
        if self.name == "Random":
            return [fitting[int(next(self.draws) * len(fitting))]]
        if self.name == "FGD":
            return [max(fitting, key=lambda i: (self.gradient(node, pod, [i]), -i))]
        return [min(fitting, key=lambda i: (g[i], i))]

    def score(self, node: int, pod) -> int:
        c, g = self.cpu[node], self.free[node]
        q, d, k = pod.cpu_milli, pod.milli_per_device, pod.devices
        if self.name == "DotProd":
            return int(100 * (1 - ((c / 128000) * (q / 128000) + (sum(g) / 8000) * (d * k / 8000)) / 2))
        if self.name == "BestFit":
            return int((1 - (((c - q) / 128000) * 0.5 + ((sum(g) - d * k) / 8000) * 0.5)) * 100)
        if self.name == "FGD":
            if k == 1 and d < 1000:
                return max(self.gradient(node, pod, [i]) for i in range(len(g)) if g[i] >= d)
            return self.gradient(node, pod, [i for i in range(len(g)) if g[i] == 1000][:k])
        if k == 0:
            return 0
        if self.name == "GpuClustering":
            tags = self.tags[node]
            alike = tags.count(tag(pod))
            base = 25 if not tags else 0 if not alike else 75 if alike == len(tags) else 50
            return base + (25 * (8000 - sum(g))) // 8000
        idle = sum(left == 1000 for left in g)
        if idle == len(g):
            return max(33 - idle, idle)
        taken = sorted(left for left in g if left >= d)[:k]
        used = sum(left == 1000 for left in taken)
        return max(50 - used, 33) if used else max(100 - sum(left * 100 // 1000 for left in taken) // 10, 50)

    def gradient(self, node: int, pod, devices: list[int]) -> int:
        after = list(self.free[node])
        for device in devices:
            after[device] -= pod.milli_per_device
        lost = self.measure(self.cpu[node] - pod.cpu_milli, tuple(after), self.model[node]) - self.fragments(node)
        return int(1 / (1 + math.exp(lost / 1000)) * 100)

    def fragments(self, node: int) -> float:
        return self.measure(self.cpu[node], tuple(self.free[node]), self.model[node])

    @cache  # noqa: B019  the test's own, gone with it
    def measure(self, c: int, g: tuple[int, ...], t: str) -> float:
        q1 = q2 = q4 = xl = xr = na = 0.0
        for typical in self.typical:
            group, p, everything = typical.group, typical.popularity, sum(g)
            d, spec = group.gpu_milli, [part for part in group.gpu_models.split("|") if part]
            if d == 0:
                if c >= group.cpu_milli:
                    xl += p * everything
                else:
                    xr += p * everything
            elif spec and t not in spec:
                na += p * everything
            elif sum(left >= d for left in g) >= group.gpu_count:
                if c >= group.cpu_milli:
                    q2 += p * sum(left for left in g if left < d)
                else:
                    q4 += p * everything
            elif c >= group.cpu_milli:
                q2 += p * everything
            else:
                q1 += p * everything
        return q1 + q2 + q4 + xl + xr + na


def tag(pod) -> str:
    return "share" if pod.milli_per_device < 1000 else f"{pod.devices}-gpu"
