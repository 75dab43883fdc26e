"""The store in a file: JSON lines, one object a line as kubectl would show it, between a header and the orders of the indices.

A store that is read back goes on as the one that was written: the same revisions, uids, names and orders. Its history is not in the file;
a watch from before it must list anew, as after a compaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from binpack.control.apiserver.admission import Admission
from binpack.control.apiserver.identity import Identities
from binpack.control.apiserver.indices import Indices
from binpack.control.apiserver.resources import ApiObject, Unstructured, resource_of
from binpack.control.apiserver.store import Store
from binpack.control.clock import Clock
from binpack.errors import ManifestError
from binpack.model.base import replace, to_builtins, to_manifest
from binpack.model.decode import from_plain
from binpack.model.kinds import KINDS
from binpack.model.meta import ObjectMeta
from binpack.results.writing import atomic

API_VERSION, KIND, SCHEMA_VERSION = "binpack.dev/v1", "StoreSnapshot", 1


def write_snapshot(store: Store, path: str | Path) -> None:
    """Write a store into a file, whole or not at all.

    Parameters
    ----------
    store : Store
    path : str or Path
        Its directory has to be there.
    """
    with atomic(Path(path)) as draft, draft.open("w", encoding="utf-8") as out:
        for line in _lines(store):
            out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


def read_snapshot(path: str | Path, *, clock: Clock | None = None, admission: Admission | None = None) -> Store:
    """Read a store from a file.

    Parameters
    ----------
    path : str or Path
    clock : Clock, optional
        Set to the snapshot's instant; a new one without it.
    admission : Admission, optional
        Kubernetes' own without it.

    Raises
    ------
    ManifestError
        If the file is no snapshot, is cut short, or has an object that cannot be read.
    """
    place = str(path)
    try:
        lines = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise ManifestError(f"{place}: {error} (accepted: a snapshot of a store, JSON lines)") from None
    head = lines[0] if lines else None
    if not isinstance(head, dict) or (head.get("apiVersion"), head.get("kind")) != (API_VERSION, KIND):
        raise ManifestError(f"{place}: this is no snapshot of a store (accepted: apiVersion {API_VERSION}, kind {KIND})")
    if head.get("schemaVersion") != SCHEMA_VERSION:
        raise ManifestError(f"{place}: schemaVersion {head.get('schemaVersion')!r} (accepted: {SCHEMA_VERSION})")
    if len(lines) != head.get("objects", -1) + 2:
        raise ManifestError(f"{place}: {len(lines)} lines (accepted: {head.get('objects')} objects, a header and a last line)")
    try:
        return _restored(head, lines[1:-1], lines[-1], place, clock or Clock(), admission)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ManifestError(f"{place}: {type(error).__name__}: {error} (accepted: a snapshot as it was written)") from None


def _lines(store: Store) -> Iterator[dict[str, Any]]:
    values = list(store.everything())
    yield {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "schemaVersion": SCHEMA_VERSION,
        "nowUs": store.clock.now_us,
        "revision": store.revision,
        "revisions": store.last_writes(),
        "tables": store.layout(),
        "identities": _plain(store.identities.state),
        "objects": len(values),
    }
    for value in values:
        yield _to_plain(value)
    yield {"orders": _orders(store, values)}


def _orders(store: Store, values: list[ApiObject]) -> list[Any]:
    """Return the buckets of the indices that are in another order than that of the objects, as positions among them."""
    anew = Indices()
    positions = {}
    for position, value in enumerate(values):
        address = (resource_of(value), value.metadata.namespace, value.metadata.name)
        positions[address] = position
        anew.move(address, None, value)
    return [[name, key, [positions[one] for one in order]] for name, key, order in store.index_orders(anew)]


def _restored(head: dict[str, Any], objects: list[Any], last: Any, place: str, clock: Clock, admission: Admission | None) -> Store:
    identities = Identities(np.random.Generator(getattr(np.random, str(head["identities"]["bit_generator"]))()))
    identities.state = head["identities"]
    clock.now_us = int(head["nowUs"])
    store = Store(clock, identities, admission)
    specs: dict[str, Any] = {}
    values = [_of_plain(one, f"{place}, line {number}", specs) for number, one in enumerate(objects, start=2)]
    addresses = [(resource_of(value), value.metadata.namespace, value.metadata.name) for value in values]
    orders = [
        (name, tuple(key) if isinstance(key, list) else key, [addresses[one] for one in order]) for name, key, order in last["orders"]
    ]
    store.fill(values, revision=int(head["revision"]), revisions=head["revisions"], layout=head["tables"], orders=orders)
    return store


def _to_plain(value: ApiObject) -> dict[str, Any]:
    if not isinstance(value, Unstructured):
        return to_manifest(value)
    plain: dict[str, Any] = {"apiVersion": value.api_version, "kind": value.kind, "metadata": to_builtins(value.metadata)}
    plain |= {name: part for name, part in (("spec", value.spec), ("status", value.status)) if part is not None}
    return plain | {"content": value.content}


def _of_plain(plain: dict[str, Any], place: str, specs: dict[str, Any]) -> ApiObject:
    """Read one object. Equal specs become one: the pods of a template share theirs, and so they did before."""
    kind = KINDS.get((plain["apiVersion"], plain["kind"]))
    if kind is None:
        meta = from_plain(plain["metadata"], ObjectMeta, place=f"{place}, metadata")
        return Unstructured(plain["apiVersion"], plain["kind"], meta, plain.get("spec"), plain.get("status"), plain.get("content", {}))
    value: Any = from_plain(plain, kind, place=place)
    if "spec" not in plain:
        return value  # type: ignore[no-any-return]
    spec = specs.setdefault(plain["kind"] + json.dumps(plain["spec"], sort_keys=True), value.spec)
    return replace(value, spec=spec)  # type: ignore[no-any-return]


def _plain(state: Any) -> Any:
    """Turn a generator's state into what JSON knows."""
    if isinstance(state, dict):
        return {key: _plain(part) for key, part in state.items()}
    return state.tolist() if isinstance(state, np.ndarray | np.generic) else state
