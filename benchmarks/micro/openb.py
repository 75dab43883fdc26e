"""The openb trace under kube-scheduler's default plugins: its pods decided one after another on its nodes, in the order of the list."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.micro.throughput import TICK, peak_mib
from binpack.framework.defaults import API_VERSION, KIND
from binpack.framework.profile import Profile, build_profiles
from binpack.framework.registry import Registry
from binpack.framework.resolution import resolve_document
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.plugins import in_tree
from binpack.scheduler.cached_cycle import CachedCycle
from binpack.scheduler.ties import TieBreaker, Ties
from binpack.state.cluster import Cluster
from workloads.traces.openb import pod_object, read_nodes, read_pods


@dataclass(frozen=True)
class OpenbTime:
    """What it took.

    Parameters
    ----------
    nodes, pods, bound : int
    seconds, cpu_seconds : float
        From the first decision to the last; the trace is read, and the code compiled, before.
    peak_mib : float
        The largest memory of the process.
    kernels : bool
        Whether compiled kernels decided.
    """

    nodes: int
    pods: int
    bound: int
    seconds: float
    cpu_seconds: float
    peak_mib: float
    kernels: bool


def measure_openb(folder: Path, variant: str, *, percentage: int, kernels: bool | None = None) -> OpenbTime:
    """Place the pods of a variant, once to compile and once to measure.

    Parameters
    ----------
    folder : Path
        Of the trace.
    variant : str
    percentage : int
        Of nodes to score; 0: kube-scheduler's own, which stops the search where enough nodes are found.
    kernels : bool or None
        None: if numba is installed.
    """
    nodes, pods = read_nodes(folder), [pod_object(pod) for pod in read_pods(folder, variant)]
    registry = Registry(in_tree())
    document = {"apiVersion": API_VERSION, "kind": KIND, "percentageOfNodesToScore": percentage}
    profiles = build_profiles(registry, resolve_document(document, registry))
    _placed(nodes, pods[: 5 * TICK], profiles, kernels)
    gc.collect()
    gc.freeze()
    cycle, bound, seconds, cpu_seconds = _placed(nodes, pods, profiles, kernels)
    gc.unfreeze()
    return OpenbTime(len(nodes), len(pods), bound, seconds, cpu_seconds, peak_mib(), cycle.uses_kernels)


def _placed(
    nodes: list[Node], pods: list[Pod], profiles: dict[str, Profile], kernels: bool | None
) -> tuple[CachedCycle, int, float, float]:
    cluster = Cluster()
    for node in nodes:
        cluster.add_node(node)
    cycle = CachedCycle(cluster, profiles, tie_breaker=TieBreaker(Ties.FIRST), cache=True, kernels=kernels)
    begun, begun_cpu, bound = time.perf_counter(), time.process_time(), 0
    for begin in range(0, len(pods), TICK):
        bound += sum(outcome.node is not None for outcome in cycle.decide_tick(pods[begin : begin + TICK]))
    return cycle, bound, time.perf_counter() - begun, time.process_time() - begun_cpu
