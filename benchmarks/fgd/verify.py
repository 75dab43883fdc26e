"""Holding runs against digests: each row of a file is replayed, and every column compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from benchmarks.fgd.digests import DIGEST_COLUMNS, digest_of_run
from benchmarks.fgd.policies import DETERMINISTIC, PLUGIN_OF
from benchmarks.fgd.replay import replay
from benchmarks.fgd.trace import read_trace
from benchmarks.suite import FillingSpec, PolicySpec
from binpack.errors import TraceError
from binpack.scheduler.ties import Ties
from workloads.traces.openb import pod_list
from workloads.traces.table import TableRow, read_table

IDENTITY = ("trace", "policy", "seed")
CHUNK = 5


@dataclass(frozen=True)
class Expected:
    """One row of a digest file.

    Parameters
    ----------
    trace, policy : str
        Variant and the paper's name of the policy.
    seed : int
    columns : dict[str, str]
    """

    trace: str
    policy: str
    seed: int
    columns: dict[str, str]

    @property
    def label(self) -> str:
        """Name the run for people."""
        return f"{self.trace}/{self.policy}/{self.seed}"


@dataclass(frozen=True)
class Verified:
    """What came of one row.

    Parameters
    ----------
    expected : Expected
    differences : dict[str, tuple[str, str]]
        By column: what the file says and what the run gave.
    """

    expected: Expected
    differences: dict[str, tuple[str, str]] = field(default_factory=dict)


def read_digests(path: Path, folder: Path) -> list[Expected]:
    """Read a digest file.

    Raises
    ------
    TraceError
        If the file or a column is missing, or a row names a policy or variant that there is none of.
    """
    rows = list(read_table(path, (*IDENTITY, *DIGEST_COLUMNS)))
    if not rows:
        raise TraceError(f"{path}: no rows (accepted: one row a run)")
    return [_expected(row, folder) for row in rows]


def verify(expected: Sequence[Expected], folder: Path, *, jobs: int, lenient: bool = False) -> Iterator[Verified]:
    """Replay every run and yield what differs, in the order of the rows.

    Parameters
    ----------
    expected : sequence of Expected
    folder : Path
        The trace.
    jobs : int
        Processes.
    lenient : bool
        Leave out rows of the trace that no node could serve.
    """
    tasks = [(row, folder, lenient) for row in expected]
    if jobs == 1 or len(tasks) <= CHUNK:
        yield from map(verify_one, tasks)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(verify_one, tasks, chunksize=CHUNK)


def verify_one(task: tuple[Expected, Path, bool]) -> Verified:
    """Replay one run and compare all its columns."""
    expected, folder, lenient = task
    policy = PolicySpec(name=expected.policy, score=PLUGIN_OF[expected.policy])
    how = FillingSpec(pods=expected.trace)
    replayed = replay(read_trace(folder, expected.trace, lenient=lenient), policy, expected.seed, how, ties=Ties.RANK)
    digest = {name: str(value) for name, value in digest_of_run(replayed).items()}
    return Verified(expected, {name: (value, digest[name]) for name, value in expected.columns.items() if digest[name] != value})


def _expected(row: TableRow, folder: Path) -> Expected:
    policy, trace = row.name("policy"), row.name("trace")
    if policy not in DETERMINISTIC:
        raise row.error("policy", f'"{policy}" (accepted: {", ".join(DETERMINISTIC)}; Random has no digest)')
    pod_list(folder, trace)
    return Expected(trace, policy, row.integer("seed"), {name: row.text(name) for name in DIGEST_COLUMNS})
