"""`binpack bench`: suites of workloads × policies × seeds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmarks.fgd.cli import verify
from benchmarks.micro.cli import micro
from benchmarks.optimal.cli import optimal
from binpack.cli.output import Column, Format, emit, emit_document, output_options
from binpack.errors import ConfigurationError
from binpack.results.text_table import table

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.executors import Executor
    from benchmarks.matrix import RunSpec
    from benchmarks.suite import Suite

DEFAULT_OUT = Path("results")


@dataclass(frozen=True)
class Outline:
    """What is printed of a suite: a table and sentences to read, and the same as records to work on."""

    head: list[str]
    rows: list[list[str]]
    sentences: list[str]
    records: pd.DataFrame


@dataclass(frozen=True)
class Part:
    """A suite that is run: what the user calls it, its results directory, and its runs."""

    argument: str
    suite: Suite
    folder: Path
    specs: tuple[RunSpec, ...]


@dataclass(frozen=True)
class Ended:
    """How many of a part's runs failed, and how many were there already."""

    failed: int
    reused: int


@click.group()
def bench() -> None:
    """Run suites of workloads × policies × seeds, and compare policies with each other and with the optimum.

    \b
    Examples:
      binpack bench list
      binpack bench run quickstart
      binpack bench report results/quickstart
      binpack bench compare results/quickstart --baseline BestFit
    """


bench.add_command(micro)
bench.add_command(optimal)
bench.add_command(verify)


@bench.command("list")
@output_options
def list_suites(output: Format) -> None:
    """List the suites that come with the package.

    \b
    Examples:
      binpack bench list
      binpack bench list -o wide
    """
    from benchmarks.suite import load_suite, suite_names

    rows: list[dict[str, Any]] = []
    for suite in map(load_suite, suite_names()):
        runs = sum(w.takes(p, seed) for w in suite.workloads for p in suite.policies for seed in suite.seeds)
        names = [workload.name for workload in suite.workloads]
        policies = [policy.name for policy in suite.policies]
        rows.append({"suite": suite.name, "runs": runs, "workloads": names, "policies": policies, "description": suite.description})
    emit(
        rows,
        [Column("suite"), Column("runs"), Column("description"), Column("workloads", wide=True), Column("policies", wide=True)],
        output,
    )


@bench.command()
@click.argument("suite")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Results directory  [default: results/SUITE].")
@click.option("--jobs", "-j", type=click.IntRange(min=1), default=2, show_default=True, help="Processes on this machine.")
@click.option("--dask", metavar="ADDRESS", help="Run on this Dask cluster instead, for example tcp://host:8786.")
@click.option("--trace-dir", type=click.Path(), help="Where recorded traces lie  [default: $BINPACK_TRACES].")
@click.option("--seed", "seeds", type=click.IntRange(min=0), multiple=True, help="Run these seeds instead of the suite's.")
@click.option("--workload", "workloads", multiple=True, help="Run only these workloads.")
@click.option("--policy", "policies", multiple=True, help="Run only these policies.")
@click.option("--lenient", is_flag=True, help="Leave out rows of a trace that no node could serve, and count them.")
@click.option("--further", is_flag=True, help="Run also the suites that carry SUITE further; its report has their sections.")
@click.option("-v", "--verbose", is_flag=True, help="Name each run as it ends.")
@output_options
def run(
    suite: str,
    out: Path | None,
    jobs: int,
    dask: str | None,
    trace_dir: str | None,
    seeds: tuple[int, ...],
    workloads: tuple[str, ...],
    policies: tuple[str, ...],
    lenient: bool,
    further: bool,
    verbose: bool,
    output: Format,
) -> int:
    """Run SUITE (a name or a YAML file): what is not in the results directory yet; print a table and write a report.

    Ctrl-C loses at most the runs in flight; the next start goes on. Exits 1 if a run failed.

    \b
    Examples:
      binpack bench run quickstart
      binpack bench run my-suite.yaml --out results/mine --jobs 8
      binpack bench run openb --trace-dir ~/traces --policy BestFit --seed 1
      binpack bench run quickstart --dask tcp://scheduler:8786
      binpack bench run fgd --further
    """
    if suite == "optimal":
        # It measures the solver and no policy: rows in place of workloads, nothing in place of policies.
        code: int = click.get_current_context().invoke(
            optimal, quick=False, keys=workloads, seeds=seeds, out=out or DEFAULT_OUT / suite, jobs=jobs, trace_dir=trace_dir
        )
        return code
    from benchmarks.matrix import expand
    from benchmarks.selection import select
    from benchmarks.suite import load_suite

    chosen = select(load_suite(suite), workloads=workloads, policies=policies, seeds=seeds, lenient=lenient)
    if further and not chosen.further:
        raise ConfigurationError(
            f'--further: suite "{chosen.name}" names no suites that carry it further (accepted: one that does, like fgd)'
        )
    folder = out or DEFAULT_OUT / chosen.name
    # The others go beside it, where its report looks for them.
    others = {name: select(load_suite(name), seeds=seeds, lenient=lenient) for name in (chosen.further if further else ())}
    parts = [Part(suite, chosen, folder, expand(chosen, trace_dir=trace_dir))]
    parts += [Part(name, other, folder.parent / name, expand(other, trace_dir=trace_dir)) for name, other in others.items()]
    failed = reused = 0
    for part in parts:
        if others:
            click.echo(f"{part.argument}: {len(part.specs)} runs", err=True)
        ended = _run_part(part, _executor(jobs, dask), trace_dir=trace_dir, verbose=verbose)
        failed, reused = failed + ended.failed, reused + ended.reused
        if ended.failed == len(part.specs):
            return 1
    for part in parts[1:]:
        _report(part.folder)
    _print(_report(folder), output)
    notes = f"{sum(len(part.specs) for part in parts)} runs ({reused} reused); report: {folder / 'report.html'}"
    click.echo(f"\n{notes}", err=output is not Format.TABLE)
    return 1 if failed else 0


def _run_part(part: Part, executor: Executor, *, trace_dir: str | None, verbose: bool) -> Ended:
    """Run what is not in a part's results directory yet, and tell which runs failed."""
    from benchmarks.fgd.published import keep_published
    from benchmarks.fgd.trace import rows_left_out
    from benchmarks.progress import suite_progress
    from benchmarks.record import describe_suite
    from benchmarks.results_dir import ResultsDir
    from benchmarks.run import run_suite, unfinished
    from workloads.traces.openb import trace_folder

    missing = unfinished(part.specs, part.folder)
    fillings = [workload.filling for workload in part.suite.workloads if workload.filling is not None]
    for variant, lenient in dict.fromkeys((filling.pods, filling.lenient) for filling in fillings):
        for line in rows_left_out(trace_folder(trace_dir), [variant], lenient=lenient):
            click.echo(line, err=True)
    ResultsDir(part.folder).write_suite(describe_suite(part.suite, part.specs, argument=part.argument))
    if fillings:
        keep_published(trace_folder(trace_dir), {filling.pods for filling in fillings}, part.folder)
    with suite_progress(len(missing), verbose=verbose) as told:
        failures = run_suite(missing, part.folder, executor, told=told)
    for label, problem in failures.items():
        click.echo(f"failed: {label}: {problem}", err=True)
    return Ended(failed=len(failures), reused=len(part.specs) - len(missing))


@bench.command()
@click.argument("results", type=click.Path(path_type=Path))
@output_options
def report(results: Path, output: Format) -> None:
    """Write the report of finished runs again, and print its table.

    \b
    Examples:
      binpack bench report results/quickstart
      binpack bench report results/quickstart -o csv
    """
    _print(_report(results), output)


@bench.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--baseline", help="The policy to compare with  [default: the suite's].")
@click.option("--metric", default="nodes_in_use_mean_count", show_default=True, help="A numeric column of the runs.")
@output_options
def compare(results: Path, baseline: str | None, metric: str, output: Format) -> None:
    """Compare policies pair by pair: same workload, same seed, mean difference with its 95 % interval.

    \b
    Examples:
      binpack bench compare results/quickstart
      binpack bench compare results/quickstart --baseline BestFit --metric wait_p99_s
    """
    from benchmarks.comparison import compare_to_baseline
    from benchmarks.record import check_column, check_policy, read_finished

    finished = read_finished(results)
    against = check_policy(finished, baseline or finished.suite.baseline)
    check_column(finished, metric)
    rows = compare_to_baseline(finished.runs, metric, against).to_dict("records")
    names = ("workload", "policy", "baseline", "metric", "mean", "low", "high", "count", "significant")
    emit([{str(key): value for key, value in row.items()} for row in rows], [Column(name) for name in names], output)


def _executor(jobs: int, dask: str | None) -> Executor:
    from benchmarks.executors import DaskCluster, LocalProcesses, Serial

    if dask is not None:
        return DaskCluster(dask)
    return Serial() if jobs == 1 else LocalProcesses(jobs)


def _report(folder: Path) -> Outline:
    from benchmarks.findings import findings, table_rows
    from benchmarks.record import read_finished
    from benchmarks.report import write_report

    finished = read_finished(folder)
    if finished.suite.is_filling:
        from benchmarks.fgd.report import terminal, write_fgd_report

        write_fgd_report(folder / "report.html", finished)
        shown, sentences = terminal(finished, folder)
        return Outline(shown.head, shown.rows, sentences, finished.runs)
    found = findings(finished.runs, finished.samples, baseline=finished.suite.baseline)
    write_report(folder / "report.html", found, finished.document)
    return Outline(*table_rows(found), found.verdict(), found.table)


def _print(outline: Outline, output: Format) -> None:
    if output in (Format.TABLE, Format.WIDE):
        click.echo(table(outline.head, outline.rows))
        for sentence in outline.sentences:
            click.echo(sentence)
        return
    records = [{str(key): value for key, value in record.items()} for record in outline.records.to_dict("records")]
    if output is Format.CSV:
        emit(records, [Column(str(name)) for name in outline.records.columns], output)
    else:
        emit_document(records, output)
