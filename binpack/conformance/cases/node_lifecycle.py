"""Cases of node lifecycle, taint eviction and pod garbage collection."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from binpack.conformance.cases.builders import NOW, toleration
from binpack.control.actions import Actions, Delete, UpdateStatus
from binpack.control.apiserver.admission import Admission
from binpack.control.apiserver.identity import Identities
from binpack.control.apiserver.store import Store
from binpack.control.clock import Clock
from binpack.control.controllers.ended_pods import EndedPods
from binpack.control.controllers.node_lifecycle.zones import zone_state
from binpack.control.controllers.pod_gc import PodGarbageCollector, PodGarbageMemory
from binpack.control.controllers.taint_eviction import FOREVER, TaintEvictionController, shortest
from binpack.model.base import replace
from binpack.model.meta import Condition, ObjectMeta
from binpack.model.node import Node, NodeSpec, NodeStatus, Taint
from binpack.model.pod import Pod, PodSpec, PodStatus
from binpack.sim.streams import stream
from binpack.units import US_PER_S

WITHIN_US = 10 * US_PER_S
"""A pod counts as deleted if it is within this time."""


def new_store() -> Store:
    """Return an empty store that takes objects reduced to what a case is about."""
    return Store(Clock(), Identities(stream(0, "apiserver")), Admission(validates=False))


def _zone_state(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"states": {name: zone_state(zone["ready"], zone["notReady"]) for name, zone in given["zones"].items()}}


def _min_toleration(given: Mapping[str, Any]) -> dict[str, Any]:
    seconds = shortest(list(given["tolerationSeconds"]))
    return {"seconds": -1 if seconds == FOREVER else seconds}


def _taints(given: object) -> tuple[Taint, ...]:
    if not isinstance(given, list):
        return ()
    parts = [text.partition("=") for text in given]
    return tuple(Taint(key=key, value=value, effect="NoExecute") for key, _, value in parts)


def _taint_eviction(given: Mapping[str, Any]) -> dict[str, Any]:
    """Let the controller see the former taints and tolerations, if a case has them, and then the present ones."""
    store, controller = new_store(), TaintEvictionController()
    memory, due_us, marked = controller.new_memory(), None, False
    node = store.load(Node(metadata=ObjectMeta(name="node"), spec=NodeSpec(taints=_taints(given["noExecuteTaints"]))))
    bound = given.get("nodeName", "node")
    pod = store.load(Pod(metadata=ObjectMeta(name="pod", namespace="ns"), spec=PodSpec(node_name=bound)))
    stages = [(given.get("previousTaints"), given.get("previousTolerations")), (None, None)]
    for taints, tolerations in stages if any(one is not None for one in stages[0]) else stages[1:]:
        present = given["noExecuteTaints"] if taints is None else taints
        wanted = given["tolerations"] if tolerations is None else tolerations
        node = store.update(replace(node, spec=NodeSpec(taints=_taints(present))))
        pod = store.update(replace(pod, spec=replace(pod.spec, tolerations=tuple(toleration(one) for one in wanted))))
        plan = controller.reconcile(pod.key, store, memory, 0)
        deletes, marked = any(isinstance(one, Delete) for one in _writes(plan)), _marks(plan)
        due_us = 0 if deletes else plan.requeue_after_us
    answer: dict[str, Any] = {"deleted": due_us is not None and due_us <= WITHIN_US}
    if due_us is not None:
        answer["deleteAfterSeconds"] = due_us / US_PER_S
    if marked:
        answer["condition"] = "DisruptionTarget"
    return answer


def _writes(plan: Actions) -> list[Any]:
    return [write for stage in plan.stages for write in stage]


def _marks(plan: Actions) -> bool:
    marks = (one.object.status.conditions for one in _writes(plan) if isinstance(one, UpdateStatus) and isinstance(one.object, Pod))
    return any(condition.type == "DisruptionTarget" for conditions in marks for condition in conditions)


def _pod(given: Mapping[str, Any]) -> Pod:
    meta = ObjectMeta(
        name=given["name"],
        namespace="ns",
        creation_timestamp=NOW + timedelta(seconds=given.get("createdOrder") or 0),
        deletion_timestamp=NOW if given.get("terminating") else None,
    )
    status = PodStatus(phase=given.get("phase") or "", reason=given.get("reason") or "")
    return Pod(metadata=meta, spec=PodSpec(node_name=given.get("nodeName") or ""), status=status)


def _gc_terminated(given: Mapping[str, Any]) -> dict[str, Any]:
    ended = EndedPods()
    for pod in (_pod(one) for one in given["pods"]):
        if pod.is_terminal:
            ended.put(pod)
    return {"deleted": {key.partition("/")[2] for key in ended.surplus(given["threshold"])}}


def _deleted(plan: Actions) -> set[str]:
    return {one.object.metadata.name for one in _writes(plan) if isinstance(one, Delete)}


def _failed(plan: Actions) -> set[str]:
    changed = [one.object for one in _writes(plan) if isinstance(one, UpdateStatus)]
    return {one.metadata.name for one in changed if isinstance(one, Pod) and one.status.phase == "Failed"}


def _gc_pass(controller: PodGarbageCollector, store: Store, memory: PodGarbageMemory, now_us: int) -> Actions:
    """Let the collector see all that has happened, and make a pass."""
    for event in store.watch(0):
        list(controller.observe(event, store, memory, now_us))
    return controller.reconcile("pass", store, memory, now_us)


def _gc_terminating(given: Mapping[str, Any]) -> dict[str, Any]:
    store, controller = new_store(), PodGarbageCollector()
    taints = (Taint(key=given["taint"], effect=given.get("effect") or ""),) if given.get("taint") else ()
    status = NodeStatus(conditions=(Condition("Ready", given["nodeReady"]),))
    store.load(Node(metadata=ObjectMeta(name="node"), spec=NodeSpec(taints=taints), status=status))
    store.load(_pod({"name": "pod", "nodeName": "node", **given}))
    plan = _gc_pass(controller, store, controller.new_memory(), 0)
    return {"deleted": bool(_deleted(plan)), "phaseSetToFailed": bool(_failed(plan))}


def _gc_orphaned(given: Mapping[str, Any]) -> dict[str, Any]:
    store, controller = new_store(), PodGarbageCollector()
    memory = controller.new_memory()
    for name in given["nodes"]:
        store.load(Node(metadata=ObjectMeta(name=name)))
    for one in given["pods"]:
        store.load(_pod(one))
    first = _gc_pass(controller, store, memory, 0)
    for name in given.get("nodesAddedBeforeSecondPass") or ():
        store.load(Node(metadata=ObjectMeta(name=name)))
    for name in given.get("nodesDeletedBeforeSecondPass") or ():
        store.delete(Node, name)
    second = _gc_pass(controller, store, memory, int(given["secondsBetweenPasses"] * US_PER_S))
    return {"firstPass": _deleted(first), "secondPass": _deleted(second), "phaseSetToFailed": _failed(first) | _failed(second)}


RULES = {
    "zone_state": _zone_state,
    "min_toleration": _min_toleration,
    "taint_eviction": _taint_eviction,
    "gc_terminated": _gc_terminated,
    "gc_terminating": _gc_terminating,
    "gc_orphaned": _gc_orphaned,
}
