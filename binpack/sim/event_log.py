"""The event log as JSON lines: a header that names its schema, then one line for each Event and each write that is told.

The same run gives the same bytes, on any machine and in any process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from binpack.model.base import json_lines
from binpack.sim.recorder import Change, LogEntry
from binpack.version import KUBERNETES_VERSION

SCHEMA = "binpack.dev/event-log/v1"
_LINES_AT_A_TIME = 4_096


def log_chunks(entries: Iterable[LogEntry], header: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the bytes of a log, some thousand lines at a time.

    Parameters
    ----------
    entries : iterable of LogEntry
    header : Mapping[str, Any]
        What the run followed, such as its seed and its rule for ties; told in the first line.
    """
    yield json_lines([{"schema": SCHEMA, "kubernetesVersion": KUBERNETES_VERSION, **header}])
    rest = iter(entries)
    while chunk := [_fields(entry) for entry in islice(rest, _LINES_AT_A_TIME)]:
        yield json_lines(chunk)


def write_log(path: str | Path, entries: Iterable[LogEntry], header: Mapping[str, Any]) -> None:
    """Write a log to a file."""
    with open(path, "wb") as file:
        file.writelines(log_chunks(entries, header))


def _fields(entry: LogEntry) -> dict[str, Any]:
    if isinstance(entry, Change):
        fields = {"timeUs": entry.time_us, "write": entry.what, "object": subject_of(entry), "revision": entry.revision}
        fields.update(entry.summary)
        return fields
    return {
        "timeUs": entry.time_us,
        "event": entry.reason,
        "object": subject_of(entry),
        "type": entry.type,
        "component": entry.component,
        "message": entry.message,
    }


def subject_of(entry: LogEntry) -> str:
    """Name an object as `Pod default/web-1`, `Node n1`."""
    return f"{entry.kind} {entry.namespace}/{entry.name}" if entry.namespace else f"{entry.kind} {entry.name}"
