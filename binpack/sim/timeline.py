"""What happens to a cluster from outside, and when: the events that workloads, scenarios and faults are made of.

Each is a frozen value with its virtual time. At one instant they take effect in the order given, before any controller, kubelet or
scheduler acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from binpack.model.kinds import KubernetesObject


@dataclass(frozen=True, slots=True)
class Apply:
    """Create an object, or replace the spec, labels and annotations of the one that exists, as `kubectl apply` does.

    Parameters
    ----------
    time_us : int
        Microseconds since the run's start.
    object : KubernetesObject or mapping
        A typed object, or a manifest of a kind that has no struct here.
    is_whole : bool
        Labels that the manifest has not are removed, as by a client that writes back a whole object.
    """

    time_us: int
    object: KubernetesObject | Mapping[str, Any]
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete an object with background propagation, as `kubectl delete` does. That it is gone already is no error.

    Parameters
    ----------
    time_us : int
        Microseconds since the run's start.
    kind : str
        For example "Pod".
    name : str
    namespace : str
        Empty for objects of the whole cluster.
    """

    time_us: int
    kind: str
    name: str
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class SetDuration:
    """Change how long a pod's containers run, counted from their start (the annotation `binpack.dev/duration`).

    Parameters
    ----------
    time_us : int
        Microseconds since the run's start.
    name : str
    namespace : str
    duration_us : int
        A duration that is over already ends the pod at once.
    """

    time_us: int
    name: str
    namespace: str
    duration_us: int


@dataclass(frozen=True, slots=True)
class Scale:
    """Set `spec.replicas` of a Deployment or ReplicaSet, or `spec.parallelism` of a Job, as `kubectl scale` does."""

    time_us: int
    kind: str
    name: str
    namespace: str
    replicas: int


@dataclass(frozen=True, slots=True)
class Cordon:
    """Set `spec.unschedulable` of a node, or (`unschedulable=False`) clear it, as `kubectl cordon` and `uncordon` do."""

    time_us: int
    name: str
    unschedulable: bool = True


@dataclass(frozen=True, slots=True)
class FailNode:
    """Stop a node's machine: its containers die and its kubelet reports nothing any more. The Node object stays."""

    time_us: int
    name: str


@dataclass(frozen=True, slots=True)
class RecoverNode:
    """Start a failed node's machine again: its kubelet registers and reports, what the node should run is started anew."""

    time_us: int
    name: str


@dataclass(frozen=True, slots=True)
class SetImage:
    """Set the image of a container in a workload's template, as `kubectl set image` does."""

    time_us: int
    kind: str
    name: str
    namespace: str
    container: str
    image: str


@dataclass(frozen=True, slots=True)
class Drain:
    """Cordon nodes and evict their pods through the eviction API, one node after the other, as `kubectl drain` does.

    Parameters
    ----------
    time_us : int
        Microseconds since the run's start.
    nodes : tuple of str
    grace_seconds : int, optional
        Instead of each pod's own grace period.
    timeout_us : int, optional
        After which a node is given up; it stays cordoned. No limit without it.
    force : bool
        Evict pods, too, that no controller would make anew.
    """

    time_us: int
    nodes: tuple[str, ...]
    grace_seconds: int | None = None
    timeout_us: int | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class StopKubelet:
    """Stop a node's kubelet: its Lease ends, its containers run on, and nobody restarts, probes or reports them."""

    time_us: int
    name: str


@dataclass(frozen=True, slots=True)
class StartKubelet:
    """Start a node's kubelet again; it finds what has happened meanwhile."""

    time_us: int
    name: str


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Cut a node off from the API server: its kubelet goes on with the pods that it knows, can report nothing and hears nothing."""

    time_us: int
    name: str


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Let a node reach the API server again."""

    time_us: int
    name: str


@dataclass(frozen=True, slots=True)
class LimitPulls:
    """Limit how fast images are pulled: pulls that begin from now on get no more, those under way end as they would have.

    Parameters
    ----------
    time_us : int
        Microseconds since the run's start.
    bytes_per_second : int or None
        Of each pull; None lifts the limit.
    nodes : tuple of str
        Which nodes; all of them, also those to come, without any.
    """

    time_us: int
    bytes_per_second: int | None
    nodes: tuple[str, ...] = ()


Component = Literal["kube-controller-manager", "kube-scheduler", "kubelet"]
"""A client of the API server; `kubelet` stands for those of all nodes."""


@dataclass(frozen=True, slots=True)
class SetLatency:
    """Let components hear of each write so long after it was made.

    Parameters
    ----------
    time_us : int
        Microseconds since the run's start.
    latency_us : int
    components : tuple of Component
    """

    time_us: int
    latency_us: int
    components: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class StopComponents:
    """Stop components: they hear and do nothing any more, and lose their memory and their queues."""

    time_us: int
    components: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class StartComponents:
    """Start components that were stopped: they list everything and know nothing else."""

    time_us: int
    components: tuple[Component, ...]


ComponentEvent = SetLatency | StopComponents | StartComponents
NodeEvent = FailNode | RecoverNode | StopKubelet | StartKubelet | Disconnect | Reconnect
TimelineEvent = Apply | Delete | SetDuration | Scale | SetImage | Cordon | Drain | NodeEvent | LimitPulls | ComponentEvent
