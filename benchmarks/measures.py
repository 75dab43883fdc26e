"""What is measured of a run: one row a run, one row a sampled instant. Units stand in the column names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.matrix import RunSpec
from binpack.model.pod import Pod
from binpack.optimal.instant import FewestNodes
from binpack.sim.run import Run
from binpack.sim.samples import Sample
from binpack.units import US_PER_HOUR, US_PER_S

SAMPLED_COUNTS = ("nodes_in_use_count", "optimum_nodes_count", "bound_nodes_count")
"""What a run's row has as a mean over the sampled instants, so that the three can be compared."""


def running(sample: Sample) -> list[Pod]:
    """Return the pods that run at an instant; those that are being deleted need no place any more."""
    return [pod for pod in sample.bound if not pod.is_terminating]


def sample_row(spec: RunSpec, sample: Sample, optimum: FewestNodes | None) -> dict[str, Any]:
    """Measure one instant.

    `above_optimum_percent` compares the nodes in use with the best placement found, `above_bound_percent` with the proven bound: the true
    distance lies between the two.
    """
    pods = running(sample)
    in_use = len({pod.spec.node_name for pod in pods})
    best, bound = (None, None) if optimum is None else (optimum.nodes, optimum.bound)
    return _identity(spec) | {
        "time_h": sample.time_us / US_PER_HOUR,
        "nodes_count": len(sample.nodes),
        "nodes_in_use_count": in_use,
        "pods_running_count": len(pods),
        "pods_pending_count": len(sample.pending),
        "optimum_nodes_count": _number(best),
        "bound_nodes_count": _number(bound),
        "above_optimum_percent": _above(in_use, best),
        "above_bound_percent": _above(in_use, bound),
        "proof": "" if optimum is None else optimum.proof,
    }


def run_row(spec: RunSpec, run: Run, samples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Measure a whole run. Means over time weigh each state by how long it lasted; means of optima are over the sampled instants."""
    pods, over_time = run.pods.columns, run.cluster.columns
    held = _held(over_time["time_us"], run.until_us)
    waits = np.array([wait for wait in pods["waiting_us"] if wait is not None], np.float64) / US_PER_S
    return _identity(spec) | {
        "ties": spec.ties,
        "span_h": run.until_us / US_PER_HOUR,
        "pods_created_count": len(pods["pod"]),
        "pods_bound_count": len(waits),
        "pods_pending_at_end_count": int(over_time["pods_pending_count"][-1]),
        "pods_pending_mean_count": _mean(over_time["pods_pending_count"], held),
        "wait_mean_s": float(waits.mean()) if len(waits) else 0.0,
        "wait_p99_s": float(np.quantile(waits, 0.99)) if len(waits) else 0.0,
        "nodes_in_use_mean_count": _mean(over_time["nodes_in_use_count"], held),
        "nodes_in_use_max_count": int(max(over_time["nodes_in_use_count"])),
        "cpu_requested_mean_percent": _share(over_time, "cpu_requested_millicores", "cpu_allocatable_millicores", held),
        "memory_requested_mean_percent": _share(over_time, "memory_requested_bytes", "memory_allocatable_bytes", held),
        **{f"{name.removesuffix('_count')}_sampled_mean_count": _sample_mean(samples, name) for name in SAMPLED_COUNTS},
        **{name: _sample_mean(samples, name) for name in ("above_optimum_percent", "above_bound_percent")},
        "scheduling_attempts_count": run.counters["scheduler_attempts"],
        "nodes_evaluated_count": run.counters["scheduler_evaluated_nodes"],
    }


def _identity(spec: RunSpec) -> dict[str, Any]:
    return {"key": spec.key, "workload": spec.workload.name, "policy": spec.policy.name, "seed": spec.seed}


def _number(value: int | None) -> float:
    return float("nan") if value is None else float(value)


def _above(nodes: int, least: int | None) -> float:
    return float("nan") if not least else 100.0 * (nodes - least) / least


def _held(times_us: Sequence[int], until_us: int) -> NDArray[np.float64]:
    """How long each state lasted, microseconds."""
    return np.diff(np.array([*times_us, until_us], np.float64))


def _mean(values: Sequence[int], held: NDArray[np.float64]) -> float:
    return float(np.average(np.array(values, np.float64), weights=held)) if held.sum() else float(values[-1])


def _share(over_time: Mapping[str, Sequence[Any]], part: str, whole: str, held: NDArray[np.float64]) -> float:
    whole_mean = _mean(over_time[whole], held)
    return 100.0 * _mean(over_time[part], held) / whole_mean if whole_mean else 0.0


def _sample_mean(samples: Sequence[Mapping[str, Any]], name: str) -> float:
    values = [float(sample[name]) for sample in samples if not np.isnan(sample[name])]
    return float(np.mean(values)) if values else float("nan")
