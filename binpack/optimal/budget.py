"""How long a search may go on: in deterministic work, which is the same on every machine, and in seconds, which are not."""

from __future__ import annotations

import time
from collections.abc import Callable


class Budget:
    """Work and time that methods share.

    Parameters
    ----------
    deterministic_limit : float, optional
        Work in the units of CP-SAT's deterministic time; our own loops count what takes about a second of one core as 1.
    time_limit_s : float, optional
        Wall time. A search that it ended is not repeatable.
    stop : callable, optional
        Asked whether somebody wants the search to end now with what it has; such a search is not repeatable either.
    whole : Budget, optional
        Of which this is a slice.
    """

    def __init__(
        self,
        *,
        deterministic_limit: float | None,
        time_limit_s: float | None,
        stop: Callable[[], bool] | None = None,
        whole: Budget | None = None,
    ) -> None:
        self._limit = deterministic_limit
        self._started = time.monotonic()
        self._deadline = None if time_limit_s is None else self._started + time_limit_s
        self._whole = whole
        self._stop: Callable[[], bool] | None = stop if whole is None else whole._stop
        self.work = 0.0
        self.clock_ended = False
        self.cut_short = False
        self.interrupted = False

    @property
    def repeatable(self) -> bool:
        """Whether no clock and no user had a say in what was done."""
        return not (self.clock_ended or self.cut_short or self.interrupted)

    def interrupt(self) -> None:
        """Note that somebody ended the search."""
        self.interrupted = True

    def slice(self, part: float) -> Budget:
        """A budget of its own for one step: a part of what is left. What it spends is spent here as well."""
        work = None if self.work_left is None else part * self.work_left
        seconds = None if self.seconds_left is None else part * self.seconds_left
        return Budget(deterministic_limit=work, time_limit_s=seconds, whole=self)

    def spend(self, work: float) -> None:
        """Account for deterministic work that was done."""
        self.work += work
        if self._whole is not None:
            self._whole.spend(work)

    @property
    def work_left(self) -> float | None:
        """Deterministic work left; None without a limit."""
        return None if self._limit is None else max(0.0, self._limit - self.work)

    @property
    def seconds_left(self) -> float | None:
        """Wall time left; None without a limit."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    @property
    def seconds(self) -> float:
        """Wall time since the start."""
        return time.monotonic() - self._started

    def exhausted(self) -> bool:
        """Whether to stop now. Remembers if it was the clock that said so."""
        if self._limit is not None and self.work >= self._limit:
            return True
        return self.out_of_time()

    def out_of_time(self) -> bool:
        """Whether the clock says to stop in the middle of a step."""
        if self._stop is not None and self._stop():
            self._root.interrupt()
            self._end_by_clock()
        if self.seconds_left == 0.0:
            self._end_by_clock()
        return self.clock_ended

    @property
    def _root(self) -> Budget:
        return self if self._whole is None else self._whole._root

    def _end_by_clock(self) -> None:
        self.clock_ended = True
        # Where a step ends by the clock, what comes after it differs from run to run.
        whole = self._whole
        while whole is not None:
            whole.cut_short = True
            whole = whole._whole
