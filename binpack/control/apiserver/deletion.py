"""What a DELETE request does to an object: how long a pod gets, and which finalizers the propagation policy asks for.

Source: pkg/registry/core/pod/strategy.go; apiserver pkg/registry/generic/registry/store.go and rest/delete.go, v1.35.
"""

from __future__ import annotations

from typing import Literal

from binpack.control.clock import time_of, timestamp_of
from binpack.model.base import replace
from binpack.model.meta import ObjectMeta
from binpack.model.pod import Pod
from binpack.units import US_PER_S

PropagationPolicy = Literal["Background", "Foreground", "Orphan"]

ORPHAN_FINALIZER = "orphan"
FOREGROUND_FINALIZER = "foregroundDeletion"
DEFAULT_GRACE_PERIOD_SECONDS = 30


def pod_grace_seconds(pod: Pod, requested: int | None) -> int:
    """Return how many seconds a pod gets to end: none if it never got a node or has ended already, whatever was requested."""
    grace = requested
    if grace is None:
        grace = pod.spec.termination_grace_period_seconds
    if grace is None:
        grace = DEFAULT_GRACE_PERIOD_SECONDS
    if not pod.spec.node_name or pod.is_terminal:
        return 0
    return 1 if grace < 0 else grace


def finalizers_after(finalizers: tuple[str, ...], policy: PropagationPolicy | None, *, orphan_by_default: bool) -> tuple[str, ...]:
    """Return an object's finalizers after a DELETE with a propagation policy (None: what the object asks for, else the default).

    Parameters
    ----------
    finalizers : tuple[str, ...]
        Those that the object has.
    policy : str or None
        As in the request's `propagationPolicy`.
    orphan_by_default : bool
        True for batch/v1 Jobs, whose pods stay when nobody says otherwise.
    """
    orphan, foreground = ORPHAN_FINALIZER in finalizers, FOREGROUND_FINALIZER in finalizers
    if policy is not None:
        orphan, foreground = policy == "Orphan", policy == "Foreground"
    elif not orphan and not foreground:
        orphan = orphan_by_default
    others = tuple(one for one in finalizers if one not in (ORPHAN_FINALIZER, FOREGROUND_FINALIZER))
    return others + ((ORPHAN_FINALIZER,) if orphan else ()) + ((FOREGROUND_FINALIZER,) if foreground and not orphan else ())


def terminating(meta: ObjectMeta, grace_seconds: int, now_us: int) -> ObjectMeta:
    """Mark an object as terminating; a second request can only shorten the grace period of the first."""
    if meta.deletion_timestamp is None:
        return replace(
            meta,
            deletion_timestamp=timestamp_of(now_us + grace_seconds * US_PER_S),
            deletion_grace_period_seconds=grace_seconds,
            generation=meta.generation + 1,
        )
    former = meta.deletion_grace_period_seconds or 0
    if grace_seconds >= former:
        return meta
    moved_us = time_of(meta.deletion_timestamp) + (grace_seconds - former) * US_PER_S
    if moved_us < now_us:
        return replace(meta, deletion_timestamp=timestamp_of(now_us), deletion_grace_period_seconds=min(grace_seconds, 1))
    return replace(meta, deletion_timestamp=timestamp_of(moved_us), deletion_grace_period_seconds=grace_seconds)
