"""Cases of the ReplicaSet controller, and of the rankings by which controllers choose pods to delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from binpack.conformance.cases.builders import NOW_US, running_pod
from binpack.control.controllers.pods import compare_active, compare_for_deletion, in_order, slow_start_batches
from binpack.control.controllers.replicaset import pods_to_delete


def _deletion_less(given: Mapping[str, Any]) -> dict[str, Any]:
    first, second = running_pod(given["first"]), running_pod(given["second"])
    ranks = {"first_rank": given["first"].get("rank") or 0, "second_rank": given["second"].get("rank") or 0}
    swapped = {"first_rank": ranks["second_rank"], "second_rank": ranks["first_rank"]}
    # A tie is broken by uid here and left open upstream: pods of a case that names no uids are told apart by nothing.
    return {
        "less": compare_for_deletion(first, second, NOW_US, **ranks) < 0,
        "reverse": compare_for_deletion(second, first, NOW_US, **swapped) < 0,
    }


def _pods_to_delete(given: Mapping[str, Any]) -> dict[str, Any]:
    pods = [running_pod(one) for one in given["pods"]]
    related = given.get("related")
    others = [running_pod(one) for one in related] if isinstance(related, list) else pods
    return {"delete": [pod.metadata.name for pod in pods_to_delete(tuple(pods), others, given["count"], NOW_US)]}


def _slow_start(given: Mapping[str, Any]) -> dict[str, Any]:
    calls = successes = 0
    for batch in slow_start_batches(range(given["count"]), initial=given["initialBatchSize"]):
        succeeded = min(len(batch), max(given["callsThatSucceed"] - calls, 0))
        calls += len(batch)
        successes += succeeded
        if succeeded < len(batch):
            return {"successes": successes, "error": True, "calls": calls}
    return {"successes": successes, "error": False, "calls": calls}


def _active_order(given: Mapping[str, Any]) -> dict[str, Any]:
    pods = [running_pod(one) for one in given["pods"]]
    # Rotations and the reverse stand for all permutations.
    orders = [in_order([*pods[start:], *pods[:start]], compare_active) for start in range(len(pods))]
    orders.append(in_order(pods[::-1], compare_active))
    names = [[pod.metadata.name for pod in order] for order in orders]
    return {"order": names[0] if all(one == names[0] for one in names) else names}


RULES = {
    "deletion_less": _deletion_less,
    "pods_to_delete": _pods_to_delete,
    "slow_start": _slow_start,
    "active_order": _active_order,
}
