"""From the objects of a dump to the cluster that a scheduler sees, and the pods that wait.

Source: pkg/scheduler/scheduler.go and eventhandlers.go, v1.35 (what is in the cache, what is queued).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from binpack.errors import ManifestError
from binpack.framework.defaults import DEFAULT_SCHEDULER_NAME
from binpack.model.kinds import KubernetesObject
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.state.cluster import Cluster


def build_cluster(objects: Iterable[KubernetesObject]) -> Cluster:
    """Build the cluster of a dump: nodes by name, as the API server lists them, and every bound pod that has not ended.

    Raises
    ------
    ManifestError
        If there is no node.
    """
    cluster = Cluster()
    nodes: list[Node] = []
    pods: list[Pod] = []
    for value in objects:
        if isinstance(value, Node):
            nodes.append(value)
        elif isinstance(value, Pod):
            pods.append(value)
        else:
            cluster.put(value)
    if not nodes:
        raise ManifestError("no nodes among the objects (accepted: a dump that has them, like `kubectl get nodes,pods -A -o json`)")
    for node in sorted(nodes, key=lambda node: node.name):
        cluster.add_node(node)
    for pod in pods:
        if pod.spec.node_name and not pod.is_terminal:
            cluster.add_pod(pod, pod.spec.node_name)
    return cluster


@dataclass(frozen=True, slots=True)
class Waiting:
    """The unbound pods of a dump.

    Parameters
    ----------
    pending : tuple[Pod, ...]
        To be scheduled, in order: priority, creation time, place in the input.
    gated : tuple[Pod, ...]
        With scheduling gates; kube-scheduler does not try them.
    foreign : tuple[Pod, ...]
        Of schedulers that no profile here is named after.
    """

    pending: tuple[Pod, ...]
    gated: tuple[Pod, ...]
    foreign: tuple[Pod, ...]


def waiting_pods(objects: Iterable[KubernetesObject], scheduler_names: Collection[str]) -> Waiting:
    """Sort out the pods that are on no node and have not ended; a pod that is being deleted is not scheduled."""
    unbound = [v for v in objects if isinstance(v, Pod) and not v.spec.node_name and not v.is_terminal and not v.is_terminating]
    foreign = [pod for pod in unbound if scheduler_of(pod) not in scheduler_names]
    ours = [pod for pod in unbound if scheduler_of(pod) in scheduler_names]
    gated = [pod for pod in ours if pod.spec.scheduling_gates]
    return Waiting(tuple(scheduling_order(pod for pod in ours if not pod.spec.scheduling_gates)), tuple(gated), tuple(foreign))


def scheduler_of(pod: Pod) -> str:
    """Return the name of the scheduler that a pod asks for; one that names none means the default one."""
    return pod.spec.scheduler_name or DEFAULT_SCHEDULER_NAME


def scheduling_order(pods: Iterable[Pod]) -> list[Pod]:
    """Order pods by priority, then creation time (pods that have none come last, as if made now), then as given."""

    def key(pod: Pod) -> tuple[int, bool, float]:
        created = pod.metadata.creation_timestamp
        return -pod.priority, created is None, 0.0 if created is None else created.timestamp()

    return sorted(pods, key=key)
