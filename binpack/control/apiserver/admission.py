"""What a new object goes through before it is stored: defaulting, then the admission plugins for pods.

Pods made of one template share its frozen spec. The answer is kept by the identity of that spec, so that the thousandth pod of a
template costs a look-up, and all of them share one admitted spec.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from binpack.control.apiserver.errors import ForbiddenError
from binpack.control.apiserver.resources import ApiObject, Unstructured
from binpack.errors import ManifestError
from binpack.model.admission import admit_pod
from binpack.model.base import replace
from binpack.model.defaulting import default_object
from binpack.model.pod import Pod, PodSpec

if TYPE_CHECKING:
    from binpack.control.apiserver.store import Store

T = TypeVar("T", bound=ApiObject)

_CLASSES = ("PriorityClass", "RuntimeClass")
_MAX_KNOWN = 20_000


@dataclass(frozen=True, slots=True)
class _Known:
    """One answer: for this spec and these labels, at these revisions of the classes that were looked up."""

    spec: PodSpec
    labels: dict[str, str]
    classes: tuple[int, ...]
    admitted: PodSpec


class Admission:
    """Kubernetes' own defaulting and admission plugins."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}

    def __reduce__(self) -> tuple[type[Admission], tuple[()]]:
        # What is kept is keyed by identity and only saves time.
        return Admission, ()

    def admit(self, new: T, store: Store) -> T:
        """Return a new object as it is to be stored.

        Raises
        ------
        ForbiddenError
            If an admission plugin refuses a pod.
        """
        if not isinstance(new, Pod):
            return self.default(new)
        classes = tuple(store.revision_of(kind) for kind in _CLASSES)
        known = self._known.get(id(new.spec))
        if known is not None and known.spec is new.spec and known.classes == classes and known.labels == new.metadata.labels:
            return replace(new, spec=known.admitted)
        try:
            admitted = admit_pod(default_object(new), _Lookup(store))
        except ManifestError as refusal:
            raise ForbiddenError(str(refusal)) from None
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[id(new.spec)] = _Known(new.spec, new.metadata.labels, classes, admitted.spec)
        return cast(T, admitted)

    def default(self, value: T) -> T:
        """Return an object with the defaults of its kind."""
        return value if isinstance(value, Unstructured) else cast(T, default_object(value))


class _Lookup:
    """The store as admission looks classes up in it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, kind: str, name: str, namespace: str = "") -> Any | None:
        """Return one object, or None."""
        return self._store.find(kind, name, namespace)

    def list(self, kind: str, namespace: str | None = None) -> Sequence[Any]:
        """Return the objects of a kind."""
        return self._store.scan(kind, namespace)
