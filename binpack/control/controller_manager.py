"""Which controllers run, and in which order they act at one instant.

Their order cannot matter for where a cluster ends, only for how many steps it takes: first what happens to nodes, then what goes, then
what comes, an owner before what it owns.
"""

from __future__ import annotations

from binpack.control.apiserver.store import Store
from binpack.control.controller import Controller
from binpack.control.controllers.deployment import DeploymentController
from binpack.control.controllers.garbage_collector import GarbageCollector
from binpack.control.controllers.job import JobController
from binpack.control.controllers.node_lifecycle import NodeLifecycleController
from binpack.control.controllers.pod_gc import PodGarbageCollector
from binpack.control.controllers.replicaset import ReplicaSetController
from binpack.control.controllers.taint_eviction import TaintEvictionController
from binpack.control.controllers.ttl_after_finished import TtlAfterFinishedController
from binpack.control.records import EventSink
from binpack.control.runtime import ControllerRuntime

WORKLOAD_CONTROLLERS: tuple[type[Controller], ...] = (DeploymentController, ReplicaSetController, JobController)
ALL_CONTROLLERS: tuple[type[Controller], ...] = (
    NodeLifecycleController,
    TaintEvictionController,
    PodGarbageCollector,
    GarbageCollector,
    *WORKLOAD_CONTROLLERS,
    TtlAfterFinishedController,
)


def start(kinds: tuple[type[Controller], ...], store: Store, sink: EventSink) -> list[ControllerRuntime]:
    """Start controllers that have seen nothing yet."""
    return [ControllerRuntime(kind(), store, sink) for kind in kinds]
