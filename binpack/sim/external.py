"""What users, operators and hardware do to a cluster: each event of a timeline, carried out on the store or on a machine.

Source: kubectl apply, delete, scale, cordon; what the API server keeps on an update (the strategies below pkg/registry, v1.35).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from binpack.control.apiserver.errors import ApiError, NotFoundError
from binpack.control.apiserver.resources import ApiObject, Unstructured, is_namespaced, resource_of
from binpack.control.apiserver.scale import set_scale
from binpack.control.apiserver.store import Store
from binpack.control.node.configuration import pull_bandwidth
from binpack.control.node.kubelet import Kubelets
from binpack.control.node.workload_model import DURATION, model_of
from binpack.errors import ManifestError
from binpack.model.base import replace
from binpack.model.decode import from_plain
from binpack.model.kinds import KINDS
from binpack.model.meta import ObjectMeta
from binpack.model.node import Node
from binpack.model.pod import Pod
from binpack.model.policy import Namespace
from binpack.model.workloads import CronJob, DaemonSet, Deployment, Job, ReplicaSet, StatefulSet
from binpack.sim.timeline import (
    Apply,
    Cordon,
    Delete,
    Disconnect,
    Drain,
    FailNode,
    LimitPulls,
    NodeEvent,
    Reconnect,
    RecoverNode,
    Scale,
    SetDuration,
    SetImage,
    SetLatency,
    StartComponents,
    StartKubelet,
    StopComponents,
    StopKubelet,
    TimelineEvent,
)
from binpack.units import US_PER_S

_KUBERNETES_TAINTS = "node.kubernetes.io/"


def carry_out(event: TimelineEvent, store: Store, kubelets: Kubelets) -> None:
    """Let one event of a timeline happen now.

    Raises
    ------
    ManifestError
        If it cannot: an object that is refused, a node or workload that is not there. To delete what is gone already is no error.
    """
    try:
        _carry_out(event, store, kubelets)
    except ApiError as error:
        raise ManifestError(f"at {event.time_us / US_PER_S:g} s of the timeline, {type(event).__name__}: {error}") from None


def object_of(value: ApiObject | Mapping[str, Any], *, place: str) -> ApiObject:
    """Turn a manifest into an object; an object stays as it is.

    Raises
    ------
    ManifestError
        If it is no manifest of its kind.
    """
    if not isinstance(value, Mapping):
        return value
    api_version, kind = value.get("apiVersion"), value.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str):
        raise ManifestError(f"{place}: apiVersion {api_version!r} and kind {kind!r} (accepted: two strings)")
    known = KINDS.get((api_version, kind))
    if known is not None:
        return from_plain(dict(value), known, place=place)
    meta = from_plain(dict(value.get("metadata") or {}), ObjectMeta, place=f"{place}, metadata")
    rest = {key: one for key, one in value.items() if key not in ("apiVersion", "kind", "metadata", "spec", "status")}
    return Unstructured(api_version, kind, meta, value.get("spec"), value.get("status"), rest)


def check_annotations(value: ApiObject) -> None:
    """Read the annotations of a pod, or of the template of a workload, that say how long it runs, and those of a node.

    Raises
    ------
    ManifestError
        If one of them cannot be understood.
    """
    name = f"{value.kind} {value.metadata.namespace or 'default'}/{value.metadata.name or value.metadata.generate_name}"
    if isinstance(value, Pod):
        model_of(value.metadata.annotations, name)
    elif isinstance(value, Node):
        pull_bandwidth(value, 0)
    elif isinstance(value, Deployment | ReplicaSet | StatefulSet | DaemonSet | Job):
        model_of(value.spec.template.metadata.annotations, f"{name}, spec.template")
    elif isinstance(value, CronJob):
        model_of(value.spec.job_template.spec.template.metadata.annotations, f"{name}, spec.jobTemplate.spec.template")


def _carry_out(event: TimelineEvent, store: Store, kubelets: Kubelets) -> None:
    match event:
        case Apply():
            apply(object_of(event.object, place="a manifest of the timeline"), store, is_whole=event.is_whole)
        case Delete():
            with suppress(NotFoundError):
                store.delete(event.kind, event.name, event.namespace, propagation="Background")
        case SetDuration():
            pod = store.find(Pod, event.name, event.namespace)
            if pod is not None:
                annotations = {**pod.metadata.annotations, DURATION: f"{event.duration_us}us"}
                store.update(replace(pod, metadata=replace(pod.metadata, annotations=annotations)))
        case Scale():
            _scale(event, store)
        case Cordon():
            node = store.get(Node, event.name)
            store.update(replace(node, spec=replace(node.spec, unschedulable=event.unschedulable)))
        case SetImage():
            _set_image(event, store)
        case LimitPulls():
            kubelets.limit_pulls(event.bytes_per_second, event.nodes)
        case Drain() | SetLatency() | StopComponents() | StartComponents():
            raise TypeError("binpack.sim.drain carries out drains, binpack.sim.components what happens to components")
        case _:
            _to_machine(event, store, kubelets)


def _to_machine(event: NodeEvent, store: Store, kubelets: Kubelets) -> None:
    store.get(Node, event.name)
    match event:
        case FailNode():
            kubelets.fail(event.name)
        case RecoverNode():
            kubelets.recover(event.name)
        case StopKubelet():
            kubelets.stop_kubelet(event.name)
        case StartKubelet():
            kubelets.start_kubelet(event.name)
        case Disconnect():
            kubelets.disconnect(event.name)
        case Reconnect():
            kubelets.reconnect(event.name)


def apply(value: ApiObject, store: Store, *, is_whole: bool = False) -> ApiObject:
    """Create an object, or bring the one that is there to it. A namespace that nobody made is made first.

    A whole object takes the place of the one that is there: labels that it has not are removed.
    """
    check_annotations(value)
    resource = resource_of(value)
    namespace = (value.metadata.namespace or "default") if is_namespaced(resource) else ""
    if namespace and store.find(Namespace, namespace) is None:
        store.create(Namespace(metadata=ObjectMeta(name=namespace)))
    current = store.find(resource, value.metadata.name, namespace)
    if is_whole and isinstance(current, Pod) and current.is_terminating:
        # Whoever writes a whole pod where one of its name is on its way out has seen that one gone.
        store.delete(Pod, current.metadata.name, namespace, grace_seconds=0)
        current = store.find(resource, value.metadata.name, namespace)
    if current is None:
        return store.create(value)
    updated = store.update(_merged(value, current, is_whole=is_whole))
    if isinstance(value, Node) and isinstance(updated, Node) and value.status.capacity:
        # A machine of another size. What its kubelet reports besides stays.
        sizes = store.admission.default(value).status
        status = replace(updated.status, capacity=sizes.capacity, allocatable=sizes.allocatable)
        return store.update_status(replace(updated, status=status))
    return updated


def _merged(new: ApiObject, current: ApiObject, *, is_whole: bool) -> ApiObject:
    """Return the present object with what a manifest says anew; what the manifest cannot know or may not change stays."""
    meta = replace(
        current.metadata,
        labels={**({} if is_whole else current.metadata.labels), **new.metadata.labels},
        annotations={**current.metadata.annotations, **new.metadata.annotations},
        resource_version="",
    )
    merged = replace(new, metadata=meta)
    match merged, current:
        case Pod(), Pod():
            # Of a pod's spec nearly nothing may change, and the node that it was bound to is in it.
            return replace(merged, spec=current.spec)
        case Job(), Job():
            return replace(merged, spec=replace(merged.spec, selector=current.spec.selector, template=current.spec.template))
        case Node(), Node():
            kept = [taint for taint in current.spec.taints if taint.key.startswith(_KUBERNETES_TAINTS)]
            mine = [taint for taint in merged.spec.taints if not taint.key.startswith(_KUBERNETES_TAINTS)]
            return replace(merged, spec=replace(merged.spec, taints=(*mine, *kept)))
        case _:
            return merged


def _scale(event: Scale, store: Store) -> None:
    if event.kind in ("Deployment", "ReplicaSet", "StatefulSet"):
        set_scale(store, event.kind, event.name, event.namespace, event.replicas)
        return
    value = store.get(event.kind, event.name, event.namespace)
    if not isinstance(value, Job):
        raise ManifestError(f"Scale: {event.kind} {event.name} (accepted: a Deployment, a ReplicaSet, a StatefulSet or a Job)")
    store.update(replace(value, spec=replace(value.spec, parallelism=event.replicas)))


def _set_image(event: SetImage, store: Store) -> None:
    value = store.get(event.kind, event.name, event.namespace)
    if not isinstance(value, Deployment | StatefulSet | DaemonSet):
        raise ManifestError(f"SetImage: {event.kind} {event.name} (accepted: a Deployment, a StatefulSet or a DaemonSet)")
    template = value.spec.template
    names = [one.name for one in (*template.spec.containers, *template.spec.init_containers)]
    if event.container not in names:
        at_s, what = event.time_us / US_PER_S, f'{event.kind} {event.name}: no container "{event.container}"'
        raise ManifestError(f"at {at_s:g} s of the timeline, SetImage: {what} (accepted: {', '.join(names)})")
    containers, init_containers = (
        tuple(replace(one, image=event.image) if one.name == event.container else one for one in listed)
        for listed in (template.spec.containers, template.spec.init_containers)
    )
    spec = replace(template.spec, containers=containers, init_containers=init_containers)
    store.update(replace(value, spec=replace(value.spec, template=replace(template, spec=spec))))
