"""What a container's probes will find, worked out when it starts: only a change of an outcome is an event.

Source: pkg/kubelet/prober, v1.35. First try at the container's start plus initialDelaySeconds (liveness and readiness: not before it has
*started*, which the startup probe tells), then every period. Where the real grid of tries lies within a period is left to chance upstream.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from binpack.control.node.workload_format import ProbeName
from binpack.control.node.workload_model import RunModel
from binpack.model.pod import Container, Probe
from binpack.units import US_PER_S

Outcome = Literal["started", "ready", "unready", "startup-failed", "liveness-failed"]
Window = tuple[int, int | None]
_FOREVER = 1 << 62


def probe_outcomes(container: Container, run: RunModel, started_us: int) -> list[tuple[int, Outcome]]:
    """Return the changes of outcome of a run that begins at a time, in order.

    A run without any probe is started and ready at once, and returns nothing. The first failure of a startup or liveness probe ends the
    list, for it ends the run.
    """
    startup, readiness, liveness = container.startup_probe, container.readiness_probe, container.liveness_probe
    outcomes: list[tuple[int, Outcome]] = []
    up_us = started_us
    if startup is not None:
        time_us, success = next(flips(startup, _first_try(startup, started_us), None, _failures(run, "startup", started_us)))
        if not success:
            return [(time_us, "startup-failed")]
        outcomes.append((time_us, "started"))
        up_us = time_us
    if readiness is not None:
        first_us = max(_first_try(readiness, started_us), up_us)
        for time_us, success in flips(readiness, first_us, False, _failures(run, "readiness", started_us)):
            outcomes.append((time_us, "ready" if success else "unready"))
    if liveness is not None:
        first_us = max(_first_try(liveness, started_us), up_us)
        failed_us = next((time_us for time_us, _ in flips(liveness, first_us, True, _failures(run, "liveness", started_us))), None)
        if failed_us is not None:
            outcomes = [one for one in outcomes if one[0] < failed_us]
            outcomes.append((failed_us, "liveness-failed"))
    return outcomes


def flips(probe: Probe, first_us: int, succeeds: bool | None, failures: Iterable[Window]) -> Iterator[tuple[int, bool]]:
    """Yield when the outcome of a probe changes, and to what.

    Parameters
    ----------
    probe : Probe
    first_us : int
        The first try.
    succeeds : bool or None
        The outcome before any try; None if there is none yet.
    failures : iterable of (begin, end)
        When tries fail, in microseconds; an end of None is never. Sorted, disjoint.
    """
    period_us = max(probe.period_seconds, 1) * US_PER_S
    same, streak = False, 0
    for begin_us, end_us, success in _segments(first_us, failures):
        first_try = -(-(begin_us - first_us) // period_us)
        tries = _FOREVER if end_us is None else -(-(end_us - first_us) // period_us) - first_try
        if tries <= 0:
            continue
        streak = streak if success == same else 0
        same = success
        needed = max(probe.success_threshold if success else probe.failure_threshold, 1)
        if success != succeeds and streak < needed <= streak + tries:
            succeeds = success
            yield first_us + (first_try + needed - streak - 1) * period_us, success
        streak += tries


def _segments(first_us: int, failures: Iterable[Window]) -> Iterator[tuple[int, int | None, bool]]:
    """Divide the time from the first try on into stretches in which tries succeed, or fail."""
    time_us = first_us
    for begin_us, end_us in failures:
        if end_us is not None and end_us <= time_us:
            continue
        if begin_us > time_us:
            yield time_us, begin_us, True
        yield max(begin_us, time_us), end_us, False
        if end_us is None:
            return
        time_us = end_us
    yield time_us, None, True


def _failures(run: RunModel, probe: ProbeName, started_us: int) -> list[Window]:
    """Return when tries of a probe fail, sorted and merged."""
    windows = [(one.after_us, one.until_us) for one in run.failing if one.probe in (None, probe)]
    if run.start_us:
        windows.append((0, run.start_us))
    merged: list[Window] = []
    for begin, end in sorted(windows, key=lambda window: window[0]):
        if merged and (merged[-1][1] is None or begin <= merged[-1][1]):
            former = merged[-1][1]
            merged[-1] = (merged[-1][0], None if former is None or end is None else max(former, end))
        else:
            merged.append((begin, end))
    return [(started_us + begin, None if end is None else started_us + end) for begin, end in merged]


def _first_try(probe: Probe, started_us: int) -> int:
    return started_us + max(probe.initial_delay_seconds, 0) * US_PER_S
