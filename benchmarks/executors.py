"""Where runs are executed: in this process, on this machine's cores, or on a Dask cluster that the user points to.

A run is a pure function of its specification and writes its own results, so that an executor only has to call it: nothing but
paths and small values travels. Whatever is unfinished when an executor stops is done at the next start.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Protocol, TypeVar

from binpack.errors import MissingExtraError

T = TypeVar("T")

MAX_DEATHS = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one task ended.

    Parameters
    ----------
    index : int
        Of the task.
    error : BaseException or None
        None: it succeeded.
    """

    index: int
    error: BaseException | None


class Executor(Protocol):
    """Calls a function once for each task, in any order, and yields each outcome as it comes."""

    def run(self, function: Callable[[T], Any], tasks: Sequence[T]) -> Iterator[Outcome]:
        """Execute all tasks."""
        ...


class Serial:
    """One task after the other, in this process."""

    def run(self, function: Callable[[T], Any], tasks: Sequence[T]) -> Iterator[Outcome]:
        """Execute all tasks in order."""
        for index, task in enumerate(tasks):
            yield _attempt(function, task, index)


class LocalProcesses:
    """As many processes as asked for; a pool whose process died is built anew.

    Parameters
    ----------
    jobs : int
        Processes. Solvers inside a run use one thread each.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    def run(self, function: Callable[[T], Any], tasks: Sequence[T]) -> Iterator[Outcome]:
        """Execute all tasks; one that kills its process twice fails, and the others go on."""
        waiting = dict(enumerate(tasks))
        deaths: Counter[int] = Counter()
        jobs = self._jobs
        while waiting:
            try:
                for outcome in _run_pool(function, dict(waiting), jobs):
                    del waiting[outcome.index]
                    yield outcome
            except BrokenProcessPool as error:
                # Of several tasks in flight any may have killed its process. One at a time, it is the first that is left.
                if jobs == 1:
                    suspect = next(iter(waiting))
                    deaths[suspect] += 1
                    if deaths[suspect] == MAX_DEATHS:
                        del waiting[suspect]
                        yield Outcome(suspect, error)
                jobs = 1


class DaskCluster:
    """Workers of a running Dask cluster.

    Parameters
    ----------
    address : str
        Of its scheduler, like `tcp://host:8786`. The workers need this package and the same results directory.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    def run(self, function: Callable[[T], Any], tasks: Sequence[T]) -> Iterator[Outcome]:
        """Execute all tasks on the cluster."""
        try:
            from distributed import Client
            from distributed import as_completed as as_completed_on_cluster
        except ImportError:
            raise MissingExtraError("running on a Dask cluster needs the package distributed (install kube-binpack[distributed])") from None
        with Client(self._address) as client:
            # Not pure: two runs with the same arguments are still two runs. A Python error is final, a lost worker is not.
            futures = {client.submit(function, task, pure=False, retries=0): index for index, task in enumerate(tasks)}
            for future in as_completed_on_cluster(futures):
                yield Outcome(futures[future], future.exception())


def _run_pool(function: Callable[[T], Any], tasks: Mapping[int, T], jobs: int) -> Iterator[Outcome]:
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_die_quietly_of_interrupts) as pool:
        futures = {pool.submit(function, task): index for index, task in tasks.items()}
        try:
            for future in as_completed(futures):
                error = future.exception()
                if isinstance(error, BrokenProcessPool):
                    raise error
                yield Outcome(futures[future], error)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _die_quietly_of_interrupts() -> None:
    """Ctrl-C reaches the workers, too; the parent tells the user about it, and what they were at is done at the next start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _attempt(function: Callable[[T], Any], task: T, index: int) -> Outcome:
    try:
        function(task)
    except Exception as error:  # a failed run is reported with its label, and the others go on
        return Outcome(index, error)
    return Outcome(index, None)
