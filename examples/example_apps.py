"""What runs in the example cluster: node pools, applications, Jobs and daemons. All names are invented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from binpack.model.node import Taint
from binpack.testing import HOSTNAME, ZONE, expression
from binpack.testing.pods import PodBuilder
from workloads.pools import POOL, NodePool

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
SPOT = "example.com/spot"

POOLS = (
    NodePool("control-plane", "general-4", 3, labels=((CONTROL_PLANE, ""),), taints=(Taint(CONTROL_PLANE, "", "NoSchedule"),)),
    NodePool("general", "general-8", 18),
    NodePool("large", "general-16", 9),
    NodePool("memory", "memory-8", 6),
    NodePool("spot", "general-8", 4, spot=True, taints=(Taint(SPOT, "true", "NoSchedule"),)),
)
CORDONED = "general-007"


@dataclass(frozen=True)
class App:
    """A Deployment.

    Parameters
    ----------
    namespace, name : str
    replicas : int
    cpu, memory : str
        Requests of each pod.
    former : int
        How many replicas it had before it was scaled down.
    ask : callable
        Adds what its pods ask for beside resources.
    """

    namespace: str
    name: str
    replicas: int
    cpu: str
    memory: str
    former: int = 0
    ask: Callable[[PodBuilder], PodBuilder] = lambda draft: draft

    @property
    def image(self) -> str:
        """The image of its pods."""
        return f"registry.example.com/{self.namespace}/{self.name}:v7"


def _high(draft: PodBuilder) -> PodBuilder:
    return draft.priority_class("high").priority(100_000)


def _low(draft: PodBuilder) -> PodBuilder:
    return draft.priority_class("batch").priority(-100).never_preempts()


def _over_zones(draft: PodBuilder) -> PodBuilder:
    return draft.spread(ZONE, max_skew=1)


def _over_nodes(draft: PodBuilder) -> PodBuilder:
    return draft.spread(HOSTNAME, max_skew=2, when="ScheduleAnyway")


def _apart(draft: PodBuilder) -> PodBuilder:
    return draft.apart_from(draft.draft.metadata.labels)


def _spot(draft: PodBuilder) -> PodBuilder:
    return _low(draft).selects({POOL: "spot"}).tolerates(SPOT, "true", effect="NoSchedule")


def _memory_pool(draft: PodBuilder) -> PodBuilder:
    return draft.requires_node(expression(POOL, "In", "memory"))


APPS = (
    App("shop", "storefront", 17, "750m", "1Gi", 23, lambda draft: _over_zones(_high(draft))),
    App("shop", "catalog", 12, "500m", "2Gi", 18, _over_zones),
    App("shop", "cart", 10, "500m", "1Gi", 14, lambda draft: _over_nodes(_high(draft))),
    App("shop", "recommendations", 9, "1", "4Gi", 14),
    App("shop", "images", 10, "250m", "2Gi", 14),
    App("payments", "checkout", 9, "750m", "1Gi", 9, lambda draft: _apart(_high(draft))),
    App("payments", "ledger", 6, "1", "4Gi", 6, lambda draft: _apart(_over_zones(_high(draft)))),
    App("payments", "fraud", 5, "1500m", "6Gi", 8),
    App("payments", "invoices", 6, "250m", "512Mi", 10),
    App("search", "query", 12, "1", "4Gi", 18, _over_zones),
    App("search", "index", 5, "1500m", "12Gi", 6, lambda draft: _apart(_memory_pool(draft))),
    App("search", "suggest", 12, "250m", "512Mi", 16),
    App("search", "crawler", 8, "500m", "2Gi", 12, _spot),
    App("analytics", "collector", 15, "500m", "2Gi", 20),
    App("analytics", "warehouse", 4, "2", "16Gi", 5, _memory_pool),
    App("analytics", "dashboard", 4, "500m", "2Gi", 6),
    App("platform", "gateway", 12, "500m", "512Mi", 12, lambda draft: _over_zones(_high(draft))),
    App("platform", "identity", 6, "500m", "1Gi", 6, lambda draft: _apart(_high(draft))),
    App("platform", "mailer", 4, "100m", "256Mi", 8),
    App("platform", "scheduler-worker", 15, "500m", "2Gi", 22),
    App("platform", "feature-flags", 3, "100m", "256Mi", 3, _over_zones),
    App("platform", "build-runner", 12, "1", "4Gi", 16, _low),
    App("platform", "artifact-cache", 3, "1", "6Gi", 3),
    App("monitoring", "metrics-store", 2, "2", "8Gi", 2, _apart),
    App("monitoring", "alerts", 2, "100m", "256Mi", 2, _apart),
    App("monitoring", "dashboards", 2, "250m", "512Mi", 2),
    App("monitoring", "traces", 8, "500m", "4Gi", 12),
    App(
        "kube-system",
        "cluster-dns",
        3,
        "100m",
        "170Mi",
        3,
        lambda draft: draft.priority_class("system-cluster-critical").priority(2_000_000_000),
    ),
    App("media", "thumbnails", 22, "250m", "512Mi", 32),
    App("media", "uploads", 10, "500m", "2Gi", 14),
    App("media", "player-api", 12, "500m", "1Gi", 15, _over_zones),
    App("media", "subtitles", 6, "250m", "1Gi", 10),
)

# Three pods of 12 cores on the large nodes of two zones: no node has that much left as things stand, but moving others would make room.
UNSCHEDULABLE = App(
    "media",
    "transcoder",
    3,
    "12",
    "24Gi",
    ask=lambda draft: _low(draft).requires_node(expression(ZONE, "In", "zone-a", "zone-b"), expression(POOL, "In", "general", "large")),
)

# Replicas that were asked for a moment ago, and fit.
SCALED_UP = {"checkout": 2, "thumbnails": 2}


@dataclass(frozen=True)
class Batch:
    """A Job.

    Parameters
    ----------
    app : App
        Its pods; `replicas` is how many run at a time.
    completions : int
    done : int
        How many have succeeded; of the last two the pods are still there.
    """

    app: App
    completions: int
    done: int


BATCHES = (
    Batch(App("analytics", "daily-report", 6, "1", "3Gi", ask=_low), 12, 4),
    Batch(App("analytics", "embeddings", 4, "2", "6Gi", ask=_spot), 8, 2),
    Batch(App("search", "reindex", 5, "1500m", "4Gi", ask=_low), 5, 0),
)

DAEMONS = (
    App("kube-system", "kube-proxy", 0, "100m", "64Mi"),
    App("monitoring", "node-agent", 0, "150m", "256Mi"),
)
STATIC = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
