"""The answer for an instance file in words."""

from __future__ import annotations

from collections.abc import Iterator

from binpack.optimal.instances.optimize import InstanceOptimum
from binpack.optimal.solution import Status

_PATTERNS = 10


def instance_text(result: InstanceOptimum, *, verbose: bool = False) -> str:
    """Write the answer; all patterns with `verbose`, else the most used."""
    return "\n".join(_lines(result, verbose))


def _lines(result: InstanceOptimum, verbose: bool) -> Iterator[str]:
    instance, solution, answer = result.instance, result.solution, result.answer
    classes, dimensions = result.problem.pod_classes, len(instance.capacity)
    yield f"Instance    {instance.title}: {instance.demand} items in {classes} sizes, {dimensions} dimension{'s' * (dimensions > 1)}"
    if answer.objective is None:
        yield "Best        no packing was found"
    else:
        yield f"Best        {answer.objective} bins, {len(solution.fills)} patterns"
    proof = next((level.bound.proof.source for level in solution.levels if level.bound is not None), None)
    if answer.status is Status.OPTIMAL:
        yield f"Proof       {answer.objective} is optimal, by {proof}; the certificate was checked"
    elif answer.bound is not None:
        gap = "" if answer.gap is None else f" (gap {100 * answer.gap:.3g} %)"
        yield f"Proof       at least {answer.bound} in any packing{gap}, by {proof}; the certificate was checked"
    else:
        yield "Proof       nothing is proven"
    if instance.best_known is not None:
        yield f"Known       {instance.best_known} bins, says the file"
    yield f"Found by    {solution.method or 'nothing'} in {solution.seconds:.1f} s"
    if solution.interrupted:
        yield "            interrupted: this is what was found until then"
    elif not solution.repeatable:
        yield "            the time limit ended the search: another run may end elsewhere"
    patterns = sorted(result.patterns(), key=lambda pattern: -pattern[0])
    shown = patterns if verbose else patterns[:_PATTERNS]
    for bins, content in shown:
        items = ", ".join(f"{count} × {' '.join(map(str, sizes))}" for sizes, count in content)
        yield f"{bins:>6} ×    {items}"
    if len(shown) < len(patterns):
        yield f"            and {len(patterns) - len(shown)} more patterns (-v)"
