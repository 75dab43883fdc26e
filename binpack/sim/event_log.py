"""The event log as JSON lines: a header that names its schema, then one line for each Event and each write that is told.

The same run gives the same bytes, on any machine and in any process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from binpack.model.base import json_line
from binpack.sim.recorder import Change, LogEntry
from binpack.version import KUBERNETES_VERSION

SCHEMA = "binpack.dev/event-log/v1"


def log_lines(entries: Iterable[LogEntry], header: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the lines of a log in UTF-8, with line ends.

    Parameters
    ----------
    entries : iterable of LogEntry
    header : Mapping[str, Any]
        What the run followed, such as its seed and its rule for ties; told in the first line.
    """
    yield json_line({"schema": SCHEMA, "kubernetesVersion": KUBERNETES_VERSION, **header}) + b"\n"
    for entry in entries:
        yield json_line(_fields(entry)) + b"\n"


def write_log(path: str | Path, entries: Iterable[LogEntry], header: Mapping[str, Any]) -> None:
    """Write a log to a file."""
    with open(path, "wb") as file:
        file.writelines(log_lines(entries, header))


def _fields(entry: LogEntry) -> dict[str, Any]:
    if isinstance(entry, Change):
        return {
            "timeUs": entry.time_us,
            "write": entry.what,
            "object": subject_of(entry),
            "revision": entry.revision,
            **dict(entry.summary),
        }
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
