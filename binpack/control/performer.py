"""Performs the writes of one sync on the store, and tells what became of each."""

from __future__ import annotations

from typing import Protocol, TypeVar

from binpack.control.actions import Create, Delete, EditMetadata, Finalize, Outcome, Update, UpdateStatus, Write
from binpack.control.apiserver.deletion import PropagationPolicy
from binpack.control.apiserver.errors import ApiError, ConflictError, NotFoundError
from binpack.control.apiserver.resources import ApiObject, is_namespaced, qualified_plural, resource_key, resource_of
from binpack.control.clock import Clock
from binpack.control.records import EventSink
from binpack.model.base import replace
from binpack.model.meta import OwnerReference
from binpack.model.policy import Namespace

T = TypeVar("T", bound=ApiObject)


class Writer(Protocol):
    """What a controller's writes go to: the store, or what stands in for it."""

    @property
    def clock(self) -> Clock:
        """The run's clock."""

    def find(self, kind: str, name: str, namespace: str = "") -> ApiObject | None:
        """Return one object as it is stored, or None."""

    def create(self, new: ApiObject) -> ApiObject:
        """Store a new object."""

    def update(self, changed: ApiObject) -> ApiObject:
        """Replace an object's spec and metadata."""

    def update_status(self, changed: ApiObject) -> ApiObject:
        """Replace an object's status."""

    def delete(
        self,
        kind: str,
        name: str,
        namespace: str = "",
        *,
        uid: str = "",
        grace_seconds: int | None = None,
        propagation: PropagationPolicy | None = None,
    ) -> ApiObject:
        """Delete an object."""

    def finalize(self, namespace: Namespace) -> Namespace:
        """Replace a namespace's finalizers."""


class Performer:
    """Performs the writes of one sync. A later write to an object builds on the earlier one's resourceVersion.

    Parameters
    ----------
    store : Writer
    sink : EventSink
    component : str
        In whose name Events are sent.
    """

    def __init__(self, store: Writer, sink: EventSink, component: str) -> None:
        self._store = store
        self._sink = sink
        self._component = component
        self._superseded: dict[tuple[str, str], str] = {}

    def attempt(self, write: Write) -> Outcome:
        """Perform one write."""
        try:
            result = self._write(write)
        except ApiError as error:
            return Outcome(write, None, error)
        if write.record is not None:
            self._sink.record(self._store.clock.now_us, self._component, write.record)
        return Outcome(write, result)

    def _write(self, write: Write) -> ApiObject:
        match write:
            case Create():
                return self._store.create(write.object)
            case Update():
                return self._noted(write.object, self._store.update(self._latest(write.object)))
            case UpdateStatus():
                return self._noted(write.object, self._store.update_status(self._latest(write.object)))
            case Delete():
                meta = write.object.metadata
                return self._store.delete(
                    resource_of(write.object),
                    meta.name,
                    meta.namespace,
                    uid=meta.uid,
                    grace_seconds=write.grace_seconds,
                    propagation=write.propagation,
                )
            case EditMetadata():
                return self._noted(write.object, self._store.update(self._edited(write)))
            case Finalize():
                return self._noted(write.object, self._store.finalize(self._latest(write.object)))

    def _latest(self, changed: T) -> T:
        meta = changed.metadata
        version = self._superseded.get((meta.uid, meta.resource_version))
        return changed if version is None else replace(changed, metadata=replace(meta, resource_version=version))

    def _noted(self, changed: ApiObject, result: ApiObject) -> ApiObject:
        self._superseded[(changed.metadata.uid, changed.metadata.resource_version)] = result.metadata.resource_version
        return result

    def _edited(self, write: EditMetadata) -> ApiObject:
        read = write.object.metadata
        resource = resource_of(write.object)
        current = self._store.find(resource, read.name, read.namespace)
        if current is None:
            raise NotFoundError(qualified_plural(resource), read.name)
        meta = current.metadata
        owners, finalizers = meta.owner_references, meta.finalizers
        if write.release:
            owners = tuple(owner for owner in owners if owner.uid != write.release)
        if write.adopt is not None:
            self._check_owner(write.adopt, read.namespace)
            owners = (*(owner for owner in owners if owner.uid != write.adopt.uid), write.adopt)
        if write.add_finalizer and write.add_finalizer not in finalizers:
            finalizers = (*finalizers, write.add_finalizer)
        if write.drop_finalizer:
            finalizers = tuple(one for one in finalizers if one != write.drop_finalizer)
        # The uid that was read stays as the precondition; the resourceVersion is the present one, as in a patch.
        return replace(current, metadata=replace(meta, uid=read.uid, owner_references=owners, finalizers=finalizers))

    def _check_owner(self, reference: OwnerReference, namespace: str) -> None:
        """Look the owner up where it is stored: what the controller read of it may be out of date."""
        resource = resource_key(reference.api_version, reference.kind)
        owner = self._store.find(resource, reference.name, namespace if is_namespaced(resource) else "")
        if owner is None or owner.metadata.uid != reference.uid:
            found = "nothing" if owner is None else owner.metadata.uid
            why = f"original {reference.kind} {namespace}/{reference.name} is gone: got {found}, wanted {reference.uid}"
            raise ConflictError(qualified_plural(resource), reference.name, why)
        if owner.metadata.deletion_timestamp is not None:
            raise ConflictError(qualified_plural(resource), reference.name, f"{namespace}/{reference.name} has just been deleted")
