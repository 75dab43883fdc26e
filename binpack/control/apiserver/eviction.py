"""The eviction subresource of a pod: a deletion that asks the disruption budgets first.

Source: pkg/registry/core/pod/storage/eviction.go, v1.35. Writes cannot collide inside one request here, so upstream's retries are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from binpack.control.apiserver.errors import ApiError, ConflictError, ForbiddenError, TooManyRequestsError
from binpack.control.clock import timestamp_of
from binpack.control.conditions import find_condition, is_ready, transitioned
from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.pod import Pod
from binpack.model.policy import PodDisruptionBudget
from binpack.model.selectors import SelectorError, compile_label_selector

if TYPE_CHECKING:
    from binpack.control.apiserver.store import Store

MAX_DISRUPTED_PODS = 2000
RETRY_SECONDS = 10
CAUSE = "DisruptionBudget"

Way = Literal["plain", "unhealthy", "charged"]
"""How a pod may go: no budget is asked; its budget does not miss it; or its budget is charged."""

_VIOLATED = "Cannot evict pod as it would violate the pod's disruption budget."


def evict(store: Store, name: str, namespace: str, *, grace_seconds: int | None = None) -> Pod:
    """Evict a pod: charge its budget, mark it as disrupted, and delete it with its grace period.

    Parameters
    ----------
    store : Store
    name, namespace : str
    grace_seconds : int, optional
        The pod's own grace period without it.

    Returns
    -------
    Pod
        As it is now, or as it was when it was removed.

    Raises
    ------
    NotFoundError, TooManyRequestsError, ForbiddenError, ApiError
    """
    pod = store.get(Pod, name, namespace)
    budgets = budgets_of(pod, store.selecting(PodDisruptionBudget, namespace, pod.metadata.labels))
    way = judge(pod, budgets)
    if way == "charged":
        store.update_status(charged(budgets[0], pod, store.clock.now_us))
    try:
        if way != "plain":
            pod = store.update_status(_marked(pod, store.clock.now_us))
        version = pod.metadata.resource_version if way == "unhealthy" else ""
        removed = store.delete(Pod, name, namespace, uid=pod.metadata.uid, resource_version=version, grace_seconds=grace_seconds)
    except ConflictError:
        if way != "unhealthy":
            raise
        raise _busy(budgets[0]) from None
    assert isinstance(removed, Pod)
    return removed


def budgets_of(pod: Pod, budgets: Sequence[PodDisruptionBudget]) -> list[PodDisruptionBudget]:
    """Return the budgets of a pod's namespace whose selector matches it; a selector that cannot be read matches nothing."""
    return [one for one in budgets if one.metadata.namespace == pod.metadata.namespace and _selects(one, pod)]


def judge(pod: Pod, budgets: Sequence[PodDisruptionBudget]) -> Way:
    """Say how a pod may go.

    Raises
    ------
    ApiError
        If more than one budget matches.
    TooManyRequestsError
        If its budget does not allow it now.
    ForbiddenError
        If its budget is broken.
    """
    if pod.is_terminal or pod.status.phase == "Pending" or pod.is_terminating:
        return "plain"
    if len(budgets) > 1:
        raise ApiError("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
    if not budgets:
        return "plain"
    budget = budgets[0]
    status = budget.status
    if not is_ready(pod):
        if budget.spec.unhealthy_pod_eviction_policy == "AlwaysAllow":
            return "unhealthy"
        if status.current_healthy >= status.desired_healthy > 0:
            return "unhealthy"
    _check(budget)
    return "charged"


def charged(budget: PodDisruptionBudget, pod: Pod, now_us: int) -> PodDisruptionBudget:
    """Take one disruption from a budget, and let it remember the pod until it is seen to go."""
    disrupted = {**budget.status.disrupted_pods, pod.metadata.name: timestamp_of(now_us)}
    allowed = budget.status.disruptions_allowed - 1
    return replace(budget, status=replace(budget.status, disruptions_allowed=allowed, disrupted_pods=disrupted))


def _check(budget: PodDisruptionBudget) -> None:
    status, name = budget.status, budget.metadata.name
    if status.observed_generation < budget.metadata.generation:
        raise _busy(budget)
    if status.disruptions_allowed < 0:
        raise ForbiddenError(f'poddisruptionbudgets.policy "{name}" is forbidden: pdb disruptions allowed is negative')
    if len(status.disrupted_pods) > MAX_DISRUPTED_PODS:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise ForbiddenError(f'poddisruptionbudgets.policy "{name}" is forbidden: {why}')
    if status.disruptions_allowed == 0:
        raise TooManyRequestsError(_VIOLATED, cause_type=CAUSE, cause=_why_none(budget))


def _why_none(budget: PodDisruptionBudget) -> str:
    status, name = budget.status, budget.metadata.name
    condition = find_condition(status.conditions, "DisruptionAllowed")
    refused = condition is not None and condition.status == "False"
    if condition is not None and refused and condition.reason == "SyncFailed":
        return f"The disruption budget {name} does not allow evicting pods currently because it failed sync: {condition.message}"
    if condition is not None and refused and status.current_healthy > status.desired_healthy:
        return f"The disruption budget {name} does not allow evicting pods currently ({condition.reason}): {condition.message}"
    return f"The disruption budget {name} needs {status.desired_healthy} healthy pods and has {status.current_healthy} currently"


def _busy(budget: PodDisruptionBudget) -> TooManyRequestsError:
    cause = f"The disruption budget {budget.metadata.name} is still being processed by the server."
    return TooManyRequestsError(_VIOLATED, cause_type=CAUSE, cause=cause, retry_seconds=RETRY_SECONDS)


def _marked(pod: Pod, now_us: int) -> Pod:
    condition = Condition("DisruptionTarget", "True", "EvictionByEvictionAPI", "Eviction API: evicting")
    return replace(
        pod, status=replace(pod.status, conditions=transitioned(pod.status.conditions, condition, timestamp_of(now_us)))
    )  # fmt: skip


def _selects(budget: PodDisruptionBudget, pod: Pod) -> bool:
    if budget.spec.selector is None:
        return False
    try:
        return compile_label_selector(budget.spec.selector).matches(pod.metadata.labels)
    except SelectorError:
        return False
