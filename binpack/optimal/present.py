"""Today's placement as one of the placements to compare: read from the problem, and counted as moves against another."""

from __future__ import annotations

from binpack.optimal.problem import PackingProblem
from binpack.optimal.solution import Fill, gathered


def present_fills(problem: PackingProblem) -> tuple[Fill, ...]:
    """Return what the nodes hold today of the pods that may move."""
    nodes: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for node_class, position, pod_class, pods in problem.present.tolist():
        nodes.setdefault((node_class, position), []).append((pod_class, pods))
    return gathered(Fill(node_class, 1, tuple(sorted(content))) for (node_class, _), content in sorted(nodes.items()))
