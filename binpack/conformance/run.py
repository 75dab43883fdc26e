"""Runs files of recorded decisions, each family by its own rules, and counts agreement."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from binpack.conformance.agreement import Agreement, Comparison
from binpack.conformance.cases import RULES
from binpack.conformance.controller_cases import run_case
from binpack.conformance.decisions import run_decisions
from binpack.conformance.scenario import Scenario, read_scenarios
from binpack.conformance.sequence import run_sequence
from binpack.conformance.timeline import run_timeline
from binpack.conformance.way import Way
from binpack.errors import BinpackError
from binpack.framework.registry import Registry

Runner = Callable[..., list[Comparison]]

SINGLE_DECISIONS = (
    "resources",
    "nodeaffinity",
    "taints",
    "ports",
    "interpod",
    "spread",
    "images",
    "mixed",
    "config",
    "volumes",
    "nominated",
    "preemption",
    "full",
    "crowd",
)

RUNNERS: dict[str, Runner] = {
    **dict.fromkeys(SINGLE_DECISIONS, run_decisions),
    "sequence": run_sequence,
    "timeline": run_timeline,
    **dict.fromkeys(RULES, run_case),
}
"""By family. A family that is not here is disagreement in all its decisions."""


def run_files(
    paths: Iterable[Path],
    registry: Registry,
    *,
    only: str | None = None,
    way: Way = Way.PLAIN,
    progress: Callable[[Scenario], None] | None = None,
) -> Agreement:
    """Run every scenario of some files.

    Parameters
    ----------
    paths : iterable of Path
        JSON lines, gzipped or not.
    registry : Registry
        The plugins.
    only : str, optional
        Run only the scenarios whose name contains this.
    way : Way
        How pods are decided. Cases of the control plane go by what its scheduler takes by itself.
    progress : callable, optional
        Told of each scenario before it is run.

    Raises
    ------
    ManifestError
        If a file cannot be read.
    """
    agreement = Agreement()
    for path in paths:
        for scenario in read_scenarios(path):
            if only is not None and only not in scenario.name:
                continue
            if progress is not None:
                progress(scenario)
            agreement.add(scenario.family, run_scenario(scenario, registry, way), is_case=RUNNERS.get(scenario.family) is run_case)
    return agreement


def run_scenario(scenario: Scenario, registry: Registry, way: Way = Way.PLAIN) -> list[Comparison]:
    """Run one scenario. What cannot be understood disagrees in all its decisions: it is never skipped."""
    runner = RUNNERS.get(scenario.family)
    if runner is None:
        return _all_differ(scenario, f'family "{scenario.family}" is not known (accepted: {", ".join(sorted(RUNNERS))})')
    if "unreadable" in scenario.record:
        return _all_differ(scenario, f"the line cannot be read: {scenario.record['unreadable']}")
    try:
        return runner(scenario, registry) if runner is run_case else runner(scenario, registry, way)
    except (BinpackError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Whatever a malformed record leads to: its decisions were not reproduced, and that is what is counted.
        return _all_differ(scenario, f"{type(error).__name__}: {error}")


def _all_differ(scenario: Scenario, why: str) -> list[Comparison]:
    return [Comparison(scenario.name, str(number), {"verdict": why}) for number in range(max(1, scenario.decisions))]
