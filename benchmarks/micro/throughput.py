"""Pods a second of one case: whole ticks from the cache, against the uncached path over a prefix of the same pods."""

from __future__ import annotations

import gc
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.micro.case import Case
from binpack.errors import BinpackError
from binpack.framework.profile import build_profiles
from binpack.framework.registry import Registry
from binpack.model.pod import Pod
from binpack.plugins import in_tree
from binpack.scheduler.cached_cycle import CachedCycle
from binpack.scheduler.fast.scheduler import has_numba
from binpack.scheduler.ties import TieBreaker, Ties

TICK = 100
UNCACHED_SECONDS = 15.0


@dataclass(frozen=True)
class Throughput:
    """What one case gave.

    Parameters
    ----------
    pods_per_s, uncached_pods_per_s, ratio : float
    decision_us_p50, decision_us_p99 : float
        Microseconds a pod, over ticks of `TICK` pods.
    written_down_us : float
        Microseconds a pod for writing down who stands where, which is done when somebody first asks: after the last tick, in no rate.
    peak_mib : float
        The largest memory of the process.
    bound : int
        Pods that were placed.
    uncached_pods : int
        How many pods the uncached path decided. The same nodes were chosen for all of them, or there is no result.
    kernels : bool
        Whether compiled kernels decided.
    counters : dict[str, int]
    """

    pods_per_s: float
    uncached_pods_per_s: float
    ratio: float
    decision_us_p50: float
    decision_us_p99: float
    written_down_us: float
    peak_mib: float
    bound: int
    uncached_pods: int
    kernels: bool
    counters: dict[str, int]


def measure(case: Case, *, ties: Ties = Ties.FIRST, kernels: bool | None = None, uncached_seconds: float = UNCACHED_SECONDS) -> Throughput:
    """Measure one case.

    Parameters
    ----------
    case : Case
    ties : Ties
    kernels : bool or None
        None: if numba is installed. A first tick on a cluster of its own compiles, or loads what was compiled, and is not counted.
    uncached_seconds : float
        How long the uncached path may take.

    Raises
    ------
    BinpackError
        If the two paths differ.
    """
    kernels = has_numba() if kernels is None else kernels
    pods = case.waiting()
    _warm_up(case, ties, kernels)
    cycle = _cycle(case, ties, kernels, cache=True)
    # What was built for the case is set aside, so that it is not looked through for garbage again and again.
    gc.collect()
    gc.freeze()
    chosen: list[str | None] = []
    ticks: list[float] = []
    for begin in range(0, len(pods), TICK):
        tick = pods[begin : begin + TICK]
        started = time.perf_counter()
        outcomes = cycle.decide_tick(tick)
        ticks.append((time.perf_counter() - started) / len(tick))
        chosen += [outcome.node for outcome in outcomes]
    started = time.perf_counter()
    _ask_who_stands_where(cycle)
    written_down = (time.perf_counter() - started) / len(pods) * 1e6
    gc.unfreeze()
    peak = peak_mib()
    prefix, seconds = _uncached(case, ties, pods, chosen, uncached_seconds)
    rate, plain = len(pods) / (sum(ticks[i] * len(pods[i * TICK : (i + 1) * TICK]) for i in range(len(ticks)))), prefix / seconds
    p50, p99 = np.percentile(np.array(ticks) * 1e6, [50, 99]).tolist()
    counters = cycle.counters.as_dict() | {"selector_evaluations": cycle.cluster.counts.selector_evaluations}
    bound = sum(node is not None for node in chosen)
    return Throughput(rate, plain, rate / plain, p50, p99, written_down, peak, bound, prefix, cycle.uses_kernels, counters)


def _cycle(case: Case, ties: Ties, kernels: bool | None, *, cache: bool) -> CachedCycle:
    profiles = build_profiles(Registry(in_tree()))
    return CachedCycle(case.cluster(), profiles, tie_breaker=TieBreaker(ties), cache=cache, kernels=kernels)


def _ask_who_stands_where(cycle: CachedCycle) -> None:
    cycle.cluster.node_of("nobody")
    for _ in cycle.cluster.counts.classes():
        pass


def _warm_up(case: Case, ties: Ties, kernels: bool | None) -> None:
    small = Case(64, 2, TICK, case.mode, case.zones, case.selectors)
    _cycle(small, ties, kernels, cache=True).decide_tick(small.waiting())


def _uncached(case: Case, ties: Ties, pods: Sequence[Pod], chosen: Sequence[str | None], limit: float) -> tuple[int, float]:
    """Decide a prefix of the pods the plain way, and compare."""
    cycle = _cycle(case, ties, None, cache=False)
    started = time.perf_counter()
    for number, pod in enumerate(pods):
        (outcome,) = cycle.decide_tick([pod])
        if outcome.node != chosen[number]:
            raise BinpackError(f'pod "{pod.key}": the cache chose {chosen[number]}, the uncached path {outcome.node}')
        if time.perf_counter() - started > limit:
            return number + 1, time.perf_counter() - started
    return len(pods), time.perf_counter() - started


def peak_mib() -> float:
    """Return the largest memory that this process has had."""
    peak: Any = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) / (1 << 20 if sys.platform == "darwin" else 1 << 10)
