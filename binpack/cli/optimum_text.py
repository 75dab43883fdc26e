"""An optimum in words: where the cluster is, how good it could be, how that is proven, and what it would take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from binpack.cli.labelled import LABEL, labelled
from binpack.cli.output import WIDTH
from binpack.optimal.amounts import Amounts
from binpack.optimal.optimize import Compared, Measure, Optimum
from binpack.optimal.solution import Status
from binpack.results.name_list import name_list
from binpack.units import GIB, MILLI_PER_CORE

_RULES = 3


def optimum_text(result: Optimum, compared: Sequence[Compared] = (), *, verbose: bool = False) -> str:
    """Write the answer.

    Parameters
    ----------
    result : Optimum
    compared : sequence of Compared
        Placements of schedulers, with their distance from the bound.
    verbose : bool
        Name the nodes that become free, and the pods and nodes that are left as they are.
    """
    return "\n".join(_lines(result, compared, verbose))


def _lines(result: Optimum, compared: Sequence[Compared], verbose: bool) -> Iterator[str]:
    solution, status = result.solution, result.answer.status
    yield from labelled("Today", _distance(result.compare_today(), result.built.amounts, named=False))
    if status is Status.INFEASIBLE:
        yield from labelled("Infeasible", "not all pods can be placed; what follows leaves out what cannot")
    elif status is Status.UNKNOWN:
        yield from labelled("Unknown", "no placement of all pods was found, and nothing proves that there is none")
    if solution.fills or status not in (Status.INFEASIBLE, Status.UNKNOWN):
        yield from labelled("Best", _measured(result.best, result.built.amounts))
    yield from _listed("Proof", list(_proofs(result)))
    if solution.reason:
        yield from labelled("Left out", solution.reason)
    yield from _listed("Compared", [_distance(each, result.built.amounts) for each in compared])
    yield from labelled("Moves", _moves(result))
    if result.stays:
        reasons = Counter(stay.reason for stay in result.stays)
        counted = ", ".join(f"{count} ({reason})" for reason, count in reasons.most_common())
        yield from labelled("Fixed", f"{len(result.stays)} pods stay as they are: {counted}")
    if result.closed:
        reasons = Counter(reason for _, reason in result.closed)
        counted = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        yield from labelled("Closed", f"{len(result.closed)} nodes take no new pods: {counted}")
    if result.relaxed:
        rules = [f"- {rule}" for rule in result.relaxed]
        yield from _listed("Relaxed", ["the bound leaves these rules out; it holds, but the optimum may be worse than it says:", *rules])
    if result.rejected:
        shown = [f"- {reason}" for reason in result.rejected[: None if verbose else _RULES]]
        rest = len(result.rejected) - len(shown)
        more = [f"- and {rest} more (-v)"] if rest else []
        yield from _listed("Refused", ["a better placement was found and refused, for it breaks rules that were left out:", *shown, *more])
    yield from labelled("Found by", solution.method or "nothing")
    if solution.interrupted:
        yield from labelled("", "interrupted: this is what was found until then")
    elif not solution.repeatable:
        yield from labelled("", "the time limit ended the search: another run may end elsewhere")
    if verbose:
        yield from _details(result)


def _listed(label: str, texts: list[str]) -> Iterator[str]:
    for text in texts:
        yield from labelled(label, text)
        label = ""


def _measured(measure: Measure, amounts: Amounts | None) -> str:
    parts = [f"{measure.nodes} nodes in use"]
    if amounts is not None and measure.allocated is not None:
        share = f" ({100 * measure.allocated / amounts.offered:.1f} %)" if amounts.offered else ""
        shown = f"{_amount(measure.allocated, amounts)} of {_amount(amounts.offered, amounts)} {amounts.resource}"
        parts.insert(0, f"{shown} allocated{share}")
    if measure.cost is not None:
        parts.append(f"cost {measure.cost:g}")
    there = sum(pods for _, _, pods in measure.placed)
    parts.append(f"{there - measure.left_out} of {there} pods placed")
    lacking = [f"{pods - placed} of {pods} {name}" for name, placed, pods in measure.placed if placed < pods]
    return ", ".join(parts) + (f"; without a node: {', '.join(lacking)}" if lacking else "")


def _amount(value: int, amounts: Amounts) -> str:
    """Whole cores and gibibytes where the unit is finer."""
    if amounts.unit == "milli-cores":
        return f"{value / MILLI_PER_CORE:g}"
    return f"{value / GIB:.1f}Gi" if amounts.unit == "bytes" else str(value)


def _distance(compared: Compared, amounts: Amounts | None, *, named: bool = True) -> str:
    text = (f"{compared.name}: " if named else "") + _measured(compared.measure, amounts)
    if compared.gap is None:
        return text
    return f"{text}; {f'{100 * compared.gap:.3g} % from the bound' if compared.gap else 'at the bound, optimal'}"


def _proofs(result: Optimum) -> Iterator[str]:
    """Say what is proven about each level; those without a proof share a line."""
    unproven = []
    for level in result.answer.sound(result.solution.levels):
        unit = result.problem.cost_unit if level.name == "cost" else 1
        found = f"{level.name}: {'none found' if level.value is None else _number(level.value, unit)}"
        claimed = "" if level.claimed in (None, level.proven) else f"; the solver claims {_number(level.claimed or 0, unit)}, unchecked"
        if level.bound is None or level.proven is None:
            unproven.append(found + claimed)
        elif level.closed:
            yield f"{found} is optimal, by {level.bound.proof.source}"
        else:
            word = "most" if level.maximise else "least"
            gap = "" if level.gap is None else f" (gap {100 * level.gap:.3g} %)"
            yield f"{found}; at {word} {_number(level.proven, unit)} in any placement{gap}, by {level.bound.proof.source}{claimed}"
    if unproven:
        yield f"nothing is proven about {', '.join(unproven)}"


def _number(value: int, unit: int) -> str:
    return f"{value / unit:g}" if unit != 1 else str(value)


def _moves(result: Optimum) -> str:
    moved = sum(move.origin is not None and move.target is not None for move in result.moves)
    started = sum(move.origin is None and move.target is not None for move in result.moves)
    stopped = sum(move.target is None and move.origin is not None for move in result.moves)
    parts = [f"{moved} running pods move"]
    if started:
        parts.append(f"{started} waiting ones find a node")
    if stopped:
        parts.append(f"{stopped} lose theirs")
    return ", ".join(parts)


def _details(result: Optimum) -> Iterator[str]:
    held = {move.origin for move in result.moves if move.origin} | set(result.placement.values())
    freed = held - set(result.placement.values())
    if freed:
        yield from labelled("Freed", name_list(freed, width=WIDTH - LABEL))
    by_reason: dict[str, list[str]] = {}
    for stay in result.stays:
        by_reason.setdefault(stay.reason, []).append(stay.pod.key)
    for reason, pods in by_reason.items():
        yield from labelled("Fixed", f"{reason}: {name_list(pods, width=3 * WIDTH)}")
    by_reason = {}
    for node, reason in result.closed:
        by_reason.setdefault(reason, []).append(node)
    for reason, nodes in by_reason.items():
        yield from labelled("Closed", f"{reason}: {name_list(nodes, width=3 * WIDTH)}")
