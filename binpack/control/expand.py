"""Workloads that have no pods yet, turned into the pods that their controllers would create.

Nothing is imitated here: the controllers run against a store until they are quiet. Only what a kubelet would report is made up for the
pods of StatefulSets, of which the next is created when the last one is Ready.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import numpy as np

from binpack.control.apiserver.admission import Admission
from binpack.control.apiserver.identity import Identities
from binpack.control.apiserver.resources import ApiObject
from binpack.control.apiserver.store import Store
from binpack.control.clock import EPOCH, Clock
from binpack.control.conditions import is_ready
from binpack.control.controller_manager import WORKLOAD_CONTROLLERS, start
from binpack.control.plane import ControlPlane
from binpack.control.records import EventSink
from binpack.errors import ManifestError
from binpack.model.base import replace
from binpack.model.kinds import KubernetesObject
from binpack.model.meta import Condition, ObjectMeta, controller_of
from binpack.model.node import Node
from binpack.model.pod import Pod, PodStatus
from binpack.model.policy import Namespace, PriorityClass, RuntimeClass
from binpack.model.storage import PersistentVolumeClaim
from binpack.model.workloads import DaemonSet, Deployment, Job, ReplicaSet, StatefulSet

OWNERS = (Deployment, ReplicaSet, Job, StatefulSet, DaemonSet)
"""The kinds that are expanded. A CronJob has no pods before its time comes."""

_READ = (PriorityClass, RuntimeClass, Node, PersistentVolumeClaim)
_LONG_READY = Condition("Ready", "True", last_transition_time=EPOCH - timedelta(days=10_000))

T = TypeVar("T", bound=KubernetesObject)


@dataclass(frozen=True, slots=True)
class Expansion:
    """What the controllers created.

    Parameters
    ----------
    pods : tuple of Pod
        Pending, defaulted and admitted, in the order of their owners, without a creation time.
    replica_sets : tuple of ReplicaSet
        Of the Deployments. The scheduler reads them: it spreads the pods of one by default.
    claims : tuple of PersistentVolumeClaim
        Of the StatefulSets.
    """

    pods: tuple[Pod, ...]
    replica_sets: tuple[ReplicaSet, ...]
    claims: tuple[PersistentVolumeClaim, ...]


def expand_workloads(objects: Iterable[KubernetesObject], *, generator: np.random.Generator | None = None) -> tuple[Pod, ...]:
    """Return the pods of all workloads among the objects that own nothing yet. See `expand`."""
    return expand(objects, generator=generator).pods


def expand(objects: Iterable[KubernetesObject], *, generator: np.random.Generator | None = None) -> Expansion:
    """Let the controllers create what all workloads among the objects lack that own nothing yet.

    Parameters
    ----------
    objects : iterable of objects
        Of a cluster, or of a directory of manifests. A Deployment with a ReplicaSet, or an owner with a pod, is left alone.
    generator : numpy.random.Generator, optional
        Where the random parts of the pods' names come from; a generator with seed 0 by default.

    Returns
    -------
    Expansion

    Raises
    ------
    ManifestError
        If a pod is refused, for example because its priority class does not exist.
    ApiError
        If two of the owners have the same name.
    """
    everything = list(objects)
    owned = {_identity(value.metadata.namespace, *owner) for value in everything if (owner := _owner(value)) is not None}
    clock = Clock()
    identities = Identities(generator if generator is not None else np.random.Generator(np.random.PCG64(0)))
    # What is wrong with a manifest is said where it is read; here a namespace need not be among the objects.
    store = Store(clock, identities, Admission(validates=False))
    for value in everything:
        if isinstance(value, _READ):
            store.load(value)
    created = []
    for value in everything:
        meta = value.metadata
        is_new = isinstance(value, OWNERS) and _identity(meta.namespace, value.kind, meta.name) not in owned
        if is_new and meta.deletion_timestamp is None:
            _make_namespace(meta.namespace, store)
            created.append(store.create(_without_unknown_owners(value)))
    sink = EventSink()
    plane = ControlPlane(store, start(WORKLOAD_CONTROLLERS, store, sink, strict=True))
    plane.settle()
    while _let_members_be_ready(store):
        plane.settle()
    for event in sink.recorded:
        if event.type == "Warning":
            raise ManifestError(f"{event.kind} {event.namespace}/{event.name}: {event.message}")
    positions = {owner.metadata.uid: position for position, owner in enumerate(created)}
    ordered = sorted(store.scan(Pod), key=lambda pod: positions[_root_uid(pod, store)])
    given = {_identity(value.metadata.namespace, value.kind, value.metadata.name) for value in everything}
    replica_sets = [one for one in store.scan(ReplicaSet) if _identity(one.metadata.namespace, one.kind, one.metadata.name) not in given]
    claims = [
        one for one in store.scan(PersistentVolumeClaim) if _identity(one.metadata.namespace, one.kind, one.metadata.name) not in given
    ]
    return Expansion(
        tuple(_timeless(_pending(pod)) for pod in ordered),
        tuple(_timeless(one) for one in replica_sets),
        tuple(_timeless(one) for one in claims),
    )


def _make_namespace(name: str, store: Store) -> None:
    if name and store.find(Namespace, name) is None:
        store.load(Namespace(metadata=ObjectMeta(name=name)))


def _without_unknown_owners(value: T) -> T:
    """Drop references to owners that are known by name only, as in a manifest that was cut out of a dump."""
    meta = value.metadata
    known = tuple(one for one in meta.owner_references if one.uid)
    return value if known == meta.owner_references else replace(value, metadata=replace(meta, owner_references=known))


def _let_members_be_ready(store: Store) -> bool:
    """Report all pods of StatefulSets as Ready that are not, and tell whether there were any."""
    found = False
    for stateful_set in store.scan(StatefulSet):
        for pod in store.dependents(Pod, stateful_set.metadata.uid):
            if not is_ready(pod):
                store.update_status(replace(pod, status=replace(pod.status, phase="Running", conditions=(_LONG_READY,))))
                found = True
    return found


def _pending(pod: Pod) -> Pod:
    return replace(pod, status=PodStatus(phase="Pending", qos_class=pod.status.qos_class))


def _timeless(value: T) -> T:
    return replace(value, metadata=replace(value.metadata, creation_timestamp=None, resource_version=""))


def _root_uid(pod: Pod, store: Store) -> str:
    """Return the uid of the object at the top of a pod's owners."""
    value: ApiObject = pod
    while (reference := controller_of(value.metadata)) is not None and (owner := store.owner_of(reference.uid)) is not None:
        value = owner
    return value.metadata.uid


def _owner(value: KubernetesObject) -> tuple[str, str] | None:
    reference = controller_of(value.metadata)
    return None if reference is None else (reference.kind, reference.name)


def _identity(namespace: str, kind: str, name: str) -> tuple[str, str, str]:
    return namespace or "default", kind, name
