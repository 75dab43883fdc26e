"""Namespaces from their creation to the last thing in them: what may be made in one, and what deleting one means.

Deleting a namespace only marks it. The namespace controller then removes what is in it and takes its own finalizer off, which is a field
of the spec and not of the metadata; that removes the namespace.
Source: apiserver pkg/admission/plugin/namespace/lifecycle; pkg/registry/core/namespace (strategy.go, storage/storage.go), v1.35.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from binpack.control.apiserver.errors import ForbiddenError, NotFoundError
from binpack.control.apiserver.resources import ApiObject, qualified_plural
from binpack.control.clock import timestamp_of
from binpack.model.base import replace
from binpack.model.policy import Namespace, NamespaceStatus

if TYPE_CHECKING:
    from binpack.control.apiserver.store import Store

FINALIZER = "kubernetes"
ACTIVE, TERMINATING = "Active", "Terminating"
NAMESPACE_TERMINATING = "NamespaceTerminating"

IMMORTAL = frozenset({"default", "kube-system", "kube-public"})
"""Namespaces that may not be deleted."""
SYSTEM = IMMORTAL | {"kube-node-lease"}
"""Namespaces that an API server makes when it starts; here they are there without an object."""


def check_create(new: ApiObject, resource: str, namespace: str, store: Store) -> None:
    """Refuse an object in a namespace that is not there, or that is going.

    Raises
    ------
    NotFoundError, ForbiddenError
    """
    found = store.find(Namespace, namespace)
    if found is None:
        if namespace not in SYSTEM:
            raise NotFoundError("namespaces", namespace)
    elif found.status.phase == TERMINATING:
        name = new.metadata.name or new.metadata.generate_name
        raise ForbiddenError(
            f'{qualified_plural(resource)} "{name}" is forbidden: '
            f"unable to create new content in namespace {namespace} because it is being terminated",
            cause_type=NAMESPACE_TERMINATING,
            cause=f"namespace {namespace} is being terminated",
        )


def check_delete(name: str) -> None:
    """Refuse to delete a namespace that every cluster needs.

    Raises
    ------
    ForbiddenError
    """
    if name in IMMORTAL:
        raise ForbiddenError(f'namespaces "{name}" is forbidden: this namespace may not be deleted')


def prepared(namespace: Namespace) -> Namespace:
    """Return a new namespace as it is stored: active, and held by the namespace controller's finalizer."""
    return held(replace(namespace, status=NamespaceStatus(phase=ACTIVE)))


def held(namespace: Namespace) -> Namespace:
    """Return a namespace that is not going with the namespace controller's finalizer."""
    finalizers = namespace.spec.finalizers
    if FINALIZER in finalizers or namespace.metadata.deletion_timestamp is not None:
        return namespace
    return replace(namespace, spec=replace(namespace.spec, finalizers=(*finalizers, FINALIZER)))


def marked(namespace: Namespace, now_us: int) -> Namespace:
    """Return a namespace as the first DELETE leaves it: going, with everything in it still there."""
    meta = replace(namespace.metadata, deletion_timestamp=timestamp_of(now_us))
    return replace(namespace, metadata=meta, status=replace(namespace.status, phase=TERMINATING))
