"""Secondary indices of the store: by uid, owner, node, and for adoption: objects without a controller by label, owners by selector.

Buckets are dictionaries used as ordered sets, so that their order is the order of creation on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from binpack.control.apiserver.resources import ApiObject
from binpack.model.meta import ObjectMeta, controller_of
from binpack.model.pod import Pod
from binpack.model.policy import PodDisruptionBudget
from binpack.model.selectors import Selector
from binpack.model.workloads import DaemonSet, Deployment, Job, ReplicaSet, StatefulSet

Address = tuple[str, str, str]
"""Resource, namespace, name."""

Bucket = dict[Address, None]
K = TypeVar("K")

_ORDERED = ("_by_owner", "_by_node", "_orphans", "_orphans_by_label", "_selecting")

_ADOPTABLE = frozenset({"Pod", "ReplicaSet", "ControllerRevision"})
_SELECTING = frozenset({"ReplicaSet", "Deployment", "Job", "StatefulSet", "DaemonSet", "PodDisruptionBudget"})
_Selecting = ReplicaSet | Deployment | Job | StatefulSet | DaemonSet | PodDisruptionBudget
_ANY_LABEL = ("", "")


class Indices:
    """All indices of one store. `move` is told of every change, and answers are addresses."""

    __slots__ = ("_by_node", "_by_owner", "_by_uid", "_orphans", "_orphans_by_label", "_selecting", "_selectors")

    def __init__(self) -> None:
        self._by_uid: dict[str, Address] = {}
        self._by_owner: dict[str, Bucket] = {}
        self._by_node: dict[str, Bucket] = {}
        self._orphans: dict[tuple[str, str], Bucket] = {}
        self._orphans_by_label: dict[tuple[str, str, str, str], Bucket] = {}
        self._selecting: dict[tuple[str, str, str, str], Bucket] = {}
        self._selectors: dict[tuple[str, str], int] = {}

    def by_uid(self, uid: str) -> Address | None:
        """Return the address of the object with this uid."""
        return self._by_uid.get(uid)

    def by_owner(self, uid: str) -> list[Address]:
        """Return the objects that name this uid among their owners."""
        return list(self._by_owner.get(uid, ()))

    def by_node(self, node_name: str) -> list[Address]:
        """Return the pods bound to a node."""
        return list(self._by_node.get(node_name, ()))

    def orphans(self, resource: str, namespace: str, selector: Selector) -> list[Address]:
        """Return candidates among the objects without a controller: at least all that the selector matches."""
        smallest: Bucket | None = None
        for requirement in selector.requirements:
            if requirement.operator == "In" and len(requirement.values) == 1:
                bucket = self._orphans_by_label.get((resource, namespace, requirement.key, requirement.values[0]))
                if bucket is None:
                    return []
                if smallest is None or len(bucket) < len(smallest):
                    smallest = bucket
        if smallest is None:
            smallest = self._orphans.get((resource, namespace), {})
        return list(smallest)

    def selecting(self, resource: str, namespace: str, labels: Mapping[str, str]) -> list[Address]:
        """Return candidates among the owners whose selector matches labels: at least all of them."""
        if (resource, namespace) not in self._selectors:
            return []
        buckets = [self._selecting.get((resource, namespace, key, value), {}) for key, value in labels.items()]
        return [address for bucket in (*buckets, self._selecting.get((resource, namespace, *_ANY_LABEL), {})) for address in bucket]

    def orders_unlike(self, other: Indices) -> Iterator[tuple[str, Any, list[Address]]]:
        """Yield the buckets whose order is another one in other indices of the same objects: the index's name, the key, the order."""
        for name in _ORDERED:
            theirs = getattr(other, name)
            for key, bucket in getattr(self, name).items():
                if list(bucket) != list(theirs[key]):
                    yield name, key, list(bucket)

    def reorder(self, name: str, key: Any, order: Iterable[Address]) -> None:
        """Put a bucket in an order that `orders_unlike` gave.

        Raises
        ------
        KeyError, ValueError
            If there is no such bucket, or it has other members.
        """
        if name not in _ORDERED:
            raise KeyError(name)
        index = getattr(self, name)
        ordered = dict.fromkeys(order)
        if ordered.keys() != index[key].keys():
            raise ValueError(f"the order of {name}[{key}] names other objects than it holds")
        index[key] = ordered

    def move(self, address: Address, old: ApiObject | None, new: ApiObject | None) -> None:
        """Follow one change of one object: its creation (no old), update, or removal (no new)."""
        old_meta = None if old is None else old.metadata
        new_meta = None if new is None else new.metadata
        if old_meta is None or new_meta is None:
            self._move_uid(address, old_meta, new_meta)
        if old_meta is None or new_meta is None or old_meta.owner_references != new_meta.owner_references:
            self._move_owners(address, old_meta, new_meta)
            self._move_orphan(address, old_meta, new_meta)
        # Most writes leave the very same labels; to compare equal dictionaries takes longer than all the rest.
        elif old_meta.labels is not new_meta.labels and old_meta.labels != new_meta.labels:
            self._move_orphan(address, old_meta, new_meta)
        if address[0] in _SELECTING:
            self._move_selecting(address, old, new)
        if address[0] == "Pod":
            old_node = old.spec.node_name if isinstance(old, Pod) else ""
            new_node = new.spec.node_name if isinstance(new, Pod) else ""
            if old_node != new_node:
                _discard(self._by_node, old_node, address)
                _add(self._by_node, new_node, address)

    def _move_uid(self, address: Address, old: ObjectMeta | None, new: ObjectMeta | None) -> None:
        if old is not None:
            del self._by_uid[old.uid]
        if new is not None:
            self._by_uid[new.uid] = address

    def _move_owners(self, address: Address, old: ObjectMeta | None, new: ObjectMeta | None) -> None:
        for reference in old.owner_references if old is not None else ():
            _discard(self._by_owner, reference.uid, address)
        for reference in new.owner_references if new is not None else ():
            _add(self._by_owner, reference.uid, address)

    def _move_orphan(self, address: Address, old: ObjectMeta | None, new: ObjectMeta | None) -> None:
        resource, namespace, _ = address
        if resource not in _ADOPTABLE:
            return
        if old is not None and controller_of(old) is None:
            _discard(self._orphans, (resource, namespace), address)
            for key, value in old.labels.items():
                _discard(self._orphans_by_label, (resource, namespace, key, value), address)
        if new is not None and controller_of(new) is None:
            _add(self._orphans, (resource, namespace), address)
            for key, value in new.labels.items():
                _add(self._orphans_by_label, (resource, namespace, key, value), address)

    def _move_selecting(self, address: Address, old: ApiObject | None, new: ApiObject | None) -> None:
        resource, namespace, _ = address
        old_label = None if old is None else _selected_label(old)
        new_label = None if new is None else _selected_label(new)
        self._count_selectors((resource, namespace), (new_label is not None) - (old_label is not None))
        if old_label != new_label:
            if old_label is not None:
                _discard(self._selecting, (resource, namespace, *old_label), address)
            if new_label is not None:
                _add(self._selecting, (resource, namespace, *new_label), address)

    def _count_selectors(self, place: tuple[str, str], change: int) -> None:
        """Keep how many objects of a kind and namespace select: mostly none, as of budgets."""
        if change:
            count = self._selectors.get(place, 0) + change
            if count:
                self._selectors[place] = count
            else:
                del self._selectors[place]


def _selected_label(owner: ApiObject) -> tuple[str, str]:
    """Return one label that an owner's selector demands: the bytewise first; _ANY_LABEL if it demands none with one value."""
    selector = owner.spec.selector if isinstance(owner, _Selecting) else None
    return min(selector.match_labels.items()) if selector is not None and selector.match_labels else _ANY_LABEL


def _add(index: dict[K, Bucket], key: K, address: Address) -> None:
    if key:
        index.setdefault(key, {})[address] = None


def _discard(index: dict[K, Bucket], key: K, address: Address) -> None:
    bucket = index.get(key)
    if bucket is not None:
        bucket.pop(address, None)
        if not bucket:
            del index[key]
