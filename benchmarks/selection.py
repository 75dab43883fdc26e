"""A part of a suite: some workloads, some policies, other seeds."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from benchmarks.suite import Suite, WorkloadSpec
from binpack.errors import ConfigurationError
from binpack.model.base import replace


def select(
    suite: Suite,
    *,
    workloads: Collection[str] = (),
    policies: Collection[str] = (),
    seeds: Sequence[int] = (),
    lenient: bool = False,
) -> Suite:
    """Keep what is named; an empty selection keeps all. With `lenient`, traces are read that way whatever the suite says.

    Raises
    ------
    ConfigurationError
        If a name is none of the suite's.
    """
    _check("workload", workloads, [workload.name for workload in suite.workloads])
    _check("policy", policies, [policy.name for policy in suite.policies])
    kept = [policy for policy in suite.policies if not policies or policy.name in policies]
    return replace(
        suite,
        workloads=tuple(
            _lenient(workload) if lenient else workload for workload in suite.workloads if not workloads or workload.name in workloads
        ),
        policies=tuple(kept),
        seeds=tuple(dict.fromkeys(seeds)) or suite.seeds,
        # Without its baseline a selection is compared with the first policy that is left.
        baseline=suite.baseline if suite.baseline in [policy.name for policy in kept] else kept[0].name if suite.baseline else "",
    )


def _lenient(workload: WorkloadSpec) -> WorkloadSpec:
    if workload.openb is not None:
        return replace(workload, openb=replace(workload.openb, lenient=True))
    return workload if workload.filling is None else replace(workload, filling=replace(workload.filling, lenient=True))


def _check(what: str, wanted: Collection[str], there: Sequence[str]) -> None:
    unknown = [name for name in wanted if name not in there]
    if unknown:
        raise ConfigurationError(f'{what} "{unknown[0]}" is not in the suite (accepted: {", ".join(there)})')
