"""Progress of a suite on standard error: a bar with an estimate on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from benchmarks.matrix import RunSpec

SECONDS_BETWEEN_LINES = 10.0

Told = Callable[[RunSpec, BaseException | None], None]


@contextmanager
def suite_progress(total: int, *, verbose: bool) -> Iterator[Told]:
    """Give a function to be told of each run as it ends.

    Parameters
    ----------
    total : int
        Runs to be executed.
    verbose : bool
        Name each run on a line of its own.
    """
    if total == 0:
        yield lambda spec, error: None
    elif verbose or not sys.stderr.isatty():
        yield _Lines(total, verbose)
    else:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        columns = (
            TextColumn("runs"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=total)
            yield lambda spec, error: bar.update(task, advance=1, description=spec.label)


class _Lines:
    """Plain lines, with what is left at the pace so far."""

    def __init__(self, total: int, verbose: bool) -> None:
        self._total = total
        self._verbose = verbose
        self._done = 0
        self._begun = self._last = time.monotonic()

    def __call__(self, spec: RunSpec, error: BaseException | None) -> None:
        self._done += 1
        now = time.monotonic()
        if self._verbose or self._done == self._total or now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            left = (now - self._begun) / self._done * (self._total - self._done)
            named = f": {spec.label}" if self._verbose else ""
            click.echo(f"{self._done} of {self._total} runs, about {left:.0f} s left{named}", err=True)
