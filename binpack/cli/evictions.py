"""`binpack optimize --objective evictions`: who would have to go for a pod that fits nowhere, beside what preemption would take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from binpack.cli.labelled import labelled
from binpack.cli.output import Column
from binpack.optimal.progress import relative_gap
from binpack.optimal.solution import Status

if TYPE_CHECKING:
    from binpack.model.pod import Pod
    from binpack.optimal.evictions import Evictions, Victims

VICTIM_COLUMNS = (
    Column("pod"),
    Column("status"),
    Column("node"),
    Column("evictions"),
    Column("brokenBudgets", "BROKEN BUDGETS"),
    Column("bound"),
    Column("preemption", "KUBE-SCHEDULER"),
    Column("victims", wrap=True),
)


def evictions_document(found: Evictions, seconds: float) -> dict[str, Any]:
    """Write the answer about one pod as plain data: first what any answer has, then who goes."""
    answer = found.answer
    return {
        "status": str(answer.status),
        "objective": answer.objective,
        "bound": answer.bound,
        "gap": answer.gap,
        "seconds": round(seconds, 3),
        "method": "search by size",
        "repeatable": found.repeatable,
        "certificate": {"kind": answer.kind, "verified": answer.verified},
        "baselines": [_baseline(found)],
        "goal": "evictions",
        "levels": _levels(found),
        "pod": found.pod.key,
        "priority": found.pod.priority,
        "node": _node(found),
        "victims": [] if found.best is None else [_victim(found, pod) for pod in found.best.pods],
        "message": found.message or None,
        "reason": _reason(found),
        "closedNodes": [] if found.rooms is None else [{"node": node, "reason": reason} for node, reason in found.rooms.closed],
        "relaxed": list(found.relaxed),
        "digest": answer.document.get("digest"),
        "shortages": [] if found.shortage is None else [found.shortage.document()],
    }


def eviction_rows(answers: tuple[Evictions, ...]) -> list[dict[str, Any]]:
    """One row a pod."""
    rows = []
    for found in answers:
        answer, best = found.answer, found.best
        bound = answer.bound[1] if isinstance(answer.bound, tuple) else None
        rows.append(
            {
                "pod": found.pod.key,
                "status": str(answer.status),
                "node": _node(found),
                "evictions": 0 if found.fits else None if best is None else len(best.pods),
                "brokenBudgets": 0 if found.fits else None if best is None else best.violations,
                "bound": bound,
                "preemption": 0 if found.fits else None if found.preemption is None else len(found.preemption.pods),
                "victims": [] if best is None else [pod.key for pod in best.pods],
            }
        )
    return rows


def evictions_text(found: Evictions, *, verbose: bool) -> str:
    """Write the answer about one pod in words."""
    return "\n".join(_lines(found, verbose))


def _lines(found: Evictions, verbose: bool) -> Iterator[str]:
    answer = found.answer
    yield from labelled("Pod", f"{found.pod.key}, priority {found.pod.priority}")
    if found.fits is not None:
        yield from labelled("Best", f"fits on {found.fits}: nothing has to be evicted")
        return
    yield from labelled("Today", f"fits nowhere: {found.message}")
    if found.best is not None:
        yield from labelled("Best", f"fits on {found.best.node} after {_counted(found.best)}")
        for pod in found.best.pods:
            yield from labelled("", _in_words(_victim(found, pod)))
    elif answer.status is Status.INFEASIBLE:
        yield from labelled("Infeasible", f"no eviction makes room: {_reason(found)}")
    else:
        yield from labelled("Unknown", f"no set of evictions was found: {_reason(found)}")
    yield from labelled("Proof", _proof(found))
    chosen = found.preemption
    taken = "evicts nothing, the pod keeps waiting" if chosen is None else f"{_counted(chosen)} on {chosen.node}"
    yield from labelled("Compared", f"kube-scheduler's preemption: {taken}")
    if chosen is not None and verbose:
        for pod in chosen.pods:
            yield from labelled("", _in_words(_victim(found, pod)))
    if found.relaxed and answer.status is not Status.OPTIMAL:
        yield from labelled("Relaxed", f"the bound leaves out {', '.join(found.relaxed)}; it holds all the same")


def _proof(found: Evictions) -> str:
    answer = found.answer
    if answer.status is Status.INFEASIBLE:
        return "the checker found no set on any node"
    if answer.status is Status.OPTIMAL:
        return "optimal: no set breaks fewer budgets, then is smaller, then has smaller priorities; the checker tried them all"
    parts = [
        f"{level['name']}: {level['value']}, at least {level['bound']}" + (f" ({level['claimed']} claimed)" if level["claimed"] else "")
        for level in _levels(found)
        if level["bound"] is not None
    ]
    return "; ".join(parts) or "nothing is proven"


def _levels(found: Evictions) -> list[dict[str, Any]]:
    levels = []
    for level in found.answer.document.get("levels", []):
        bound = None if level["bound"] is None else level["bound"]["value"]
        value = level["value"]
        whole = value is not None and bound is not None and min(value, bound) >= 0
        levels.append(
            {
                "name": level["name"],
                "sense": "min",
                "value": value,
                "bound": bound,
                "optimal": value is not None and value == bound,
                "gap": relative_gap(value, bound) if whole else None,
                "proof": None if level["bound"] is None else "search of the checker",
                "claimed": None if level["claimed"] is None else level["claimed"]["value"],
                "kind": None if level["bound"] is None else "search",
            }
        )
    return levels


def _baseline(found: Evictions) -> dict[str, Any]:
    chosen, bound = found.preemption, found.answer.bound
    if found.fits is not None:
        return {"name": "kube-scheduler", "objective": (0, 0, 0), "gap": 0.0, "node": found.fits, "victims": []}
    gap = None
    if chosen is not None and isinstance(bound, tuple):
        pairs = zip(chosen.key[:2], bound, strict=False)
        gap = next((relative_gap(value, least) for value, least in pairs if value != least), 0.0)
    return {
        "name": "kube-scheduler",
        "objective": None if chosen is None else chosen.key,
        "gap": gap,
        "node": None if chosen is None else chosen.node,
        "victims": [] if chosen is None else [_victim(found, pod) for pod in chosen.pods],
    }


def _victim(found: Evictions, pod: Pod) -> dict[str, Any]:
    return {"pod": pod.key, "priority": pod.priority, "budgets": [budget.key for budget in found.budgets if budget.charges(pod)]}


def _in_words(victim: dict[str, Any]) -> str:
    return f"- {victim['pod']}, priority {victim['priority']}" + (
        f", of budget {', '.join(victim['budgets'])}" if victim["budgets"] else ""
    )


def _counted(victims: Victims) -> str:
    count = len(victims.pods)
    text = f"{count} eviction{'s' if count != 1 else ''}"
    return text + (
        f", {victims.violations} of them beyond a disruption budget" if victims.violations else ", within every disruption budget"
    )


def _node(found: Evictions) -> str | None:
    return found.fits or (None if found.best is None else found.best.node)


def _reason(found: Evictions) -> str | None:
    return None if found.shortage is None else found.shortage.reason
