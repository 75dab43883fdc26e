"""A run in numbers: what a summary tells and what policies are compared by. Over time, a value counts for as long as it held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from binpack.sim.run import Run
from binpack.units import US_PER_S


@dataclass(frozen=True, slots=True)
class Metrics:
    """One run.

    Parameters
    ----------
    span_s : float
        Virtual time, seconds.
    pods_count, bound_count, finished_count, pending_count : int
        Pods that there ever were; that found a node; that have ended by themselves; that wait at the end.
    nodes_count, nodes_in_use_mean, nodes_in_use_max : int, float, int
        Nodes at the end; with at least one pod, on the average over time and at most.
    cpu_utilisation_mean, memory_utilisation_mean : float
        Requested over allocatable, averages over time, 0 to 1.
    pending_mean, pending_max : float, int
        Pods without a node.
    waiting_median_s, waiting_p95_s, waiting_max_s : float
        From creation to binding, of the pods that were bound; 0 without any.
    """

    span_s: float
    pods_count: int
    bound_count: int
    finished_count: int
    pending_count: int
    nodes_count: int
    nodes_in_use_mean: float
    nodes_in_use_max: int
    cpu_utilisation_mean: float
    memory_utilisation_mean: float
    pending_mean: float
    pending_max: int
    waiting_median_s: float
    waiting_p95_s: float
    waiting_max_s: float


def metrics_of(run: Run) -> Metrics:
    """Compute the numbers of a run."""
    cluster = run.cluster.columns
    held_us = _held(cluster["time_us"], run.until_us)
    waits = sorted(row.scheduled_us - row.created_us for row in run.pod_rows if row.scheduled_us is not None)
    finished = sum(row.finished_us is not None for row in run.pod_rows)
    pending, in_use, nodes = cluster["pods_pending_count"], cluster["nodes_in_use_count"], cluster["nodes_count"]
    return Metrics(
        span_s=run.until_us / US_PER_S,
        pods_count=len(run.pod_rows),
        bound_count=len(waits),
        finished_count=finished,
        pending_count=pending[-1] if pending else 0,
        nodes_count=nodes[-1] if nodes else 0,
        nodes_in_use_mean=_mean(in_use, held_us),
        nodes_in_use_max=max(in_use, default=0),
        cpu_utilisation_mean=_share(cluster["cpu_requested_millicores"], cluster["cpu_allocatable_millicores"], held_us),
        memory_utilisation_mean=_share(cluster["memory_requested_bytes"], cluster["memory_allocatable_bytes"], held_us),
        pending_mean=_mean(pending, held_us),
        pending_max=max(pending, default=0),
        waiting_median_s=_quantile(waits, 50) / US_PER_S,
        waiting_p95_s=_quantile(waits, 95) / US_PER_S,
        waiting_max_s=(waits[-1] if waits else 0) / US_PER_S,
    )


def _held(times_us: Sequence[int], until_us: int) -> list[int]:
    """Return for how long each row held, the last one until the end."""
    return [end - start for start, end in zip(times_us, [*times_us[1:], until_us], strict=True)]


def _mean(values: Sequence[int], held_us: Sequence[int]) -> float:
    total = sum(held_us)
    return sum(value * held for value, held in zip(values, held_us, strict=True)) / total if total else 0.0


def _share(parts: Sequence[int], wholes: Sequence[int], held_us: Sequence[int]) -> float:
    whole = sum(value * held for value, held in zip(wholes, held_us, strict=True))
    return sum(value * held for value, held in zip(parts, held_us, strict=True)) / whole if whole else 0.0


def _quantile(ordered: Sequence[int], percent: int) -> int:
    """Return the smallest value that at least so many per cent do not exceed; 0 without values."""
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else 0
