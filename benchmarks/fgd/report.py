"""The experiment's report: ours beside the published values, the paper's figures, and what follows when one thing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.fgd.comparison import Comparison, compare
from benchmarks.fgd.published import published_of
from benchmarks.fgd.sections import Table, bound_table, bound_verdict, differences_table, failures_table, runs_table, summary, verdict
from benchmarks.report import Picture
from binpack.results.writing import atomic

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.record import Finished

VARIANT_FIGURES = (
    ("Share pods (the paper's figure 11)", "gpushare"),
    ("Multi-GPU pods (figure 12)", "multigpu"),
    ("Pods bound to a GPU model (figure 13)", "gpuspec"),
    ("Pods without GPU (figure 14)", "cpu"),
)


CHANGES = (
    (
        "ties",
        "Who wins among equal scores",
        "Scores are whole numbers, so that many nodes score alike. The paper's program gives ties to the lowest of a fixed permutation "
        "(rank), which fills nodes one after another. first: the lowest name. kube: kube-scheduler 1.35's rule. random: drawn anew for "
        "each pod, as kube-scheduler did in the paper's time.",
    ),
    ("float scores", "Scores that are not truncated", "FGD compares its sigmoid as a float; differences below 1e-9 count as equal."),
    ("all pods typical", "All pods typical", "FGD's target workload is all kinds of pods, not those that make up 95 % of them."),
    ("no memory filter", "No memory filter", "Pods ask for no memory. Neither scores nor the measure look at it."),
)
"""Workloads that change one thing: the beginning of their names, a title, what it means."""


@dataclass(frozen=True, slots=True)
class Change:
    """A section of the report about one thing that was changed."""

    title: str
    text: str
    table: Table


def changes(runs: pd.DataFrame) -> list[Change]:
    """Return a section for each change that the runs have, beside the runs as published."""
    import pandas as pd

    published = runs[runs["as_published"]]
    found = []
    for prefix, title, text in CHANGES:
        changed = runs[~runs["as_published"] & runs["workload"].str.startswith(prefix)]
        if len(changed):
            alike = published[published["policy"].isin(set(changed["policy"]))]
            found.append(Change(title, text, summary(pd.concat([alike, changed]), None)))
    return found


def comparison_of(finished: Finished, results: Path) -> Comparison | None:
    """Join the results with the published values that are kept beside them; None where there are none."""
    published = published_of(results)
    if published is None or not finished.runs["as_published"].any():
        return None
    found = compare(finished.runs, finished.samples, published)
    return None if found.cells.empty else found


def terminal(finished: Finished, results: Path) -> tuple[Table, list[str]]:
    """Return what is printed at the end of a run: the summary and the verdict."""
    found = comparison_of(finished, results)
    return summary(finished.runs, found), verdict(finished.runs, found) + bound_verdict(finished.runs)


def write_fgd_report(path: Path, finished: Finished) -> None:
    """Render the report, one self-contained HTML file."""
    from jinja2 import Environment, StrictUndefined

    found = comparison_of(finished, path.parent)
    document = finished.document
    template = resources.files("benchmarks").joinpath("templates", "fgd.html.j2").read_text(encoding="utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(template)
    text = page.render(
        suite=document["suite"],
        verdict=verdict(finished.runs, found),
        summary=summary(finished.runs, found),
        differences=None if found is None else differences_table(found),
        cells=None if found is None else runs_table(found),
        failures=failures_table(finished.runs),
        bounds=bound_table(finished.runs),
        bound_verdict=bound_verdict(finished.runs),
        changes=changes(finished.runs),
        pictures=pictures(finished.runs, finished.samples),
        runs=len(finished.runs),
        command=document["command"],
        settings=document["settings"],
        versions=document["versions"],
    )
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def pictures(runs: pd.DataFrame, points: pd.DataFrame) -> list[Picture]:
    """Draw the paper's figures for the first workload, and bars for each family of variants that the results have."""
    from binpack.plots import as_svg, bars_by_variant, over_arrived_load

    workload = runs["workload"].iloc[0]
    shown: Any = points[points["workload"] == workload].assign(
        unallocated_percent=lambda rows: 100 - rows["allocated_percent"],
    )
    caption = f"{workload}: median over seeds, band between the quartiles."
    fragmented = {"fragment_ratio_percent": "fragments (% of idle GPU)", "fragment_amount_percent": "fragments (% of all GPU)"}
    unallocated = {"unallocated_percent": "unallocated GPU (%)"}
    drawn = [
        Picture(
            "Fragmentation over arrived load (the paper's figure 7)",
            caption,
            as_svg(over_arrived_load(shown, fragmented, title="Fragmentation")),
        ),
        Picture(
            "Unallocated GPU over arrived load (figure 9a)",
            caption,
            as_svg(over_arrived_load(shown, unallocated, title="Unallocated GPU", first_percent=80)),
        ),
    ]
    free: Any = runs.assign(unallocated_percent=lambda rows: 100 - rows["allocated_at_100_percent"])
    families = [(title, [name for name in dict.fromkeys(runs["workload"]) if _is_of(name, family)]) for title, family in VARIANT_FIGURES]
    changed = [name for name in dict.fromkeys(runs["workload"]) if not runs.loc[runs["workload"] == name, "as_published"].all()]
    if changed:
        families.append(("One thing changed at a time", [str(workload), *(name for name in changed if name != workload)]))
    for title, names in families:
        if names:
            bars = bars_by_variant(free, "unallocated_percent", label="unallocated GPU at 100 % (%)", title=title, variants=names)
            drawn.append(Picture(title, "Mean over seeds at 100 % arrived load, with the standard deviation.", as_svg(bars)))
    return drawn


def _is_of(name: str, family: str) -> bool:
    return name.startswith(family) and name.removeprefix(family).isdigit()
