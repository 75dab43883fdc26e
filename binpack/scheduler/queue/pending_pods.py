"""Who waits where, for people to read and for recordings to be compared with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PendingPods:
    """The keys (`namespace/name`) of the pods in each place, sorted.

    Parameters
    ----------
    active, backoff : tuple[str, ...]
    unschedulable : tuple[str, ...]
        Gated pods as well.
    in_flight : tuple[str, ...]
        Pods that are being tried.
    """

    active: tuple[str, ...]
    backoff: tuple[str, ...]
    unschedulable: tuple[str, ...]
    in_flight: tuple[str, ...]
