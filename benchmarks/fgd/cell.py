"""One run of the experiment as the harness wants it: a row of measures, and a row for each point of the curves."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks.fgd.bound import CERTIFICATES, bound_columns
from benchmarks.fgd.curves import Curve, curve_of
from benchmarks.fgd.digests import digest_of_run
from benchmarks.fgd.replay import Replayed, replay
from benchmarks.fgd.trace import read_trace
from benchmarks.machine import machine_facts
from benchmarks.matrix import RunSpec
from benchmarks.results_dir import ResultsDir
from benchmarks.suite import FillingSpec
from binpack.model.base import replace
from binpack.scheduler.ties import Ties

ALLOCATED_AT = (80, 90, 95, 100, 110, 120, 130)
RATIO_AT = (50, 90, 100, 130)
AMOUNT_AT = (100, 130)


def run_filling(spec: RunSpec, out: Path) -> None:
    """Execute one run and write its results."""
    how = spec.workload.filling
    assert how is not None
    assert spec.trace_dir is not None
    trace = read_trace(Path(spec.trace_dir), how.pods, lenient=how.lenient)
    begun = time.perf_counter()
    replayed = replay(trace, spec.policy, spec.seed, how, ties=Ties(how.ties or spec.ties))
    curve = curve_of(replayed)
    seconds = time.perf_counter() - begun
    identity = {"key": spec.key, "workload": spec.workload.name, "policy": spec.policy.name, "seed": spec.seed}
    row = identity | filling_row(spec, replayed, curve)
    if how.bound:
        row |= bound_columns(replayed, memory=how.memory, certificates=out / CERTIFICATES / spec.key)
    machine = machine_facts() | {"filling_s": seconds, "bound_s": time.perf_counter() - begun - seconds}
    ResultsDir(out).write_run(spec.key, row, [identity | point for point in point_rows(curve)], machine)


def filling_row(spec: RunSpec, replayed: Replayed, curve: Curve) -> dict[str, Any]:
    """Measure a whole run."""
    how = spec.workload.filling
    assert how is not None
    return {
        "trace": how.pods,
        "ties": how.ties or spec.ties,
        "float_scores": how.float_scores,
        "threshold_percent": how.threshold_percent,
        "memory": how.memory,
        "as_published": is_published(how, how.ties or spec.ties),
        "left_out_rows_count": sum(replayed.trace.left_out.values()),
        **{f"allocated_at_{k}_percent": _at(curve, curve.allocated_percent, k) for k in ALLOCATED_AT},
        **{f"fragment_ratio_at_{k}_percent": _at(curve, curve.fragment_ratio_percent, k) for k in RATIO_AT},
        **{f"fragment_amount_at_{k}_percent": _at(curve, curve.fragment_amount_percent, k) for k in AMOUNT_AT},
        **digest_of_run(replayed),
    }


def is_published(how: FillingSpec, ties: str) -> bool:
    """Tell whether a run is one of the published experiment's, but for the variant."""
    return ties == Ties.RANK and replace(how, pods="", ties="", lenient=False, bound=False) == FillingSpec(pods="")


def point_rows(curve: Curve) -> list[dict[str, Any]]:
    """Return one row a point."""
    columns = (curve.arrived_percent, curve.allocated_percent, curve.fragment_amount_percent, curve.fragment_ratio_percent)
    names = ("arrived_percent", "allocated_percent", "fragment_amount_percent", "fragment_ratio_percent")
    return [dict(zip(names, values, strict=True)) for values in zip(*(column.tolist() for column in columns), strict=True)]


def _at(curve: Curve, values: Any, percent: int) -> float:
    index = curve.at(percent)
    return float("nan") if index is None else float(values[index])
