"""Places the waiting pods of a snapshot one after another: where each went, how good that is, what came second, and why not.

Each placement is committed before the next pod is decided, as kube-scheduler does when it works off its queue.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from binpack.framework.profile import Profile
from binpack.model.base import replace
from binpack.model.pod import Pod
from binpack.scheduler.cycle import Decision, Refusal, SchedulingCycle
from binpack.scheduler.needs import needed_plugins
from binpack.scheduler.schedule import Placement, PodState, Schedule
from binpack.scheduler.snapshot import Waiting
from binpack.scheduler.ties import Ties
from binpack.state.cluster import Cluster


def place_waiting(
    cycle: SchedulingCycle, waiting: Waiting, *, ties: Ties, evict: bool = False, tick: Callable[[str], None] | None = None
) -> Schedule:
    """Place the pods that wait, in order.

    Parameters
    ----------
    cycle : SchedulingCycle
        Its cluster gets the pods; pods of `waiting` that are nominated to a node hold their place there.
    waiting : Waiting
    ties : Ties
        The rule of the cycle's tie-breaker, to be told with the result.
    evict : bool
        Where preemption nominates a node, take the victims off it and place the pod. They are not scheduled again.
    tick : callable, optional
        Called with each pod's `namespace/name` once it is decided.
    """
    cycle.nominated = nominations(waiting.pending)
    placements = []
    for pod in waiting.pending:
        placements.append(_place(cycle, pod, evict=evict))
        if tick is not None:
            tick(pod.key)
    placements += [Placement(pod, PodState.GATED, message=_gates(pod)) for pod in waiting.gated]
    placements += [Placement(pod, PodState.FOREIGN, message=f'waits for scheduler "{pod.spec.scheduler_name}"') for pod in waiting.foreign]
    return Schedule(
        placements=tuple(placements),
        nodes=len(cycle.cluster),
        ties=ties,
        percentages={name: profile.percentage_of_nodes_to_score for name, profile in cycle.profiles.items()},
        missing=_missing(cycle.profiles, waiting.pending),
        cluster=cycle.cluster,
    )


def nominations(pods: Iterable[Pod]) -> dict[str, list[Pod]]:
    """Return the pods that are nominated to a node, by node."""
    by_node: dict[str, list[Pod]] = {}
    for pod in pods:
        if pod.status.nominated_node_name:
            by_node.setdefault(pod.status.nominated_node_name, []).append(pod)
    return by_node


def _place(cycle: SchedulingCycle, pod: Pod, *, evict: bool) -> Placement:
    decision = cycle.decide_briefly(pod)
    if decision.node is not None:
        return _commit(cycle, decision)
    outcome = decision.post_filter
    node = None if outcome is None else outcome.nominated_node
    refused = Placement(
        pod,
        PodState.ERROR if decision.failed else PodState.UNSCHEDULABLE,
        evaluated_nodes=_evaluated(decision),
        message=decision.message,
    )
    if outcome is None or node is None:
        return refused
    _forget_nomination(cycle, pod)
    if node == "":
        return refused
    victims = tuple(victim.key for victim in outcome.victims)
    nominee = replace(pod, status=replace(pod.status, nominated_node_name=node))
    if evict:
        for victim in victims:
            cycle.cluster.remove_pod(victim)
        placement = _commit(cycle, cycle.decide(nominee))
        return dataclasses.replace(placement, nominated_node=node, victims=victims, evicted=True)
    nominated = {name: list(pods) for name, pods in cycle.nominated.items()}
    nominated.setdefault(node, []).append(nominee)
    cycle.nominated = nominated
    return dataclasses.replace(refused, state=PodState.NOMINATED, nominated_node=node, victims=victims)


def _commit(cycle: SchedulingCycle, decision: Decision) -> Placement:
    judged = Placement(
        decision.pod,
        PodState.UNSCHEDULABLE,
        feasible_nodes=len(decision.feasible),
        evaluated_nodes=_evaluated(decision),
        message=decision.message,
    )
    if decision.node is None:
        return judged
    runner_up, runner_up_score, score = _ranking(decision, cycle.cluster)
    answer = cycle.commit(decision)
    if isinstance(answer, Refusal):
        return dataclasses.replace(judged, message=f"{answer.plugin}: {', '.join(answer.status.reasons)}")
    _forget_nomination(cycle, decision.pod)
    return dataclasses.replace(
        judged, state=PodState.PLACED, node=decision.node, score=score, runner_up=runner_up, runner_up_score=runner_up_score
    )


def _ranking(decision: Decision, cluster: Cluster) -> tuple[str | None, int | None, int | None]:
    """The second-best node and its total, and the total of the chosen one."""
    scoring = decision.scoring
    if scoring is None:
        return None, None, None
    chosen = scoring.rows == cluster.row_of(decision.node or "")
    score = int(scoring.totals[chosen][0])
    others = np.flatnonzero(~chosen)
    if len(others) == 0:
        return None, None, score
    totals, rows = scoring.totals[others], scoring.rows[others]
    best = rows[totals == totals.max()]
    second = best[np.argmin(cluster.name_ranks()[best])]
    return cluster.node(int(second)).name, int(totals.max()), score


def _evaluated(decision: Decision) -> int:
    return 0 if decision.search is None else decision.search.evaluated


def _forget_nomination(cycle: SchedulingCycle, pod: Pod) -> None:
    if any(other.key == pod.key for pods in cycle.nominated.values() for other in pods):
        cycle.nominated = {node: [other for other in pods if other.key != pod.key] for node, pods in cycle.nominated.items()}


def _gates(pod: Pod) -> str:
    return f"waits for scheduling gates: {', '.join(gate.name for gate in pod.spec.scheduling_gates)}"


def _missing(profiles: Mapping[str, Profile], pods: Iterable[Pod]) -> dict[str, tuple[str, ...]]:
    names = dict.fromkeys(name for profile in profiles.values() for name in profile.missing)
    needs: dict[str, list[str]] = {name: [] for name in names}
    for pod in pods:
        for name in needed_plugins(pod) & needs.keys():
            needs[name].append(pod.key)
    return {name: tuple(keys) for name, keys in needs.items()}
