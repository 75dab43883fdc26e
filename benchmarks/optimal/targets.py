"""What a row of the suite is meant to reach, and whether it did: judged on the way that each run's gap went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

TOLERANCE = 1e-12


@dataclass(frozen=True)
class Run:
    """One run of a row.

    Attributes
    ----------
    seed : int
    steps : tuple[tuple[float, float | None, int | None], ...]
        (CPU seconds, gap as a fraction, value minus bound) each time that one of them changed.
    cpu_s : float
        Until the run ended.
    check_s : float or None
        CPU seconds that the independent check of the certificate took.
    verified : bool
        Whether the certificate was found to be right.
    applies : bool
        Whether the run counts: not where what is asked for cannot be, as nothing beats a scheduler that is optimal.
    """

    seed: int
    steps: tuple[tuple[float, float | None, int | None], ...]
    cpu_s: float
    check_s: float | None
    verified: bool
    applies: bool = True

    def gap_within(self, seconds: float) -> float | None:
        """The gap after so many CPU seconds; None before there is one."""
        known = [gap for at, gap, _ in self.steps if at <= seconds]
        return known[-1] if known else None

    def apart_within(self, seconds: float) -> int | None:
        """Value minus bound after so many CPU seconds."""
        known = [apart for at, _, apart in self.steps if at <= seconds]
        return known[-1] if known else None


@dataclass(frozen=True)
class Target:
    """What some share of a row's runs has to reach in some time.

    Attributes
    ----------
    text : str
        As it is printed.
    seconds : float
        CPU time of one thread, so that a busy machine does not decide.
    share : float
        Of the runs that have to reach it.
    gap : float
        At most this fraction; 0: proven.
    apart : int or None
        Or value and bound at most so far apart, whatever the gap.
    check : bool
        Whether it is the check of the certificate that has to be done in this time.
    """

    text: str
    seconds: float
    share: float = 1.0
    gap: float = 0.0
    apart: int | None = None
    check: bool = False

    def reached(self, runs: Sequence[Run]) -> bool:
        """Whether enough of the runs reached it, with certificates that were found to be right."""
        counted = [run for run in runs if run.applies]
        good = sum(self._reached_by(run) for run in counted)
        return bool(counted) and good >= self.share * len(counted) - TOLERANCE

    def _reached_by(self, run: Run) -> bool:
        if not run.verified:
            return False
        if self.check:
            return run.check_s is not None and run.check_s <= self.seconds
        if self.apart is not None:
            apart = run.apart_within(self.seconds)
            return apart is not None and abs(apart) <= self.apart
        gap = run.gap_within(self.seconds)
        return gap is not None and gap <= self.gap + TOLERANCE


@dataclass(frozen=True)
class Targets:
    """Three steps of ambition."""

    floor: Target
    goal: Target
    stretch: Target

    def best(self, runs: Sequence[Run]) -> str:
        """The highest that was reached: "stretch", "goal", "floor" or "missed"; "not run" without runs."""
        if not runs:
            return "not run"
        return next((name for name in ("stretch", "goal", "floor") if getattr(self, name).reached(runs)), "missed")
