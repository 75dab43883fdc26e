"""The experiment carried further: six questions, each a section of the report, answered from the runs that are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.comparison import mean_interval
from benchmarks.fgd.bound_section import bound_sentences, bound_table, has_bounds
from benchmarks.fgd.sections import Table, spread, summary
from benchmarks.fgd.turnover import MEASURES
from benchmarks.report import Picture
from binpack.plugins.research.typical_pods import DEFAULT_THRESHOLD_PERCENT
from binpack.scheduler.ties import Ties

if TYPE_CHECKING:
    import pandas as pd

END = "allocated_at_130_percent"
ALLOCATED, RATIO, _ = (name.replace("_percent", "_sampled_mean_percent") for name in MEASURES)


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the report.

    Parameters
    ----------
    title, text : str
        The question, and what is meant by it.
    sentences : list[str]
        The answers, from the runs; empty if there are none.
    tables : list[Table]
    pictures : list[Picture]
    command : str
        What gives the runs.
    """

    title: str
    text: str
    command: str
    sentences: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)


CHANGES = (
    (
        "ties",
        Ties.RANK,
        "(1) Who wins among equal scores?",
        "Scores are whole numbers, so that many nodes score alike. As published, ties go to the lowest of a fixed permutation (rank), "
        "which fills nodes one after another. first: the lowest name. kube: kube-scheduler 1.35's rule. random: drawn anew for each "
        "pod, as kube-scheduler did in the paper's time.",
    ),
    (
        "float_scores",
        False,
        "(2) What does truncating scores do?",
        "FGD compares its sigmoid as a float; differences below 1e-9 count as equal. As published, it is cut to a whole number up to 100.",
    ),
    (
        "threshold_percent",
        DEFAULT_THRESHOLD_PERCENT,
        "(3) How many pods have to be typical?",
        "FGD measures fragmentation against the most frequent kinds of pods, as published those that are 95 % of all; here other shares.",
    ),
    (
        "memory",
        True,
        "(4) What does memory as a filter do?",
        "Pods ask for no memory. Neither scores nor the measure look at it, as published the filters do.",
    ),
)
"""What is changed: a column of the runs, its value as published, a title, what it means."""


def further_sections(frames: Sequence[pd.DataFrame]) -> list[Section]:
    """Return the six sections; one without runs has only the command that gives them.

    Parameters
    ----------
    frames : sequence of DataFrame
        Runs of a suite each: those of the report's own and of the suites that carry it further.
    """
    sections = [
        _change(_first(frames, partial(_has_change, column=column, usual=usual)), column, usual, title=title, text=text)
        for column, usual, title, text in CHANGES
    ]
    return [*sections, _bound(_first(frames, has_bounds)), _turnover(_first(frames, lambda runs: ALLOCATED in runs))]


def _first(frames: Sequence[pd.DataFrame], has: Callable[[pd.DataFrame], bool]) -> pd.DataFrame | None:
    return next((runs for runs in frames if has(runs)), None)


def _has_change(runs: pd.DataFrame, column: str, usual: object) -> bool:
    return column in runs and "as_published" in runs and bool((runs[column] != usual).any())


def _change(runs: pd.DataFrame | None, column: str, usual: object, *, title: str, text: str) -> Section:
    """Set the runs where one thing was changed beside those as published on the same pods."""
    import pandas as pd

    from binpack.plots import as_svg, bars_by_variant

    command = "binpack bench run fgd-further"
    if runs is None:
        return Section(title, text, command)
    changed = runs[runs[column] != usual]
    published = runs[runs["as_published"] & runs["trace"].isin(changed["trace"]) & runs["policy"].isin(changed["policy"])]
    together = pd.concat([published, changed])
    picture = bars_by_variant(together.assign(left=100 - together[END]), "left", label="unallocated GPU at 130 % (%)", title=title)
    caption = "Mean over seeds at 130 % arrived load, with the standard deviation."
    sentences = [text for workload, group in _by_workload(changed) for text in _against(workload, group, published)]
    return Section(title, text, command, sentences, [summary(together, None)], [Picture(title, caption, as_svg(picture))])


def _against(workload: str, changed: pd.DataFrame, published: pd.DataFrame) -> list[str]:
    """Say how FGD fares under a change, against itself as published and against the next best policy under the same change."""
    sentences = []
    own = changed[changed["policy"] == "FGD"]
    before = published[published["policy"] == "FGD"]
    if len(own):
        sentence = f"{workload}: FGD allocates {own[END].mean():.2f} % at 130 % arrived load"
        if len(before):
            sentence += f", {_paired(own, before)} points against as published"
        others = changed[changed["policy"] != "FGD"].groupby("policy", observed=True)[END].mean()
        if len(others):
            best = str(others.idxmax())
            leads = own[END].mean() > others[best]
            lead = _paired(own, changed[changed["policy"] == best])
            sentence += f"; it {'leads' if leads else 'trails'}: the best other, {best}, allocates {others[best]:.2f} % ({lead} points)"
        sentences.append(sentence + ".")
    others_changed = [
        f"{policy} {_paired(group, published[published['policy'] == policy])}"
        for policy, group in changed[changed["policy"] != "FGD"].groupby("policy", sort=False, observed=True)
        if (published["policy"] == policy).any()
    ]
    if others_changed:
        sentences.append(f"{workload}: the others against as published, in points: {', '.join(others_changed)}.")
    return sentences


def _paired(one: pd.DataFrame, other: pd.DataFrame, column: str = END) -> str:
    """Write the mean difference over the seeds that both have, with its 95 % interval."""
    pairs = one.set_index("seed")[column] - other.set_index("seed")[column]
    interval = mean_interval(pairs.tolist())
    text = f"{interval.mean:+.2f}"
    return text if interval.count < 2 else f"{text} [{interval.low:+.2f}, {interval.high:+.2f}]"


def _bound(runs: pd.DataFrame | None) -> Section:
    title = "(5) How much is unavoidable?"
    text = (
        "The bound holds for any placement of the same pods on the same nodes, with all of them known beforehand: device patterns, exact "
        "on each device, with cpu and memory pooled over equal nodes. The best found is such a placement, by rounding the patterns and "
        "filling gaps; what lies between the two is open. A verifier that shares no code with the solver has checked each bound and each "
        "placement from its document (certificates/ beside the results). Pods without GPU are left out, which holds for every policy, and "
        "the gap is to that bound. “All CPU pods placed”: every pod without GPU is; a policy that drops some is not bound by it."
    )
    command = "binpack bench run fgd-bound"
    return Section(title, text, command) if runs is None else Section(title, text, command, bound_sentences(runs), [bound_table(runs)])


def _turnover(runs: pd.DataFrame | None) -> Section:
    title = "(6) What changes where pods finish?"
    text = (
        "The same policies through the whole control plane: pods of the trace arrive at random, run for an exponential time and give their "
        "devices back; what does not fit waits. Means over fixed instants, then over seeds."
    )
    command = "binpack bench run fgd-turnover"
    if runs is None:
        return Section(title, text, command)
    columns = {
        ALLOCATED: "GPU allocated (%)",
        RATIO: "fragments (% of idle GPU)",
        "nodes_in_use_mean_count": "nodes in use",
        "wait_mean_s": "mean wait (s)",
    }
    rows = [
        [workload, str(policy), str(len(group)), *(spread(group[name].mean(), group[name].std()) for name in columns)]
        for workload, of_workload in _by_workload(runs)
        for policy, group in of_workload.groupby("policy", sort=False, observed=True)
    ]
    sentences = []
    for workload, group in _by_workload(runs):
        fgd = group[group["policy"] == "FGD"]
        means = group.groupby("policy", sort=False, observed=True)[[ALLOCATED, RATIO]].mean()
        others = means.drop(index="FGD", errors="ignore")
        if fgd.empty or others.empty:
            continue
        best, fewest, most = str(others[ALLOCATED].idxmax()), str(others[RATIO].idxmin()), str(others[RATIO].idxmax())
        sentences.append(
            f"{workload}: FGD allocates {fgd[ALLOCATED].mean():.2f} %, the best other ({best}) {others[ALLOCATED].max():.2f} %: "
            f"{_paired(fgd, group[group['policy'] == best], ALLOCATED)} points (seeds: {len(fgd)}); of idle GPU "
            f"{fgd[RATIO].mean():.1f} % are fragments, under the others {others[RATIO].min():.1f} % ({fewest}) "
            f"to {others[RATIO].max():.1f} % ({most})."
        )
    return Section(title, text, command, sentences, [Table(["workload", "policy", "seeds", *columns.values()], rows)])


def _by_workload(runs: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(str(workload), group) for workload, group in runs.groupby("workload", sort=False, observed=True)]
