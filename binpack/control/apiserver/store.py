"""The store: every object of a cluster, one revision for every write, and the rules of kube-apiserver over etcd.

Objects are frozen and shared: a write replaces an object, a read copies nothing. The whole store is plain data; pickled and loaded
again it goes on with the same revisions, names and uids.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

from binpack.control.apiserver.admission import Admission
from binpack.control.apiserver.deletion import PropagationPolicy, finalizers_after, pod_grace_seconds, terminating
from binpack.control.apiserver.errors import AlreadyExistsError, ConflictError, InvalidError
from binpack.control.apiserver.identity import Identities
from binpack.control.apiserver.indices import Address, Indices
from binpack.control.apiserver.namespace_lifecycle import check_delete, held, marked
from binpack.control.apiserver.resources import ApiObject, is_namespaced, qualified_kind, qualified_plural, resource_of
from binpack.control.apiserver.tables import ObjectTables, resource_named
from binpack.control.apiserver.watch import History, WatchEvent, WatchEventType
from binpack.control.clock import Clock
from binpack.control.conditions import with_condition
from binpack.model.base import replace
from binpack.model.meta import Condition
from binpack.model.pod import Pod
from binpack.model.policy import Namespace

T = TypeVar("T", bound=ApiObject)

MAX_NAME_ATTEMPTS = 8
"""How many names are made up for one object until one is free. Source: apiserver registry/generic/registry/store.go, v1.35."""


class Store(ObjectTables):
    """The objects of one cluster.

    Parameters
    ----------
    clock : Clock
        Where timestamps come from.
    identities : Identities
        Where uids and generated names come from.
    admission : Admission, optional
        Defaulting and admission of new objects; the default is Kubernetes' own.

    Attributes
    ----------
    history : History
        The writes since the last compaction.
    """

    __slots__ = ("_revisions", "admission", "clock", "history", "identities")

    def __init__(self, clock: Clock, identities: Identities, admission: Admission | None = None) -> None:
        super().__init__()
        self.clock = clock
        self.identities = identities
        self.admission = admission if admission is not None else Admission()
        self.history = History()
        self._revisions: dict[str, int] = {}

    @property
    def revision(self) -> int:
        """The number of writes so far, and the resourceVersion of a list made now."""
        return self.history.revision

    def revision_of(self, resource: str) -> int:
        """The revision of the last write to a resource; 0 if there was none."""
        return self._revisions.get(resource, 0)

    def watch(self, revision: int, resources: Container[str] | None = None) -> list[WatchEvent]:
        """Return the writes after a revision, of the given resources or of all.

        Raises
        ------
        ExpiredError
            If compaction has removed some of them: list again, and watch from the list's revision.
        """
        return self.history.since(revision, resources)

    # Writes

    def create(self, new: T) -> T:
        """Store a new object: named, defaulted, admitted, with uid, creation time and generation 1.

        Raises
        ------
        AlreadyExistsError, NotFoundError, InvalidError, ForbiddenError
            NotFoundError if its namespace is not there.
        """
        resource, meta = resource_of(new), new.metadata
        if not meta.name and not meta.generate_name:
            raise InvalidError(qualified_kind(resource), "", "metadata.name: Required value: name or generateName is required")
        self.admission.check_place(new, self)
        namespace = (meta.namespace or "default") if is_namespaced(resource) else ""
        name = meta.name or self._free_name(resource, meta.generate_name, namespace)
        meta = replace(
            meta,
            name=name,
            namespace=namespace,
            uid=self.identities.uid(),
            resource_version="",
            creation_timestamp=self.clock.timestamp,
            deletion_timestamp=None,
            deletion_grace_period_seconds=None,
            generation=1 if hasattr(new, "spec") else 0,
        )
        new = self.admission.admit(replace(new, metadata=meta), self)
        if self.find(resource, name, namespace) is not None:
            raise AlreadyExistsError(qualified_plural(resource), name)
        return self._write("ADDED", (resource, namespace, name), None, new)

    def load(self, existing: T) -> T:
        """Store an object of a cluster that is there already: as it is, with its status, and not admitted again.

        Only what every stored object has is filled in where it is missing: namespace, uid, creation time, generation, and the
        defaults of its kind.

        Raises
        ------
        AlreadyExistsError, InvalidError
        """
        resource, meta = resource_of(existing), existing.metadata
        namespace = (meta.namespace or "default") if is_namespaced(resource) else ""
        if not meta.name:
            raise InvalidError(qualified_kind(resource), "", "metadata.name: Required value")
        if self.find(resource, meta.name, namespace) is not None:
            raise AlreadyExistsError(qualified_plural(resource), meta.name)
        if meta.uid and self._indices.by_uid(meta.uid) is not None:
            raise InvalidError(qualified_kind(resource), meta.name, f'metadata.uid: Duplicate value: "{meta.uid}"')
        meta = replace(
            meta,
            namespace=namespace,
            uid=meta.uid or self.identities.uid(),
            creation_timestamp=meta.creation_timestamp or self.clock.timestamp,
            generation=meta.generation or (1 if hasattr(existing, "spec") else 0),
        )
        existing = self.admission.default(replace(existing, metadata=meta))
        if isinstance(existing, Namespace):
            existing = cast(T, held(existing))
        return self._write("ADDED", (resource, namespace, meta.name), None, existing)

    def update(self, changed: T) -> T:
        """Replace an object's spec and metadata; its status stays. With a resourceVersion, only if that is still the latest.

        A new spec gets the defaults of its kind. The update that removes the last finalizer of a terminating object removes the object.

        Raises
        ------
        NotFoundError, ConflictError, InvalidError, ForbiddenError
        """
        address, current = self._current(changed)
        if isinstance(changed, Namespace) and isinstance(current, Namespace):
            # Only the subresource `finalize` changes these.
            changed = replace(changed, spec=current.spec)
        changed = self.admission.admit_update(changed, current, self)
        meta, given = current.metadata, changed.metadata
        spec_changed = getattr(changed, "spec", None) != getattr(current, "spec", None)
        meta = replace(
            meta,
            labels=given.labels,
            annotations=given.annotations,
            owner_references=given.owner_references,
            finalizers=given.finalizers,
            generation=meta.generation + 1 if spec_changed else meta.generation,
        )
        new = replace(changed, metadata=meta, **({"status": current.status} if hasattr(current, "status") else {}))
        if new == current:
            return current
        if _has_gone(new):
            return self._remove(address, new)
        return self._write("MODIFIED", address, current, new)

    def finalize(self, namespace: Namespace) -> Namespace:
        """Replace a namespace's `spec.finalizers` (subresource `finalize`); taking the last off a terminating one removes it.

        Raises
        ------
        NotFoundError, ConflictError
        """
        address, current = self._current(namespace)
        assert isinstance(current, Namespace)
        new = replace(current, spec=namespace.spec)
        if new == current:
            return current
        return self._remove(address, new) if _has_gone(new) else self._write("MODIFIED", address, current, new)

    def update_status(self, changed: T) -> T:
        """Replace an object's status; everything else stays. With a resourceVersion, only if that is still the latest.

        Raises
        ------
        NotFoundError, ConflictError
        """
        address, current = self._current(changed)
        if current.status == changed.status:  # type: ignore[union-attr]
            return current
        return self._write("MODIFIED", address, current, replace(current, status=changed.status))  # type: ignore[union-attr]

    def bind(self, pod: Pod, node_name: str) -> Pod:
        """Bind a pod to a node (subresource `binding`), which also sets its condition PodScheduled and ends its nomination.

        Raises
        ------
        NotFoundError, ConflictError
            ConflictError if the pod is bound already, is terminating, or is another one of the same name.
        """
        meta = pod.metadata
        address, current = ("Pod", meta.namespace, meta.name), self.get(Pod, meta.name, meta.namespace)
        if meta.uid:
            self._check_uid(address, meta.uid, current)
        if current.spec.node_name:
            raise ConflictError(
                "pods/binding", pod.metadata.name, f"pod {current.metadata.name} is already assigned to node {current.spec.node_name!r}"
            )
        if current.is_terminating:
            raise ConflictError(
                "pods/binding", pod.metadata.name, f"pod {current.metadata.name} is being deleted, cannot be assigned to a host"
            )
        condition = Condition(type="PodScheduled", status="True", last_transition_time=self.clock.timestamp)
        status = replace(current.status, conditions=with_condition(current.status.conditions, condition), nominated_node_name="")
        new = replace(current, spec=replace(current.spec, node_name=node_name), status=status)
        return self._write("MODIFIED", address, current, new)

    def delete(
        self,
        kind: type[T] | str,
        name: str,
        namespace: str = "",
        *,
        uid: str = "",
        resource_version: str = "",
        grace_seconds: int | None = None,
        propagation: PropagationPolicy | None = None,
    ) -> ApiObject:
        """Delete an object, or mark it as terminating if finalizers or a grace period are in the way.

        Parameters
        ----------
        kind : type or str
        name, namespace : str
        uid, resource_version : str
            Preconditions, if not empty.
        grace_seconds : int, optional
            How long a pod gets; by default what it asks for. 0 removes it now.
        propagation : str, optional
            What becomes of its dependents: Background, Foreground or Orphan.

        Returns
        -------
        ApiObject
            The object as it was removed, or as it is now.

        Raises
        ------
        NotFoundError, ConflictError, ForbiddenError
        """
        resource = resource_named(kind)
        current = self.get(resource, name, namespace)
        meta = current.metadata
        if uid and uid != meta.uid:
            why = (
                f"the UID in the precondition ({uid}) does not match the UID in record ({meta.uid}). "
                "The object might have been deleted and then recreated"
            )
            raise ConflictError(qualified_plural(resource), name, why)
        if resource_version and resource_version != meta.resource_version:
            raise ConflictError(qualified_plural(resource), name)
        if isinstance(current, Namespace):
            return self._delete_namespace(current)
        finalizers = finalizers_after(meta.finalizers, propagation, orphan_by_default=resource == "Job" and not meta.deletion_timestamp)
        grace = pod_grace_seconds(current, grace_seconds) if isinstance(current, Pod) else 0
        address = (resource, namespace, name)
        if grace == 0 and not finalizers:
            return self._remove(address, current)
        meta = replace(terminating(meta, grace, self.clock.now_us), finalizers=finalizers)
        new = replace(current, metadata=meta)
        return current if new == current else self._write("MODIFIED", address, current, new)

    def compact(self, revision: int) -> None:
        """Forget the writes up to and including a revision; a watch from before it must list anew."""
        self.history.compact(revision)

    # Snapshots

    def last_writes(self) -> dict[str, int]:
        """Return the revision of the last write to each resource."""
        return dict(self._revisions)

    def fill(
        self,
        values: Sequence[ApiObject],
        *,
        revision: int,
        revisions: Mapping[str, int],
        layout: Iterable[tuple[str, Iterable[str]]],
        orders: Iterable[tuple[str, Any, Iterable[Address]]],
    ) -> None:
        """Become the store of a snapshot, with no history. The arguments are what `revision`, `last_writes` and the like gave."""
        self.history = History(revision)
        self._revisions = dict(revisions)
        self._tables = {resource: {namespace: {} for namespace in namespaces} for resource, namespaces in layout}
        self._indices = Indices()
        for value in values:
            address = (resource_of(value), value.metadata.namespace, value.metadata.name)
            self._tables[address[0]][address[1]][address[2]] = value
            self._indices.move(address, None, value)
        for name, key, order in orders:
            self._indices.reorder(name, key, order)

    # Inside

    def _delete_namespace(self, namespace: Namespace) -> Namespace:
        meta = namespace.metadata
        check_delete(meta.name)
        address = ("Namespace", "", meta.name)
        if meta.deletion_timestamp is None:
            return self._write("MODIFIED", address, namespace, marked(namespace, self.clock.now_us))
        return self._remove(address, namespace) if _has_gone(namespace) else namespace

    def _free_name(self, resource: str, prefix: str, namespace: str) -> str:
        """Complete a `generateName`, anew if the name is taken."""
        for _ in range(MAX_NAME_ATTEMPTS):
            name = self.identities.name(prefix)
            if self.find(resource, name, namespace) is None:
                break
        return name

    def _current(self, changed: T) -> tuple[Address, T]:
        """Return the stored object that a write means, if its preconditions hold."""
        resource, meta = resource_of(changed), changed.metadata
        namespace = meta.namespace if is_namespaced(resource) else ""
        current: T = self.get(resource, meta.name, namespace)  # type: ignore[assignment]
        if meta.resource_version and meta.resource_version != current.metadata.resource_version:
            raise ConflictError(qualified_plural(resource), meta.name)
        address = (resource, namespace, meta.name)
        if meta.uid:
            self._check_uid(address, meta.uid, current)
        return address, current

    def _check_uid(self, address: Address, uid: str, current: ApiObject) -> None:
        if uid != current.metadata.uid:
            why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {current.metadata.uid}"
            raise ConflictError(qualified_plural(address[0]), address[2], why)

    def _write(self, what: WatchEventType, address: Address, old: ApiObject | None, new: T) -> T:
        resource, namespace, name = address
        revision = self.history.revision + 1
        new = replace(new, metadata=replace(new.metadata, resource_version=str(revision)))
        if old is None:
            self._tables.setdefault(resource, {}).setdefault(namespace, {})
        self._tables[resource][namespace][name] = new
        self._indices.move(address, old, new)
        self._revisions[resource] = revision
        self.history.append(WatchEvent(revision, what, resource, new, old))
        return new

    def _remove(self, address: Address, last: T) -> T:
        resource, namespace, name = address
        stored = self._tables[resource][namespace].pop(name)
        revision = self.history.revision + 1
        last = replace(last, metadata=replace(last.metadata, resource_version=str(revision)))
        self._indices.move(address, stored, None)
        self._revisions[resource] = revision
        self.history.append(WatchEvent(revision, "DELETED", resource, last, stored))
        return last


def _has_gone(value: ApiObject) -> bool:
    """Tell whether nothing holds a terminating object any more: no finalizer and no grace period."""
    meta = value.metadata
    if meta.deletion_timestamp is None or meta.finalizers or meta.deletion_grace_period_seconds:
        return False
    return not (isinstance(value, Namespace) and value.spec.finalizers)
