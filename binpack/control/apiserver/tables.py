"""The objects of a cluster as they are read: by name, by kind, by owner, by node, by selector. No answer is a copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast, overload

from binpack.control.apiserver.errors import NotFoundError
from binpack.control.apiserver.fields import matches_fields, parse_field_selector
from binpack.control.apiserver.indices import Address, Indices
from binpack.control.apiserver.resources import ApiObject, qualified_plural
from binpack.model.pod import Pod
from binpack.model.selectors import EVERYTHING, Selector

T = TypeVar("T", bound=ApiObject)

_NO_OBJECTS: dict[str, ApiObject] = {}
_NO_TABLE: dict[str, dict[str, ApiObject]] = {}


class ObjectTables:
    """Objects by resource, namespace and name, with their indices. The store, which is one, changes them."""

    __slots__ = ("_indices", "_tables")

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, dict[str, ApiObject]]] = {}
        self._indices = Indices()

    @overload
    def find(self, kind: type[T], name: str, namespace: str = ...) -> T | None: ...
    @overload
    def find(self, kind: str, name: str, namespace: str = ...) -> ApiObject | None: ...
    def find(self, kind: type[T] | str, name: str, namespace: str = "") -> T | ApiObject | None:
        """Return one object, or None. A kind is a struct, or for others the name of the resource (`Workload.kueue.x-k8s.io`)."""
        return self._tables.get(resource_named(kind), _NO_TABLE).get(namespace, _NO_OBJECTS).get(name)

    @overload
    def get(self, kind: type[T], name: str, namespace: str = ...) -> T: ...
    @overload
    def get(self, kind: str, name: str, namespace: str = ...) -> ApiObject: ...
    def get(self, kind: type[T] | str, name: str, namespace: str = "") -> T | ApiObject:
        """Return one object.

        Raises
        ------
        NotFoundError
        """
        found = self.find(kind, name, namespace)
        if found is None:
            raise NotFoundError(qualified_plural(resource_named(kind)), name)
        return found

    @overload
    def scan(self, kind: type[T], namespace: str | None = ...) -> list[T]: ...
    @overload
    def scan(self, kind: str, namespace: str | None = ...) -> list[ApiObject]: ...
    def scan(self, kind: type[T] | str, namespace: str | None = None) -> list[T] | list[ApiObject]:
        """Return all objects of a kind, of one namespace or of all, in the order of their creation within each namespace."""
        table = self._tables.get(resource_named(kind), {})
        if namespace is not None:
            return list(table.get(namespace, _NO_OBJECTS).values())
        return [found for objects in table.values() for found in objects.values()]

    def list_objects(
        self, kind: type[T], namespace: str | None = None, *, labels: Selector = EVERYTHING, fields: str = ""
    ) -> list[T]:  # fmt: skip
        """Return the objects that label and field selectors match, ordered by namespace and name as the API lists them."""
        requirements = parse_field_selector(fields)
        node_names = [one.value for one in requirements if one.equal and one.path == ("spec", "node_name")]
        by_node = kind is Pod and bool(node_names)
        found = cast("list[T]", self.pods_on(node_names[0])) if by_node else self.scan(kind, namespace)
        chosen = [
            one
            for one in found
            if (namespace is None or one.metadata.namespace == namespace)
            and labels.matches(one.metadata.labels)
            and matches_fields(requirements, one)
        ]
        return sorted(chosen, key=lambda one: (one.metadata.namespace, one.metadata.name))

    def everything(self) -> Iterator[ApiObject]:
        """Yield all objects, by resource, namespace and creation."""
        for table in self._tables.values():
            for objects in table.values():
                yield from list(objects.values())

    def within(self, namespace: str) -> list[ApiObject]:
        """Return the objects of every kind in a namespace, kind by kind, in the order of their creation."""
        return [found for table in self._tables.values() for found in table.get(namespace, _NO_OBJECTS).values()]

    def dependents(self, kind: type[T], uid: str) -> list[T]:
        """Return the objects of a kind that name this uid among their owners."""
        resource = resource_named(kind)
        return cast("list[T]", [self._at(address) for address in self._indices.by_owner(uid) if address[0] == resource])

    def all_dependents(self, uid: str) -> list[ApiObject]:
        """Return the objects of every kind that name this uid among their owners."""
        return [self._at(address) for address in self._indices.by_owner(uid)]

    def orphans(self, kind: type[T], namespace: str, selector: Selector) -> list[T]:
        """Return the objects of a kind and namespace that have no controller and that the selector matches."""
        candidates = (self._at(address) for address in self._indices.orphans(resource_named(kind), namespace, selector))
        return [cast(T, one) for one in candidates if selector.matches(one.metadata.labels)]

    def selecting(self, kind: type[T], namespace: str, labels: Mapping[str, str]) -> list[T]:
        """Return the owners or budgets of a namespace whose selector may match labels: at least all whose does."""
        return cast("list[T]", [self._at(address) for address in self._indices.selecting(resource_named(kind), namespace, labels)])

    def pods_on(self, node_name: str) -> list[Pod]:
        """Return the pods bound to a node, in any phase."""
        return cast("list[Pod]", [self._at(address) for address in self._indices.by_node(node_name)])

    def owner_of(self, uid: str) -> ApiObject | None:
        """Return the object with this uid, of whatever kind."""
        address = self._indices.by_uid(uid)
        return None if address is None else self._at(address)

    def layout(self) -> list[tuple[str, list[str]]]:
        """Return the resources and their namespaces in the order in which the first objects of each were stored."""
        return [(resource, list(table)) for resource, table in self._tables.items()]

    def index_orders(self, anew: Indices) -> Iterator[tuple[str, Any, list[Address]]]:
        """Yield where the indices are in another order than such that were made of the objects anew."""
        return self._indices.orders_unlike(anew)

    def _at(self, address: Address) -> ApiObject:
        resource, namespace, name = address
        return self._tables[resource][namespace][name]


def resource_named(kind: type[Any] | str) -> str:
    """Return the name of a resource, given as a struct or by that name."""
    return kind if isinstance(kind, str) else kind.__name__
