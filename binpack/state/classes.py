"""Pod classes: pods that no configured plugin can tell apart. All compiled work is done once a class.

Labels count only as far as some selector reads them, else a StatefulSet's pod names would make every pod a class of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from binpack.model.base import encoded, replace
from binpack.model.devices import device_key
from binpack.model.meta import ObjectMeta, controller_of
from binpack.model.pod import Affinity, Pod, PodSpec
from binpack.model.requests import fit_requests, fit_score_requests, nonzero_requests, placed_requests
from binpack.model.volumes import Volume
from binpack.state.ports import HostPort, host_ports


def _owner(pod: Pod) -> Hashable:
    reference = controller_of(pod.metadata)
    return None if reference is None else (reference.api_version, reference.kind, reference.name)


def _requests(pod: Pod) -> Hashable:
    spec = pod.spec
    resized = [(s.name, s.resources, s.allocated_resources) for s in pod.status.container_statuses if s.resources is not None]
    resized += [(s.name, s.resources, s.allocated_resources) for s in pod.status.init_container_statuses if s.resources is not None]
    containers = [(c.name if resized else "", c.resources, c.restart_policy) for c in (*spec.init_containers, *spec.containers)]
    pending = next((c.reason for c in pod.status.conditions if c.type == "PodResizePending"), "") if resized else ""
    return encoded((len(spec.init_containers), containers, spec.resources, spec.overhead, resized, pending))


def _images(pod: Pod) -> Hashable:
    return tuple(c.image for c in (*pod.spec.init_containers, *pod.spec.containers))


def _volumes(pod: Pod) -> Hashable:
    # Of most volumes (a service account's token, a ConfigMap) no plugin reads anything; their generated names would part all pods.
    read = [volume for volume in pod.spec.volumes if volume != Volume(name=volume.name)]
    if not read:
        return None
    # The claim of a generic ephemeral volume is named after the pod: no two pods share it.
    has_own_claim = any(volume.ephemeral is not None for volume in read)
    return encoded(read), pod.metadata.name if has_own_claim else ""


FEATURES: dict[str, Callable[[Pod], Hashable]] = {
    "namespace": lambda pod: pod.metadata.namespace,
    "requests": _requests,
    "tolerations": lambda pod: pod.spec.tolerations,
    "nodeSelector": lambda pod: tuple(sorted(pod.spec.node_selector.items())),
    "affinity": lambda pod: None if pod.spec.affinity is None else encoded(pod.spec.affinity),
    "topologySpreadConstraints": lambda pod: (
        encoded(pod.spec.topology_spread_constraints) if pod.spec.topology_spread_constraints else None
    ),
    "hostPorts": host_ports,
    "images": _images,
    "volumes": _volumes,
    "resourceClaims": lambda pod: pod.spec.resource_claims,
    "devices": device_key,
    "owner": _owner,
    "priority": lambda pod: (pod.priority, pod.spec.preemption_policy),
    "terminating": lambda pod: pod.is_terminating,
    "schedulingGates": lambda pod: pod.spec.scheduling_gates,
    "schedulerName": lambda pod: pod.spec.scheduler_name,
}
"""What a plugin may name in its `class_key`, beside `labels` and `annotations:KEY`; each reads one aspect of a pod."""

_ANNOTATION = "annotations:"
_MAX_SPECS = 1 << 14


@dataclass(frozen=True, slots=True, eq=False)
class PodClass:
    """What all pods of a class have in common.

    Parameters
    ----------
    id : int
        Small and dense; the order in which classes were met.
    labels : dict[str, str]
        Only the labels that some selector reads.
    requests : dict[str, int]
        What the Fit filter asks for (milli-cores, bytes, units).
    score_requests : dict[str, int]
        What the Fit score counts.
    placed : dict[str, int]
        What a pod on a node adds to the node's `requested`.
    nonzero : tuple[int, int]
        Milli-cores and bytes added to the node's `nonzero requested`.
    example : Pod
        The first pod met of this class.
    """

    id: int
    namespace: str
    labels: dict[str, str]
    terminating: bool
    priority: int
    affinity: Affinity | None
    host_ports: tuple[HostPort, ...]
    requests: dict[str, int]
    score_requests: dict[str, int]
    placed: dict[str, int]
    nonzero: tuple[int, int]
    example: Pod


class PodClasses:
    """Sorts pods into classes.

    Parameters
    ----------
    features : iterable of str
        Names out of `FEATURES` (or `annotations:KEY`) that tell pods apart; all of `FEATURES` by default.
    """

    def __init__(self, features: Iterable[str] = tuple(FEATURES)) -> None:
        # Whatever the plugins read, a placed pod's namespace, requests, ports and state of deletion are always accounted for.
        names = dict.fromkeys((*features, "namespace", "requests", "hostPorts", "terminating", "priority", "affinity"))
        self._features = tuple(_feature(name) for name in names if name != "labels")
        self._reads_annotations = any(name.startswith(_ANNOTATION) for name in names)
        self._by_key: dict[Hashable, PodClass] = {}
        # By the spec's identity, which pods of one template share; the spec is kept, lest another takes its address.
        self._by_spec: dict[Hashable, tuple[PodSpec, PodClass]] = {}
        # By the spec's identity alone: the last pod of that template whose class was found by its key.
        self._last: dict[int, tuple[PodSpec, ObjectMeta, PodClass]] = {}
        self._label_order: tuple[str, ...] = ()
        self.label_keys: frozenset[str] = frozenset()
        self.all: list[PodClass] = []

    def of(self, pod: Pod) -> PodClass:
        """Return a pod's class, making it if it is the first of its kind."""
        meta, spec, status = pod.metadata, pod.spec, pod.status
        has_statuses = status.container_statuses or status.init_container_statuses
        if self._reads_annotations or spec.volumes or (has_statuses and _is_resized(pod)):
            return self._find(pod)
        own = meta.labels
        key = (
            id(spec),
            device_key(pod) if meta.annotations else None,
            meta.namespace,
            meta.deletion_timestamp is None,
            _owner(pod) if meta.owner_references else None,
            *[own.get(label) for label in self._label_order],
        )
        known = self._by_spec.get(key)
        if known is not None:
            return known[1]
        found = self._find(pod)
        if len(self._by_spec) >= _MAX_SPECS:
            self._by_spec.clear()
        self._by_spec[key] = (spec, found)
        return found

    def of_all(self, pods: Sequence[Pod]) -> list[PodClass]:
        """Return the classes of many pods: those of one template share their spec, labels and owners, which a glance tells."""
        found: list[PodClass] = []
        add, last = found.append, self._last
        for pod in pods:
            meta, spec, status = pod.metadata, pod.spec, pod.status
            known = last.get(id(spec))
            if known is not None:
                _, before, pod_class = known
                if (
                    meta.labels is before.labels
                    and meta.owner_references is before.owner_references
                    and meta.namespace == before.namespace
                    and meta.deletion_timestamp is before.deletion_timestamp
                    and not meta.annotations
                    and not status.container_statuses
                    and not status.init_container_statuses
                ):
                    add(pod_class)
                    continue
            pod_class = self.of(pod)
            add(pod_class)
            if not (meta.annotations or spec.volumes or status.container_statuses or status.init_container_statuses):
                if len(last) >= _MAX_SPECS:
                    last.clear()
                last[id(spec)] = (spec, meta, pod_class)
        return found

    def _find(self, pod: Pod) -> PodClass:
        labels = {key: value for key, value in pod.metadata.labels.items() if key in self.label_keys}
        key = (tuple(sorted(labels.items())), *(feature(pod) for feature in self._features))
        found = self._by_key.get(key)
        if found is None:
            found = self._by_key[key] = self._make(pod, labels)
            self.all.append(found)
        return found

    def read_labels(self, keys: frozenset[str]) -> bool:
        """Let further label keys tell pods apart. True if that is new, and classes of present pods have to be found again."""
        if keys <= self.label_keys:
            return False
        self.label_keys |= keys
        self._label_order = tuple(sorted(self.label_keys))
        self._by_spec.clear()
        self._last.clear()
        return True

    def _make(self, pod: Pod, labels: dict[str, str]) -> PodClass:
        return PodClass(
            id=len(self.all),
            namespace=pod.metadata.namespace,
            labels=labels,
            terminating=pod.is_terminating,
            priority=pod.priority,
            affinity=pod.spec.affinity,
            host_ports=host_ports(pod),
            requests=fit_requests(pod),
            score_requests=fit_score_requests(pod),
            placed=placed_requests(pod),
            nonzero=nonzero_requests(pod),
            example=pod,
        )


def is_surely_of_class(pod: Pod, other: Pod) -> bool:
    """Tell quickly, and perhaps too cautiously, whether a pod is of another's class wherever either is: most updates of bound pods."""
    meta, before = pod.metadata, other.metadata
    return (
        (pod.spec is other.spec or pod.spec == replace(other.spec, node_name=pod.spec.node_name))
        and (meta.labels is before.labels or meta.labels == before.labels)
        and (meta.annotations is before.annotations or meta.annotations == before.annotations)
        and meta.owner_references == before.owner_references
        and (meta.name, meta.namespace) == (before.name, before.namespace)
        and pod.is_terminating == other.is_terminating
        and not _is_resized(pod)
        and not _is_resized(other)
    )


def _is_resized(pod: Pod) -> bool:
    status = pod.status
    return any(one.resources is not None for statuses in (status.container_statuses, status.init_container_statuses) for one in statuses)


def _feature(name: str) -> Callable[[Pod], Hashable]:
    if name.startswith(_ANNOTATION):
        key = name.removeprefix(_ANNOTATION)
        return lambda pod: pod.metadata.annotations.get(key)
    return FEATURES[name]
