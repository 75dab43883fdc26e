"""Who moves and who stays: the pods that a placement may put elsewhere, and the nodes that take no new ones.

Stays: pods of a DaemonSet, static (mirror) pods, pods that an annotation protects from eviction, pods that are being deleted. They take
their place on their node and are no part of the problem. Pods without a controller move unless `bare_pods_stay` is asked for: `kubectl
drain` refuses them, the cluster autoscaler too, but a plan may want to know what they cost.
Cordoned and control-plane nodes are closed: what is there may stay or leave, nothing else comes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from binpack.model.meta import controller_of
from binpack.model.node import Node
from binpack.model.pod import MIRROR_ANNOTATION, Pod
from binpack.state.cluster import Cluster

SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict"
PROTECTING = ((SAFE_TO_EVICT, "false"), ("karpenter.sh/do-not-disrupt", "true"))
CONTROL_PLANE_LABELS = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


@dataclass(frozen=True)
class Movable:
    """A pod that is placed anew; `node` is where it is today, None while it is pending."""

    pod: Pod
    node: str | None


@dataclass(frozen=True)
class Stays:
    """A pod that is no part of the problem, and why; `node` is None for a pending pod that is left out."""

    pod: Pod
    node: str | None
    reason: str


@dataclass(frozen=True)
class Mobility:
    """The pods of a cluster, and those that wait, sorted by whether they are placed anew. Both in the order of their names."""

    movable: tuple[Movable, ...]
    stays: tuple[Stays, ...]


def sort_pods(cluster: Cluster, pending: Iterable[Pod], *, bare_pods_stay: bool = False, staying: Collection[str] = ()) -> Mobility:
    """Sort the pods of a cluster and the pending ones.

    Parameters
    ----------
    cluster : Cluster
    pending : iterable of Pod
        Pods without a node. Those with scheduling gates, and those of DaemonSets, are left out.
    bare_pods_stay : bool
        Whether running pods without a controller stay where they are.
    staying : collection of str
        Keys (`namespace/name`) of further pods that stay.
    """
    movable, stays = [], []
    for pod, node in cluster.pods():
        reason = _why_it_stays(pod, bare_pods_stay=bare_pods_stay) or ("stays by request" if pod.key in staying else None)
        if reason is None:
            movable.append(Movable(pod, node))
        else:
            stays.append(Stays(pod, node, reason))
    for pod in pending:
        reason = _why_it_is_left_out(pod)
        if reason is None:
            movable.append(Movable(pod, None))
        else:
            stays.append(Stays(pod, None, reason))
    return Mobility(tuple(sorted(movable, key=lambda m: m.pod.key)), tuple(sorted(stays, key=lambda s: s.pod.key)))


def why_closed(node: Node) -> str | None:
    """Say why a node takes no new pods; None if it does."""
    if node.spec.unschedulable:
        return "cordoned"
    if any(label in node.metadata.labels for label in CONTROL_PLANE_LABELS):
        return "control plane"
    return None


def is_daemon(pod: Pod) -> bool:
    """Whether a DaemonSet controls the pod."""
    owner = controller_of(pod.metadata)
    return owner is not None and owner.kind == "DaemonSet"


def is_static(pod: Pod) -> bool:
    """Whether the kubelet runs the pod from a file of its own: the API server only has its mirror."""
    return MIRROR_ANNOTATION in pod.metadata.annotations or any(owner.kind == "Node" for owner in pod.metadata.owner_references)


def _why_it_stays(pod: Pod, *, bare_pods_stay: bool) -> str | None:
    if is_daemon(pod):
        return "DaemonSet"
    if is_static(pod):
        return "static pod"
    for key, value in PROTECTING:
        if pod.metadata.annotations.get(key) == value:
            return f"{key}: {value}"
    if pod.is_terminating:
        return "being deleted"
    if bare_pods_stay and controller_of(pod.metadata) is None:
        return "no controller"
    return None


def _why_it_is_left_out(pod: Pod) -> str | None:
    if is_daemon(pod):
        return "pending pod of a DaemonSet"
    if pod.spec.scheduling_gates:
        return "scheduling gates"
    if pod.is_terminating:
        return "being deleted"
    return None
