"""The taints by which a node's condition becomes the scheduler's and the taint manager's business.

Source: pkg/controller/nodelifecycle/node_lifecycle_controller.go (doNoScheduleTaintingPass), v1.35.
"""

from __future__ import annotations

from datetime import datetime

from binpack.control.conditions import find_condition
from binpack.model.base import replace
from binpack.model.node import Node, Taint

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
NO_SCHEDULE = "NoSchedule"
NO_EXECUTE = "NoExecute"

_TAINT_OF_CONDITION = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
}
_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_MANAGED = frozenset({*_TAINT_OF_CONDITION.values(), _UNSCHEDULABLE})


def with_no_schedule_taints(node: Node, now: datetime) -> Node:
    """Return a node with the NoSchedule taints that its conditions and `spec.unschedulable` ask for; other taints stay."""
    wanted = [
        key for condition in node.status.conditions if (key := _TAINT_OF_CONDITION.get((condition.type, condition.status))) is not None
    ]
    if node.spec.unschedulable:
        wanted.append(_UNSCHEDULABLE)
    kept = [taint for taint in node.spec.taints if taint.effect != NO_SCHEDULE or taint.key not in _MANAGED or taint.key in wanted]
    present = {taint.key for taint in kept if taint.effect == NO_SCHEDULE}
    added = [Taint(key=key, effect=NO_SCHEDULE, time_added=now) for key in wanted if key not in present]
    return _tainted(node, (*kept, *added))


def no_execute_key(ready_status: str) -> str | None:
    """Return the key of the NoExecute taint for a status of the condition Ready; None for True."""
    return {"False": NOT_READY, "Unknown": UNREACHABLE}.get(ready_status)


def has_no_execute(node: Node, key: str) -> bool:
    """Tell whether a node carries a NoExecute taint of that key."""
    return any(taint.key == key and taint.effect == NO_EXECUTE for taint in node.spec.taints)


def with_no_execute(node: Node, key: str | None, now: datetime) -> Node:
    """Return a node with exactly one of the two NoExecute taints for readiness, or (None) with neither."""
    kept = [
        taint for taint in node.spec.taints if taint.effect != NO_EXECUTE or taint.key not in (NOT_READY, UNREACHABLE) or taint.key == key
    ]
    if key is not None and not has_no_execute(node, key):
        kept.append(Taint(key=key, effect=NO_EXECUTE, time_added=now))
    return _tainted(node, tuple(kept))


def ready_status(node: Node) -> str:
    """Return the status of a node's condition Ready; Unknown without one."""
    condition = find_condition(node.status.conditions, "Ready")
    return "Unknown" if condition is None else condition.status


def _tainted(node: Node, taints: tuple[Taint, ...]) -> Node:
    return node if taints == node.spec.taints else replace(node, spec=replace(node.spec, taints=taints))
