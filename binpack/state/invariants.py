"""Is a placement legal? A plain, independent checker: it shares no code with the plugins or the solver.

What holds in any state (capacity, ports, taints, node affinity) is checked here; what need hold only when a pod is placed (inter-pod
affinity, topology spread) is in `binpack.state.decision_invariants`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from binpack.model.meta import LabelSelectorRequirement
from binpack.model.node import Node, Taint
from binpack.model.pod import NodeSelectorTerm, Pod, Toleration
from binpack.model.requests import PODS, placed_requests, resource_list


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule.

    Parameters
    ----------
    invariant : str
        The rule's name: capacity, ports, taints, node-affinity, node-exists, pod-affinity, pod-anti-affinity, topology-spread.
    node : str
    pod : str
        `namespace/name`; empty where a node as a whole is at fault.
    detail : str
    """

    invariant: str
    node: str
    pod: str
    detail: str

    def __str__(self) -> str:
        subject = f"pod {self.pod} on node {self.node}" if self.pod else f"node {self.node}"
        return f"{self.invariant}: {subject}: {self.detail}"


def check_placement(nodes: Iterable[Node], pods: Iterable[Pod]) -> list[Violation]:
    """Check what must hold in any state of a cluster.

    Parameters
    ----------
    nodes : iterable of Node
    pods : iterable of Pod
        Those with `spec.nodeName` are checked; terminal ones occupy nothing.

    Returns
    -------
    list[Violation]
        Empty if the placement is legal; by node, then by pod in the given order.
    """
    by_name = {node.metadata.name: node for node in nodes}
    by_node: dict[str, list[Pod]] = defaultdict(list)
    for pod in pods:
        if pod.spec.node_name and pod.status.phase not in ("Succeeded", "Failed"):
            by_node[pod.spec.node_name].append(pod)
    violations: list[Violation] = []
    for name, placed in by_node.items():
        node = by_name.get(name)
        if node is None:
            violations += [Violation("node-exists", name, pod.key, "there is no such node") for pod in placed]
            continue
        violations += _capacity(node, placed)
        violations += _ports(node, placed)
        for pod in placed:
            violations += check_static(node, pod)
    return violations


def check_static(node: Node, pod: Pod) -> list[Violation]:
    """Check what depends on one node's own spec and one pod alone: taints, node selector and required node affinity."""
    violations = [
        Violation("taints", node.metadata.name, pod.key, f"taint {taint.key}={taint.value}:{taint.effect} is not tolerated")
        for taint in node.spec.taints
        if taint.effect in ("NoSchedule", "NoExecute") and not any(_tolerates(t, taint) for t in pod.spec.tolerations)
    ]
    if not matches_node_affinity(node, pod):
        violations.append(Violation("node-affinity", node.metadata.name, pod.key, "node selector or required affinity is not met"))
    return violations


def matches_node_affinity(node: Node, pod: Pod) -> bool:
    """Tell whether a node meets a pod's nodeSelector and required node affinity."""
    labels = node.metadata.labels
    if any(labels.get(key) != value for key, value in pod.spec.node_selector.items()):
        return False
    affinity = pod.spec.affinity.node_affinity if pod.spec.affinity is not None else None
    required = affinity.required_during_scheduling_ignored_during_execution if affinity is not None else None
    return required is None or any(_term_matches(term, node) for term in required.node_selector_terms)


def has_untolerated_taint(node: Node, pod: Pod) -> bool:
    """Tell whether a node carries a hard taint that a pod does not tolerate."""
    hard = (taint for taint in node.spec.taints if taint.effect in ("NoSchedule", "NoExecute"))
    return any(not any(_tolerates(t, taint) for t in pod.spec.tolerations) for taint in hard)


def expression_matches(expression: LabelSelectorRequirement, labels: Mapping[str, str]) -> bool:
    """Tell whether labels meet one `matchExpressions` entry; what Kubernetes could not parse matches nothing."""
    value, values = labels.get(expression.key), expression.values
    match expression.operator:
        case "In":
            return value in values
        case "NotIn":
            return bool(values) and value not in values
        case "Exists":
            return value is not None and not values
        case "DoesNotExist":
            return value is None and not values
        case "Gt" | "Lt":
            return _compares(expression.operator, value, values)
        case _:
            return False


def _capacity(node: Node, pods: Sequence[Pod]) -> list[Violation]:
    source = node.status.allocatable if node.status.allocatable is not None else node.status.capacity
    allocatable = resource_list(source)
    used: dict[str, int] = defaultdict(int)
    for pod in pods:
        used[PODS] += 1
        for name, amount in placed_requests(pod).items():
            used[name] += amount
    return [
        Violation("capacity", node.metadata.name, "", f"{name}: {amount} requested of {allocatable.get(name, 0)} allocatable")
        for name, amount in used.items()
        if amount > allocatable.get(name, 0) and amount > 0
    ]


def _ports(node: Node, pods: Sequence[Pod]) -> list[Violation]:
    violations = []
    held: list[tuple[str, str, int, str]] = []
    for pod in pods:
        own = []
        sidecars = [container for container in pod.spec.init_containers if container.restart_policy == "Always"]
        for container in (*pod.spec.containers, *sidecars):
            for port in container.ports:
                if port.host_port:
                    own.append((port.host_ip or "0.0.0.0", port.protocol or "TCP", port.host_port, pod.key))
        for ip, protocol, number, _ in own:
            for other_ip, other_protocol, other_number, other in held:
                same = (protocol, number) == (other_protocol, other_number)
                if same and (ip == other_ip or "0.0.0.0" in (ip, other_ip)):
                    violations.append(Violation("ports", node.metadata.name, pod.key, f"{protocol} port {number} is held by pod {other}"))
        held += own
    return violations


def _tolerates(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if toleration.operator == "Exists":
        return True
    return toleration.operator in ("", "Equal") and toleration.value == taint.value


def _term_matches(term: NodeSelectorTerm, node: Node) -> bool:
    if not term.match_expressions and not term.match_fields:
        return False
    name = {"metadata.name": node.metadata.name}
    return all(expression_matches(e, node.metadata.labels) for e in term.match_expressions) and all(
        f.key == "metadata.name" and len(f.values) == 1 and f.operator in ("In", "NotIn") and expression_matches(f, name)
        for f in term.match_fields
    )


def _compares(operator: str, value: str | None, values: Sequence[str]) -> bool:
    if value is None or len(values) != 1:
        return False
    try:
        number, bound = int(value), int(values[0])
    except ValueError:
        return False
    return number > bound if operator == "Gt" else number < bound
