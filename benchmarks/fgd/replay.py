"""One run of the experiment: the arrivals drawn as the original drew them, and where each pod went."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.fgd.policies import device_profile
from benchmarks.fgd.trace import Trace
from benchmarks.suite import FillingSpec, PolicySpec
from binpack.model.base import replace
from binpack.model.devices import MILLI_PER_DEVICE, device_count
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.plugins.research.typical_pods import typical_pods
from binpack.scheduler.filling.fill import fill
from binpack.scheduler.filling.run import FillingRun, device_indices
from binpack.scheduler.ties import Ties
from binpack.sim.streams import stream
from binpack.state.cluster import Cluster
from workloads.traces.go_random import GoRandom
from workloads.traces.openb import OpenbPod, pod_object
from workloads.traces.openb_filling import Filling, device_milli, draw_filling


@dataclass(frozen=True)
class Replayed:
    """A run and what it was made from.

    Parameters
    ----------
    trace : Trace
    filling : Filling
        Arrivals and ranks.
    run : FillingRun
        Its rows are indices into `trace.nodes`.
    """

    trace: Trace
    filling: Filling
    run: FillingRun

    @property
    def gpu_milli(self) -> int:
        """What all devices of the cluster have."""
        return capacity_milli(self.trace.nodes)

    def arrived_milli(self) -> NDArray[np.int64]:
        """What the pods that have arrived ask of devices, those included that failed; shape [events]."""
        return np.cumsum([device_milli(arrival.pod) for arrival in self.filling.arrivals])

    def decisions(self) -> Iterator[str]:
        """Yield one line an arrival: event, pod, node, the node's rank, devices; the last three empty for a pod that failed."""
        names, ranks = [node.name for node in self.trace.nodes], self.filling.ranks
        rows, bits = self.run.rows.tolist(), self.run.devices.tolist()
        for event, (arrival, row, devices) in enumerate(zip(self.filling.arrivals, rows, bits, strict=True)):
            where = ",," if row < 0 else f"{names[row]},{ranks[row]},{'-'.join(map(str, device_indices(devices)))}"
            yield f"{event},{arrival.name},{where}"


def capacity_milli(nodes: Sequence[Node]) -> int:
    """Return what all devices of some nodes have."""
    return MILLI_PER_DEVICE * sum(map(device_count, nodes))


def draw(trace: Trace, seed: int, *, load_percent: float) -> Filling:
    """Draw a run's arrivals and ranks."""
    target = round(load_percent * capacity_milli(trace.nodes) / 100)
    return draw_filling(trace.pods, len(trace.nodes), target_milli=target, random=GoRandom(seed, trace.cooked))


def replay(trace: Trace, policy: PolicySpec, seed: int, how: FillingSpec, *, ties: Ties, kernels: bool | None = None) -> Replayed:
    """Run the experiment.

    Parameters
    ----------
    trace : Trace
    policy : PolicySpec
    seed : int
        Of the arrivals; a policy or tie rule that draws has a stream of its own from it.
    how : FillingSpec
    ties : Ties
        `rank` is the paper's: a permutation of the nodes drawn with the arrivals.
    kernels : bool or None
        As for `binpack.scheduler.filling.fill.fill`.
    """
    filling = draw(trace, seed, load_percent=how.load_percent)
    cluster, index = empty_cluster(trace, filling, ties)
    pods, arrivals = classes(filling, memory=how.memory)
    groups = trace.groups()
    run = fill(
        cluster,
        device_profile(policy, groups, threshold_percent=how.threshold_percent),
        pods,
        arrivals,
        # The ranks are in the names.
        ties=Ties.FIRST if ties is Ties.RANK else ties,
        typical=typical_pods(groups),
        generator=stream(seed, f"fgd/{policy.name}"),
        float_scores=how.float_scores,
        kernels=kernels,
    )
    return Replayed(trace, filling, replace_rows(run, index))


def replace_rows(run: FillingRun, index: NDArray[np.int64]) -> FillingRun:
    """Translate rows of the cluster into indices of nodes; `index` has one entry a row."""
    rows = np.where(run.rows < 0, run.rows, index[run.rows])
    return FillingRun(rows, run.devices, run.used_milli, run.buckets)


def empty_cluster(trace: Trace, filling: Filling, ties: Ties) -> tuple[Cluster, NDArray[np.int64]]:
    """Return an empty cluster, and the node of each of its rows. With `rank` a node's rank goes before its name, as in the original."""
    cluster = Cluster()
    names = [f"{rank:04d}-{node.name}" if ties is Ties.RANK else node.name for node, rank in zip(trace.nodes, filling.ranks, strict=True)]
    for node, name in zip(trace.nodes, names, strict=True):
        cluster.add_node(replace(node, metadata=replace(node.metadata, name=name)))
    index = np.zeros(cluster.capacity, np.int64)
    for number, name in enumerate(names):
        row = cluster.row_of(name)
        assert row is not None
        index[row] = number
    return cluster, index


def classes(filling: Filling, *, memory: bool) -> tuple[list[Pod], NDArray[np.int64]]:
    """Return the different pods, and which of them each arrival is."""
    numbers: dict[tuple[object, ...], int] = {}
    pods: list[Pod] = []
    which = np.zeros(len(filling.arrivals), np.int64)
    for event, arrival in enumerate(filling.arrivals):
        pod = arrival.pod
        key = (pod.cpu_milli, pod.memory_mib, pod.devices, pod.milli_per_device, pod.gpu_spec)
        if key not in numbers:
            numbers[key] = len(pods)
            pods.append(pod_object(pod if memory else _without_memory(pod)))
        which[event] = numbers[key]
    return pods, which


def _without_memory(pod: OpenbPod) -> OpenbPod:
    return dataclasses.replace(pod, memory_mib=0)
