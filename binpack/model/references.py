"""What objects refer to and the input lacks, as far as it may change a decision. One warning a kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from binpack.model.admission import SYSTEM_PRIORITIES
from binpack.model.kinds import CLUSTER_SCOPED, KubernetesObject
from binpack.model.meta import LabelSelector, controller_of
from binpack.model.pod import Affinity, Pod, PodAffinity, PodAffinityTerm
from binpack.model.storage import PersistentVolumeClaim

_EXAMPLES = 3
_SPREAD_OWNERS = ("ReplicaSet", "StatefulSet", "ReplicationController")


def missing_references(objects: Iterable[KubernetesObject], *, evictions: bool = False) -> list[str]:
    """List what a dump refers to and does not contain: nodes, claims, volumes, classes, namespaces, owners, budgets.

    Parameters
    ----------
    objects : iterable of KubernetesObject
        All that the input has.
    evictions : bool
        Whether pods may be evicted: then the lack of any PodDisruptionBudget is worth a line, too.

    Returns
    -------
    list[str]
        A line a kind: how many, the first few, and what cannot be known without them.
    """
    known = _Known(objects)
    found = [
        _warning("node", "pods are bound to", _nodes(known), "those pods take no room anywhere"),
        _warning("persistentvolumeclaim", "pods use", _claims(known), "such pods cannot be scheduled"),
        _warning("persistentvolume", "claims are bound to", _volumes(known), "such pods cannot be scheduled"),
        _warning("storageclass", "unbound claims name", _storage_classes(known), "such pods cannot be scheduled"),
        _warning("priorityclass", "pods without a number name", _priority_classes(known), "their priority is taken as 0"),
        _warning("runtimeclass", "pods name", _runtime_classes(known), "their overhead is taken as none"),
        _warning("namespace", "namespace selectors may select", _namespaces(known), "they are taken to have no labels"),
        _warning("owner", "pending pods belong to", _owners(known), "they are not spread by default"),
    ]
    lines = [line for line in found if line]
    if evictions and not known.has("PodDisruptionBudget") and known.pods:
        lines.append("no poddisruptionbudgets in the input: evictions are taken to be unlimited")
    return lines


class _Known:
    """The input, indexed."""

    def __init__(self, objects: Iterable[KubernetesObject]) -> None:
        self._keys: set[tuple[str, str, str]] = set()
        self._kinds: set[str] = set()
        self.pods: list[Pod] = []
        self.claims: list[PersistentVolumeClaim] = []
        for value in objects:
            namespace = "" if value.kind in CLUSTER_SCOPED else value.metadata.namespace
            self._keys.add((value.kind, namespace, value.metadata.name))
            self._kinds.add(value.kind)
            if isinstance(value, Pod) and not value.is_terminal:
                self.pods.append(value)
            elif isinstance(value, PersistentVolumeClaim):
                self.claims.append(value)

    def has(self, kind: str) -> bool:
        return kind in self._kinds

    def lacks(self, kind: str, name: str, namespace: str = "") -> bool:
        return (kind, namespace, name) not in self._keys


def _warning(kind: str, who: str, names: Iterator[str], consequence: str) -> str:
    missing = list(dict.fromkeys(names))
    if not missing:
        return ""
    more = ", …" if len(missing) > _EXAMPLES else ""
    plural = f"{kind}es" if kind.endswith("ss") else f"{kind}s"
    word, verb = (kind, "is") if len(missing) == 1 else (plural, "are")
    return f"{len(missing)} {word} that {who} {verb} not in the input ({', '.join(missing[:_EXAMPLES])}{more}): {consequence}"


def _nodes(known: _Known) -> Iterator[str]:
    for pod in known.pods:
        if pod.spec.node_name and known.lacks("Node", pod.spec.node_name):
            yield pod.spec.node_name


def _claims(known: _Known) -> Iterator[str]:
    for pod in known.pods:
        namespace = pod.metadata.namespace
        for volume in pod.spec.volumes:
            source = volume.persistent_volume_claim
            if source is not None and known.lacks("PersistentVolumeClaim", source.claim_name, namespace):
                yield f"{namespace}/{source.claim_name}"


def _volumes(known: _Known) -> Iterator[str]:
    for claim in known.claims:
        if claim.spec.volume_name and known.lacks("PersistentVolume", claim.spec.volume_name):
            yield claim.spec.volume_name


def _storage_classes(known: _Known) -> Iterator[str]:
    for claim in known.claims:
        name = claim.spec.storage_class_name
        if name and not claim.spec.volume_name and known.lacks("StorageClass", name):
            yield name


def _priority_classes(known: _Known) -> Iterator[str]:
    for pod in known.pods:
        name = pod.spec.priority_class_name
        if name and pod.spec.priority is None and name not in SYSTEM_PRIORITIES and known.lacks("PriorityClass", name):
            yield name


def _runtime_classes(known: _Known) -> Iterator[str]:
    for pod in known.pods:
        name = pod.spec.runtime_class_name
        if name and not pod.spec.overhead and known.lacks("RuntimeClass", name):
            yield name


def _namespaces(known: _Known) -> Iterator[str]:
    """Only a selector that looks at labels needs the objects."""
    if any(_reads_labels(term.namespace_selector) for pod in known.pods for term in _terms(pod.spec.affinity)):
        for pod in known.pods:
            if known.lacks("Namespace", pod.metadata.namespace):
                yield pod.metadata.namespace


def _owners(known: _Known) -> Iterator[str]:
    """A pod without spread constraints of its own is spread by its owner's selector."""
    for pod in known.pods:
        owner = controller_of(pod.metadata)
        if owner is None or owner.kind not in _SPREAD_OWNERS or pod.spec.node_name or pod.spec.topology_spread_constraints:
            continue
        if known.lacks(owner.kind, owner.name, pod.metadata.namespace):
            yield f"{owner.kind} {pod.metadata.namespace}/{owner.name}"


def _reads_labels(selector: LabelSelector | None) -> bool:
    return selector is not None and bool(selector.match_labels or selector.match_expressions)


def _terms(affinity: Affinity | None) -> Iterator[PodAffinityTerm]:
    if affinity is None:
        return
    for terms in (affinity.pod_affinity, affinity.pod_anti_affinity):
        yield from _of(terms)


def _of(terms: PodAffinity | None) -> Iterator[PodAffinityTerm]:
    if terms is None:
        return
    yield from terms.required_during_scheduling_ignored_during_execution
    for weighted in terms.preferred_during_scheduling_ignored_during_execution:
        yield weighted.pod_affinity_term
