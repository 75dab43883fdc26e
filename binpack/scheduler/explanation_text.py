"""An explanation in words and small tables, for a terminal of 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from binpack.framework.status import Code
from binpack.model.requests import CPU, EPHEMERAL_STORAGE, MEMORY
from binpack.results.name_list import common_domain, name_list, shortened
from binpack.results.text_table import stacked, table
from binpack.scheduler.explanation import Explanation, NodeState, ScoreColumn
from binpack.units import GIB, MILLI_PER_CORE

WIDTH = 100
DEFAULT_TOP = 5
_LABEL = 12
_LONGEST_NODE = 40


def explanation_text(explanation: Explanation, *, top: int = DEFAULT_TOP) -> str:
    """Write the decision, the best nodes with their scores, and the rejected ones by reason.

    Parameters
    ----------
    explanation : Explanation
    top : int
        How many of the feasible nodes are shown.
    """
    parts = ["\n".join([*_head(explanation), *_names_line(explanation)])]
    feasible = explanation.count(NodeState.FEASIBLE)
    if feasible:
        parts.append("\n".join(_scores(explanation, top)))
    if explanation.groups:
        parts.append("\n".join(_rejected(explanation)))
    return "\n\n".join(parts)


def matrix_text(explanation: Explanation) -> str:
    """Write every node with each plugin's own verdict and score, and all reasons; as wide as it takes."""
    filters = [column for column in explanation.filters if not column.skipped and column.error is None]
    scores = [column for column in explanation.scores if not column.skipped]
    head = ["NODE", "STATE", "RANK", "TOTAL"]
    head += [f"filter\n{stacked(column.plugin)}" for column in filters]
    head += [f"score\n{stacked(column.plugin)}\n×{column.weight}" for column in scores]
    rows = []
    # Best nodes first, then the others by name.
    best = explanation.best()
    others = [position for position in range(len(explanation.nodes)) if not explanation.ranks[position]]
    for position in (*best, *others):
        ranked = bool(explanation.ranks[position])
        cells = [explanation.nodes[position], str(explanation.states[position])]
        cells += [str(explanation.ranks[position]), str(explanation.totals[position])] if ranked else ["-", "-"]
        statuses = [(column.plugin, column.status(position)) for column in filters]
        cells += ["ok" if status is None else "no" for _, status in statuses]
        cells += [str(column.scores[position]) if ranked else "-" for column in scores]
        cells.append("; ".join(f"{plugin}: {', '.join(status.reasons)}" for plugin, status in statuses if status is not None))
        rows.append(cells)
    return "\n\n".join(["\n".join(_head(explanation)), table([*head, "REASONS"], rows, gap=2), *_idle_line(explanation)])


def _head(explanation: Explanation) -> Iterator[str]:
    pod, decision = explanation.pod, explanation.decision
    yield from _labelled("Pod", f"{pod.key}, priority {pod.priority}, scheduler {explanation.profile.scheduler_name}")
    if explanation.present_node is not None:
        yield from _labelled("Now on", f"{explanation.present_node}, {_present(explanation)}")
    feasible, nodes = explanation.count(NodeState.FEASIBLE), len(explanation.nodes)
    if explanation.node is not None:
        equals = int(np.count_nonzero(explanation.ranks == 1))
        tied = f", one of {equals} equals (ties: {explanation.ties})" if equals > 1 else ""
        yield from _labelled("Decision", f"{explanation.node}, score {explanation.score}{tied}; {feasible} of {nodes} nodes are feasible")
    else:
        yield from _labelled("Decision", "the cycle fails" if decision.failed else "unschedulable")
        yield from _labelled("Message", explanation.message or "")
    outcome = decision.post_filter
    if outcome is not None and outcome.nominated_node:
        victims = name_list((victim.key for victim in outcome.victims), width=WIDTH)
        yield from _labelled("Preemption", f"would nominate {outcome.nominated_node} and evict {victims or 'nobody more'}")
    unseen = explanation.count(NodeState.UNSEEN)
    if unseen and explanation.node == pod.status.nominated_node_name:
        yield from _labelled("Search", "its nominated node fits, and is taken without a look at the others")
    elif unseen and not decision.failed:
        percentage = explanation.profile.percentage_of_nodes_to_score
        shown = percentage or "adaptive"
        yield from _labelled("Search", f"{unseen} nodes were not looked at (percentageOfNodesToScore: {shown})")
    for note in explanation.notes:
        yield from _labelled("Note", note)


def _names_line(explanation: Explanation) -> list[str]:
    domain = common_domain(explanation.nodes)
    return _labelled("Names", f"of nodes are shown without {domain}") if domain else []


def _labelled(label: str, text: str) -> list[str]:
    indent = " " * _LABEL
    return textwrap.wrap(
        text, WIDTH, initial_indent=label.ljust(_LABEL), subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def _present(explanation: Explanation) -> str:
    """Say how the node on which the pod runs fares in this decision."""
    node = explanation.present_node
    if node not in explanation.nodes:
        return "which is not among the nodes"
    position = explanation.position(node)
    if explanation.ranks[position]:
        feasible = explanation.count(NodeState.FEASIBLE)
        same = ", where it would go again" if node == explanation.node else ""
        return f"rank {explanation.ranks[position]} of {feasible}, score {explanation.totals[position]}{same}"
    for group in explanation.groups:
        if node in group.nodes:
            return f"which {group.plugin} would now reject: {', '.join(group.status.reasons)}"
    return "which was not looked at"


def _scores(explanation: Explanation, top: int) -> Iterator[str]:
    best = explanation.best()
    shown = best[:top]
    extent = f"; the best {len(shown)}:" if len(shown) < len(best) else ""
    if explanation.present_node in explanation.nodes:
        present = explanation.position(explanation.present_node)
        if explanation.ranks[present] and present not in shown:
            shown.append(present)
            extent = f"; the best {len(shown) - 1}, and where the pod is now:"
    scored = [column for column in explanation.scores if not column.skipped]
    told = [column for column in scored if len(best) == 1 or np.ptp(column.scores[best]) > 0]
    constant = [column for column in scored if column not in told]
    yield f"Feasible: {len(best)} of {len(explanation.nodes)} nodes{extent}"
    yield ""
    yield _score_table(explanation, shown, told)
    yield ""
    if constant:
        plugins = ", ".join(f"{column.plugin} {column.scores[best[0]]}" for column in constant)
        yield from _wrapped(f"The same on all of them: {plugins}.")
    yield from _idle_line(explanation)


def _score_table(explanation: Explanation, positions: Sequence[int], columns: Sequence[ScoreColumn]) -> str:
    head = ["RANK", "NODE", "TOTAL", *(f"{stacked(column.plugin)}\n×{column.weight}" for column in columns)]
    domain = common_domain(explanation.nodes)
    rows = [
        [
            str(explanation.ranks[position]),
            shortened(explanation.nodes[position].removesuffix(domain), _LONGEST_NODE) + _mark(explanation, position),
            str(explanation.totals[position]),
            *(str(column.scores[position]) for column in columns),
        ]
        for position in positions
    ]
    return table(head, rows, gap=2)


def _mark(explanation: Explanation, position: int) -> str:
    name = explanation.nodes[position]
    marks = [word for word, node in (("chosen", explanation.node), ("now", explanation.present_node)) if node == name]
    return f" ({', '.join(marks)})" if marks else ""


def _idle_line(explanation: Explanation) -> list[str]:
    """Name the scoring plugins with nothing to say about this pod."""
    idle = [column.plugin for column in explanation.scores if column.skipped]
    if not idle or explanation.node is None:
        return []
    return _wrapped(f"Nothing to score for this pod: {', '.join(idle)}.")


def _rejected(explanation: Explanation) -> Iterator[str]:
    count = explanation.count(NodeState.REJECTED)
    yield f"Rejected: {count} of {len(explanation.nodes)} nodes, by the first plugin that says no"
    yield ""
    width, domain = len(str(count)), common_domain(explanation.nodes)
    for group in explanation.groups:
        final = " (preemption cannot help)" if group.status.code is Code.UNRESOLVABLE else ""
        yield from _wrapped(f"{len(group.nodes):>{width}}  {group.plugin}: {', '.join(group.status.reasons)}{final}", width + 4)
        yield " " * (width + 4) + name_list((node.removesuffix(domain) for node in group.nodes), width=WIDTH - width - 4)
    if explanation.shortages:
        yield ""
        for shortage in explanation.shortages:
            requested, free = _amount(shortage.resource, shortage.requested), _amount(shortage.resource, shortage.most_free)
            yield from _wrapped(
                f"Of {shortage.resource} it asks for {requested}; the most that is free where it lacks resources is {free}"
                f" ({shortage.node.removesuffix(domain)})."
            )
    alone = [f"{column.plugin} {column.rejections}" for column in explanation.filters if column.rejections]
    if len(alone) > 1:
        yield ""
        yield from _wrapped(f"Nodes that each plugin rejects when asked alone: {', '.join(alone)}.")
    for column in explanation.filters:
        if column.error is not None:
            yield from _wrapped(f"{column.plugin} fails: {column.error}")


def _amount(resource: str, value: int) -> str:
    if resource == CPU:
        return f"{value / MILLI_PER_CORE:g}"
    if resource in (MEMORY, EPHEMERAL_STORAGE) or resource.startswith("hugepages-"):
        return f"{value / GIB:.4g} GiB"
    return str(value)


def _wrapped(text: str, indent: int = 0) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False, break_long_words=False, drop_whitespace=True)
