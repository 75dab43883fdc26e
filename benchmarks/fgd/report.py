"""The experiment's report: ours beside the published values, the paper's figures, and what follows when one thing is changed."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.fgd.comparison import Comparison, compare
from benchmarks.fgd.further import Section, further_sections
from benchmarks.fgd.published import published_of
from benchmarks.fgd.sections import Table, differences_table, failures_table, runs_table, summary, verdict
from benchmarks.record import read_finished
from benchmarks.report import Picture
from binpack.errors import ConfigurationError
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
    sentences = verdict(finished.runs, found)
    sections = sections_of(finished, results)
    for section in sections:
        sentences += [f"{section.title} {sentence}" for sentence in section.sentences]
    missing = [section for section in sections if not section.sentences and finished.suite.further]
    if missing:
        sentences.append(f"Not run yet: {'; '.join(section.title for section in missing)} (add --further to run them, too)")
    return summary(finished.runs, found), sentences


def sections_of(finished: Finished, results: Path) -> list[Section]:
    """Return the sections that carry the experiment further, from these results and from those of its further suites beside them."""
    frames = [finished.runs]
    for name in finished.suite.further:
        try:
            frames.append(read_finished(results.parent / name).runs)
        except ConfigurationError:
            # Not run yet: the section says how.
            continue
    sections = further_sections(frames)
    return sections if finished.suite.further else [section for section in sections if section.sentences]


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
        sections=sections_of(finished, path.parent),
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
    for title, names in families:
        if names:
            bars = bars_by_variant(free, "unallocated_percent", label="unallocated GPU at 100 % (%)", title=title, variants=names)
            drawn.append(Picture(title, "Mean over seeds at 100 % arrived load, with the standard deviation.", as_svg(bars)))
    return drawn


def _is_of(name: str, family: str) -> bool:
    return name.startswith(family) and name.removeprefix(family).isdigit()
