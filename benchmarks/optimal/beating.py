"""Is the solver better than the scheduler wherever that can be? The same instance, as objects, through the rules of kube-scheduler.

The scheduler takes the pods by priority and in an order drawn by seed; nobody is preempted then, for the more important come first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.optimal.measuring import checked
from benchmarks.optimal.targets import Run

if TYPE_CHECKING:
    from binpack.optimal.problem import PackingProblem
    from binpack.optimal.solution import Solution

QUICK_S, LONG_S = 0.2, 20.0


def measured_better(problem_of: Callable[[int], PackingProblem], seed: int, limit_s: float, trace_dir: str) -> Run:
    """Solve for a fifth of a second, and if that is no better than the scheduler, for the limit.

    A run in which neither is better applies to the question only if a long search finds a better placement.
    """
    from binpack.optimal.certificate import certificate
    from binpack.optimal.engines import load_engines
    from binpack.optimal.solve import solve

    del trace_dir
    problem = problem_of(seed)
    scheduled = placed_by_scheduler(problem, seed)
    load_engines()
    used, steps = 0.0, []
    for limit in (min(QUICK_S, limit_s), limit_s):
        begun = time.process_time()
        solution = solve(problem, objective="priority", seed=seed, time_limit_s=limit)
        used = time.process_time() - begun
        better = _values(solution) > scheduled
        steps.append((used, 0.0 if better else 1.0, None))
        if better:
            break
    applies = better
    if not better and not _settles(solution, scheduled):
        applies = _values(solve(problem, objective="priority", seed=seed, time_limit_s=LONG_S)) > scheduled
    check_s, verified = checked(certificate(problem, solution))
    return Run(seed, tuple(steps), used, check_s, verified, applies)


def placed_by_scheduler(problem: PackingProblem, seed: int) -> tuple[int, ...]:
    """Pods of each rank that the default scheduler places, on nodes with milli-cores and MiB as the problem has them."""
    from binpack.api.scheduling import schedule
    from binpack.testing import node, pod

    nodes = [
        node(f"node-{number:03}").cpu(f"{capacity[0]}m").memory(f"{capacity[1]}Mi").pods(110).build()
        for number, capacity in enumerate(np.repeat(problem.capacity, problem.supply, axis=0).tolist())
    ]
    classes = np.random.default_rng([seed, 6]).permutation(np.repeat(np.arange(problem.pod_classes), problem.demand)).tolist()
    last = int(problem.tier.max(initial=0))
    pods = [
        pod(f"pod-{number:04}-{pod_class}")
        .request(cpu=f"{problem.size[pod_class, 0]}m", memory=f"{problem.size[pod_class, 1]}Mi")
        .priority(last - int(problem.tier[pod_class]))
        .build()
        for number, pod_class in enumerate(classes)
    ]
    counts = np.zeros(problem.pod_classes, np.int64)
    for decision in schedule([*nodes, *pods]).placed:
        if decision.node is not None:
            counts[int(decision.pod.metadata.name.rsplit("-", 1)[1])] += 1
    return problem.counted(counts)


def _values(solution: Solution) -> tuple[int, ...]:
    return tuple(level.value or 0 for level in solution.levels)


def _settles(solution: Solution, scheduled: tuple[int, ...]) -> bool:
    """Whether the bounds prove that nothing beats the scheduler."""
    return all(level.proven == placed for level, placed in zip(solution.levels, scheduled, strict=True))
