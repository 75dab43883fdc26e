"""Objects that are neither nodes nor pods: namespaces, services, owners, volumes, classes, budgets."""

from __future__ import annotations

from collections import defaultdict
from typing import Any


class Catalog:
    """Objects by kind, namespace and name, with a version a kind that moves with each change of that kind."""

    def __init__(self) -> None:
        self._objects: dict[str, dict[tuple[str, str], Any]] = defaultdict(dict)
        self._versions: dict[str, int] = defaultdict(int)

    def put(self, value: Any) -> Any | None:
        """Add or replace an object; return the one it replaces."""
        key = (value.metadata.namespace, value.metadata.name)
        before = self._objects[value.kind].get(key)
        self._objects[value.kind][key] = value
        self._versions[value.kind] += 1
        return before

    def remove(self, kind: str, name: str, namespace: str = "") -> Any | None:
        """Take an object out and return it; None if it was not there."""
        before = self._objects[kind].pop((namespace, name), None)
        if before is not None:
            self._versions[kind] += 1
        return before

    def get(self, kind: str, name: str, namespace: str = "") -> Any | None:
        """Return one object, or None."""
        return self._objects[kind].get((namespace, name))

    def list(self, kind: str, namespace: str | None = None) -> list[Any]:
        """Return the objects of a kind, in the order in which they came, of one namespace or of all."""
        objects = self._objects[kind]
        if namespace is None:
            return list(objects.values())
        return [value for (of, _), value in objects.items() if of == namespace]

    def version(self, kind: str) -> int:
        """Return a number that changes whenever an object of the kind does."""
        return self._versions[kind]

    def snapshot(self, kind: str) -> dict[tuple[str, str], Any]:
        """Return the objects of a kind by namespace and name, in their order, as `restore` takes them."""
        return dict(self._objects[kind])

    def restore(self, kind: str, snapshot: dict[tuple[str, str], Any]) -> None:
        """Put a kind's objects back as they were, their order included."""
        self._objects[kind] = dict(snapshot)
        self._versions[kind] += 1
