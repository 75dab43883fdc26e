"""`python -m workloads [NAME ...] [--seeds N]`: the named workloads in numbers, as the Markdown of docs/reference/workloads.md."""

from __future__ import annotations

import sys

import click

from binpack.errors import BinpackError
from workloads.presets import PRESETS, preset
from workloads.summary import QUANTILES, Summary, summarize
from workloads.workload import generate


def markdown(summary: Summary, description: str) -> str:
    """Write one workload's section."""
    counts = ", ".join(f"{number:,.0f} {what}" for what, number in summary.counts.items() if number)
    shares = ", ".join(f"{what} {100 * share:.0f} %" for what, share in summary.shares.items() if share)
    lines = [f"## {summary.name}", "", f"{description[0].upper()}{description[1:]}.", "", f"One run has, on average: {counts}.", ""]
    lines += [f"Share of pods with: {shares}.", ""] if shares else []
    heads = ["quantity", "mean", *(f"p{100 * q:g}" for q in QUANTILES), "largest"]
    lines += ["| " + " | ".join(heads) + " |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    for row in summary.rows:
        if row.count:
            numbers = (row.mean, *row.quantiles, row.largest)
            lines.append("| " + " | ".join([row.quantity, *(_short(number) for number in numbers)]) + " |")
    return "\n".join(lines) + "\n"


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 20 else f"{number:.2g}"


@click.command()
@click.argument("names", nargs=-1)
@click.option("--seeds", default=5, show_default=True, type=click.IntRange(1, 1000), help="Draw seeds 1 to N and pool them.")
def main(names: tuple[str, ...], seeds: int) -> None:
    """Print workloads (all, or those named) in numbers, as Markdown."""
    try:
        for name in names or PRESETS:
            workload = preset(name)
            runs = [generate(workload, seed) for seed in range(1, seeds + 1)]
            click.echo(markdown(summarize(*runs), workload.description))
    except BinpackError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
