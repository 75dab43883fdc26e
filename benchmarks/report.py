"""The HTML report: one self-contained file, the same bytes for the same results."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from benchmarks.findings import Findings, table_rows
from binpack.results.writing import atomic


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure of the report.

    Parameters
    ----------
    title, caption : str
    svg : str
    """

    title: str
    caption: str
    svg: str


def write_report(path: Path, found: Findings, document: dict[str, Any]) -> None:
    """Render the report of a suite.

    Parameters
    ----------
    path : Path
        Of the HTML file.
    found : Findings
    document : dict
        What `suite.json` holds: the suite, the versions and the command.
    """
    from jinja2 import Environment, StrictUndefined

    template = resources.files("benchmarks").joinpath("templates", "report.html.j2").read_text(encoding="utf-8")
    head, rows = table_rows(found)
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(template)
    text = page.render(
        suite=document["suite"],
        versions=document["versions"],
        command=document["command"],
        verdict=found.verdict(),
        head=head,
        rows=rows,
        pictures=pictures(found),
        runs=len(found.runs),
        settings=document["settings"],
    )
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def pictures(found: Findings) -> list[Picture]:
    """Draw the figures that the results have data for."""
    from binpack.plots import as_svg, distance_to_optimum, nodes_over_time, paired_differences

    drawn = []
    if found.has_optimum:
        caption = (
            "Mean over instants and seeds of the nodes in use, in per cent above the best placement found for the very pods that run. "
            "Lines: 95 % interval over seeds."
        )
        drawn.append(Picture("Distance to the optimum", caption, as_svg(distance_to_optimum(found.distance))))
        caption = "Nodes with at least one pod at fixed instants, mean over seeds; black: the best placement found for those pods."
        drawn.append(Picture("Nodes over time", caption, as_svg(nodes_over_time(found.samples))))
    if not found.differences.empty:
        caption = (
            "The same workload and seed under both policies; the difference of the mean number of nodes in use, with its 95 % interval."
        )
        drawn.append(Picture("Against the baseline", caption, as_svg(paired_differences(found.differences, unit="nodes in use"))))
    return drawn
