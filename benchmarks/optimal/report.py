"""The table of the suite and its HTML report: each row beside its floor, goal and stretch, and how the gaps went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.optimal.rows import CHECK, ROWS
from benchmarks.optimal.targets import Run, Target, Targets
from binpack.results.writing import atomic

HEAD = ("question", "runs", "proven", "gap (median)", "gap (worst)", "CPU s (median)", "floor", "goal", "stretch", "reached")


def table_rows(runs: Mapping[str, Sequence[Run]]) -> list[list[str]]:
    """One line a row of the suite that has runs, and one for the check of all certificates."""
    lines = [_line(row.question, runs[row.key], row.targets) for row in ROWS if row.key in runs]
    every = [run for row in ROWS for run in runs.get(row.key, ())]
    return [*lines, _line("certificates are checked", every, CHECK, times=[run.check_s for run in every if run.check_s is not None])]


def _line(question: str, runs: Sequence[Run], targets: Targets, times: Sequence[float] | None = None) -> list[str]:
    runs = [run for run in runs if run.applies]
    gaps = [run.steps[-1][1] for run in runs]
    known = sorted(gap for gap in gaps if gap is not None)
    seconds = [run.cpu_s for run in runs] if times is None else times
    shown = [_mark(target, runs) for target in (targets.floor, targets.goal, targets.stretch)]
    return [
        question,
        str(len(runs)),
        str(sum(gap == 0 for gap in gaps)) if times is None else str(sum(run.verified for run in runs)),
        _percent(median(known) if known else None) if times is None else "",
        _percent(known[-1] if len(known) == len(gaps) and known else None) if times is None else "",
        f"{median(seconds):.2f}" if seconds else "",
        *shown,
        targets.best(runs),
    ]


def _mark(target: Target, runs: Sequence[Run]) -> str:
    return f"{target.text}: {'yes' if target.reached(runs) else 'no'}"


def _percent(gap: float | None) -> str:
    return "none" if gap is None else f"{100 * gap:.3f} %"


def write_report(path: Path, runs: Mapping[str, Sequence[Run]], left_out: Sequence[str], document: Mapping[str, Any]) -> None:
    """Write the HTML file, self-contained."""
    from jinja2 import Environment, StrictUndefined

    template = resources.files("benchmarks").joinpath("templates", "optimal.html.j2").read_text(encoding="utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(template)
    text = page.render(head=HEAD, rows=table_rows(runs), left_out=left_out, versions=document["versions"], picture=_picture(runs))
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as draft:
        draft.write_text(text, encoding="utf-8")


def _picture(runs: Mapping[str, Sequence[Run]]) -> str:
    """The median gap of each row after so many CPU seconds, as SVG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    shown = [row for row in ROWS if row.key in runs]
    times = [0.1 * 1.3**power for power in range(27)]
    with plt.rc_context({"svg.hashsalt": "binpack", "svg.fonttype": "none"}):
        figure, axes = plt.subplots(figsize=(9, 4.5), layout="constrained")
        for number, row in enumerate(shown):
            points = []
            for at in times:
                known = [gap for gap in (run.gap_within(at) for run in runs[row.key]) if gap is not None]
                if len(known) == len(runs[row.key]):
                    points.append((at, max(100 * median(known), 1e-3)))
            style = ("-", "--", ":", "-.")[number // 5 % 4]
            axes.plot([at for at, _ in points], [gap for _, gap in points], style, marker="osv^D"[number % 5], markersize=3, label=row.key)
        axes.set(xscale="log", yscale="log", xlabel="CPU time (s)", ylabel="median gap (%), 0 drawn at 0.001")
        axes.set_title("How the gap between placement and bound closes")
        axes.legend(fontsize=7, ncols=2)
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
        plt.close(figure)
    return text.getvalue()[text.getvalue().index("<svg") :]
