"""`binpack bench optimal`: the suite of the solver."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from binpack.results.text_table import table

if TYPE_CHECKING:
    from benchmarks.optimal.running import Task


@click.command()
@click.option("--quick", is_flag=True, help="One seed a row and at most 20 seconds a run.")
@click.option("--row", "keys", multiple=True, metavar="ROW", help="Run only these rows.")
@click.option("--seed", "seeds", type=click.IntRange(min=0), multiple=True, help="Run these seeds instead of the rows' own.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("results/optimal"), show_default=True)
@click.option("--jobs", "-j", type=click.IntRange(min=1), default=2, show_default=True, help="Processes on this machine.")
@click.option("--trace-dir", type=click.Path(), help="Where recorded traces lie  [default: $BINPACK_TRACES].")
def optimal(quick: bool, keys: tuple[str, ...], seeds: tuple[int, ...], out: Path, jobs: int, trace_dir: str | None) -> int:
    """Measure the solver on every question, beside the floor, goal and stretch of each; print a table and write a report.

    Ctrl-C loses at most the runs in flight; the next start goes on. Exits 1 if a run failed.

    \b
    Examples:
      binpack bench optimal --quick
      binpack bench optimal --row cost-10000-50-3 --seed 0
      binpack bench optimal --trace-dir ~/traces --out results/optimal
    """
    from benchmarks.executors import LocalProcesses, Serial
    from benchmarks.machine import machine_facts
    from benchmarks.optimal.report import HEAD, table_rows, write_report
    from benchmarks.optimal.rows import ROWS
    from benchmarks.optimal.running import read_runs, run_tasks, tasks_of
    from binpack.errors import ConfigurationError

    known = [row.key for row in ROWS]
    unknown = [key for key in keys if key not in known]
    if unknown:
        raise ConfigurationError(*(f'--row: "{key}" (accepted: {", ".join(known)})' for key in unknown))
    rows = [row for row in ROWS if not keys or row.key in keys]
    tasks, left_out = tasks_of(rows, out, quick=quick, seeds=seeds, trace_dir=_trace_folder(trace_dir))
    done = 0

    def told(task: Task, error: BaseException | None) -> None:
        nonlocal done
        done += 1
        click.echo(f"{done}: {task.key}{'' if error is None else f': {error}'}", err=True)

    failures = run_tasks(tasks, Serial() if jobs == 1 else LocalProcesses(jobs), told)
    runs = read_runs(out)
    click.echo(table(list(HEAD), table_rows(runs)))
    for reason in left_out:
        click.echo(f"left out: {reason}")
    for key, reason in failures.items():
        click.echo(f"failed: {key}: {reason}", err=True)
    write_report(out / "report.html", runs, left_out, {"versions": machine_facts()["versions"]})
    click.echo(f"\n{len(tasks)} runs; report: {out / 'report.html'}")
    return 1 if failures else 0


def _trace_folder(trace_dir: str | None) -> Path | None:
    """The folder of the trace; None where nobody said where it is."""
    from binpack.errors import TraceError
    from workloads.traces.openb import trace_folder

    try:
        return trace_folder(trace_dir)
    except TraceError:
        if trace_dir is not None:
            raise
        return None
