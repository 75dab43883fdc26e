"""Cases of StatefulSets and DaemonSets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from binpack.conformance.cases.builders import requirements, toleration
from binpack.conformance.cases.node_lifecycle import new_store
from binpack.control.apiserver.store import Store
from binpack.control.controller_manager import start
from binpack.control.controllers.daemonset import DaemonSetController
from binpack.control.controllers.daemonset.managing import update_limits
from binpack.control.controllers.daemonset.nodes import fitness, with_daemon_tolerations
from binpack.control.controllers.statefulset import StatefulSetController
from binpack.control.controllers.statefulset.identity import ordinal_of, parent_and_ordinal
from binpack.control.controllers.statefulset.walking import max_unavailable
from binpack.control.plane import ControlPlane
from binpack.control.records import EventSink
from binpack.control.runtime import ControllerRuntime
from binpack.model.base import from_builtins, replace
from binpack.model.meta import Condition, LabelSelector, ObjectMeta
from binpack.model.node import Node, NodeSpec, Taint
from binpack.model.pod import (
    Affinity,
    Container,
    ContainerPort,
    NodeAffinity,
    NodeSelector,
    NodeSelectorTerm,
    Pod,
    PodSpec,
    PodTemplateSpec,
)
from binpack.model.workloads import (
    DaemonSet,
    DaemonSetSpec,
    RollingUpdate,
    StatefulSet,
    StatefulSetSpec,
    WorkloadUpdateStrategy,
)

NAMESPACE = "ns"
_SELECTOR = LabelSelector(match_labels={"app": "x"})
_MAX_SYNCS = 1000


def _template(image: str) -> PodTemplateSpec:
    return PodTemplateSpec(ObjectMeta(labels={"app": "x"}), PodSpec(containers=(Container(name="c", image=image),)))


class _Immediate(Store):
    """A store in which a deleted object is gone at once."""

    def delete(self, kind: Any, name: str, namespace: str = "", **options: Any) -> Any:
        """Delete without a grace period."""
        return super().delete(kind, name, namespace, **{**options, "grace_seconds": 0})


def _immediate() -> Store:
    plain = new_store()
    return _Immediate(plain.clock, plain.identities, plain.admission)


def _make_ready(store: Store, *, bind: bool) -> None:
    for pod in store.scan(Pod):
        if bind and not pod.spec.node_name:
            pod = store.bind(pod, "node")
        ready = Condition("Ready", "True", last_transition_time=store.clock.timestamp)
        store.update_status(replace(pod, status=replace(pod.status, phase="Running", conditions=(ready,))))


def _max_unavailable(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"maxUnavailable": max_unavailable(given.get("maxUnavailable"), given["replicas"])}


def _parent_and_ordinal(given: Mapping[str, Any]) -> dict[str, Any]:
    parent, ordinal = parent_and_ordinal(given["podName"])
    return {"parent": parent, "ordinal": ordinal}


def _statefulset_rollout(given: Mapping[str, Any]) -> dict[str, Any]:
    store = _immediate()
    plane = ControlPlane(store, start((StatefulSetController,), store, EventSink()))
    kind = given.get("strategy") or "RollingUpdate"
    partition = RollingUpdate(partition=given.get("partition") or 0)
    strategy = WorkloadUpdateStrategy(kind, partition if kind != "OnDelete" else None)
    spec = StatefulSetSpec(
        replicas=given["replicas"],
        selector=_SELECTOR,
        template=_template("old"),
        pod_management_policy=given.get("podManagementPolicy") or "",
        update_strategy=strategy,
    )
    made = store.create(StatefulSet(metadata=ObjectMeta(name="foo", namespace=NAMESPACE), spec=spec))
    _settle(store, plane)
    then = given.get("then") or {}
    changed = replace(made.spec, replicas=then.get("replicas", given["replicas"]), template=_template(then.get("template", "old")))
    current = store.get(StatefulSet, "foo", NAMESPACE)
    store.update(replace(current, spec=changed))
    _settle(store, plane)
    pods = sorted(store.scan(Pod), key=ordinal_of)
    return {"templates": [pod.spec.containers[0].image for pod in pods]}


def _settle(store: Store, plane: ControlPlane) -> None:
    """Let the controller act, and every pod be Ready as soon as it is there, until nothing changes."""
    for _ in range(_MAX_SYNCS):
        before = store.revision
        plane.settle()
        _make_ready(store, bind=True)
        if store.revision == before:
            return
    raise ValueError("the rollout does not come to an end")


def _should_run(given: Mapping[str, Any]) -> dict[str, Any]:
    fields, template = given["node"], given["template"]
    node = Node(
        metadata=ObjectMeta(name=fields["name"], labels=fields.get("labels") or {}),
        spec=NodeSpec(
            unschedulable=bool(fields.get("unschedulable")), taints=tuple(from_builtins(one, Taint) for one in fields.get("taints") or ())
        ),
    )
    terms = template.get("nodeAffinityRequired")
    affinity = None
    if terms is not None:
        required = NodeSelector(tuple(from_builtins(one, NodeSelectorTerm) for one in terms))
        affinity = Affinity(node_affinity=NodeAffinity(required_during_scheduling_ignored_during_execution=required))
    ports = tuple(ContainerPort(host_port=port) for port in template.get("hostPorts") or ())
    spec = PodSpec(
        containers=(Container(name="c", ports=ports, resources=requirements({"requests": template.get("requests")})),),
        node_name=template.get("nodeName") or "",
        node_selector=template.get("nodeSelector") or {},
        affinity=affinity,
        host_network=bool(template.get("hostNetwork")),
        tolerations=tuple(toleration(one) for one in template.get("tolerations") or ()),
    )
    found = fitness(with_daemon_tolerations(spec), node)
    return {"shouldRun": found.should_run, "shouldContinueRunning": found.should_continue}


def _update_counts(given: Mapping[str, Any]) -> dict[str, Any]:
    limits = update_limits(given.get("maxSurge"), given.get("maxUnavailable"), given["desiredNumberScheduled"])
    return {"maxSurge": limits.surge, "maxUnavailable": limits.unavailable}


def _daemon_rollout(given: Mapping[str, Any]) -> dict[str, Any]:
    """Play the steps, and count at each sync what comes and goes."""
    store = _immediate()
    runtime = ControllerRuntime(DaemonSetController(), store, EventSink())
    names = [f"node-{number}" for number in range(given["nodes"])]
    for name in names:
        store.load(Node(metadata=ObjectMeta(name=name)))
    meta = ObjectMeta(name="foo", namespace=NAMESPACE)
    store.create(DaemonSet(metadata=meta, spec=DaemonSetSpec(selector=_SELECTOR, template=_template("v1"))))
    _sync(store, runtime)
    for pod, name in zip(store.scan(Pod), names, strict=True):
        store.bind(pod, name)
    syncs: list[dict[str, int]] = []
    versions = 1
    for step in given["steps"]:
        match step["do"]:
            case "all pods become Ready":
                _make_ready(store, bind=False)
            case "template changes":
                versions += 1
                _change(store, f"v{versions}", step)
                if versions == 2:
                    for name in names[: given.get("nodesNoLongerDesired") or 0]:
                        node = store.get(Node, name)
                        store.update(replace(node, spec=NodeSpec(taints=(Taint(key="k", effect="NoSchedule"),))))
            case change if "template" not in change and {"maxSurge", "maxUnavailable"} & step.keys():
                _change(store, f"v{versions}", step)
            case "sync":
                syncs.append(_sync(store, runtime))
            case other:
                raise ValueError(f'step "{other}" is not known')
    return {"syncs": syncs}


def _change(store: Store, image: str, step: Mapping[str, Any]) -> None:
    current = store.get(DaemonSet, "foo", NAMESPACE)
    rolling = RollingUpdate(max_surge=step.get("maxSurge"), max_unavailable=step.get("maxUnavailable"))
    strategy = WorkloadUpdateStrategy("RollingUpdate", rolling)
    store.update(replace(current, spec=replace(current.spec, template=_template(image), update_strategy=strategy)))


def _sync(store: Store, runtime: ControllerRuntime) -> dict[str, int]:
    """Sync once, after everything that was written has been seen."""
    before = {pod.metadata.uid for pod in store.scan(Pod)}
    revision = store.revision
    runtime.queue.add(f"{NAMESPACE}/foo")
    runtime.work()
    for event in store.watch(revision):
        runtime.observe(event)
    after = {pod.metadata.uid for pod in store.scan(Pod)}
    return {"created": len(after - before), "deleted": len(before - after)}


STATEFUL_SET_RULES = {
    "max_unavailable": _max_unavailable,
    "parent_and_ordinal": _parent_and_ordinal,
    "statefulset_rollout": _statefulset_rollout,
}
DAEMON_SET_RULES = {
    "daemon_should_run": _should_run,
    "daemon_update_counts": _update_counts,
    "daemon_rollout": _daemon_rollout,
}
