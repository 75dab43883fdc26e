"""Run the rows: what is not in the results directory yet, each run a file of its own, so that Ctrl-C loses only what is in flight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.executors import Executor
from benchmarks.machine import machine_facts
from benchmarks.optimal.rows import ROWS, Row, row_of
from benchmarks.optimal.targets import Run
from benchmarks.results_dir import ResultsDir

QUICK_SECONDS = 20.0
QUICK_PRIORITY_SEEDS = 8


@dataclass(frozen=True)
class Task:
    """One run that is to be done."""

    row: str
    seed: int
    limit_s: float
    trace_dir: str
    out: Path

    @property
    def key(self) -> str:
        """In file names: a run with another limit is another run."""
        return f"{self.row}-seed{self.seed}-{self.limit_s:g}s"


def tasks_of(
    rows: Sequence[Row], out: Path, *, quick: bool, seeds: Sequence[int] = (), trace_dir: Path | None = None
) -> tuple[list[Task], list[str]]:
    """Return what is to be run, and what is left out and why.

    Parameters
    ----------
    rows : sequence of Row
    out : Path
    quick : bool
        One seed (of priorities eight), at most 20 seconds a run, and only the rows that are quick.
    seeds : sequence of int
        Instead of the rows' own.
    trace_dir : Path, optional
        Where the openb trace lies.
    """
    tasks, left_out = [], []
    for row in rows:
        if quick and not row.quick:
            left_out.append(f"{row.key}: not part of --quick")
            continue
        if row.needs_trace and (trace_dir is None or not trace_dir.is_dir()):
            left_out.append(f"{row.key}: needs the openb trace (--trace-dir or BINPACK_TRACES)")
            continue
        few = row.seeds[: QUICK_PRIORITY_SEEDS if len(row.seeds) > 10 else 1]
        limit = min(row.limit_s, QUICK_SECONDS) if quick else row.limit_s
        for seed in seeds or (few if quick else row.seeds):
            tasks.append(Task(row.key, seed, limit, str(trace_dir or ""), out))
    return tasks, left_out


def run_tasks(tasks: Sequence[Task], executor: Executor, told: Callable[[Task, BaseException | None], None]) -> dict[str, str]:
    """Execute what is not there yet; returns what failed and why."""
    there = ResultsDir(tasks[0].out).finished() if tasks else frozenset()
    missing = [task for task in tasks if task.key not in there]
    failures = {}
    for outcome in executor.run(run_task, missing):
        task = missing[outcome.index]
        if outcome.error is not None:
            failures[task.key] = f"{type(outcome.error).__name__}: {outcome.error}"
        told(task, outcome.error)
    return failures


def run_task(task: Task) -> None:
    """Measure one run and write it down."""
    run = row_of(task.row).measure(task.seed, task.limit_s, task.trace_dir)
    identity = {"key": task.key, "row": task.row, "seed": task.seed, "limit_s": task.limit_s}
    _, gap, apart = run.steps[-1]
    facts = {"gap": gap, "apart": apart, "cpu_s": run.cpu_s, "check_s": run.check_s, "verified": run.verified, "applies": run.applies}
    steps = [identity | {"at_cpu_s": at, "gap": step_gap, "apart": step_apart} for at, step_gap, step_apart in run.steps]
    ResultsDir(task.out).write_run(task.key, identity | facts, steps, machine_facts())


def read_runs(out: Path) -> dict[str, list[Run]]:
    """Read the finished runs by row, in the order of rows and seeds; of a run with several limits the longest."""
    folder = ResultsDir(out)
    keys = sorted(folder.finished())
    if not keys:
        return {}
    runs, samples = folder.runs(keys), folder.samples(keys)
    found: dict[str, list[Run]] = {}
    for row in ROWS:
        mine = runs[runs["row"] == row.key].sort_values(["seed", "limit_s"]).drop_duplicates("seed", keep="last")
        for record in mine.to_dict("records"):
            steps = samples[samples["key"] == record["key"]]
            triples = [
                (float(at), None if gap != gap else float(gap), None if apart != apart else int(apart))
                for at, gap, apart in zip(steps["at_cpu_s"], steps["gap"].astype(float), steps["apart"].astype(float), strict=True)
            ]
            check = None if record["check_s"] != record["check_s"] else float(record["check_s"])
            applies = record.get("applies") is not False
            run = Run(int(record["seed"]), tuple(triples), float(record["cpu_s"]), check, bool(record["verified"]), applies)
            found.setdefault(row.key, []).append(run)
    return found
