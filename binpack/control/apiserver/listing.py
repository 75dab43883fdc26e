"""Lists as of a revision, whole or in pages that all show the same revision however much is written meanwhile.

Source: apiserver pkg/storage/etcd3/store.go (GetList) and pkg/storage/continue.go, v1.35.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from binpack.control.apiserver.errors import BadRequestError, ExpiredError, TooLargeVersionError
from binpack.control.apiserver.fields import matches_fields, parse_field_selector
from binpack.control.apiserver.resources import ApiObject
from binpack.control.apiserver.store import Store
from binpack.control.apiserver.tables import resource_named
from binpack.model.selectors import EVERYTHING, Selector

T = TypeVar("T", bound=ApiObject)

_CONTINUE_VERSION = "meta.k8s.io/v1"
_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result."
    " You can start a new list without the continue parameter."
)


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """One page of a list.

    Parameters
    ----------
    items : tuple of objects
        By namespace and name.
    revision : int
        The revision that all pages of this list show; watch from here.
    continue_token : str
        What to ask for the next page with; empty on the last page.
    remaining : int
        How many objects follow on later pages, before the selectors of labels and fields are applied.
    """

    items: tuple[T, ...]
    revision: int
    continue_token: str = ""
    remaining: int = 0


def list_page(
    store: Store,
    kind: type[T] | str,
    namespace: str | None = None,
    *,
    labels: Selector = EVERYTHING,
    fields: str = "",
    revision: int | None = None,
    limit: int = 0,
    continue_token: str = "",
) -> ListPage[T]:
    """List the objects of a kind as they were at one revision.

    Parameters
    ----------
    store : Store
    kind : type or str
    namespace : str, optional
        Of all namespaces without it.
    labels, fields
        What the objects have to match.
    revision : int, optional
        The latest without it. Not together with `continue_token`, which knows its revision.
    limit : int
        How many objects a page has at most; 0 for all of them.
    continue_token : str
        Of the page before.

    Raises
    ------
    ExpiredError
        If compaction has removed that revision.
    TooLargeVersionError
        If there is no such revision yet.
    BadRequestError
        If the token is none.
    """
    start = ""
    if continue_token:
        if revision is not None:
            raise BadRequestError("specifying resource version is not allowed when using continue")
        revision, start = _decoded(continue_token)
        if revision < store.history.compacted:
            raise ExpiredError(_TOO_OLD)
    revision = store.revision if revision is None else revision
    state = objects_at(store, resource_named(kind), revision)
    keys = sorted(key for key in state if (namespace is None or key[0] == namespace) and _path(key) > start)
    requirements = parse_field_selector(fields)
    items: list[ApiObject] = []
    for position, key in enumerate(keys):
        value = state[key]
        if labels.matches(value.metadata.labels) and matches_fields(requirements, value):
            items.append(value)
            if len(items) == limit and position + 1 < len(keys):
                token = _encoded(revision, _path(key))
                return ListPage(tuple(cast("list[T]", items)), revision, token, len(keys) - position - 1)
    return ListPage(tuple(cast("list[T]", items)), revision)


def objects_at(store: Store, resource: str, revision: int) -> dict[tuple[str, str], ApiObject]:
    """Return the objects of a resource as they were at a revision, by namespace and name: the present ones with later writes undone.

    Raises
    ------
    ExpiredError, TooLargeVersionError
    """
    if revision > store.revision:
        raise TooLargeVersionError(revision, store.revision)
    if revision < store.history.compacted:
        raise ExpiredError("The resourceVersion for the provided list is too old.")
    state = {(one.metadata.namespace, one.metadata.name): one for one in store.scan(resource)}
    for event in reversed(store.watch(revision, (resource,))):
        key = (event.object.metadata.namespace, event.object.metadata.name)
        if event.previous is None:
            del state[key]
        else:
            state[key] = event.previous
    return state


def _path(key: tuple[str, str]) -> str:
    """Write a key so that paths are ordered as keys are: no name has a character before the separator."""
    return f"{key[0]}\0{key[1]}"


def _encoded(revision: int, start: str) -> str:
    text = json.dumps({"v": _CONTINUE_VERSION, "rv": revision, "start": start}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()


def _decoded(token: str) -> tuple[int, str]:
    try:
        value: Any = json.loads(base64.urlsafe_b64decode(token.encode()))
        if value["v"] != _CONTINUE_VERSION:
            raise ValueError(f"version {value['v']!r}")
        return int(value["rv"]), str(value["start"])
    except (binascii.Error, KeyError, TypeError, ValueError) as error:
        raise BadRequestError(f"continue key is not valid: {error}") from None
