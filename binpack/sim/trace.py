"""A run as Chrome-trace JSON: a row a node, its pods as spans, Kubernetes' Events as instants.

Source of the format: Trace Event Format (duration as asynchronous events `b` and `e`, since pods of a node overlap; instants `i`;
metadata `M`). Times are microseconds from the run's start, as in the format.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from binpack.sim.event_log import subject_of
from binpack.sim.recorder import Change
from binpack.sim.run import Run

_EVENTS_PID, _NODES_PID = 0, 1


def trace_of(run: Run) -> dict[str, Any]:
    """Return a run as a trace.

    Each node is a thread of the process "nodes". A pod is there from its binding to when its containers ended, its object was removed or
    the run did, whichever came first. Events are threads of the process "events", one a component; decisions are those of the scheduler.

    Parameters
    ----------
    run : Run
        Without a log (`keeps_log=False`) the trace has no instants.

    Returns
    -------
    dict
        For `json.dumps`.
    """
    nodes = {name: number for number, name in enumerate(sorted({row.node for row in run.pod_rows if row.node is not None}))}
    told = [entry for entry in run.events if not isinstance(entry, Change)]
    components = {name: number for number, name in enumerate(sorted({entry.component for entry in told}))}
    events = [*_names(_EVENTS_PID, "events", components), *_names(_NODES_PID, "nodes", nodes)]
    for row in run.pod_rows:
        if row.node is None or row.scheduled_us is None:
            continue
        end_us = min(time_us for time_us in (row.finished_us, row.deleted_us, run.until_us) if time_us is not None)
        common = {"name": f"{row.namespace}/{row.pod}", "cat": "pod", "id": row.uid, "pid": _NODES_PID, "tid": nodes[row.node]}
        asked = {"cpu_millicores": row.cpu_requested_millicores, "memory_bytes": row.memory_requested_bytes}
        details = {"node": row.node, "created_us": row.created_us, "ready_us": row.ready_us, "phase": row.phase, **asked}
        events.append({**common, "ph": "b", "ts": row.scheduled_us, "args": details})
        events.append({**common, "ph": "e", "ts": max(end_us, row.scheduled_us)})
    for entry in told:
        place = {"pid": _EVENTS_PID, "tid": components[entry.component], "s": "t"}
        details = {"object": subject_of(entry), "message": entry.message}
        events.append({"name": entry.reason, "cat": entry.type, "ph": "i", "ts": entry.time_us, **place, "args": details})
    return {"traceEvents": events, "displayTimeUnit": "ms", "otherData": dict(run.header)}


def write_trace(path: str | Path, run: Run) -> None:
    """Write a run's trace to a file."""
    Path(path).write_text(json.dumps(trace_of(run), separators=(",", ":")) + "\n", encoding="utf-8")


def _names(pid: int, process: str, threads: dict[str, int]) -> list[dict[str, Any]]:
    named: list[dict[str, Any]] = [{"name": "process_name", "ph": "M", "pid": pid, "tid": 0, "args": {"name": process}}]
    named += ({"name": "thread_name", "ph": "M", "pid": pid, "tid": number, "args": {"name": name}} for name, number in threads.items())
    return named
