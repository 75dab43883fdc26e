"""Today's placement as one of the placements to compare: read from the problem, and judged by its rules."""

from __future__ import annotations

from dataclasses import replace

from binpack.optimal.legality import breaks_cap, breaks_exclusion, breaks_spread, placed_of
from binpack.optimal.problem import PackingProblem
from binpack.optimal.solution import Fill, gathered


def present_fills(problem: PackingProblem) -> tuple[Fill, ...]:
    """Return what the nodes hold today of the pods that may move."""
    nodes: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for node_class, position, pod_class, pods in problem.present.tolist():
        nodes.setdefault((node_class, position), []).append((pod_class, pods))
    return gathered(Fill(node_class, 1, tuple(sorted(content))) for (node_class, _), content in sorted(nodes.items()))


def without_broken_rules(problem: PackingProblem) -> PackingProblem:
    """Leave out the couplings that today's placement breaks, and name them.

    Spread and anti-affinity are rules for placing a pod; in the problem they are rules for the whole placement. A cluster that came to
    be legally may break them, and an optimum that keeps them would not be comparable.
    """
    fills = present_fills(problem)
    placed = placed_of(problem, fills)
    spreads = [spread for spread in problem.spreads if breaks_spread(spread, placed)]
    caps = [cap for cap in problem.caps if breaks_cap(cap, placed)]
    exclusions = [exclusion for exclusion in problem.exclusions if any(breaks_exclusion(exclusion, dict(fill.pods)) for fill in fills)]
    if not (spreads or caps or exclusions):
        return problem
    broken = [("topology spread", spread.classes) for spread in spreads]
    broken += [("anti-affinity", cap.classes) for cap in caps]
    broken += [("anti-affinity", exclusion.left) for exclusion in exclusions]
    named = tuple(f"{rule} of {_example(problem, classes)}: today's placement does not keep it" for rule, classes in broken)
    return replace(
        problem,
        spreads=tuple(spread for spread in problem.spreads if spread not in spreads),
        caps=tuple(cap for cap in problem.caps if cap not in caps),
        exclusions=tuple(exclusion for exclusion in problem.exclusions if exclusion not in exclusions),
        relaxed=(*problem.relaxed, *named),
    )


def _example(problem: PackingProblem, classes: tuple[int, ...]) -> str:
    return problem.class_names[classes[0]] if problem.class_names else f"class {classes[0]}"
