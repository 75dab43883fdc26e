"""The trace folder of the experiment: nodes, pods, the seeding table, and what was published."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from binpack.errors import TraceError
from binpack.model.node import Node
from binpack.plugins.research.typical_pods import PodGroup, count_groups
from workloads.traces.go_random import LENGTH
from workloads.traces.openb import OpenbPod, read_nodes
from workloads.traces.openb_replay import OpenbReplay, servable_pods
from workloads.traces.table import find_table, read_table

NODE_LIST = "gpu_node"
EXPECTED = "expected"
COOKED = "go_rng_cooked"
COOKED_PUBLISHED = "rngCooked in src/math/rand/rng.go of golang/go, as unsigned numbers in columns i and cooked_uint64"


@dataclass(frozen=True)
class Trace:
    """One variant of the trace.

    Parameters
    ----------
    nodes : tuple[Node, ...]
        In the order of their names.
    pods : tuple[OpenbPod, ...]
    cooked : tuple[int, ...]
        The seeding table of the generator.
    left_out : dict[str, int]
        Rows that `lenient` skipped, by the column at fault.
    """

    nodes: tuple[Node, ...]
    pods: tuple[OpenbPod, ...]
    cooked: tuple[int, ...]
    left_out: dict[str, int]

    def groups(self) -> dict[PodGroup, int]:
        """Count the recorded pods by kind; models count as they are written."""
        return count_groups(PodGroup(pod.cpu_milli, pod.milli_per_device, pod.devices, pod.gpu_spec) for pod in self.pods)


@lru_cache(maxsize=4)
def read_trace(folder: Path, variant: str, *, lenient: bool = False) -> Trace:
    """Read a variant.

    Raises
    ------
    TraceError
        If a file is missing (the message says where it is published) or a row is not as it should be (with its line).
    """
    nodes = tuple(sorted(read_nodes(folder, NODE_LIST), key=lambda node: node.name))
    pods, left_out = servable_pods(folder, nodes, OpenbReplay(nodes=NODE_LIST, pods=variant, lenient=lenient))
    return Trace(nodes, tuple(pods), _cooked(folder), left_out)


def rows_left_out(folder: Path, variants: Iterable[str], *, lenient: bool) -> list[str]:
    """Read variants before any process starts, so that a bad row stops it at once; say which rows were left out, a line a column.

    Raises
    ------
    TraceError
        As `read_trace`.
    """
    return [
        f"{variant}: {count} rows left out for their {column}"
        for variant in dict.fromkeys(variants)
        for column, count in read_trace(folder, variant, lenient=lenient).left_out.items()
    ]


def cooked_table(folder: Path) -> Path:
    """Find the seeding table, in `expected` or beside the lists.

    Raises
    ------
    TraceError
        If it is in neither.
    """
    inner = folder / EXPECTED
    there = inner if any(inner.glob(f"{COOKED}.csv*")) else folder
    return find_table(there, COOKED, published=COOKED_PUBLISHED)


def _cooked(folder: Path) -> tuple[int, ...]:
    path = cooked_table(folder)
    rows = list(read_table(path, ("i", "cooked_uint64")))
    words = tuple(row.integer("cooked_uint64", most=(1 << 64) - 1) for row in rows)
    if len(words) != LENGTH:
        raise TraceError(f"{path}: {len(words)} rows (accepted: {LENGTH})")
    return words
