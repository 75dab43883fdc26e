"""What any placement of a run's pods could allot at most, and what the best one found allots, beside what the policy allotted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fgd.policies import device_profile
from benchmarks.fgd.replay import Replayed, classes, empty_cluster
from benchmarks.results_dir import write_json
from benchmarks.suite import PolicySpec
from binpack.errors import CertificateError
from binpack.optimal.device_build import build_device_problem
from binpack.optimal.device_problem import DeviceProblem
from binpack.optimal.device_program import DeviceProgram
from binpack.optimal.methods.device_patterns import device_bound
from binpack.optimal.methods.device_rounding import device_placement
from binpack.optimal.verify_device_placement import verify_device_placement
from binpack.optimal.verify_devices import verify_device_bound
from binpack.scheduler.ties import Ties

CERTIFICATES = "certificates"
LOADS = (100, 130)


def bound_columns(replayed: Replayed, *, memory: bool, certificates: Path) -> dict[str, float]:
    """Bound the allotted GPU for the pods that have arrived at each load of `LOADS`, from both sides; all in percent of the devices.

    Bounds and placements are checked by verifiers that share no code with the solver; their documents are kept.

    Returns
    -------
    dict[str, float]
        `allocated_by_<load>_percent`: what the policy had allotted when the last of those pods had arrived. `bound_at_<load>_percent`:
        no placement allots more, CPU-only pods left out; `best_at_<load>_percent`: the best that was found, the policy's own and those
        with CPU-only pods included, for all of them are placements of these pods. `bound_with_cpu_pods_at_<load>_percent` and
        `best_with_cpu_pods_at_<load>_percent`: where all CPU-only pods have to be placed; nan if no such placement was found.
    """
    capacity = replayed.gpu_milli
    cluster, _ = empty_cluster(replayed.trace, replayed.filling, Ties.FIRST)
    pods, arrivals = classes(replayed.filling, memory=memory)
    profile = device_profile(PolicySpec(name="", score="FGDBestFit"), {}, threshold_percent=100)
    loads = np.round(100 * replayed.arrived_milli() / capacity)
    columns: dict[str, float] = {}
    for load in LOADS:
        last = int(np.flatnonzero(loads <= load)[-1])
        counts = np.bincount(arrivals[: last + 1], minlength=len(pods))
        allotted = int(replayed.run.used_milli[last])
        found: dict[str, float] = {}
        for suffix, must_place in (("", False), ("_with_cpu_pods", True)):
            problem = build_device_problem(cluster, profile, pods, counts, must_place_cpu_pods=must_place)
            bound, best = _both_sides(problem, certificates, f"{suffix}_at_{load}".replace("_", "-"))
            found |= {f"bound{suffix}": bound, f"best{suffix}": best}
        dropped = replayed.run.rows[: last + 1] < 0
        drops_cpu_pods = any(arrival.pod.devices == 0 for arrival, lost in zip(replayed.filling.arrivals, dropped, strict=False) if lost)
        if not drops_cpu_pods:
            found["best_with_cpu_pods"] = np.nanmax([found["best_with_cpu_pods"], allotted])
        found["best"] = np.nanmax([found["best"], found["best_with_cpu_pods"], allotted])
        columns[f"allocated_by_{load}_percent"] = 100 * allotted / capacity
        columns |= {f"{name}_at_{load}_percent": 100 * float(milli) / capacity for name, milli in found.items()}
    return columns


def _both_sides(problem: DeviceProblem, certificates: Path, label: str) -> tuple[float, float]:
    """Return the proven bound and the best placement found, in milli; nan if none was found. Both are checked and kept."""
    program = DeviceProgram(problem)
    bound = device_bound(problem, program=program)
    document: dict[str, Any] = bound.certificate(problem)
    if not verify_device_bound(document).holds:
        raise CertificateError(f"bound{label}: the bound of {bound.milli} milli is not proven")
    write_json(certificates / f"bound{label}.json", document)
    best = device_placement(problem, program, enough=bound.milli)
    if best is None:
        return bound.milli, float("nan")
    document = best.document(problem)
    verify_device_placement(document)
    write_json(certificates / f"placement{label}.json", document)
    return bound.milli, best.milli
