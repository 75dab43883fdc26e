"""Running a suite: what is not yet in the results directory is run, whatever the executor; finished runs always stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks.cell import run_cell
from benchmarks.executors import Executor
from benchmarks.matrix import RunSpec
from benchmarks.results_dir import ResultsDir


def unfinished(specs: Sequence[RunSpec], out: Path) -> list[RunSpec]:
    """Return the runs whose results are not in a directory yet."""
    finished = ResultsDir(out).finished()
    return [spec for spec in specs if spec.key not in finished]


def run_suite(
    specs: Sequence[RunSpec], out: Path, executor: Executor, *, told: Callable[[RunSpec, BaseException | None], None]
) -> dict[str, str]:
    """Execute runs; each writes its own results.

    Parameters
    ----------
    specs : sequence of RunSpec
    out : Path
        The results directory.
    executor : Executor
    told : callable
        Told of each run as it ends, with its error or None.

    Returns
    -------
    dict[str, str]
        Of the runs that failed: why, by label.
    """
    failures = {}
    for outcome in executor.run(partial(run_cell, out=out), specs):
        spec = specs[outcome.index]
        if outcome.error is not None:
            failures[spec.label] = f"{type(outcome.error).__name__}: {outcome.error}"
        told(spec, outcome.error)
    return failures
