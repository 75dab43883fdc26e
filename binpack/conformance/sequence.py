"""Sequences: the whole cycle as kube-scheduler runs it with parallelism 1, with its sampling, its rotation and its own ties."""

from __future__ import annotations

from binpack.conformance.agreement import Comparison
from binpack.conformance.scenario import Scenario
from binpack.framework.registry import Registry
from binpack.scheduler.cycle import Decision, SchedulingCycle
from binpack.scheduler.ties import TieBreaker, Ties


def run_sequence(scenario: Scenario, registry: Registry) -> list[Comparison]:
    """Schedule the pending pods one after another, free, and compare each with its recorded entry."""
    cluster = scenario.cluster()
    cycle = SchedulingCycle(cluster, scenario.profiles(registry), tie_breaker=TieBreaker(Ties.KUBE))
    comparisons = []
    for pod, expected in zip(scenario.pods("pending"), scenario.expected["sequence"], strict=True):
        decision = cycle.decide(pod)
        ours = _entry(decision)
        differences = {} if ours == expected else {"sequence": f"recorded {expected}, ours {ours}"}
        comparisons.append(Comparison(scenario.name, pod.key, differences))
        if decision.node is not None:
            cycle.commit(decision)
    return comparisons


def _entry(decision: Decision) -> dict[str, str | int | None]:
    if decision.node is None:
        return {"pod": decision.pod.key, "message": decision.message}
    assert decision.search is not None
    return {
        "pod": decision.pod.key,
        "node": decision.node,
        "evaluated": decision.search.evaluated,
        "feasible": len(decision.search.feasible),
    }
