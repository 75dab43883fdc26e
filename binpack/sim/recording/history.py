"""What a recording tells, whatever it was read from: the objects at its start, and each later write with its time.

Objects stay plain data here, as the API server wrote them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from binpack.control.apiserver.resources import is_namespaced
from binpack.errors import ManifestError
from binpack.model.field_errors import short
from binpack.model.kinds import COMPATIBLE_VERSIONS, KINDS

Plain = dict[str, Any]
"""An object, or a part of one, as JSON has it."""

UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOT_REPLAYED = frozenset({"Lease", "ControllerRevision"})
"""Kinds that the control plane itself writes and nobody else: a simulated one makes its own."""

_MICROSECOND = timedelta(microseconds=1)


class Key(NamedTuple):
    """Names an object."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Write:
    """One write to an object.

    Parameters
    ----------
    time_us : int
        Microseconds since 1970.
    what : str
        DELETED also stands for the request to delete, where that is all that is known.
    object : dict
        As it was then.
    place : str
        Where this stands: file and line.
    """

    time_us: int
    what: Literal["ADDED", "MODIFIED", "DELETED"]
    object: Plain
    place: str


@dataclass(frozen=True)
class History:
    """A cluster's past.

    Parameters
    ----------
    start_us, end_us : int
        Microseconds since 1970.
    initial : tuple of (place, object)
        What was there at the start.
    writes : tuple of Write
        What happened then, in order.
    notes : tuple of str
        What was derived or left out on the way, for the user.
    skipped : dict[str, int]
        How many objects are of kinds that are not replayed.
    """

    start_us: int
    end_us: int
    initial: tuple[tuple[str, Plain], ...]
    writes: tuple[Write, ...]
    notes: tuple[str, ...]
    skipped: dict[str, int]


def key_of(value: Plain) -> Key:
    """Return an object's kind, namespace and name."""
    meta, kind = value.get("metadata") or {}, str(value.get("kind") or "")
    namespace = str(meta.get("namespace") or "default") if is_namespaced(kind) else ""
    return Key(kind, namespace, str(meta.get("name") or ""))


def is_replayed(value: Plain) -> bool:
    """Tell whether an object is of a kind that this toolkit knows and that somebody else than a control plane writes."""
    version = (str(value.get("apiVersion")), str(value.get("kind")))
    version = COMPATIBLE_VERSIONS.get(version, version)
    return version in KINDS and version[1] not in NOT_REPLAYED


def controller_reference(value: Plain) -> Plain | None:
    """Return the owner reference with `controller: true`, if there is one."""
    for reference in parts(value, "metadata", "ownerReferences"):
        if reference.get("controller"):
            return reference
    return None


def owner_key(value: Plain) -> Key | None:
    """Name the controller of an object."""
    reference = controller_reference(value)
    if reference is None:
        return None
    kind = str(reference.get("kind") or "")
    return Key(kind, key_of(value).namespace if is_namespaced(kind) else "", str(reference.get("name") or ""))


def part(value: Plain, *path: str) -> Plain:
    """Return the mapping at a path; an empty one where there is none."""
    found: Any = value
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def parts(value: Plain, *path: str) -> Iterator[Plain]:
    """Yield the mappings in the list at a path."""
    listed = part(value, *path[:-1]).get(path[-1])
    yield from (one for one in (listed if isinstance(listed, list) else ()) if isinstance(one, dict))


def condition(value: Plain, kind: str) -> Plain:
    """Return the condition of a type; an empty mapping if there is none."""
    return next((one for one in parts(value, "status", "conditions") if one.get("type") == kind), {})


def time_in(value: Any, place: str, field: str) -> int:
    """Read a timestamp of the API as microseconds since 1970.

    Raises
    ------
    ManifestError
        If it is none.
    """
    try:
        time = datetime.fromisoformat(value)
        return (time - UNIX_EPOCH) // _MICROSECOND
    except (ValueError, TypeError):  # the second: no text, or a time without a zone
        accepted = "RFC 3339 with a zone, like 2026-01-31T08:00:00Z"
        raise ManifestError(f"{place}, {field}: {short(value)} is not a time (accepted: {accepted})") from None
