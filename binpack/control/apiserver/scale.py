"""The subresource `scale`: how many pods an owner wants and has, in one form for all kinds.

Source: pkg/registry/apps/{deployment,replicaset,statefulset}/storage/storage.go (ScaleREST), v1.35.
"""

from __future__ import annotations

from dataclasses import dataclass

from binpack.control.apiserver.errors import InvalidError, NotFoundError
from binpack.control.apiserver.resources import qualified_plural
from binpack.control.apiserver.store import Store
from binpack.control.apiserver.tables import resource_named
from binpack.model.base import replace
from binpack.model.meta import LabelSelector
from binpack.model.workloads import Deployment, ReplicaSet, StatefulSet

Scalable = Deployment | ReplicaSet | StatefulSet


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale of one owner.

    Parameters
    ----------
    name, namespace, uid, resource_version : str
        Of the owner.
    replicas : int
        How many pods it wants.
    current_replicas : int
        How many it has, as its status says.
    selector : LabelSelector or None
        Which pods are its own.
    """

    name: str
    namespace: str
    uid: str
    resource_version: str
    replicas: int
    current_replicas: int
    selector: LabelSelector | None


def scale_of(store: Store, kind: type[Scalable] | str, name: str, namespace: str) -> Scale:
    """Return the scale of a Deployment, a ReplicaSet or a StatefulSet.

    Raises
    ------
    NotFoundError
        If there is no such object, or its kind has no scale.
    """
    owner = _scalable(store, kind, name, namespace)
    meta = owner.metadata
    replicas = owner.spec.replicas if owner.spec.replicas is not None else 1
    return Scale(name, namespace, meta.uid, meta.resource_version, replicas, owner.status.replicas, owner.spec.selector)


def set_scale(store: Store, kind: type[Scalable] | str, name: str, namespace: str, replicas: int, *, resource_version: str = "") -> Scale:
    """Set how many pods an owner wants; nothing else of it changes.

    Parameters
    ----------
    store : Store
    kind : type or str
    name, namespace : str
    replicas : int
    resource_version : str
        A precondition, if not empty.

    Raises
    ------
    NotFoundError, ConflictError, InvalidError
    """
    if replicas < 0:
        why = f"spec.replicas: Invalid value: {replicas}: must be greater than or equal to 0"
        raise InvalidError("Scale.autoscaling", name, why)
    owner = _scalable(store, kind, name, namespace)
    meta = replace(owner.metadata, resource_version=resource_version)
    store.update(replace(owner, metadata=meta, spec=replace(owner.spec, replicas=replicas)))
    return scale_of(store, kind, name, namespace)


def _scalable(store: Store, kind: type[Scalable] | str, name: str, namespace: str) -> Scalable:
    resource = resource_named(kind)
    owner = store.get(resource, name, namespace)
    if not isinstance(owner, Scalable):
        raise NotFoundError(f"{qualified_plural(resource)}/scale", name)
    return owner
