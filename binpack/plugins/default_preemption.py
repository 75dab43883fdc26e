"""DefaultPreemption: which pods of lower priority would have to go for a pod to fit, and on which node that costs least.

Source: framework/preemption/preemption.go, plugins/defaultpreemption/default_preemption.go, util/utils.go, v1.35.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from binpack.framework.arguments import DefaultPreemptionArgs
from binpack.framework.events import Action, EventHint, Resource
from binpack.framework.interface import Reads
from binpack.framework.points import Point
from binpack.framework.post_filter import DryRun, FailedCycle, Outcome, PostFilterResult
from binpack.framework.status import Code, Status, unresolvable
from binpack.model.pod import Pod
from binpack.model.policy import PodDisruptionBudget
from binpack.model.selectors import Selector, SelectorError, compile_label_selector
from binpack.state.cluster import Cluster

NO_VICTIMS = "No preemption victims found for incoming pod"
NOT_HELPFUL = "Preemption is not helpful for scheduling"
_PRIORITY_OFFSET = 1 << 31
_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that the pod would fit on without its victims (most important first)."""

    node: str
    victims: tuple[Pod, ...]
    violations: int


class DefaultPreemption:
    """Looks for the node whose victims matter least."""

    name: ClassVar[str] = "DefaultPreemption"
    points: ClassVar[frozenset[Point]] = frozenset({Point.POST_FILTER, Point.PRE_ENQUEUE})
    reads: ClassVar[Reads] = Reads.CLUSTER
    class_key: ClassVar[tuple[str, ...]] = ("priority",)
    arguments: ClassVar[type[Any] | None] = DefaultPreemptionArgs
    # While victims are being deleted the pod is gated; a deletion alone never wakes it through this plugin.
    events = (EventHint(Resource.ASSIGNED_POD, Action.DELETE, lambda pod, event, cluster: False),)

    def __init__(self, arguments: DefaultPreemptionArgs | None = None) -> None:
        self._arguments = arguments or DefaultPreemptionArgs()

    def pre_enqueue(self, pod: Pod) -> Status | None:
        """Let every pod pass: victims are deleted at once here, never in the background."""
        return None

    def post_filter(self, pod: Pod, failed: FailedCycle) -> PostFilterResult:
        """Nominate the best node for preemption, with its victims, or say why there is none."""
        ineligible = _why_ineligible(pod, failed)
        if ineligible is not None:
            return PostFilterResult(Outcome.UNSCHEDULABLE, (f"preemption: {ineligible}",))
        budgets = _budgets(failed.cluster)
        candidates: list[Candidate] = []
        problems: list[str] = []
        reasons: Counter[str] = Counter()
        helpful = self._potential_nodes(failed)
        wanted = self._candidates_wanted(len(helpful))
        # Where nobody matters less there is nothing to try: of a full cluster of equals no node is looked at.
        less_important = _less_important(pod, failed.cluster).take(helpful) > 0
        reasons.update({NO_VICTIMS: len(helpful) - int(np.count_nonzero(less_important))})
        for row in helpful[less_important]:
            with failed.dry_run(int(row)) as trial:
                found = _victims_on(pod, failed, int(row), trial, budgets)
            if found is None:
                problems.append(f'expected at least one victim pod on node "{failed.cluster.node(int(row)).name}"')
                continue
            if isinstance(found, Status):
                reasons.update(found.reasons)
                continue
            candidates.append(found)
            if len(candidates) >= wanted and any(candidate.violations == 0 for candidate in candidates):
                break
        if candidates:
            best = pick_one_node(candidates, failed.now)
            return PostFilterResult(Outcome.SUCCESS, (), best.node, best.victims)
        if problems:
            return PostFilterResult(Outcome.ERROR, (problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]",))
        return PostFilterResult(Outcome.UNSCHEDULABLE, (_nothing_found(+reasons, len(helpful), len(failed.cluster)),), "")

    def _candidates_wanted(self, nodes: int) -> int:
        share = nodes * self._arguments.min_candidate_nodes_percentage // 100
        return min(nodes, max(share, self._arguments.min_candidate_nodes_absolute))

    def _potential_nodes(self, failed: FailedCycle) -> NDArray[np.intp]:
        """The rows where removing pods might help, from a random offset on."""
        if failed.pre_filter_rejection is not None and failed.pre_filter_rejection[1].code is not Code.UNSCHEDULABLE:
            return np.zeros(0, np.intp)
        rows = failed.rejected[failed.helps(failed.rejected)]
        if not len(rows):
            return rows
        offset = 0 if failed.generator is None else int(failed.generator.integers(len(rows)))
        return np.roll(rows, -offset)


def pick_one_node(candidates: Sequence[Candidate], now: datetime | None) -> Candidate:
    """Choose among candidates: fewest violations, least important top victim, smallest sum of priorities, fewest victims, and
    then the node whose most important victims started last. Among equals the first is taken (upstream: any).
    """

    def key(candidate: Candidate) -> tuple[Any, ...]:
        highest = max(victim.priority for victim in candidate.victims)
        earliest = min(_started(victim, now) for victim in candidate.victims if victim.priority == highest)
        total = sum(victim.priority + _PRIORITY_OFFSET for victim in candidate.victims)
        return candidate.violations, highest, total, len(candidate.victims), -earliest.timestamp()

    return min(candidates, key=key)


def _less_important(pod: Pod, cluster: Cluster) -> NDArray[np.int64]:
    """Count the pods of lower priority on each row, shape [capacity]."""
    key = ("DefaultPreemption", pod.priority)
    return cluster.column(key, lambda pod_class: int(pod_class.priority < key[1]), label_keys=frozenset())


def _victims_on(
    pod: Pod, failed: FailedCycle, row: int, trial: DryRun, budgets: Sequence[tuple[PodDisruptionBudget, Selector]]
) -> Candidate | Status | None:
    """Remove all pods of lower priority, then put back as many as still leave room, the most important first.

    None: all can be put back, and the pod fits, although it did not before. Only a plugin whose `add_pod` and `remove_pod` do not
    agree leads there.
    """
    potential = [other for other in failed.cluster.pods_on(row).values() if other.priority < pod.priority]
    if not potential:
        return unresolvable(NO_VICTIMS)
    for other in potential:
        trial.remove(other)
    rejection = trial.rejection()
    if rejection is not None:
        return rejection
    potential = _by_importance(potential, failed.now)
    violating, others = _split_by_budget(potential, budgets)
    victims, violations = [], 0
    for other in (*violating, *others):
        trial.add(other)
        if trial.rejection() is not None:
            trial.remove(other)
            victims.append(other)
            violations += other in violating
    if not victims:
        return None
    return Candidate(failed.cluster.node(row).name, tuple(_by_importance(victims, failed.now)), violations)


def _by_importance(pods: Sequence[Pod], now: datetime | None) -> list[Pod]:
    """Sort pods: higher priority first, then who started earlier.

    Without a start time a pod started now, and upstream looks at the clock at each comparison anew, for the later of two pods first. So of
    two such pods the one that came later is the more important (as long as there are at most twelve: Go sorts longer lists otherwise).
    """

    def key(place: int) -> tuple[int, datetime, int]:
        pod = pods[place]
        return -pod.priority, _started(pod, now), place if pod.status.start_time else -place

    return [pods[place] for place in sorted(range(len(pods)), key=key)]


def _split_by_budget(pods: Sequence[Pod], budgets: Sequence[tuple[PodDisruptionBudget, Selector]]) -> tuple[list[Pod], list[Pod]]:
    """Split pods into those whose deletion would violate a budget, counting in the given order, and the others."""
    left = [budget.status.disruptions_allowed for budget, _ in budgets]
    violating: list[Pod] = []
    others: list[Pod] = []
    for pod in pods:
        violates = False
        for index, (budget, selector) in enumerate(budgets):
            same = budget.metadata.namespace == pod.metadata.namespace
            if not (pod.metadata.labels and same and selector.matches(pod.metadata.labels)):
                continue
            if pod.metadata.name in budget.status.disrupted_pods:
                continue
            left[index] -= 1
            violates |= left[index] < 0
        (violating if violates else others).append(pod)
    return violating, others


def _budgets(cluster: Cluster) -> list[tuple[PodDisruptionBudget, Selector]]:
    """The budgets whose selector is valid and not empty."""
    budgets = []
    for budget in cluster.catalog.list("PodDisruptionBudget"):
        try:
            selector = compile_label_selector(budget.spec.selector)
        except SelectorError:
            continue
        if not selector.nothing and not selector.is_empty:
            budgets.append((budget, selector))
    return budgets


def _why_ineligible(pod: Pod, failed: FailedCycle) -> str | None:
    if pod.spec.preemption_policy == "Never":
        return "not eligible due to preemptionPolicy=Never."
    row = failed.cluster.row_of(pod.status.nominated_node_name) if pod.status.nominated_node_name else None
    if row is None or _status_on(failed, row).code is Code.UNRESOLVABLE:
        return None
    for other in failed.cluster.pods_on(row).values():
        if other.priority < pod.priority and other.is_terminating and _preempted(other):
            return "not eligible due to a terminating pod on the nominated node."
    return None


def _status_on(failed: FailedCycle, row: int) -> Status:
    return failed.status(row) if failed.pre_filter_rejection is None else failed.pre_filter_rejection[1]


def _preempted(pod: Pod) -> bool:
    for condition in pod.status.conditions:
        if condition.type == "DisruptionTarget":
            return condition.status == "True" and condition.reason == "PreemptionByScheduler"
    return False


def _started(pod: Pod, now: datetime | None) -> datetime:
    return pod.status.start_time or now or _LATEST


def _nothing_found(reasons: Counter[str], tried: int, nodes: int) -> str:
    """The FitError text of the dry runs: what was tried, and all other nodes."""
    counts = Counter(reasons)
    if nodes > tried:
        counts[NOT_HELPFUL] += nodes - tried
    body = ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
    return f"preemption: 0/{nodes} nodes are available: {body}."
