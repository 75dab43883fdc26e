"""Zones: how many of their nodes are down, and how fast nodes are tainted because of that.

Source: pkg/controller/nodelifecycle/node_lifecycle_controller.go (ComputeZoneState, handleDisruption) and
scheduler/rate_limited_queue.go, v1.35.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from binpack.model.node import Node
from binpack.units import US_PER_S

ZoneState = Literal["Normal", "PartialDisruption", "FullDisruption"]

EVICTION_INTERVAL_US = 10 * US_PER_S
SECONDARY_EVICTION_INTERVAL_US = 100 * US_PER_S
LARGE_ZONE = 50
EXCLUDE_LABEL = "node.kubernetes.io/exclude-disruption"
_UNHEALTHY_PERCENT = 55

_REGION_LABELS = ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region")
_ZONE_LABELS = ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone")


@dataclass(slots=True)
class Zone:
    """The nodes of a zone that wait for their NoExecute taint, and the token bucket (of size 1) that paces them.

    Parameters
    ----------
    state : str
    interval_us : int or None
        Between two tokens; None for no tokens at all.
    next_token_us : int
        When the next token is there.
    waiting : dict[str, None]
        Names of nodes, in the order of joining; an ordered set.
    seen : dict[str, None]
        Nodes that wait or have been tainted. They join again only after their taint was taken off.
    """

    state: ZoneState = "Normal"
    interval_us: int | None = EVICTION_INTERVAL_US
    next_token_us: int = 0
    waiting: dict[str, None] = field(default_factory=dict)
    seen: dict[str, None] = field(default_factory=dict)

    def join(self, node_name: str) -> None:
        """Let a node wait for its taint, unless it has waited already."""
        if node_name not in self.seen:
            self.seen[node_name] = None
            self.waiting[node_name] = None

    def leave(self, node_name: str) -> None:
        """Take a node out, so that it may join again."""
        self.seen.pop(node_name, None)
        self.waiting.pop(node_name, None)

    def take_token(self, now_us: int) -> bool:
        """Take the token, if it is there."""
        if self.interval_us is None or now_us < self.next_token_us:
            return False
        self.next_token_us = now_us + self.interval_us
        return True

    def pace(self, interval_us: int | None, now_us: int) -> None:
        """Change the pace. The new bucket is full only if the old one was."""
        if interval_us == self.interval_us:
            return
        was_full = self.interval_us is not None and now_us >= self.next_token_us
        self.interval_us = interval_us
        self.next_token_us = now_us if was_full else now_us + (interval_us or 0)


def zone_of(node: Node) -> str:
    """Return the key of a node's zone: region and zone by its labels, the deprecated ones first; empty without any."""
    labels = node.metadata.labels
    region = next((labels[key] for key in _REGION_LABELS if labels.get(key)), "")
    zone = next((labels[key] for key in _ZONE_LABELS if labels.get(key)), "")
    # The separator cannot be part of a label's value.
    return f"{region}:\0:{zone}" if region or zone else ""


def zone_state(ready: int, not_ready: int) -> ZoneState:
    """Judge a zone by how many of its nodes are Ready."""
    if ready == 0 and not_ready > 0:
        return "FullDisruption"
    if not_ready > 2 and 100 * not_ready >= _UNHEALTHY_PERCENT * (ready + not_ready):
        return "PartialDisruption"
    return "Normal"


def interval_of(state: ZoneState, nodes: int) -> int | None:
    """Return the time between two taints in a zone of so many nodes, in microseconds; None for no taints."""
    if state != "PartialDisruption":
        return EVICTION_INTERVAL_US
    return SECONDARY_EVICTION_INTERVAL_US if nodes > LARGE_ZONE else None
