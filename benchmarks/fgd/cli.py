"""`binpack bench verify`: published experiments, run by run."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def verify() -> None:
    """Hold our runs of a published experiment against digests of its decisions."""


@verify.command("fgd")
@click.option("--digests", required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False), help="CSV, one row a run.")
@click.option("--trace-dir", type=click.Path(), help="Where the trace lies  [default: $BINPACK_TRACES].")
@click.option("--jobs", "-j", type=click.IntRange(min=1), default=2, show_default=True, help="Processes on this machine.")
@click.option("--lenient", is_flag=True, help="Leave out rows of the trace that no node could serve, and count them.")
def verify_fgd(digests: Path, trace_dir: str | None, jobs: int, lenient: bool) -> int:
    """Replay each run of a digest file and compare all columns: counts, and SHA-256 of arrivals and of decisions.

    Prints what differs, and `N of M runs identical`. Exits 1 if any differs.

    \b
    Examples:
      binpack bench verify fgd --digests ~/traces/openb/expected/digests.csv --trace-dir ~/traces
    """
    from benchmarks.fgd.trace import rows_left_out
    from benchmarks.fgd.verify import read_digests, verify
    from workloads.traces.openb import trace_folder

    folder = trace_folder(trace_dir)
    expected = read_digests(digests, folder)
    for line in rows_left_out(folder, (row.trace for row in expected), lenient=lenient):
        click.echo(line, err=True)
    identical = 0
    for verified in verify(expected, folder, jobs=jobs, lenient=lenient):
        identical += not verified.differences
        for column, (wanted, got) in verified.differences.items():
            click.echo(f"{verified.expected.label}: {column}: expected {wanted}, got {got}")
    click.echo(f"{identical} of {len(expected)} runs identical")
    return 0 if identical == len(expected) else 1
