"""Conditions in a status: looked up, replaced, and kept from changing their time when nothing changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.pod import Pod


def find_condition(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """Return the condition of a type, or None."""
    for condition in conditions:
        if condition.type == kind:
            return condition
    return None


def is_true(conditions: Iterable[Condition], kind: str) -> bool:
    """Tell whether the condition of a type is there and True."""
    for condition in conditions:
        if condition.type == kind:
            return condition.status == "True"
    return False


def with_condition(conditions: Iterable[Condition], new: Condition) -> tuple[Condition, ...]:
    """Replace the condition of the same type where it stands, or append it."""
    kept = tuple(conditions)
    for position, old in enumerate(kept):
        if old.type == new.type:
            return (*kept[:position], new, *kept[position + 1 :])
    return (*kept, new)


def without_condition(conditions: Iterable[Condition], kind: str) -> tuple[Condition, ...]:
    """Drop the condition of a type."""
    return tuple(condition for condition in conditions if condition.type != kind)


def transitioned(conditions: Iterable[Condition], new: Condition, now: datetime) -> tuple[Condition, ...]:
    """Set a condition whose lastTransitionTime moves only when its status does."""
    old = find_condition(conditions, new.type)
    since = old.last_transition_time if old is not None and old.status == new.status else now
    return with_condition(conditions, replace(new, last_transition_time=since))


def is_ready(pod: Pod) -> bool:
    """Tell whether a pod's condition Ready is True."""
    return is_true(pod.status.conditions, "Ready")


def is_active(pod: Pod) -> bool:
    """Tell whether a pod counts for its controller: neither ended nor being deleted."""
    return pod.metadata.deletion_timestamp is None and pod.status.phase not in ("Succeeded", "Failed")
