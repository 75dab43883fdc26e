"""What a client of the store may ask. Controllers read through this and nothing else, so that a lagging cache can stand in for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from binpack.control.apiserver.resources import ApiObject
from binpack.model.pod import Pod
from binpack.model.selectors import Selector

T = TypeVar("T", bound=ApiObject)


class Reader(Protocol):
    """A view of the objects. No answer may be changed by the one who asked; its order is that of creation unless it says otherwise."""

    def find(self, kind: type[T], name: str, namespace: str = "") -> T | None:
        """Return one object, or None."""

    def scan(self, kind: type[T], namespace: str | None = None) -> list[T]:
        """Return all objects of a kind, of one namespace or of all."""

    def within(self, namespace: str) -> list[ApiObject]:
        """Return the objects of every kind in a namespace."""

    def dependents(self, kind: type[T], uid: str) -> list[T]:
        """Return the objects of a kind that name this uid among their owners."""

    def all_dependents(self, uid: str) -> list[ApiObject]:
        """Return the objects of every kind that name this uid among their owners."""

    def orphans(self, kind: type[T], namespace: str, selector: Selector) -> list[T]:
        """Return the objects of a kind and namespace that have no controller and that the selector matches."""

    def selecting(self, kind: type[T], namespace: str, labels: Mapping[str, str]) -> list[T]:
        """Return the owners or budgets of a namespace whose selector may match labels: at least all whose does."""

    def pods_on(self, node_name: str) -> list[Pod]:
        """Return the pods bound to a node, in any phase."""

    def owner_of(self, uid: str) -> ApiObject | None:
        """Return the object with this uid, of whatever kind."""
