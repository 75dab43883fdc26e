"""PodDisruptionBudgets as kube-scheduler's preemption sees them: no rule, a reason to choose other victims.

What differs from the eviction API (`binpack.optimal.migration.budgets`): an empty selector has no pods, a pod that the API server is
evicting already is charged no more, and one pod may be charged to several budgets.
Source: plugins/defaultpreemption/default_preemption.go (filterPodsWithPDBViolation), v1.35. A budget without a status, as in a manifest
that was never applied, allows what the disruption controller would write; kube-scheduler would read 0 until it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from binpack.model.pod import Pod
from binpack.model.policy import PodDisruptionBudget
from binpack.optimal.migration.budgets import Allowance, allowances

_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class PreemptionBudget:
    """A budget, and the names of its pods that are being evicted already."""

    allowance: Allowance
    disrupted: frozenset[str]

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return self.allowance.key

    @property
    def allowed(self) -> int:
        """How many of its pods may go."""
        return self.allowance.allowed

    def charges(self, pod: Pod) -> bool:
        """Whether evicting a pod takes from what the budget allows."""
        return bool(pod.metadata.labels) and self.allowance.counts(pod) and pod.metadata.name not in self.disrupted


def preemption_budgets(budgets: Iterable[PodDisruptionBudget], pods: Iterable[Pod]) -> tuple[PreemptionBudget, ...]:
    """Read the budgets of a cluster, in the order of their names."""
    everything = tuple(budgets)
    disrupted = {f"{one.metadata.namespace}/{one.metadata.name}": frozenset(one.status.disrupted_pods) for one in everything}
    return tuple(PreemptionBudget(one, disrupted[one.key]) for one in allowances(everything, pods) if not one.selector.is_empty)


def by_importance(pods: Iterable[Pod]) -> list[Pod]:
    """The most important first: by priority, then who started earlier."""
    return sorted(pods, key=lambda pod: (-pod.priority, pod.status.start_time or _LATEST, pod.key))


def broken_budgets(pods: Iterable[Pod], budgets: Sequence[PreemptionBudget]) -> int:
    """Pods whose eviction goes beyond what some budget of theirs allows, the most important charged first."""
    left = [budget.allowed for budget in budgets]
    count = 0
    for pod in by_importance(pods):
        broken = False
        for number, budget in enumerate(budgets):
            if budget.charges(pod):
                left[number] -= 1
                broken |= left[number] < 0
        count += broken
    return count
