"""What a controller returns: the writes it wants, in stages, and what became of them.

A controller performs nothing itself. Its runtime does, so that a controller is tested with a dictionary of objects, and every
failure between two writes can be tried.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from binpack.control.apiserver.deletion import PropagationPolicy
from binpack.control.apiserver.errors import ApiError
from binpack.control.apiserver.namespace_lifecycle import NAMESPACE_TERMINATING
from binpack.control.apiserver.resources import ApiObject
from binpack.control.records import Record
from binpack.model.base import Value, replace
from binpack.model.meta import OwnerReference
from binpack.model.policy import Namespace


class Create(Value, frozen=True):
    """Create an object. `record` is sent when it succeeded."""

    object: ApiObject
    record: Record | None = None


class Update(Value, frozen=True):
    """Replace an object's metadata and spec, if it is still as it was read (or as this plan last wrote it)."""

    object: ApiObject
    record: Record | None = None


class UpdateStatus(Value, frozen=True):
    """Replace an object's status, if it is still as it was read (or as this plan last wrote it)."""

    object: ApiObject
    record: Record | None = None


class Delete(Value, frozen=True):
    """Delete the very object that was read (its uid is a precondition)."""

    object: ApiObject
    grace_seconds: int | None = None
    propagation: PropagationPolicy | None = None
    record: Record | None = None


class EditMetadata(Value, frozen=True):
    """Patch the owners or finalizers of the very object that was read, whatever else has changed about it.

    Parameters
    ----------
    object : ApiObject
    adopt : OwnerReference, optional
        A reference to add, in place of one with the same uid.
    release : str, optional
        The uid of an owner whose reference to remove.
    add_finalizer, drop_finalizer : str, optional
    """

    object: ApiObject
    adopt: OwnerReference | None = None
    release: str = ""
    add_finalizer: str = ""
    drop_finalizer: str = ""
    record: Record | None = None


class Finalize(Value, frozen=True):
    """Replace a namespace's `spec.finalizers` (subresource `finalize`), if it is still as it was read or last written."""

    object: Namespace
    record: Record | None = None


Write = Create | Update | UpdateStatus | Delete | EditMetadata | Finalize


class Outcome(Value, frozen=True):
    """What became of one write.

    Parameters
    ----------
    write : Write
    result : ApiObject or None
        The object as the store now has it (or had it last); None if the write failed.
    error : ApiError or None
    """

    write: Write
    result: ApiObject | None
    error: ApiError | None = None


class Actions(Value, frozen=True):
    """A plan: writes in stages, Events, and when to look again.

    All writes of a stage are attempted. After a stage with a failure the later ones are not. Then the controller concludes.

    Parameters
    ----------
    stages : tuple of tuples of writes
    records : tuple of Record
        Events to send whatever becomes of the writes.
    requeue_after_us : int, optional
        Sync this key again after that time, unless the sync fails.
    note : Any
        What `conclude` needs to know; the runtime does not look at it.
    """

    stages: tuple[tuple[Write, ...], ...] = ()
    records: tuple[Record, ...] = ()
    requeue_after_us: int | None = None
    note: Any = None


class Done(Value, frozen=True):
    """The end of a sync.

    Parameters
    ----------
    error : str
        Why it failed, so that the key is retried with backoff; empty if it did not.
    requeue_after_us : int, optional
        Sync this key again after that time. Not heeded when the sync failed.
    requeue_rate_limited : bool
        Sync again when the rate limiter allows, without having failed.
    records : tuple of Record
    wakes : tuple of str
        Other keys to sync now.
    """

    error: str = ""
    requeue_after_us: int | None = None
    requeue_rate_limited: bool = False
    records: tuple[Record, ...] = ()
    wakes: tuple[str, ...] = ()


def with_records(plan: Actions, records: tuple[Record, ...]) -> Actions:
    """Send some Events with a plan, before its own."""
    return replace(plan, records=(*records, *plan.records)) if records else plan


def is_moot(outcome: Outcome) -> bool:
    """Tell whether a creation was refused because its namespace is going: that is no failure, and nothing to tell anybody."""
    return outcome.error is not None and outcome.error.cause_type == NAMESPACE_TERMINATING


def first_error(outcomes: Iterable[Outcome]) -> str:
    """Return the message of the first failed write, or the empty string."""
    for outcome in outcomes:
        if outcome.error is not None and not is_moot(outcome):
            return str(outcome.error)
    return ""


def conclude_plainly(plan: Actions, outcomes: tuple[Outcome, ...]) -> Done:
    """End a sync whose writes need no second look: it failed if one of them did."""
    return Done(error=first_error(outcomes), requeue_after_us=plan.requeue_after_us)
