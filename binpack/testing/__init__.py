"""For tests: builders of objects, and (with the extra `testing`) Hypothesis strategies, a state machine and checks of plugins.

Builders need no Hypothesis and are exported here; strategies are in `binpack.testing.strategies`.
"""

from binpack.testing.nodes import NodeBuilder, node
from binpack.testing.owners import (
    budget,
    claim,
    cron_job,
    daemon_set,
    deployment,
    job,
    namespace,
    priority_class,
    replica_set,
    service,
    stateful_set,
)
from binpack.testing.pods import PodBuilder, pod
from binpack.testing.values import HOSTNAME, INSTANCE_TYPE, NO_EXECUTE, NO_SCHEDULE, PREFER_NO_SCHEDULE, REGION, ZONE, expression, selector

__all__ = [
    "HOSTNAME",
    "INSTANCE_TYPE",
    "NO_EXECUTE",
    "NO_SCHEDULE",
    "PREFER_NO_SCHEDULE",
    "REGION",
    "ZONE",
    "NodeBuilder",
    "PodBuilder",
    "budget",
    "claim",
    "cron_job",
    "daemon_set",
    "deployment",
    "expression",
    "job",
    "namespace",
    "node",
    "pod",
    "priority_class",
    "replica_set",
    "selector",
    "service",
    "stateful_set",
]
