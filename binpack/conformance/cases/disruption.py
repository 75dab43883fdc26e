"""Cases of disruption budgets, and of the eviction API that asks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from binpack.conformance.cases.node_lifecycle import new_store
from binpack.control.actions import UpdateStatus
from binpack.control.apiserver.errors import ApiError, ConflictError
from binpack.control.apiserver.eviction import evict
from binpack.control.apiserver.store import Store
from binpack.control.clock import timestamp_of
from binpack.control.controllers.disruption import DisruptionController
from binpack.control.controllers.ownership import controller_reference
from binpack.model.base import from_builtins
from binpack.model.meta import Condition, LabelSelector, ObjectMeta, OwnerReference
from binpack.model.pod import Pod, PodSpec, PodStatus
from binpack.model.policy import PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus
from binpack.model.workloads import Job, ReplicaSet, ReplicaSetSpec
from binpack.units import US_PER_S

NAMESPACE = "ns"
NOW_US = 1000 * US_PER_S
_LABELS = {"a": "true"}
"""Of every pod: those of the tests that the cases come from."""


def _pod(name: str, *, ready: bool, terminating: bool = False, owner: OwnerReference | None = None, phase: str = "Running") -> Pod:
    return Pod(
        metadata=ObjectMeta(
            name=name,
            namespace=NAMESPACE,
            labels=_LABELS,
            deletion_timestamp=timestamp_of(NOW_US) if terminating else None,
            owner_references=() if owner is None else (owner,),
        ),
        spec=PodSpec(node_name="node"),
        status=PodStatus(phase=phase, conditions=(Condition("Ready", "True" if ready else "False"),)),
    )


def _load_pods(given: Mapping[str, Any], store: Store) -> None:
    for one in given.get("podsDetail") or ():
        store.load(_pod(one["name"], ready=bool(one.get("ready")), terminating=bool(one.get("terminating"))))
    owners: list[OwnerReference] = []
    for number, scale in enumerate(given.get("controllers") or ()):
        meta = ObjectMeta(name=f"c{number}", namespace=NAMESPACE)
        built = ReplicaSet(metadata=meta, spec=ReplicaSetSpec(replicas=scale)) if isinstance(scale, int) else Job(metadata=meta)
        owners.append(controller_reference(store.load(built)))
    managed = given.get("pods", 0) - given.get("unmanaged", 0)
    for number in range(given.get("pods", 0)):
        owner = owners[number % len(owners)] if owners and number < managed else None
        store.load(_pod(f"p{number}", ready=number < given.get("ready", 0), owner=owner))


def _pdb_status(given: Mapping[str, Any]) -> dict[str, Any]:
    store, controller = new_store(), DisruptionController()
    store.clock.now_us = NOW_US
    _load_pods(given, store)
    spec = PodDisruptionBudgetSpec(LabelSelector(), given.get("minAvailable"), given.get("maxUnavailable"))
    times = {name: timestamp_of(NOW_US + seconds * US_PER_S) for name, seconds in (given.get("disruptedPods") or {}).items()}
    budget = PodDisruptionBudget(
        metadata=ObjectMeta(name="foo", namespace=NAMESPACE), spec=spec, status=PodDisruptionBudgetStatus(disrupted_pods=times)
    )
    store.load(budget)
    plan = controller.reconcile(f"{NAMESPACE}/foo", store, controller.new_memory(), NOW_US)
    written = [write.object for stage in plan.stages for write in stage if isinstance(write, UpdateStatus)]
    status = written[0].status if written and isinstance(written[0], PodDisruptionBudget) else budget.status
    return {
        "disruptionsAllowed": status.disruptions_allowed,
        "currentHealthy": status.current_healthy,
        "desiredHealthy": status.desired_healthy,
        "expectedPods": status.expected_pods,
        "disruptedPods": set(status.disrupted_pods),
        "event": plan.records[-1].reason if plan.records else None,
    }


class _Changing(Store):
    """A store in which somebody changes an object just before it is deleted."""

    def delete(self, *arguments: Any, **options: Any) -> Any:
        """Refuse."""
        raise ConflictError("pods", "p")


def _eviction_outcome(given: Mapping[str, Any]) -> dict[str, Any]:
    plain = new_store()
    store = _Changing(plain.clock, plain.identities, plain.admission) if given.get("conflictOnDelete") else plain
    store.load(_pod("p", ready=bool(given.get("ready")), terminating=bool(given.get("terminating")), phase=given.get("phase") or ""))
    fields = given.get("pdb")
    for number, one in enumerate(fields if isinstance(fields, list) else [fields] if fields is not None else []):
        store.load(_budget("foo" if number == 0 else f"foo-{number}", one))
    try:
        evict(store, "p", NAMESPACE)
    except ApiError as error:
        return {"deleted": False, "code": error.code, "message": str(error), "cause": getattr(error, "cause", "")}
    return {"deleted": True}


def _budget(name: str, given: Mapping[str, Any]) -> PodDisruptionBudget:
    condition = given.get("condition")
    conditions: tuple[Condition, ...] = ()
    if condition is not None:
        kind = condition.get("type", "DisruptionAllowed")
        conditions = (Condition(kind, condition["status"], condition.get("reason", ""), condition.get("message", "")),)
    return PodDisruptionBudget(
        metadata=ObjectMeta(name=name, namespace=NAMESPACE, generation=given.get("generation") or 1),
        spec=PodDisruptionBudgetSpec(selector=_selector(given), unhealthy_pod_eviction_policy=given.get("unhealthyPodEvictionPolicy")),
        status=PodDisruptionBudgetStatus(
            observed_generation=given.get("observedGeneration", given.get("generation") or 1),
            disruptions_allowed=given.get("disruptionsAllowed") or 0,
            current_healthy=given.get("currentHealthy") or 0,
            desired_healthy=given.get("desiredHealthy") or 0,
            conditions=conditions,
        ),
    )


def _selector(given: Mapping[str, Any]) -> LabelSelector | None:
    """Read a budget's selector: everything if a case names none, nothing if it is null."""
    selector = given.get("selector", {})
    return None if selector is None else from_builtins(dict(selector), LabelSelector)


RULES = {"pdb_status": _pdb_status}
EVICTION_RULES = {"eviction_outcome": _eviction_outcome}
