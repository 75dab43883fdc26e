"""How long a search may go on: in deterministic work, which is the same on every machine, and in seconds, which are not."""

from __future__ import annotations

import time


class Budget:
    """Work and time that methods share.

    Parameters
    ----------
    deterministic_limit : float, optional
        Work in the units of CP-SAT's deterministic time; our own loops count what takes about a second of one core as 1.
    time_limit_s : float, optional
        Wall time. A search that it ended is not repeatable.
    """

    def __init__(self, *, deterministic_limit: float | None, time_limit_s: float | None) -> None:
        self._limit = deterministic_limit
        self._started = time.monotonic()
        self._deadline = None if time_limit_s is None else self._started + time_limit_s
        self.work = 0.0
        self.clock_ended = False

    def spend(self, work: float) -> None:
        """Account for deterministic work that was done."""
        self.work += work

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
        if self.seconds_left == 0.0:
            self.clock_ended = True
        return self.clock_ended

    def share(self, part: float, *, at_least: float = 0.0) -> float | None:
        """A part of the work that is left, for one method."""
        return None if self.work_left is None else min(self.work_left, max(part * self.work_left, at_least))
