"""Deployments, ReplicaSets and Jobs that have no pods yet, turned into the pods that their controllers would create.

Nothing is imitated here: the controllers run against a store until they are quiet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from binpack.control.apiserver.identity import Identities
from binpack.control.apiserver.resources import ApiObject
from binpack.control.apiserver.store import Store
from binpack.control.clock import Clock
from binpack.control.controller_manager import WORKLOAD_CONTROLLERS, start
from binpack.control.plane import ControlPlane
from binpack.control.records import EventSink
from binpack.errors import ManifestError
from binpack.model.base import replace
from binpack.model.kinds import KubernetesObject
from binpack.model.meta import controller_of
from binpack.model.pod import Pod
from binpack.model.policy import PriorityClass, RuntimeClass
from binpack.model.workloads import Deployment, Job, ReplicaSet

_OWNERS = (Deployment, ReplicaSet, Job)
_READ_BY_ADMISSION = (PriorityClass, RuntimeClass)


@dataclass(frozen=True, slots=True)
class Expansion:
    """What the controllers created.

    Parameters
    ----------
    pods : tuple of Pod
        Pending, defaulted and admitted, in the order of their owners, without a creation time.
    replica_sets : tuple of ReplicaSet
        Of the Deployments. The scheduler reads them: it spreads the pods of one by default.
    """

    pods: tuple[Pod, ...]
    replica_sets: tuple[ReplicaSet, ...]


def expand_workloads(objects: Iterable[KubernetesObject], *, generator: np.random.Generator | None = None) -> tuple[Pod, ...]:
    """Return the pods of all Deployments, ReplicaSets and Jobs among the objects that own nothing yet. See `expand`."""
    return expand(objects, generator=generator).pods


def expand(objects: Iterable[KubernetesObject], *, generator: np.random.Generator | None = None) -> Expansion:
    """Let the controllers create what all Deployments, ReplicaSets and Jobs among the objects lack that own nothing yet.

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
    store = Store(clock, Identities(generator if generator is not None else np.random.Generator(np.random.PCG64(0))))
    for value in everything:
        if isinstance(value, _READ_BY_ADMISSION):
            store.load(value)
    created = []
    for value in everything:
        meta = value.metadata
        is_new = isinstance(value, _OWNERS) and _identity(meta.namespace, value.kind, meta.name) not in owned
        if is_new and meta.deletion_timestamp is None:
            created.append(store.create(value))
    sink = EventSink()
    ControlPlane(store, start(WORKLOAD_CONTROLLERS, store, sink)).settle()
    for event in sink.recorded:
        if event.type == "Warning":
            raise ManifestError(f"{event.kind} {event.namespace}/{event.name}: {event.message}")
    positions = {owner.metadata.uid: position for position, owner in enumerate(created)}
    ordered = sorted(store.scan(Pod), key=lambda pod: positions[_root_uid(pod, store)])
    given = {_identity(value.metadata.namespace, value.kind, value.metadata.name) for value in created}
    replica_sets = [one for one in store.scan(ReplicaSet) if _identity(one.metadata.namespace, one.kind, one.metadata.name) not in given]
    return Expansion(tuple(_timeless(pod) for pod in ordered), tuple(_timeless(one) for one in replica_sets))


T = TypeVar("T", Pod, ReplicaSet)


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
