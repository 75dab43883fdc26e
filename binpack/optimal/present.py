"""Today's placement as one of the placements to compare: read from the problem, and judged by its rules."""

from __future__ import annotations

from dataclasses import replace

from binpack.optimal.legality import breaks_spread, placed_of
from binpack.optimal.problem import PackingProblem
from binpack.optimal.solution import Fill, gathered


def present_fills(problem: PackingProblem) -> tuple[Fill, ...]:
    """Return what the nodes hold today of the pods that may move."""
    nodes: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for node_class, position, pod_class, pods in problem.present.tolist():
        nodes.setdefault((node_class, position), []).append((pod_class, pods))
    return gathered(Fill(node_class, 1, tuple(sorted(content))) for (node_class, _), content in sorted(nodes.items()))


def without_broken_spreads(problem: PackingProblem) -> PackingProblem:
    """Leave out the spreads that today's placement breaks, and name them.

    Topology spread is a rule for placing a pod; in the problem it is one for the whole placement. A cluster that came to be legally may
    break it, and an optimum that keeps it would not be comparable.
    """
    placed = placed_of(problem, present_fills(problem))
    broken = [spread for spread in problem.spreads if breaks_spread(spread, placed)]
    if not broken:
        return problem
    examples = [problem.class_names[spread.classes[0]] if problem.class_names else f"class {spread.classes[0]}" for spread in broken]
    named = tuple(f"topology spread of {example}: today's placement does not keep it" for example in examples)
    kept = tuple(spread for spread in problem.spreads if spread not in broken)
    return replace(problem, spreads=kept, relaxed=(*problem.relaxed, *named))
