"""On which nodes a DaemonSet's pods run, and what binds a pod to its node.

Source: pkg/controller/daemon/daemon_controller.go (NodeShouldRunDaemonPod) and util/daemonset_util.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from binpack.control.controllers.pods import pod_from_template
from binpack.control.controllers.revisions import GENERATION_LABEL, HASH_LABEL, TEMPLATE_GENERATION
from binpack.model.base import replace
from binpack.model.meta import LabelSelectorRequirement
from binpack.model.node import Node, NodeSpec
from binpack.model.pod import Affinity, NodeAffinity, NodeSelector, NodeSelectorTerm, Pod, PodSpec, Toleration
from binpack.model.tolerations import NO_EXECUTE, NO_SCHEDULE, untolerated
from binpack.model.workloads import DaemonSet
from binpack.plugins.required_node_affinity import required_node_affinity

_PREFIX = "node.kubernetes.io/"
_ADDED = (
    ("not-ready", NO_EXECUTE),
    ("unreachable", NO_EXECUTE),
    ("disk-pressure", NO_SCHEDULE),
    ("memory-pressure", NO_SCHEDULE),
    ("pid-pressure", NO_SCHEDULE),
    ("unschedulable", NO_SCHEDULE),
)
_NODE_NAME = "metadata.name"


class Fitness(NamedTuple):
    """Whether a pod is to be started on a node, and whether one that is there may stay."""

    should_run: bool
    should_continue: bool


_tolerating: dict[int, tuple[PodSpec, PodSpec]] = {}
_judged: dict[tuple[int, str], tuple[PodSpec, Mapping[str, str], NodeSpec, Fitness]] = {}
_MAX_TOLERATING, _MAX_JUDGED = 10_000, 500_000


def with_daemon_tolerations(spec: PodSpec) -> PodSpec:
    """Add the tolerations that keep daemon pods on nodes in trouble; one that is there already loses its seconds.

    The answer is kept by the identity of a frozen spec: a set is looked at after every change of its pods, and its template stays.
    """
    known = _tolerating.get(id(spec))
    if known is None or known[0] is not spec:
        if len(_tolerating) >= _MAX_TOLERATING:
            _tolerating.clear()
        known = _tolerating[id(spec)] = (spec, _tolerant(spec))
    return known[1]


def _tolerant(spec: PodSpec) -> PodSpec:
    wanted = [*_ADDED, *([("network-unavailable", NO_SCHEDULE)] if spec.host_network else [])]
    added = [Toleration(key=_PREFIX + name, operator="Exists", effect=effect) for name, effect in wanted]
    kept = tuple(one for one in spec.tolerations if replace(one, toleration_seconds=None) not in added)
    return replace(spec, tolerations=(*kept, *added))


def fitness(spec: PodSpec, node: Node) -> Fitness:
    """Judge a node. Resources, ports and readiness play no part.

    Parameters
    ----------
    spec : PodSpec
        Of the template, with the tolerations of daemon pods.
    node : Node
        Its labels and its spec count. The answer is kept by their identity, which a change of the status leaves as it is.
    """
    key, labels = (id(spec), node.name), node.metadata.labels
    known = _judged.get(key)
    if known is None or known[0] is not spec or known[1] is not labels or known[2] is not node.spec:
        if len(_judged) >= _MAX_JUDGED:
            _judged.clear()
        known = _judged[key] = (spec, labels, node.spec, _judge(spec, node))
    return known[3]


def _judge(spec: PodSpec, node: Node) -> Fitness:
    if spec.node_name not in ("", node.name) or not required_node_affinity(Pod(spec=spec)).matches(node):
        return Fitness(should_run=False, should_continue=False)
    if untolerated(node.spec.taints, spec.tolerations, NO_SCHEDULE, NO_EXECUTE):
        return Fitness(should_run=False, should_continue=not untolerated(node.spec.taints, spec.tolerations, NO_EXECUTE))
    return Fitness(should_run=True, should_continue=True)


def build_pod(daemon_set: DaemonSet, spec: PodSpec, digest: str, node_name: str) -> Pod:
    """Build the pod for a node: the scheduler binds it, but to this node only."""
    pod = pod_from_template(daemon_set.spec.template, daemon_set)
    generation = template_generation(daemon_set)
    labels = {**pod.metadata.labels, HASH_LABEL: digest} | ({} if generation is None else {GENERATION_LABEL: generation})
    return replace(pod, metadata=replace(pod.metadata, labels=labels), spec=_aimed(spec, node_name))


def template_generation(daemon_set: DaemonSet) -> str | None:
    """Return the number that old API servers counted templates by, if the annotation is there."""
    return daemon_set.metadata.annotations.get(TEMPLATE_GENERATION)


def is_current(daemon_set: DaemonSet, digest: str, pod: Pod) -> bool:
    """Tell whether a pod is of the present template: by its hash, or by the template's number."""
    labels, generation = pod.metadata.labels, template_generation(daemon_set)
    return labels.get(HASH_LABEL) == digest or (generation is not None and labels.get(GENERATION_LABEL) == generation)


def target_of(pod: Pod) -> str:
    """Return the node that a pod is on or is meant for; empty if it is meant for none."""
    if pod.spec.node_name:
        return pod.spec.node_name
    affinity = pod.spec.affinity.node_affinity if pod.spec.affinity is not None else None
    required = affinity.required_during_scheduling_ignored_during_execution if affinity is not None else None
    for term in required.node_selector_terms if required is not None else ():
        for field in term.match_fields:
            if field.key == _NODE_NAME and field.operator == "In" and len(field.values) == 1:
                return field.values[0]
    return ""


def by_target(pods: Iterable[Pod]) -> dict[str, list[Pod]]:
    """Sort pods by the node that they are on or are meant for."""
    found: dict[str, list[Pod]] = {}
    for pod in pods:
        found.setdefault(target_of(pod), []).append(pod)
    return found


def _aimed(spec: PodSpec, node_name: str) -> PodSpec:
    """Replace all required terms of node affinity by the one that names the node."""
    field = LabelSelectorRequirement(key=_NODE_NAME, operator="In", values=(node_name,))
    required = NodeSelector(node_selector_terms=(NodeSelectorTerm(match_fields=(field,)),))
    affinity = spec.affinity or Affinity()
    own = affinity.node_affinity or NodeAffinity()
    own = replace(own, required_during_scheduling_ignored_during_execution=required)
    return replace(spec, affinity=replace(affinity, node_affinity=own))
