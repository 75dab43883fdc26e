"""What a simulation gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from binpack.results.schema import CLUSTER, PODS
from binpack.results.tables import Table
from binpack.sim.event_log import log_chunks, write_log
from binpack.sim.recorder import LogEntry, PodRow
from binpack.sim.samples import Sample, node_table

EVENT_LOG_FILE = "events.jsonl"


@dataclass(frozen=True)
class Run:
    """One run, from its start to where it stood when this was made.

    Parameters
    ----------
    until_us : int
        Virtual time reached, microseconds.
    header : Mapping[str, Any]
        What the run followed: seed, ties, and the like.
    events : tuple of LogEntry
        The log: Kubernetes' Events and the writes that are told. Empty if the run kept none.
    pod_rows : tuple of PodRow
        Every pod that there ever was, in the order of creation.
    series : tuple of tuples
        The cluster at each instant at which something changed, as in the table `cluster`.
    samples : tuple of Sample
        The cluster at the instants that were asked for.
    counters : Mapping[str, int]
        Work done, the same on every machine: engine events, client steps, writes, scheduling attempts and so on.
    breakdowns : tuple of str
        One line for each kind of exception that a controller raised; its key was retried. Empty unless a controller has a bug.
    """

    until_us: int
    header: Mapping[str, Any]
    events: tuple[LogEntry, ...] = field(repr=False)
    pod_rows: tuple[PodRow, ...] = field(repr=False)
    series: tuple[tuple[int, ...], ...] = field(repr=False)
    samples: tuple[Sample, ...]
    counters: Mapping[str, int]
    breakdowns: tuple[str, ...] = ()

    @cached_property
    def pods(self) -> Table:
        """One row a pod: when it was created, bound, started, finished, removed, and where it was."""
        return Table.of_rows(PODS, (row.values() for row in self.pod_rows))

    @cached_property
    def cluster(self) -> Table:
        """The cluster over time: nodes in use, pending pods, requested and allocatable amounts."""
        return Table.of_rows(CLUSTER, self.series)

    @cached_property
    def nodes(self) -> Table:
        """One row for each sampled instant and node."""
        return node_table(self.samples)

    def log(self) -> bytes:
        """Return the event log as the bytes of its file."""
        return b"".join(log_chunks(self.events, self.header))

    def write(self, directory: str | Path) -> tuple[Path, ...]:
        """Write the log and the tables into a directory, and return the paths."""
        out = Path(directory)
        out.mkdir(parents=True, exist_ok=True)
        write_log(out / EVENT_LOG_FILE, self.events, self.header)
        paths = [out / EVENT_LOG_FILE]
        for table in (self.pods, self.cluster, self.nodes):
            paths.append(out / f"{table.schema.name}.parquet")
            table.write_parquet(paths[-1])
        return tuple(paths)
