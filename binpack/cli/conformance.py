"""`binpack conformance`: recorded decisions of kube-scheduler, run and compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from binpack.cli.output import Format, emit_document, output_options
from binpack.results.text_table import table

if TYPE_CHECKING:
    from binpack.conformance.agreement import Agreement


@click.command(short_help="Compare with recorded decisions.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--show", type=click.IntRange(min=0), default=0, metavar="N", help="Print the first N disagreements in full.")
@click.option("--scenario", metavar="NAME", help="Run only the scenarios whose name contains this.")
@click.option("--way", type=click.Choice(("plain", "cache", "kernels")), default="plain", show_default=True, help="How pods are decided.")
@output_options
def conformance(files: tuple[Path, ...], show: int, scenario: str | None, way: str, output: Format) -> int:
    """Run recorded decisions (JSON lines, gzipped or not) and count how many agree in everything recorded.

    Exits 0 if all agree, 1 if some do not, 2 if a file cannot be read.

    \b
    Examples:
      binpack conformance tests/conformance/*.jsonl.gz
      binpack conformance spread.jsonl.gz --show 3
      binpack conformance *.jsonl.gz --way kernels --json
    """
    from binpack.cli.progress import progress
    from binpack.conformance.run import run_files
    from binpack.conformance.way import Way
    from binpack.framework.registry import Registry
    from binpack.plugins import in_tree

    with progress("scenarios") as tick:
        agreement = run_files(files, Registry(in_tree()), only=scenario, way=Way(way), progress=lambda record: tick(record.name))
    if output in (Format.JSON, Format.YAML):
        emit_document(agreement.as_json(), output)
    else:
        click.echo(_summary(agreement))
    for comparison in agreement.disagreements[:show]:
        click.echo(f"\n{comparison.scenario}: {comparison.decision}", err=output is not Format.TABLE)
        for key, text in comparison.differences.items():
            click.echo(f"  {key}: {text}", err=output is not Format.TABLE)
    return 0 if agreement.complete else 1


def _summary(agreement: Agreement) -> str:
    from binpack.conformance.agreement import CASE_KEYS, KEYS

    used = [key for key in (*KEYS, *CASE_KEYS) if any(tally.disagree[key] for tally in agreement.families.values())]
    head = ["FAMILY", "SCENARIOS", "DECISIONS", "AGREE", *(f"≠{key.upper()}" for key in used)]
    rows = [
        [name, str(tally.scenarios), str(tally.decisions), str(tally.agree), *(str(tally.disagree[key]) for key in used)]
        for name, tally in sorted(agreement.families.items())
    ]
    return f"{table(head, rows)}\n\n{agreement.agree} of {agreement.decisions} decisions agree."
