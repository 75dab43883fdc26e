"""What a new object goes through before it is stored: defaulting, then admission."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from binpack.control.apiserver.resources import ApiObject

if TYPE_CHECKING:
    from binpack.control.apiserver.store import Store

T = TypeVar("T", bound=ApiObject)


class Admission:
    """Kubernetes' own defaulting and admission plugins."""

    def admit(self, new: T, store: Store) -> T:
        """Return a new object as it is to be stored."""
        return self.default(new)

    def default(self, value: T) -> T:
        """Return an object with the defaults of its kind."""
        return value
