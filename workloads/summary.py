"""What a drawn workload looks like in numbers: sizes, run times, demand over time, and how many pods carry which constraint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.model.duration import parse_duration_ns
from binpack.model.pod import Affinity, Pod
from binpack.model.requests import fit_requests, resource_list
from binpack.model.workloads import Deployment, Job
from binpack.sim.timeline import Apply
from binpack.testing.values import DURATION_ANNOTATION
from binpack.units import GIB, MIB, MILLI_PER_CORE
from workloads.demand import PodGroup, demand, pod_groups
from workloads.workload import Generated

QUANTILES = (0.1, 0.5, 0.9, 0.99)


@dataclass(frozen=True)
class Row:
    """The distribution of one quantity.

    Parameters
    ----------
    quantity : str
        With its unit.
    count : int
        Values behind it.
    mean : float
    quantiles : tuple[float, ...]
        At `QUANTILES`.
    largest : float
    """

    quantity: str
    count: int
    mean: float
    quantiles: tuple[float, ...]
    largest: float


@dataclass(frozen=True)
class Summary:
    """A workload in numbers, over one or several seeds.

    Parameters
    ----------
    name : str
    runs : int
        How many seeds were drawn.
    counts : dict[str, float]
        What there is in one run, on average: nodes, Deployments, Jobs, pods.
    shares : dict[str, float]
        Which share of the pods carries which constraint, 0 to 1.
    rows : tuple[Row, ...]
    """

    name: str
    runs: int
    counts: dict[str, float]
    shares: dict[str, float]
    rows: tuple[Row, ...]


def summarize(*runs: Generated) -> Summary:
    """Summarize runs of one workload, their values pooled.

    Parameters
    ----------
    *runs : Generated
        At least one.
    """
    groups = [group for run in runs for group in pod_groups(run)]
    created = [group for group in groups if group.created]
    weights = np.array([group.created for group in created], np.int64)
    applied = [event.object for run in runs for event in run.events if isinstance(event, Apply)]
    counts = {
        "nodes": sum(len(run.nodes) for run in runs),
        "Deployments applied": sum(isinstance(item, Deployment) for item in applied),
        "Jobs applied": sum(isinstance(item, Job) for item in applied),
        "pods without owner": sum(isinstance(item, Pod) for item in applied),
        "pods created": int(weights.sum()),
    }
    return Summary(
        name=runs[0].name,
        runs=len(runs),
        counts={what: number / len(runs) for what, number in counts.items()},
        shares={what: _share(created, weights, has) for what, has in CONSTRAINTS.items()},
        rows=(*_pod_rows(created, weights), *_demand_rows(runs)),
    )


def _affinity(pod: Pod) -> Affinity:
    return pod.spec.affinity or Affinity()


CONSTRAINTS: dict[str, Callable[[Pod], bool]] = {
    "node selector or affinity": lambda pod: bool(pod.spec.node_selector) or _affinity(pod).node_affinity is not None,
    "toleration": lambda pod: bool(pod.spec.tolerations),
    "topology spread": lambda pod: bool(pod.spec.topology_spread_constraints),
    "pod affinity": lambda pod: _affinity(pod).pod_affinity is not None,
    "pod anti-affinity": lambda pod: _affinity(pod).pod_anti_affinity is not None,
    "priority class": lambda pod: bool(pod.spec.priority_class_name),
}


def _share(groups: Sequence[PodGroup], weights: NDArray[np.int64], has: Callable[[Pod], bool]) -> float:
    carrying = np.array([has(group.pod) for group in groups], bool)
    return float(weights[carrying].sum() / max(weights.sum(), 1))


def _pod_rows(groups: Sequence[PodGroup], weights: NDArray[np.int64]) -> list[Row]:
    requests = [fit_requests(group.pod) for group in groups]
    cpu = np.array([wanted.get("cpu", 0) for wanted in requests], np.float64)
    memory = np.array([wanted.get("memory", 0) for wanted in requests], np.float64)
    durations = [group.pod.metadata.annotations.get(DURATION_ANNOTATION) for group in groups]
    ends = np.array([duration is not None for duration in durations], bool)
    seconds = np.array([parse_duration_ns(duration) / 1e9 for duration in durations if duration is not None], np.float64)
    both = (cpu > 0) & (memory > 0)
    return [
        _row("CPU request (milli-cores)", cpu, weights),
        _row("memory request (MiB)", memory / MIB, weights),
        _row("memory per core (GiB)", (memory[both] / GIB) / (cpu[both] / MILLI_PER_CORE), weights[both]),
        _row("run time of pods that finish (s)", seconds, weights[ends]),
    ]


def _demand_rows(runs: Sequence[Generated]) -> list[Row]:
    """Weigh each stretch of time by its length."""
    series: dict[str, list[NDArray[np.float64]]] = {}
    lengths: list[NDArray[np.int64]] = []
    for run in runs:
        wanted = demand(run)
        allocatable: dict[str, int] = {}
        for node in run.nodes:
            for name, amount in resource_list(node.status.allocatable or {}).items():
                allocatable[name] = allocatable.get(name, 0) + amount
        lengths.append(np.diff(wanted.times_us, append=run.span_us))
        series.setdefault("pods wanted at a time", []).append(wanted.pods.astype(np.float64))
        for name in ("cpu", "memory"):
            amounts = wanted.resources.get(name, np.zeros(wanted.times_us.size, np.int64))
            series.setdefault(f"{name} wanted (% of allocatable)", []).append(100.0 * amounts / max(allocatable.get(name, 0), 1))
    return [_row(quantity, np.concatenate(parts), np.concatenate(lengths)) for quantity, parts in series.items()]


def _row(quantity: str, values: NDArray[np.float64], weights: NDArray[np.int64]) -> Row:
    """Take quantiles of values of which each stands for `weight` equal ones: the smallest with at least that share at or below it."""
    if not weights.sum():
        return Row(quantity, 0, 0.0, (0.0,) * len(QUANTILES), 0.0)
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    at = np.minimum(np.searchsorted(reached, QUANTILES), values.size - 1)
    mean = float(np.average(values, weights=weights))
    return Row(quantity, values.size, mean, tuple(values[order][at].tolist()), float(values.max()))
