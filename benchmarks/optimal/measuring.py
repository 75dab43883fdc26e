"""One run of a row: solve, follow the gap, and have the certificate checked by the checker that shares nothing with the solver."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.optimal.targets import Run

if TYPE_CHECKING:
    from binpack.optimal.problem import PackingProblem
    from binpack.optimal.progress import Progress
    from binpack.optimal.solve import Objective

    Problem = Callable[[int], PackingProblem]

Step = tuple[float, float | None, int | None]
LOAD_PERCENT = 130.0


def measured_solve(objective: Objective, problem_of: Problem, seed: int, limit_s: float, trace_dir: str) -> Run:
    """Solve a packing problem for as long as it takes, at most the limit."""
    from binpack.optimal.certificate import certificate
    from binpack.optimal.engines import load_engines
    from binpack.optimal.solve import solve

    del trace_dir
    problem = problem_of(seed)
    load_engines()
    steps: list[Step] = []
    begun = time.process_time()

    def follow(step: Progress) -> None:
        if objective != "priority" and step.value is not None and step.bound is not None:
            steps.append((time.process_time() - begun, step.gap, step.value - step.bound))

    solution = solve(problem, objective=objective, seed=seed, time_limit_s=limit_s, listener=follow)
    used = time.process_time() - begun
    last = solution.levels[-1] if objective != "priority" else next((lv for lv in solution.levels if not lv.closed), solution.levels[-1])
    apart = None if last.value is None or last.proven is None else last.value - last.proven
    steps.append((used, solution.gap, apart))
    check_s, verified = checked(certificate(problem, solution))
    return Run(seed, tuple(steps), used, check_s, verified)


def measured_moves(above: int, problem_of: Problem, seed: int, limit_s: float, trace_dir: str) -> Run:
    """Plan the fewest moves to the proven minimum of nodes, and some above it; finding the minimum is not timed."""
    from binpack.optimal.budget import Budget
    from binpack.optimal.engines import load_engines
    from binpack.optimal.migration.certificate import moves_certificate
    from binpack.optimal.migration.fewest import fewest_moves
    from binpack.optimal.migration.today import today_of
    from binpack.optimal.solve import solve

    del trace_dir
    problem = problem_of(seed)
    load_engines()
    fewest = solve(problem, objective="nodes", seed=seed, deterministic_limit=20.0)
    assert isinstance(fewest.objective, int), "all pods are placed today"
    begun = time.process_time()
    today = today_of(problem)
    budget = Budget(deterministic_limit=None, time_limit_s=limit_s)
    found = fewest_moves(today, fewest.objective + above, budget, seed, known=fewest.fills)
    used = time.process_time() - begun
    bound = None if found.bound is None else found.bound.value
    value = None if found.packing is None else today.moved(found.packing.held)
    gap = None if value is None or bound is None else (value - bound) / max(value, 1)
    check_s, verified = checked(moves_certificate(today, found, "optimal" if gap == 0 else "feasible", repeatable=budget.repeatable))
    return Run(seed, ((used, gap, None if gap is None or value is None or bound is None else value - bound),), used, check_s, verified)


def measured_gpu(pods: str, seed: int, limit_s: float, trace_dir: str) -> Run:
    """Bound and place the most GPU of the openb trace at 130 % demand; the pods are those of the FGD experiment for the seed."""
    from benchmarks.fgd.policies import device_profile
    from benchmarks.fgd.replay import classes, draw, empty_cluster
    from benchmarks.fgd.trace import read_trace
    from benchmarks.suite import PolicySpec
    from binpack.optimal.device_build import build_device_problem
    from binpack.optimal.device_program import DeviceProgram
    from binpack.optimal.methods.device_patterns import device_bound
    from binpack.optimal.methods.device_rounding import device_placement
    from binpack.optimal.verify_device_placement import verify_device_placement
    from binpack.optimal.verify_devices import verify_device_bound
    from binpack.scheduler.ties import Ties

    del limit_s
    trace = read_trace(Path(trace_dir), pods, lenient=False)
    filling = draw(trace, seed, load_percent=LOAD_PERCENT)
    cluster, _ = empty_cluster(trace, filling, Ties.FIRST)
    kinds, arrivals = classes(filling, memory=True)
    profile = device_profile(PolicySpec(name="", score="FGDBestFit"), {}, threshold_percent=100)
    counts = np.bincount(arrivals, minlength=len(kinds))
    problem = build_device_problem(cluster, profile, kinds, counts, must_place_cpu_pods=False)
    begun = time.process_time()
    program = DeviceProgram(problem)
    bound = device_bound(problem, program=program)
    placed = device_placement(problem, program, enough=bound.milli)
    used = time.process_time() - begun
    gap = None if placed is None else (bound.milli - placed.milli) / max(bound.milli, 1)
    started = time.process_time()
    verified = verify_device_bound(bound.certificate(problem)).holds
    if placed is not None:
        verified = verified and verify_device_placement(placed.document(problem)) == placed.milli
    check_s = time.process_time() - started
    return Run(seed, ((used, gap, None if placed is None else bound.milli - placed.milli),), used, check_s, verified)


def checked(document: dict[str, Any]) -> tuple[float, bool]:
    """Have a certificate checked: CPU seconds, and whether all of it was found to be right."""
    from binpack.optimal.verify import verify

    read = json.loads(json.dumps(document))
    started = time.process_time()
    verified = verify(read).verified
    return time.process_time() - started, verified
