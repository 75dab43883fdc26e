"""Garbage collector: deletes what no owner is left for, and carries out foreground and orphaning deletion.

Source: pkg/controller/garbagecollector, v1.35. Objects are examined when an owner disappears, when they appear with an owner that is
not there, and when an owner begins to be deleted in the foreground or with orphaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from binpack.control.actions import Actions, Delete, Done, EditMetadata, Outcome, Write, first_error
from binpack.control.apiserver.deletion import FOREGROUND_FINALIZER, ORPHAN_FINALIZER, PropagationPolicy
from binpack.control.apiserver.errors import NotFoundError
from binpack.control.apiserver.resources import ApiObject, is_namespaced, resource_key, resource_of
from binpack.control.apiserver.watch import WatchEvent
from binpack.control.controller import Wake
from binpack.control.reader import Reader
from binpack.control.records import Record
from binpack.control.subjects import PodChange
from binpack.control.workqueue import RateLimiter
from binpack.model.meta import ObjectMeta, OwnerReference

OwnerState = Literal["solid", "waiting", "dangling"]

_EXAMINE = "examine:"
_ORPHAN = "orphan:"


@dataclass(slots=True)
class GarbageMemory:
    """What the collector remembers.

    Parameters
    ----------
    outside : dict[str, None]
        Uids of owners that a loaded cluster refers to and does not hold, because somebody dumped only a part of it; an ordered set.
        What refers to them is kept: that they are not here does not mean that they are gone.
    """

    outside: dict[str, None] = field(default_factory=dict)


class GarbageCollector:
    """Walks the graph of owner references, one object at a time."""

    name = "garbage-collector-controller"
    resources: tuple[str, ...] | None = None
    pod_owners: tuple[str, ...] | None = None
    pod_changes: tuple[PodChange, ...] | None = ("metadata",)
    max_retries: int | None = None
    workers: int = 20

    def new_limiter(self) -> RateLimiter:
        """Return client-go's default limiter."""
        return RateLimiter()

    def new_memory(self) -> GarbageMemory:
        """Return an empty memory: the graph is in the objects, which the reader indexes by owner."""
        return GarbageMemory()

    def observe(self, event: WatchEvent, reader: Reader, memory: GarbageMemory, now_us: int) -> Iterable[Wake]:
        """Wake what depends on an object that went, an object whose owner is not there, and an owner that waits for its dependents."""
        if event.type == "DELETED":
            return _observe_removal(event.object.metadata, reader)
        return _observe_change(event, reader, memory)

    def reconcile(self, key: str, reader: Reader, memory: GarbageMemory, now_us: int) -> Actions:
        """Examine one object."""
        action, _, uid = key.partition(":")
        value = reader.owner_of(uid)
        if value is None:
            return Actions()
        if action + ":" == _ORPHAN:
            return _orphan_dependents(value, reader)
        if _is_waiting(value):
            return _process_waiting(value, reader, memory)
        return _examine(value, reader, memory)

    def conclude(self, key: str, plan: Actions, outcomes: tuple[Outcome, ...], reader: Reader, memory: GarbageMemory, now_us: int) -> Done:
        """Retry what failed, unless it has gone. Whether it is another object by now shows at the next try."""
        real = tuple(one for one in outcomes if not isinstance(one.error, NotFoundError))
        return Done(first_error(real))


def state_of(value: ApiObject, reference: OwnerReference, reader: Reader, memory: GarbageMemory) -> OwnerState:
    """Judge one owner reference: the owner is there, waits for this object to go, or is absent (or another object of that name)."""
    if reference.uid in memory.outside:
        return "solid"
    owner = reader.owner_of(reference.uid)
    if owner is None or resource_of(owner) != resource_key(reference.api_version, reference.kind):
        return "dangling"
    if owner.metadata.name != reference.name or owner.metadata.namespace not in ("", value.metadata.namespace):
        return "dangling"
    return "waiting" if _is_waiting(owner) else "solid"


def remember_absent_owners(memory: Any, loaded: Iterable[ApiObject], reader: Reader) -> None:
    """Note which owners of loaded objects are not there; the memory of another controller is left as it is."""
    if isinstance(memory, GarbageMemory):
        uids = dict.fromkeys(reference.uid for value in loaded for reference in value.metadata.owner_references)
        memory.outside |= {uid: None for uid in uids if reader.owner_of(uid) is None}


def _is_absent(uid: str, reader: Reader, memory: GarbageMemory) -> bool:
    return uid not in memory.outside and reader.owner_of(uid) is None


def _observe_removal(meta: ObjectMeta, reader: Reader) -> Iterator[Wake]:
    for dependent in reader.all_dependents(meta.uid):
        yield _EXAMINE + dependent.metadata.uid
    # An owner in foreground deletion may have lost its last dependent.
    for reference in meta.owner_references:
        owner = reader.owner_of(reference.uid)
        if owner is not None and _is_waiting(owner):
            yield _EXAMINE + reference.uid


def _observe_change(event: WatchEvent, reader: Reader, memory: GarbageMemory) -> list[Wake]:
    value, meta, wakes = event.object, event.object.metadata, list[Wake]()
    if meta.deletion_timestamp is not None:
        if ORPHAN_FINALIZER in meta.finalizers:
            wakes.append(_ORPHAN + meta.uid)
        if _is_waiting(value):
            wakes.append(_EXAMINE + meta.uid)
            wakes += [_EXAMINE + dependent.metadata.uid for dependent in reader.all_dependents(meta.uid)]
    new_owners = event.previous is None or event.previous.metadata.owner_references != meta.owner_references
    if new_owners and any(_is_absent(reference.uid, reader, memory) for reference in meta.owner_references):
        wakes.append(_EXAMINE + meta.uid)
    return wakes


def _is_waiting(owner: ApiObject) -> bool:
    return owner.metadata.deletion_timestamp is not None and FOREGROUND_FINALIZER in owner.metadata.finalizers


def _examine(value: ApiObject, reader: Reader, memory: GarbageMemory) -> Actions:
    """Keep an object with a solid owner, drop its other references; delete one without."""
    references = value.metadata.owner_references
    if not references or value.metadata.deletion_timestamp is not None:
        return Actions()
    # An object of the whole cluster cannot be owned from within a namespace, and is never collected for that.
    owners_in_namespaces = any(is_namespaced(resource_key(one.api_version, one.kind)) for one in references)
    if not is_namespaced(resource_of(value)) and owners_in_namespaces:
        return Actions()
    states = {reference.uid: state_of(value, reference, reader, memory) for reference in references}
    if "solid" in states.values():
        useless = [uid for uid, state in states.items() if state != "solid"]
        return Actions((tuple(EditMetadata(value, release=uid) for uid in useless),) if useless else ())
    if "waiting" in states.values() and reader.all_dependents(value.metadata.uid):
        return Actions(((Delete(value, propagation="Foreground"),),), records=_warnings(value, reader))
    return Actions(((Delete(value, propagation=_own_policy(value)),),), records=_warnings(value, reader))


def _own_policy(value: ApiObject) -> PropagationPolicy:
    if ORPHAN_FINALIZER in value.metadata.finalizers:
        return "Orphan"
    return "Foreground" if FOREGROUND_FINALIZER in value.metadata.finalizers else "Background"


def _process_waiting(owner: ApiObject, reader: Reader, memory: GarbageMemory) -> Actions:
    """Delete what blocks an owner's deletion; let the owner go when nothing does."""
    blocking = [
        dependent
        for dependent in reader.all_dependents(owner.metadata.uid)
        if any(one.uid == owner.metadata.uid and one.block_owner_deletion for one in dependent.metadata.owner_references)
    ]
    if not blocking:
        return Actions(((EditMetadata(owner, drop_finalizer=FOREGROUND_FINALIZER),),))
    deletions: list[Write] = []
    for dependent in blocking:
        if dependent.metadata.deletion_timestamp is None and not _has_other_owner(dependent, reader, memory):
            policy: PropagationPolicy = "Foreground" if reader.all_dependents(dependent.metadata.uid) else _own_policy(dependent)
            deletions.append(Delete(dependent, propagation=policy))
        elif dependent.metadata.deletion_timestamp is None:
            deletions.append(EditMetadata(dependent, release=owner.metadata.uid))
    return Actions((tuple(deletions),) if deletions else ())


def _has_other_owner(value: ApiObject, reader: Reader, memory: GarbageMemory) -> bool:
    return any(state_of(value, reference, reader, memory) == "solid" for reference in value.metadata.owner_references)


def _orphan_dependents(owner: ApiObject, reader: Reader) -> Actions:
    """Take the owner's reference off all dependents, then let the owner go."""
    if owner.metadata.deletion_timestamp is None or ORPHAN_FINALIZER not in owner.metadata.finalizers:
        return Actions()
    uid = owner.metadata.uid
    releases = tuple(EditMetadata(dependent, release=uid) for dependent in reader.all_dependents(uid))
    return Actions((releases, (EditMetadata(owner, drop_finalizer=ORPHAN_FINALIZER),)))


def _warnings(value: ApiObject, reader: Reader) -> tuple[Record, ...]:
    """Warn of owners that live in another namespace."""
    return tuple(
        Record(
            value,
            "Warning",
            "OwnerRefInvalidNamespace",
            f"ownerRef [{one.api_version}/{one.kind}, namespace: {value.metadata.namespace}, name: {one.name}, uid: {one.uid}] "
            f'does not exist in namespace "{value.metadata.namespace}"',
        )
        for one in value.metadata.owner_references
        if (owner := reader.owner_of(one.uid)) is not None and owner.metadata.namespace not in ("", value.metadata.namespace)
    )
