"""What a plugin says about a pod and a node: a value, never an exception.

Source: kube-scheduler framework/interface.go, v1.35.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Status codes of kube-scheduler that a decision can carry. `UNRESOLVABLE`: preemption cannot help."""

    SUCCESS = "Success"
    UNSCHEDULABLE = "Unschedulable"
    UNRESOLVABLE = "UnschedulableAndUnresolvable"
    PENDING = "Pending"


@dataclass(frozen=True, slots=True)
class Status:
    """A rejection with its reasons, in the words of `kubectl describe pod`."""

    code: Code
    reasons: tuple[str, ...] = ()


def unschedulable(*reasons: str) -> Status:
    """Reject; removing other pods might help."""
    return Status(Code.UNSCHEDULABLE, reasons)


def unresolvable(*reasons: str) -> Status:
    """Reject; no preemption can help."""
    return Status(Code.UNRESOLVABLE, reasons)
