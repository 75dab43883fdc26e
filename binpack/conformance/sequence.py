"""Sequences: the whole cycle as kube-scheduler runs it with parallelism 1, with its sampling, its rotation and its own ties."""

from __future__ import annotations

from binpack.conformance.agreement import Comparison
from binpack.conformance.scenario import Scenario
from binpack.conformance.way import Way, make_cycle
from binpack.framework.registry import Registry
from binpack.scheduler.cached_cycle import Outcome
from binpack.scheduler.ties import TieBreaker, Ties


def run_sequence(scenario: Scenario, registry: Registry, way: Way = Way.PLAIN) -> list[Comparison]:
    """Schedule the pending pods one after another, free, and compare each with its recorded entry.

    How many nodes were feasible is not known of pods that the cache decided, and not compared then.
    """
    cluster = scenario.cluster()
    cycle = make_cycle(way, cluster, scenario.profiles(registry), tie_breaker=TieBreaker(Ties.KUBE))
    comparisons = []
    for pod, expected in zip(scenario.pods("pending"), scenario.expected["sequence"], strict=True):
        outcome = cycle.place(pod)
        ours = _entry(outcome)
        if outcome.node is not None and outcome.decision is None:
            ours["feasible"] = expected.get("feasible")
        differences = {} if ours == expected else {"sequence": f"recorded {expected}, ours {ours}"}
        comparisons.append(Comparison(scenario.name, pod.key, differences))
    return comparisons


def _entry(outcome: Outcome) -> dict[str, str | int | None]:
    decision = outcome.decision
    if outcome.node is None:
        return {"pod": outcome.pod.key, "message": None if decision is None else decision.message}
    feasible = None if decision is None else len(decision.feasible)
    return {"pod": outcome.pod.key, "node": outcome.node, "evaluated": outcome.evaluated_nodes, "feasible": feasible}
