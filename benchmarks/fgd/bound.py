"""The proven upper bound on what any placement of a run's pods could allot, beside what the policy allotted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.fgd.policies import device_profile
from benchmarks.fgd.replay import Replayed, classes, empty_cluster
from benchmarks.results_dir import write_json
from benchmarks.suite import PolicySpec
from binpack.errors import CertificateError
from binpack.optimal.device_build import build_device_problem
from binpack.optimal.methods.device_patterns import device_bound
from binpack.optimal.verify_devices import verify_device_bound
from binpack.scheduler.ties import Ties

CERTIFICATES = "certificates"
LOADS = (100, 130)
WITHOUT_CPU_PODS, WITH_CPU_PODS = "bound", "bound_with_cpu_pods"


def bound_columns(replayed: Replayed, *, memory: bool, certificates: Path) -> dict[str, float]:
    """Bound the allotted GPU for the pods that have arrived at each load of `LOADS`; all in percent of the devices.

    Each bound is checked by the verifier that shares no code with the solver; its certificate is kept.

    Returns
    -------
    dict[str, float]
        `allocated_by_<load>_percent`: what the policy had allotted when the last of those pods had arrived. `bound_at_<load>_percent`:
        the bound, CPU-only pods left out. `bound_with_cpu_pods_at_<load>_percent`: the bound where all of those have to be placed.
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
        columns[f"allocated_by_{load}_percent"] = 100 * int(replayed.run.used_milli[last]) / capacity
        for name in (WITHOUT_CPU_PODS, WITH_CPU_PODS):
            problem = build_device_problem(cluster, profile, pods, counts, must_place_cpu_pods=name == WITH_CPU_PODS)
            found = device_bound(problem)
            document = found.certificate(problem)
            if not verify_device_bound(document).holds:
                raise CertificateError(f"{name} at {load} %: the bound of {found.milli} milli is not proven")
            write_json(certificates / f"{name}-at-{load}.json", document)
            columns[f"{name}_at_{load}_percent"] = 100 * found.milli / capacity
    return columns
