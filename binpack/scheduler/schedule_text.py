"""A schedule in words: how many pods went where, and for those that wait the message, told once for all that share it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from binpack.results.name_list import name_list
from binpack.scheduler.schedule import Placement, PodState, Schedule

WIDTH = 100
_NAMES_WIDTH = 2 * WIDTH

_WORDS = {
    PodState.PLACED: "placed",
    PodState.NOMINATED: "nominated, waiting for preemption",
    PodState.UNSCHEDULABLE: "unschedulable",
    PodState.ERROR: "failed",
    PodState.GATED: "gated",
    PodState.FOREIGN: "of other schedulers",
}


def schedule_text(schedule: Schedule) -> str:
    """Write the summary: the counts, who waits and why, and the rules that chose."""
    return "\n".join([summary_line(schedule), *pending_lines(schedule.pending), rules_line(schedule)])


def summary_line(schedule: Schedule) -> str:
    """Count the pods by what became of them."""
    total = len(schedule.placements)
    if not total:
        return f"No pod waits; {schedule.nodes} nodes."
    used = len({placement.node for placement in schedule.placed})
    parts = []
    for state, count in schedule.counts().items():
        if count:
            where = f" on {used} of {schedule.nodes} nodes" if state is PodState.PLACED else ""
            parts.append(f"{count} {_WORDS[state]}{where}")
    return f"{total} waiting pod{'s' * (total != 1)}: {', '.join(parts)}."


def pending_lines(pending: Iterable[Placement]) -> Iterator[str]:
    """Write for each message the pods that got it; where preemption would help, on which node and at whose expense."""
    groups: dict[str, list[Placement]] = {}
    for placement in pending:
        groups.setdefault(placement.message or "", []).append(placement)
    for message, placements in groups.items():
        names = name_list([placement.pod.key for placement in placements], width=_NAMES_WIDTH)
        yield from _wrapped(names, "  ")
        yield from _wrapped(message, "    ")
        for placement in placements:
            if placement.state is PodState.NOMINATED:
                yield from _wrapped(nomination_text(placement), "    ")


def nomination_text(placement: Placement) -> str:
    """Say where preemption makes room for a pod and which pods that costs."""
    victims = name_list(placement.victims, width=WIDTH) if placement.victims else "nobody (what stands in the way is terminating already)"
    verb = "evicting" if placement.evicted else "would evict"
    return f"{placement.pod.metadata.name}: preemption on {placement.nominated_node} {verb} {victims}"


def rules_line(schedule: Schedule) -> str:
    """Name the two rules that decide beside the plugins."""
    percentages = dict.fromkeys(schedule.percentages.values())
    shown = ", ".join("adaptive" if percentage == 0 else str(percentage) for percentage in percentages)
    return f"Ties: {schedule.ties}. percentageOfNodesToScore: {shown}."


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)
