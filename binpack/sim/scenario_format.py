"""The scenario file, as written: a cluster, a timeline, faults, what to record.

Decoded strictly: an unknown field is an error that names the nearest known one. Times are durations from the start (`90s`, `1h30m`).
"""

from __future__ import annotations

from typing import Any, Literal

from binpack.model.base import StrictStruct, field
from binpack.model.node import Taint
from binpack.model.quantity import Quantity
from binpack.sim.timeline import Component

API_VERSION = "binpack.dev/v1"
KIND = "Scenario"


class NodePool(StrictStruct, frozen=True):
    """Equal nodes, called `<name>-<number>`, dealt to the zones in turn.

    Parameters
    ----------
    name : str
    count : int
    capacity : dict[str, Quantity]
        Also what pods may use. Without `pods`: 110.
    zones : tuple[str, ...]
        Values of the label `topology.kubernetes.io/zone`; without any the nodes have no such label.
    labels : dict[str, str]
    taints : tuple[Taint, ...]
    """

    name: str
    count: int
    capacity: dict[str, Quantity]
    zones: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()


class ClusterSource(StrictStruct, frozen=True):
    """What is there at the start: files (dumps or manifests, relative to the scenario) and node pools."""

    files: tuple[str, ...] = ()
    node_pools: tuple[NodePool, ...] = ()


class Reference(StrictStruct, frozen=True):
    """Names an object. The namespace is `default` for kinds that live in one."""

    kind: str
    name: str
    namespace: str = ""


class ScaleTo(StrictStruct, frozen=True):
    """A workload and its new number of replicas (a Job's parallelism)."""

    kind: str
    name: str
    replicas: int
    namespace: str = ""


class SetImageOf(StrictStruct, frozen=True):
    """A container of a Deployment, StatefulSet or DaemonSet, and its new image."""

    kind: str
    name: str
    container: str
    image: str
    namespace: str = ""


Stoppable = Literal["kube-controller-manager", "kube-scheduler"]

NodeChoice = dict[str, Any] | str
"""A node's name, or `{matchLabels: {key: value}}`: all nodes that are there at the time and have these labels."""


class DrainOf(StrictStruct, frozen=True):
    """Nodes to drain, one after the other.

    Parameters
    ----------
    nodes : tuple of NodeChoice
    grace_period_seconds : int, optional
        Instead of each pod's own.
    timeout : str, optional
        Duration after which a node is given up; it stays cordoned.
    force : bool
        Evict pods without a controller, too.
    """

    nodes: tuple[NodeChoice, ...]
    grace_period_seconds: int | None = None
    timeout: str | None = None
    force: bool = False


class SlowImages(StrictStruct, frozen=True):
    """A registry, or the way to it, that gives less.

    Parameters
    ----------
    bandwidth : Quantity
        Bytes a second that a pull gets at most; for pulls that begin while this holds.
    nodes : tuple of NodeChoice
        Without any: all nodes, also those to come.
    duration : str, optional
        How long this holds; to the end without it.
    """

    bandwidth: Quantity
    nodes: tuple[NodeChoice, ...] = ()
    duration: str | None = None


class ApiLatency(StrictStruct, frozen=True):
    """Components that hear late of what is written.

    Parameters
    ----------
    latency : str
        Duration from a write until they hear of it.
    components : tuple of Component
        `kube-controller-manager`, `kube-scheduler`, `kubelet`; all of them without any.
    duration : str, optional
        How long this holds; to the end without it.
    """

    latency: str
    components: tuple[Component, ...] = ()
    duration: str | None = None


class Step(StrictStruct, frozen=True):
    """What happens at one time, in the order of the fields.

    Parameters
    ----------
    at : str
        Duration since the start.
    slow_images : tuple of SlowImages
    api_latency : tuple of ApiLatency
    stop_components, start_components, restart_components : tuple of Stoppable
        A component that starts has no memory: it lists everything anew.
    add_nodes : tuple of NodePool
    apply : tuple
        Files (relative to the scenario) or manifests in place.
    delete : tuple of Reference
    scale : tuple of ScaleTo
    set_image : tuple of SetImageOf
    cordon, uncordon : tuple of NodeChoice
    drain : tuple of DrainOf
    fail_nodes, recover_nodes : tuple of NodeChoice
        Machines stop, and start again.
    fail_zones, heal_zones : tuple of str
        The same for all nodes of zones.
    stop_kubelets, start_kubelets : tuple of NodeChoice
    partition, heal : tuple of NodeChoice
        Nodes are cut off from the API server, and reach it again.
    remove_nodes : tuple of NodeChoice
        The Node objects are deleted, and the machines are gone.
    """

    at: str
    slow_images: tuple[SlowImages, ...] = ()
    api_latency: tuple[ApiLatency, ...] = ()
    stop_components: tuple[Stoppable, ...] = ()
    start_components: tuple[Stoppable, ...] = ()
    restart_components: tuple[Stoppable, ...] = ()
    add_nodes: tuple[NodePool, ...] = ()
    apply: tuple[dict[str, Any] | str, ...] = ()
    delete: tuple[Reference, ...] = ()
    scale: tuple[ScaleTo, ...] = ()
    set_image: tuple[SetImageOf, ...] = ()
    cordon: tuple[NodeChoice, ...] = ()
    uncordon: tuple[NodeChoice, ...] = ()
    drain: tuple[DrainOf, ...] = ()
    fail_nodes: tuple[NodeChoice, ...] = ()
    recover_nodes: tuple[NodeChoice, ...] = ()
    fail_zones: tuple[str, ...] = ()
    heal_zones: tuple[str, ...] = ()
    stop_kubelets: tuple[NodeChoice, ...] = ()
    start_kubelets: tuple[NodeChoice, ...] = ()
    partition: tuple[NodeChoice, ...] = ()
    heal: tuple[NodeChoice, ...] = ()
    remove_nodes: tuple[NodeChoice, ...] = ()


class RandomFailures(StrictStruct, frozen=True):
    """Nodes that fail and come back at random times, each by itself.

    Parameters
    ----------
    mean_time_between_failures : str
        Mean duration from a node's start or recovery to its next failure, exponentially distributed.
    mean_time_to_repair : str
        Mean duration of an outage, exponentially distributed.
    nodes : tuple[str, ...]
        Which ones; without any all that are there at the start.
    """

    mean_time_between_failures: str
    mean_time_to_repair: str
    nodes: tuple[str, ...] = ()


class SourceOf(StrictStruct, frozen=True):
    """A source of events that is a Python function.

    Parameters
    ----------
    source : str
        The name under which a package registers it, or `package.module:function`.
    name : str
        Of its random streams; the source's without it. Two sources of one name are a mistake.
    arguments : dict
        What the function is given.
    """

    source: str
    name: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)


class Faults(StrictStruct, frozen=True):
    """What breaks by itself.

    Parameters
    ----------
    random_failures : RandomFailures, optional
    sources : tuple of SourceOf
        Entry points of the group `binpack.faults`.
    """

    random_failures: RandomFailures | None = None
    sources: tuple[SourceOf, ...] = ()


class Sampling(StrictStruct, frozen=True):
    """When the cluster is looked at in full: every so often, or at given times."""

    every: str | None = None
    at: tuple[str, ...] = ()


class ThrottleOf(StrictStruct, frozen=True):
    """How many requests a client makes: `qps` a second, and `burst` at once."""

    qps: int
    burst: int


class Clients(StrictStruct, frozen=True):
    """Client-side throttling. A component that is not named makes as many requests as it likes.

    Parameters
    ----------
    controller_manager : ThrottleOf, optional
        `kube-controller-manager`: of each of its controllers (in Kubernetes 20 and 30).
    scheduler : ThrottleOf, optional
        `kube-scheduler` (in Kubernetes 50 and 100).
    """

    controller_manager: ThrottleOf | None = field(default=None, name="kube-controller-manager")
    scheduler: ThrottleOf | None = field(default=None, name="kube-scheduler")


class ReplayOf(StrictStruct, frozen=True):
    """What was recorded of a real cluster, and happens again.

    Parameters
    ----------
    recordings : tuple[str, ...]
        What `kubectl get KIND --watch -o json --output-watch-events` wrote: files, or directories of them, relative to the scenario.
    audit_logs : tuple[str, ...]
        Audit logs of the API server, instead.
    owned_pods : str
        `controllers`: pods whose controller is recorded are made by it. `bare`: they come and go as recorded, and no controller of
        workloads runs.
    """

    recordings: tuple[str, ...] = ()
    audit_logs: tuple[str, ...] = ()
    owned_pods: Literal["controllers", "bare"] = "controllers"


class ScenarioFile(StrictStruct, frozen=True):
    """A scenario file.

    Parameters
    ----------
    api_version, kind : str
        `binpack.dev/v1`, `Scenario`.
    duration : str, optional
        How long the run is. Only with `replay` it may be missing: then until the recording ends.
    cluster : ClusterSource
    replay : ReplayOf, optional
        The steps of the timeline come on top, after what was recorded for the same time.
    scheduler : str, optional
        Path of a KubeSchedulerConfiguration, relative to the scenario; kube-scheduler's default profile, scoring all nodes, without.
    kubelet : str, optional
        Path of a KubeletConfiguration, of all nodes; Kubernetes' defaults without.
    clients : Clients
    seed : int
    ties : str
        `first`, `kube`, `rank` or `random`.
    timeline : tuple of Step
    workloads : tuple of SourceOf
        Entry points of the group `binpack.workloads`.
    faults : Faults
    samples : Sampling
    """

    duration: str | None = None
    api_version: str = API_VERSION
    kind: str = KIND
    cluster: ClusterSource = ClusterSource()
    replay: ReplayOf | None = None
    scheduler: str | None = None
    kubelet: str | None = None
    clients: Clients = Clients()
    seed: int = 0
    ties: Literal["first", "kube", "rank", "random"] = "first"
    timeline: tuple[Step, ...] = ()
    workloads: tuple[SourceOf, ...] = ()
    faults: Faults = Faults()
    samples: Sampling = Sampling()
