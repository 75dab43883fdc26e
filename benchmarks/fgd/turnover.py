"""The policies where pods finish: configuration and measures of simulated runs on devices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fgd.policies import device_document
from benchmarks.matrix import RunSpec
from binpack.framework.registry import Registry
from binpack.framework.resolution import ResolvedConfiguration, resolve_document
from binpack.plugins.research.fragmentation import fragments, row_buckets, target_of
from binpack.plugins.research.typical_pods import PodGroup, count_groups, typical_pods
from binpack.sim.samples import Sample
from binpack.state.cluster import Cluster
from workloads.traces.openb import read_nodes
from workloads.traces.openb_replay import OpenbReplay, servable_pods

MEASURES = ("gpu_allocated_percent", "gpu_fragment_ratio_percent", "gpu_fragment_amount_percent")


def uses_devices(spec: RunSpec) -> bool:
    """Tell whether GPU shares come out of devices in a run."""
    return spec.workload.openb is not None and spec.workload.openb.devices


def configuration_of(spec: RunSpec, registry: Registry) -> ResolvedConfiguration:
    """Return a run's scheduler configuration; with devices, GpuShare is in it, and FGD knows the trace's pods."""
    if not uses_devices(spec) or spec.policy.configuration:
        return spec.policy.resolve(registry)
    if spec.policy.score:
        return resolve_document(device_document(spec.policy.score, _groups(spec), weight=1), registry)
    document = spec.policy.document() | {"profiles": [{"plugins": {"multiPoint": {"enabled": [{"name": "GpuShare"}]}}}]}
    return resolve_document(document, registry)


def device_columns(spec: RunSpec, samples: Iterable[Sample]) -> list[dict[str, float]]:
    """Measure the devices at each instant: what is allotted, and how much of the rest is fragments.

    Returns
    -------
    list[dict[str, float]]
        The columns of `MEASURES`: of all devices, of the idle ones, of all devices.
    """
    typical = typical_pods(_groups(spec))
    rows = []
    for sample in samples:
        cluster = Cluster()
        for node in sample.nodes:
            cluster.add_node(node)
        for pod in sample.bound:
            cluster.add_pod(pod, pod.spec.node_name)
        amounts = row_buckets(target_of(typical, cluster.devices.models), cluster.rows())[:, cluster.active].sum(axis=1)
        capacity, idle = 1000.0 * float(cluster.devices.counts.sum()), float(amounts.sum())
        fragmented = float(fragments(amounts[:, np.newaxis])[0])
        shares = (1 - idle / capacity, fragmented / idle if idle else 0.0, fragmented / capacity)
        rows.append({name: 100 * share for name, share in zip(MEASURES, shares, strict=True)})
    return rows


def device_means(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the means over instants of what `device_columns` measured; nothing without devices."""
    if not rows or MEASURES[0] not in rows[0]:
        return {}
    return {name.replace("_percent", "_sampled_mean_percent"): float(np.mean([row[name] for row in rows])) for name in MEASURES}


def _groups(spec: RunSpec) -> dict[PodGroup, int]:
    assert spec.workload.openb is not None
    assert spec.trace_dir is not None
    return _counted(Path(spec.trace_dir), spec.workload.openb.nodes, spec.workload.openb.pods, spec.workload.openb.lenient)


@lru_cache(maxsize=4)
def _counted(folder: Path, nodes: str, pods: str, lenient: bool) -> dict[PodGroup, int]:
    kept, _ = servable_pods(folder, read_nodes(folder, nodes), OpenbReplay(nodes=nodes, pods=pods, lenient=lenient))
    return count_groups(PodGroup(pod.cpu_milli, pod.milli_per_device, pod.devices, pod.gpu_spec) for pod in kept)
