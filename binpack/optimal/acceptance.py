"""Is a placement one that the scheduler could make? Asked of the independent checker of `binpack.state`, on the original objects.

Capacity, ports, taints and node affinity must hold at the end. Inter-pod affinity and topology spread need hold only when a pod is
placed: some order must exist in which each such pod was legal in its turn. Orders are tried greedily, domain by domain in turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from binpack.model.base import replace
from binpack.model.meta import controller_of
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.optimal.crowd import Crowd, has_rules
from binpack.state.decision_invariants import Before, check_decision
from binpack.state.invariants import Violation, check_placement

if TYPE_CHECKING:
    from binpack.state.cluster import Cluster

MOST_REASONS = 5
APART = "pod-anti-affinity"
OF_ONE_POD = ("taints", "node-affinity")


def rejections(
    cluster: Cluster, stays: Iterable[tuple[Pod, str]], pods: Mapping[str, Pod], placed: Mapping[str, str], unchanged: Mapping[str, str]
) -> list[str]:
    """Say what is wrong with a placement; an empty list accepts it.

    Parameters
    ----------
    cluster : Cluster
        Its nodes and namespaces are read.
    stays : iterable of (Pod, node name)
        The pods that are there all the time.
    pods : mapping from key to Pod
        The pods that are placed.
    placed : mapping from key to node name
    unchanged : mapping from key to node name
        Where running pods are today. One that keeps its node may do so even where it could not go anew.
    """
    nodes = {cluster.node(int(row)).name: cluster.node(int(row)) for row in cluster.rows_in_order()}
    namespaces = {n.metadata.name: n.metadata.labels for n in cluster.catalog.list("Namespace")}
    return rejections_on(nodes, namespaces, stays, pods, placed, unchanged)


def rejections_on(
    nodes: Mapping[str, Node],
    namespaces: Mapping[str, Mapping[str, str]],
    stays: Iterable[tuple[Pod, str]],
    pods: Mapping[str, Pod],
    placed: Mapping[str, str],
    unchanged: Mapping[str, str],
) -> list[str]:
    """Say the same from the objects alone: nodes by name, and the labels of the namespaces."""
    fixed = [_bound(pod, node) for pod, node in stays if node in nodes]
    final = {key: _bound(pods[key], node) for key, node in placed.items()}
    newcomers = {node for key, node in placed.items() if unchanged.get(key) != node}
    wrong = [
        violation
        for violation in check_placement(nodes.values(), [*fixed, *final.values()])
        # What was there before may stay, whatever became of the node since.
        if violation.node in newcomers and (violation.invariant not in OF_ONE_POD or unchanged.get(violation.pod) != violation.node)
    ]
    reasons = [str(violation) for violation in wrong]
    reasons += _no_order(nodes, fixed, final, namespaces, unchanged)
    return reasons[:MOST_REASONS]


def _no_order(
    nodes: Mapping[str, Node],
    fixed: list[Pod],
    final: Mapping[str, Pod],
    namespaces: Mapping[str, Mapping[str, str]],
    unchanged: Mapping[str, str],
) -> list[str]:
    """Place the pods that come, those with rules about other pods last and one after the other; say which found no turn."""
    standing = [*fixed, *(pod for pod in final.values() if unchanged.get(pod.key) == pod.spec.node_name)]
    coming = [pod for pod in final.values() if unchanged.get(pod.key) != pod.spec.node_name]
    crowd = Crowd(standing)
    repelled: list[str] = []
    for pod in coming:
        if not has_rules(pod):
            there = Before(nodes, crowd.around(pod), namespaces)
            repelled += [str(v) for v in check_decision(there, _unbound(pod), pod.spec.node_name) if there.pods and v.invariant == APART]
    if repelled:
        return repelled
    for pod in coming:
        if not has_rules(pod):
            crowd.add(pod)
    waiting = _in_turn([pod for pod in coming if has_rules(pod)], nodes)
    while waiting:
        left: list[tuple[Pod, list[Violation]]] = []
        for pod in waiting:
            violations = check_decision(Before(nodes, crowd.around(pod), namespaces), _unbound(pod), pod.spec.node_name)
            if violations:
                left.append((pod, violations))
            else:
                crowd.add(pod)
        if len(left) == len(waiting):
            return [f"{violation} (in no order tried)" for _, violations in left for violation in violations[:1]]
        waiting = [pod for pod, _ in left]
    return []


def _in_turn(pods: Sequence[Pod], nodes: Mapping[str, Node]) -> list[Pod]:
    """The first pod of each owner in each zone, then the second, so that spread constraints hold on the way."""
    turns: dict[tuple[str, ...], int] = {}
    keyed = []
    for pod in sorted(pods, key=lambda pod: pod.key):
        keys = [constraint.topology_key for constraint in pod.spec.topology_spread_constraints]
        labels = nodes[pod.spec.node_name].metadata.labels
        owner = controller_of(pod.metadata)
        kind = (pod.metadata.namespace, "" if owner is None else owner.name, *(labels.get(key, "") for key in keys))
        turns[kind] = turns.get(kind, 0) + 1
        keyed.append((turns[kind], pod.key, pod))
    return [pod for _, _, pod in sorted(keyed, key=lambda item: item[:2])]


def _bound(pod: Pod, node: str) -> Pod:
    return pod if pod.spec.node_name == node else replace(pod, spec=replace(pod.spec, node_name=node))


def _unbound(pod: Pod) -> Pod:
    return _bound(pod, "")
