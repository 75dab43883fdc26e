"""Carry a plan out on the original objects, step by step, and ask the independent checker at each whether the scheduler could do it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from binpack.model.base import replace
from binpack.model.pod import Pod
from binpack.optimal.crowd import Crowd
from binpack.state.cluster import Cluster
from binpack.state.decision_invariants import Before, check_decision
from binpack.state.invariants import Violation


@dataclass(frozen=True)
class Step:
    """One step of a plan.

    Attributes
    ----------
    number : int
        From 1; each step is possible once the ones before it are done.
    wave : int
        From 1. The moves of a wave may go at the same time; the next wave starts when all their pods are ready.
    pod : str
        `namespace/name`.
    origin : str or None
        None for a pod that is pending.
    target : str
    reason : str
    """

    number: int
    wave: int
    pod: str
    origin: str | None
    target: str
    reason: str


def first_violation(cluster: Cluster, pending: Iterable[Pod], steps: Sequence[Step]) -> tuple[Step, Violation] | None:
    """Return the first step that breaks a rule, and the rule; None if all can be carried out in order."""
    nodes = {cluster.node(int(row)).name: cluster.node(int(row)) for row in cluster.rows_in_order()}
    namespaces = {one.metadata.name: one.metadata.labels for one in cluster.catalog.list("Namespace")}
    pods = {pod.key: pod for pod in pending}
    on_node: dict[str, dict[str, Pod]] = {name: {} for name in nodes}
    crowd = Crowd(())
    for pod, node in cluster.pods():
        pods[pod.key] = bound = placed_on(pod, node)
        on_node.setdefault(node, {})[pod.key] = bound
        crowd.add(bound)
    for step in steps:
        pod = pods[step.pod]
        if step.origin is not None:
            del on_node[step.origin][step.pod]
            crowd.remove(pod)
        anew = placed_on(pod, "")
        there = {other.key: other for other in crowd.around(anew)} | on_node[step.target]
        violations = check_decision(Before(nodes, tuple(there.values()), namespaces), anew, step.target)
        # What was wrong with the node or its other pods before is not the step's fault.
        own = [violation for violation in violations if violation.pod in ("", step.pod)]
        if own:
            return step, own[0]
        pods[step.pod] = bound = placed_on(pod, step.target)
        on_node[step.target][step.pod] = bound
        crowd.add(bound)
    return None


def placed_on(pod: Pod, node: str) -> Pod:
    """The pod on a node (empty: on none)."""
    return pod if pod.spec.node_name == node else replace(pod, spec=replace(pod.spec, node_name=node))
