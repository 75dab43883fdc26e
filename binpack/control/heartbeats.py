"""Heartbeats without an event for each: a Lease that says that it is being renewed, until it says that it is not.

A kubelet renews its Lease every 10 s. Written down that would be 8,640 writes a node and day. So a kubelet writes its Lease when it
starts, with an annotation that stands for all renewals to come, and when it stops the last of these is written down and the annotation
goes. Whoever reads the renewal time through `renewed_at_us` sees what it would see if every renewal had been written.
"""

from __future__ import annotations

from binpack.control.clock import time_of
from binpack.model.policy import Lease
from binpack.units import US_PER_S

LEASE_NAMESPACE = "kube-node-lease"
LEASE_DURATION_SECONDS = 40
RENEWAL_PERIOD_US = 10 * US_PER_S
STEADY_ANNOTATION = "binpack.dev/renewed-every-seconds"


def is_steady(lease: Lease) -> bool:
    """Tell whether a Lease is being renewed without being written."""
    return STEADY_ANNOTATION in lease.metadata.annotations


def renewed_at_us(lease: Lease, now_us: int) -> int | None:
    """Return when a Lease was last renewed, in virtual time; None if it never was."""
    time = lease.spec.renew_time
    if time is None:
        return None
    since_us = time_of(time)
    return last_renewal_us(since_us, now_us) if is_steady(lease) else since_us


def last_renewal_us(since_us: int, now_us: int) -> int:
    """Return the last renewal of a kubelet that has renewed its Lease regularly since a time."""
    return since_us + (now_us - since_us) // RENEWAL_PERIOD_US * RENEWAL_PERIOD_US
