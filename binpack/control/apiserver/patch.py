"""Merge patches: only what is to change is sent, null removes a field.

Source: RFC 7386; apiserver pkg/endpoints/handlers/patch.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

from binpack.control.apiserver.errors import BadRequestError
from binpack.control.apiserver.resources import ApiObject, Unstructured
from binpack.control.apiserver.store import Store
from binpack.errors import ManifestError
from binpack.model.base import to_builtins
from binpack.model.decode import from_plain
from binpack.model.meta import ObjectMeta

T = TypeVar("T", bound=ApiObject)

Subresource = Literal["", "status"]


def patch(
    store: Store, kind: type[T] | str, name: str, namespace: str, changes: Mapping[str, Any], *, subresource: Subresource = ""
) -> T:  # fmt: skip
    """Merge changes into an object, whatever else has changed about it.

    Parameters
    ----------
    store : Store
    kind : type or str
    name, namespace : str
    changes : mapping
        With the API's field names. A `metadata.resourceVersion` in it is a precondition.
    subresource : str
        "status" to change the status and nothing else.

    Returns
    -------
    ApiObject
        As it is now.

    Raises
    ------
    BadRequestError
        If the result is no object of its kind, or another object.
    NotFoundError, ConflictError, InvalidError, ForbiddenError
    """
    current = cast(T, store.get(kind, name, namespace))
    merged = _merged(current, changes)
    meta = merged.metadata
    if (meta.name, meta.namespace) != (current.metadata.name, current.metadata.namespace):
        raise BadRequestError(
            f"the name of the object ({meta.namespace}/{meta.name}) does not match the name on the URL ({namespace}/{name})"
        )
    return store.update_status(merged) if subresource == "status" else store.update(merged)


def merge_patch(target: Any, changes: Any) -> Any:
    """Return plain data with a merge patch applied; neither argument is changed.

    Examples
    --------
    >>> merge_patch({"a": 1, "b": {"c": 2, "d": 3}}, {"a": None, "b": {"c": 4}})
    {'b': {'c': 4, 'd': 3}}
    """
    if not isinstance(changes, Mapping):
        return changes
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, change in changes.items():
        if change is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), change)
    return merged


def _merged(current: T, changes: Mapping[str, Any]) -> T:
    place = f"{current.kind} {current.metadata.namespace}/{current.metadata.name} as patched"
    try:
        if not isinstance(current, Unstructured):
            return from_plain(merge_patch(to_builtins(current), changes), type(current), place=place)
        meta = from_plain(merge_patch(to_builtins(current.metadata), changes.get("metadata", {})), ObjectMeta, place=place)
    except ManifestError as error:
        raise BadRequestError(str(error)) from None
    own = {key: one for key, one in changes.items() if key not in ("apiVersion", "kind", "metadata", "spec", "status")}
    return cast(
        T,
        Unstructured(
            current.api_version,
            current.kind,
            meta,
            merge_patch(current.spec, changes["spec"]) if "spec" in changes else current.spec,
            merge_patch(current.status, changes["status"]) if "status" in changes else current.status,
            merge_patch(current.content, own),
        ),
    )
