"""PodDisruptionBudgets as a plan has to keep them: who is in which, and how many of its pods may be gone at once.

Source: pkg/registry/core/pod/storage/eviction.go and pkg/controller/disruption/disruption.go, v1.35. What the controller wrote into the
status counts; a budget without a status, as in a manifest that was never applied, is worked out from its specification and its pods.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from binpack.model.int_or_percent import scaled
from binpack.model.pod import Pod
from binpack.model.policy import PodDisruptionBudget
from binpack.model.selectors import Selector, SelectorError, compile_label_selector


@dataclass(frozen=True)
class Allowance:
    """One budget: its key, whose pods it counts, and how many of them may be disrupted now."""

    key: str
    namespace: str
    selector: Selector
    allowed: int

    def counts(self, pod: Pod) -> bool:
        """Whether a pod is one of the budget's."""
        return pod.metadata.namespace == self.namespace and self.selector.matches(pod.metadata.labels)


def allowances(budgets: Iterable[PodDisruptionBudget], pods: Iterable[Pod]) -> tuple[Allowance, ...]:
    """Read the budgets of a cluster, in the order of their names; one whose selector cannot be read, or is null, has no pods."""
    found = []
    running = [pod for pod in pods if not pod.is_terminal and not pod.is_terminating]
    for budget in sorted(budgets, key=lambda one: (one.metadata.namespace, one.metadata.name)):
        if budget.spec.selector is None:
            continue
        try:
            selector = compile_label_selector(budget.spec.selector)
        except SelectorError:
            continue
        key = f"{budget.metadata.namespace}/{budget.metadata.name}"
        without = Allowance(key, budget.metadata.namespace, selector, 0)
        members = sum(without.counts(pod) for pod in running)
        found.append(Allowance(key, budget.metadata.namespace, selector, _allowed(budget, members)))
    return tuple(found)


def _allowed(budget: PodDisruptionBudget, members: int) -> int:
    status, spec = budget.status, budget.spec
    if status.expected_pods or status.observed_generation or status.conditions:
        return max(0, status.disruptions_allowed)
    if spec.max_unavailable is not None:
        return max(0, min(members, _resolved(spec.max_unavailable, members)))
    return max(0, members - _resolved(spec.min_available if spec.min_available is not None else 0, members))


def _resolved(value: int | str, members: int) -> int:
    """A number, or a percentage of the pods, rounded up for both fields as the controller does; what is neither allows nothing."""
    try:
        return scaled(value, members, "up")
    except ValueError:
        return 0
