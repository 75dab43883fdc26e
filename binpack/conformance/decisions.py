"""Single decisions: each pending pod decided over all nodes, the recorded node followed, so that one error is counted once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from binpack.conformance.agreement import Comparison
from binpack.conformance.scenario import Scenario, read_object
from binpack.conformance.way import Way, choose, make_cycle
from binpack.framework.registry import Registry
from binpack.framework.status import Status
from binpack.model.pod import Pod
from binpack.scheduler.cycle import Decision
from binpack.scheduler.filtering import UNLISTED
from binpack.scheduler.ties import TieBreaker
from binpack.state.cluster import Cluster


def run_decisions(scenario: Scenario, registry: Registry, way: Way = Way.PLAIN) -> list[Comparison]:
    """Decide the pending pods of a scenario in order and compare each with the recorded result.

    The scores are those of the plain cycle, by any way; the node, or the message, has to be that of the way.
    """
    cluster = scenario.cluster()
    profiles = {name: replace(profile, percentage_of_nodes_to_score=100) for name, profile in scenario.profiles(registry).items()}
    preemption = bool(scenario.record.get("preemption"))
    cycle = make_cycle(way, cluster, profiles, tie_breaker=TieBreaker(), score_single=True, preemption=preemption)
    cycle.nominated = nominated_pods(scenario)
    comparisons = []
    for pod, expected in zip(scenario.pods("pending"), scenario.expected["results"], strict=True):
        decision = cycle.decide(pod)
        differences = compare(expected, decision, cluster)
        if way is not Way.PLAIN:
            chosen = choose(cycle, pod)
            if (chosen.node, chosen.message) != (decision.node, decision.message):
                differences["best"] = f"the plain way {decision.node or decision.message!r}, by {way} {chosen.node or chosen.message!r}"
        comparisons.append(Comparison(scenario.name, pod.key, differences))
        bound = expected.get("bound")
        if bound is not None:
            if cluster.row_of(bound) is None:
                raise ValueError(f'{pod.key} is bound to node "{bound}", which is not there')
            cycle.commit(replace(decision, node=bound))
    return comparisons


def compare(expected: dict[str, Any], decision: Decision, cluster: Cluster) -> dict[str, str]:
    """Return what differs between a recorded result and a decision, by key, in words."""
    if decision.failed:
        return {"verdict": f"recorded {sorted(expected)}, ours failed: {decision.message}"}
    ours = describe(decision, cluster)
    return {
        key: text
        for key, text in (
            ("verdict", _verdict(expected, ours)),
            ("reasons", _difference(_reasons(expected), _reasons(ours))),
            ("scores", _difference(_scores(expected), _scores(ours))),
            ("total", _difference(expected.get("total", {}), ours.get("total", {}))),
            ("best", _difference((expected.get("best"), expected.get("bound")), (ours.get("best"), ours.get("bound")))),
            ("message", "" if ours.get("message") in _messages(expected) else _difference(expected.get("message"), ours.get("message"))),
            ("postFilter", _post_filter(expected, decision)),
        )
        if text
    }


def describe(decision: Decision, cluster: Cluster) -> dict[str, Any]:
    """Write a decision as the recording format writes a result."""
    assert decision.filtering is not None
    result: dict[str, Any] = {"feasible": sorted(_names(cluster, decision.feasible))}
    rejection = decision.filtering.preparation.rejection
    if rejection is not None:
        result["preFilter"] = _status(*rejection)
    elif decision.search is not None:
        unlisted = np.flatnonzero(cluster.active & (decision.filtering.verdicts == UNLISTED))
        rejected = (*decision.search.rejected, *unlisted)
        if rejected:
            result["rejected"] = {cluster.node(int(row)).name: _status(*decision.filtering.status(int(row))) for row in rejected}
    if decision.scoring is not None:
        names = _names(cluster, decision.scoring.rows)
        by_plugin = decision.scoring.scores
        result["scores"] = {name: {plugin: int(s[i]) for plugin, s in by_plugin.items()} for i, name in enumerate(names)}
        result["total"] = {name: int(total) for name, total in zip(names, decision.scoring.totals, strict=True)}
        highest = max(result["total"].values())
        result["best"] = sorted(name for name, total in result["total"].items() if total == highest)
        result["bound"] = decision.node
    if decision.message is not None:
        result["message"] = decision.message
    return result


def _names(cluster: Cluster, rows: Iterable[int]) -> list[str]:
    return [cluster.node(int(row)).name for row in rows]


def _status(plugin: str, status: Status) -> dict[str, Any]:
    return {"plugin": plugin, "code": str(status.code), "reasons": list(status.reasons)}


def _verdict(expected: dict[str, Any], ours: dict[str, Any]) -> str:
    return _difference(_verdicts(expected), _verdicts(ours))


def _verdicts(result: dict[str, Any]) -> dict[str, Any]:
    verdicts = {node: (status["plugin"], status["code"]) for node, status in (result.get("rejected") or {}).items()}
    verdicts |= dict.fromkeys(result.get("feasible") or (), ("", "Success"))
    if "preFilter" in result:
        verdicts["*"] = (result["preFilter"]["plugin"], result["preFilter"]["code"])
    return verdicts


def _reasons(result: dict[str, Any]) -> dict[str, Any]:
    reasons = {node: _in_order(status["reasons"]) for node, status in (result.get("rejected") or {}).items()}
    if "preFilter" in result:
        reasons["*"] = result["preFilter"]["reasons"]
    return reasons


def _post_filter(expected: dict[str, Any], decision: Decision) -> str:
    """Any of the recorded outcomes is right: kube-scheduler leaves some ties to chance."""
    recorded = expected.get("postFilter")
    if recorded is None or decision.post_filter is None:
        return "" if recorded is None else f"recorded {recorded}, ours none"
    victims = sorted(victim.key for victim in decision.post_filter.victims if not victim.is_terminating)
    ours = (decision.post_filter.nominated_node or "", victims, decision.post_filter.message)
    outcomes = [(o.get("nominatedNodeName") or "", o.get("victims") or [], o.get("message") or "") for o in recorded]
    return "" if ours in outcomes else f"recorded {outcomes}, ours {ours}"


def _messages(expected: dict[str, Any]) -> set[str | None]:
    """The FitError texts that are right: the recorded one, with the end of any of the recorded outcomes."""
    text = expected.get("message")
    if text is None:
        return {None}
    ends = [outcome.get("message") or "" for outcome in expected.get("postFilter") or ()]
    body = next((text.removesuffix(end).rstrip() for end in sorted(ends, key=len, reverse=True) if text.endswith(end)), text)
    return {text, *(f"{body} {end}".rstrip() for end in ends)}


def _in_order(reasons: list[str]) -> list[str]:
    """Scalar resources come in a random order upstream, so those are compared sorted; they come last in any case."""
    scalars = [r for r in reasons if r.startswith("Insufficient ") and r.split()[1] not in ("cpu", "memory", "ephemeral-storage")]
    return [r for r in reasons if r not in scalars] + sorted(scalars)


def _scores(result: dict[str, Any]) -> dict[str, Any]:
    """A plugin that skipped may be absent or 0: both mean 0."""
    return {node: {p: s for p, s in scores.items() if s} for node, scores in (result.get("scores") or {}).items()}


def _difference(recorded: Any, ours: Any) -> str:
    """Say where two values differ; empty if they do not. Dictionaries are compared entry by entry."""
    if recorded == ours:
        return ""
    if isinstance(recorded, dict) and isinstance(ours, dict):
        keys = [key for key in sorted({*recorded, *ours}) if recorded.get(key) != ours.get(key)]
        shown = "; ".join(f"{key}: recorded {recorded.get(key)!r}, ours {ours.get(key)!r}" for key in keys[:5])
        return shown if len(keys) <= 5 else f"{shown}; and {len(keys) - 5} more"
    return f"recorded {recorded!r}, ours {ours!r}"


def nominated_pods(scenario: Scenario) -> dict[str, list[Pod]]:
    """Return the pods that are nominated to a node and not bound, by node."""
    by_node: dict[str, list[Pod]] = {}
    for entry in scenario.record.get("nominated") or ():
        by_node.setdefault(entry["node"], []).append(read_object(entry["pod"], Pod))
    return by_node
