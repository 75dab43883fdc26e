"""Which pods a plan may evict: those that something recreates, that lose no data with their node, and that a budget can spare.

Source: cluster-autoscaler simulator/drainability/rules, as of Kubernetes v1.35: `safe-to-evict: "true"` overrides the rule about
controllers; budgets without a disruption to spare, and pods in more than one budget (which the eviction API refuses), hold their pods.
"""

from __future__ import annotations

from collections.abc import Sequence

from binpack.model.meta import controller_of
from binpack.model.pod import Pod
from binpack.optimal.migration.budgets import Allowance
from binpack.optimal.mobility import PROTECTING, SAFE_TO_EVICT, is_daemon, is_static
from binpack.state.cluster import Cluster


def held_pods(cluster: Cluster, budgets: Sequence[Allowance], *, bare_pods_move: bool) -> dict[str, str]:
    """Return why each pod that is held where it is may not be evicted, by key; its node cannot be freed.

    Pods of DaemonSets, static pods and pods that are being deleted are not listed: they stay as well, but hold no node.
    """
    reasons = {}
    for pod, _ in cluster.pods():
        if is_daemon(pod) or is_static(pod) or pod.is_terminating:
            continue
        reason = _why_held(pod, budgets, bare_pods_move=bare_pods_move)
        if reason is not None:
            reasons[pod.key] = reason
    return reasons


def _why_held(pod: Pod, budgets: Sequence[Allowance], *, bare_pods_move: bool) -> str | None:
    for key, value in PROTECTING:
        if pod.metadata.annotations.get(key) == value:
            return f"{key}: {value}"
    safe = pod.metadata.annotations.get(SAFE_TO_EVICT) == "true"
    if controller_of(pod.metadata) is None and not bare_pods_move and not safe:
        return "no controller would recreate it"
    matching = [budget for budget in budgets if budget.counts(pod)]
    if len(matching) > 1:
        return f"in more than one PodDisruptionBudget: {', '.join(budget.key for budget in matching)}"
    if matching and matching[0].allowed == 0:
        return f"PodDisruptionBudget {matching[0].key} allows no disruption"
    return None
