"""Whether a node still reports.

Source: pkg/controller/nodelifecycle/node_lifecycle_controller.go (tryUpdateNodeHealth), v1.35.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from binpack.control.clock import time_of, timestamp_of
from binpack.control.conditions import find_condition, with_condition
from binpack.control.heartbeats import is_steady, renewed_at_us
from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.node import Node
from binpack.model.policy import Lease
from binpack.units import US_PER_S

MONITOR_PERIOD_US = 5 * US_PER_S
GRACE_PERIOD_US = 50 * US_PER_S
STARTUP_GRACE_PERIOD_US = 60 * US_PER_S

_CONDITIONS = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")


@dataclass(frozen=True, slots=True)
class Health:
    """What a pass finds out about a node.

    Parameters
    ----------
    node : Node
        With its conditions as they are to be.
    silent_from_us : int or None
        The pass that will find the node silent if it does not report again; None for a node that reports steadily, or is known to be
        silent.
    """

    node: Node
    silent_from_us: int | None


def next_pass_us(time_us: int) -> int:
    """Return the first pass of the monitor at or after a time. A pass takes no time here, and one comes every 5 s."""
    return -(-time_us // MONITOR_PERIOD_US) * MONITOR_PERIOD_US


def examine(node: Node, lease: Lease | None, first_seen_us: int, now_us: int) -> Health:
    """See whether a node has been silent for longer than the grace period, and if so turn its conditions to Unknown.

    Parameters
    ----------
    node : Node
    lease : Lease or None
    first_seen_us : int
        Counts as the last report of a node without a Lease; also the start of a fresh grace after all zones were down.
    now_us : int
        The time of the pass.
    """
    if lease is not None and is_steady(lease):
        return Health(node, None)
    has_reported = find_condition(node.status.conditions, "Ready") is not None
    grace_us = GRACE_PERIOD_US if has_reported else STARTUP_GRACE_PERIOD_US
    renewed_us = None if lease is None else renewed_at_us(lease, now_us)
    probed_us = _first_report_us(node, first_seen_us, has_reported=has_reported)
    if renewed_us is not None:
        # The controller counts from its own clock: from the pass that first saw the renewal.
        probed_us = max(next_pass_us(renewed_us), first_seen_us)
    if now_us <= probed_us + grace_us:
        return Health(node, next_pass_us(probed_us + grace_us + 1))
    return Health(_silenced(node, timestamp_of(now_us)), None)


def _first_report_us(node: Node, first_seen_us: int, *, has_reported: bool) -> int:
    created = node.metadata.creation_timestamp
    return first_seen_us if has_reported or created is None else max(time_of(created), first_seen_us)


def _silenced(node: Node, now: datetime) -> Node:
    conditions = node.status.conditions
    for kind in _CONDITIONS:
        old = find_condition(conditions, kind)
        if old is None:
            reason, message = "NodeStatusNeverUpdated", "Kubelet never posted node status."
            new = Condition(
                kind, "Unknown", reason, message, last_transition_time=now, last_heartbeat_time=node.metadata.creation_timestamp
            )
            conditions = (*conditions, new)
        elif old.status != "Unknown":
            reason, message = "NodeStatusUnknown", "Kubelet stopped posting node status."
            new = replace(old, status="Unknown", reason=reason, message=message, last_transition_time=now)
            conditions = with_condition(conditions, new)
    return node if conditions == node.status.conditions else replace(node, status=replace(node.status, conditions=conditions))
