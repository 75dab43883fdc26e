"""Which controllers run, and in which order they act at one instant.

Their order cannot matter for where a cluster ends, only for how many steps it takes: first what happens to nodes, then what goes, then
what comes, an owner before what it owns, and last those that only count.
"""

from __future__ import annotations

from binpack.control.apiserver.store import Store
from binpack.control.controller import Controller
from binpack.control.controllers.cronjob import CronJobController
from binpack.control.controllers.daemonset import DaemonSetController
from binpack.control.controllers.deployment import DeploymentController
from binpack.control.controllers.disruption import DisruptionController
from binpack.control.controllers.garbage_collector import GarbageCollector
from binpack.control.controllers.job import JobController
from binpack.control.controllers.namespace import NamespaceController
from binpack.control.controllers.node_lifecycle import NodeLifecycleController
from binpack.control.controllers.pod_gc import PodGarbageCollector
from binpack.control.controllers.replicaset import ReplicaSetController
from binpack.control.controllers.resource_quota import ResourceQuotaController
from binpack.control.controllers.statefulset import StatefulSetController
from binpack.control.controllers.taint_eviction import TaintEvictionController
from binpack.control.controllers.ttl_after_finished import TtlAfterFinishedController
from binpack.control.records import EventSink
from binpack.control.runtime import ControllerRuntime
from binpack.control.workqueue import Throttle

DEFAULT_THROTTLE = Throttle(qps=20, burst=30)
"""Source: cmd/kube-controller-manager/app/options, pkg/controller/apis/config/v1alpha1/defaults.go (ClientConnection), v1.35."""

WORKLOAD_CONTROLLERS: tuple[type[Controller], ...] = (
    CronJobController,
    DeploymentController,
    ReplicaSetController,
    StatefulSetController,
    DaemonSetController,
    JobController,
)
ALL_CONTROLLERS: tuple[type[Controller], ...] = (
    NodeLifecycleController,
    TaintEvictionController,
    PodGarbageCollector,
    NamespaceController,
    GarbageCollector,
    *WORKLOAD_CONTROLLERS,
    TtlAfterFinishedController,
    DisruptionController,
    ResourceQuotaController,
)
WITHOUT_WORKLOADS: tuple[type[Controller], ...] = tuple(
    kind for kind in ALL_CONTROLLERS if kind not in (GarbageCollector, TtlAfterFinishedController, *WORKLOAD_CONTROLLERS)
)
"""Where pods come and go by themselves, and what owns them is only there to be looked at."""


def start(
    kinds: tuple[type[Controller], ...], store: Store, sink: EventSink, *, strict: bool = False, throttle: Throttle | None = None
) -> list[ControllerRuntime]:  # fmt: skip
    """Start controllers that have seen nothing yet.

    Parameters
    ----------
    kinds : tuple of types
    store : Store
    sink : EventSink
    strict : bool
        True to end the run when one of them raises an exception.
    throttle : Throttle or None
        Of the client of each; kube-controller-manager's own are `DEFAULT_THROTTLE`. None for no limit.
    """
    return [ControllerRuntime(kind(), store, sink, strict=strict, throttle=throttle) for kind in kinds]
