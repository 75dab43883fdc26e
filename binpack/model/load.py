"""Reads Kubernetes objects from files as `kubectl` writes them: JSON or YAML, lists, many documents, directories, compressed.

JSON is decoded straight into the structs, item by item, without building dictionaries: that is what makes a dump of a large
cluster load in a second or two.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import msgspec

from binpack.errors import ManifestError
from binpack.model.base import replace
from binpack.model.defaulting import default_object
from binpack.model.entries import Entry, Head, split_documents
from binpack.model.field_errors import short
from binpack.model.files import find_files, name_of, read_bytes
from binpack.model.kinds import COMPATIBLE_VERSIONS, KINDS, KubernetesObject
from binpack.model.objects import Objects, Source, refuse_duplicates
from binpack.model.validation import validate, validate_dump

Checks = Literal["manifest", "dump", "none"]

_VERSIONS = {kind: api_version for api_version, kind in KINDS}


def load(
    paths: str | Path | Iterable[str | Path],
    *,
    stdin: BinaryIO | None = None,
    checks: Checks = "dump",
) -> Objects:
    """Read every object of some files, with the API server's defaults filled in.

    Parameters
    ----------
    paths : path or several
        Files (`.json`, `.yaml`, `.yml`, each also with `.gz`), directories, or `-` for standard input.
    stdin : BinaryIO, optional
        What `-` reads; the process's standard input by default.
    checks : "manifest", "dump" or "none"
        Manifests that a user wrote are validated as the API server would; a dump has been through that, so that only what would
        lead to wrong numbers is looked for.

    Returns
    -------
    Objects
        In file order; kinds that are not known are counted in `skipped`.

    Raises
    ------
    ManifestError
        If something cannot be read, is no Kubernetes object, is given twice, or does not pass the checks (one line a problem).

    Examples
    --------
    >>> import io
    >>> manifest = b"{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {allocatable: {cpu: 4}}}"
    >>> [node.name for node in load("-", stdin=io.BytesIO(b"---\\n" + manifest))]
    ['n1']
    """
    given = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    gathered = _Gathered()
    with _without_garbage_collection():
        for path in find_files(given):
            before = gathered.count
            gathered.read(read_bytes(path, stdin), name_of(path))
            # In a directory a file of comments does no harm; one that is named was meant to say something.
            if gathered.count == before and (path is None or path in given):
                raise ManifestError(f"{name_of(path)}: holds no object (accepted: Kubernetes objects in JSON or YAML)")
        objects = Objects(tuple(default_object(value) for value in gathered.objects), tuple(gathered.sources), gathered.skipped)
        refuse_duplicates(objects)
        check(objects, checks)
    return objects


def check(objects: Objects, checks: Checks) -> None:
    """Validate objects and raise one ManifestError that lists every problem, a line each."""
    if checks == "none":
        return
    rules = validate if checks == "manifest" else validate_dump
    problems = [f"{objects.place(index)}, {problem}" for index, value in enumerate(objects.objects) for problem in rules(value)]
    if problems:
        raise ManifestError("\n".join(problems))


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Loading makes millions of objects and hardly any garbage: looking for some takes half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Gathered:
    """What has been read so far."""

    def __init__(self) -> None:
        self.objects: list[KubernetesObject] = []
        self.sources: list[Source] = []
        self.skipped: Counter[str] = Counter()
        self.count = 0

    def read(self, data: bytes, name: str) -> None:
        documents = split_documents(data, name)
        alone = sum(entry is not None for entry in documents) == 1
        for number, entry in enumerate(documents, start=1):
            if entry is not None:
                self._take_document(entry, Source(name, number), alone)

    def _take_document(self, entry: Entry, source: Source, alone: bool) -> None:
        head = _head(entry, _Place(source))
        if not _is_list(head):
            self._take(entry, head, source)
            return
        self.count += 1
        items = entry.items()
        if items is None:
            raise ManifestError(f"{source}, items: {short(entry.plain()['items'])} is not a list (accepted: a list of objects)")
        for number, item in enumerate(items, start=1):
            place = Source(source.file, None if alone else source.document, number)
            self._take(item, _named_by_list(_head(item, _Place(place)), head), place)

    def _take(self, entry: Entry, head: Head, source: Source) -> None:
        self.count += 1
        place = _Place(source, entry, head.kind)
        version, kind = _version_and_kind(head, place)
        version, kind = COMPATIBLE_VERSIONS.get((version, kind), (version, kind))
        struct = KINDS.get((version, kind))
        if struct is None:
            self.skipped[f"{kind} of {version}" if kind in _VERSIONS else kind] += 1
            return
        value: KubernetesObject = entry.decode(struct, place)
        if value.api_version != version:
            value = replace(value, api_version=version)
        if not value.metadata.name:
            raise ManifestError(f"{place}, metadata.name: missing (accepted: a name; generateName is for the API server)")
        self.objects.append(value)
        self.sources.append(source)


@dataclass(frozen=True, slots=True)
class _Place:
    """The text of a place, made only when a message needs it."""

    source: Source
    entry: Entry | None = None
    kind: Any = None

    def __str__(self) -> str:
        kind = self.kind if isinstance(self.kind, str) else ""
        plain = self.entry.plain() if self.entry is not None and self.source.item is not None else {}
        metadata = plain.get("metadata")
        known = metadata if isinstance(metadata, dict) else {}
        return self.source.of(kind, str(known.get("namespace") or ""), str(known.get("name") or ""))


def _head(entry: Entry, place: _Place) -> Head:
    head = entry.head()
    if head is None:
        raise ManifestError(f"{place}: {short(entry.plain())} is not an object (accepted: a mapping with apiVersion, kind and metadata)")
    return head


def _is_list(head: Head) -> bool:
    return isinstance(head.kind, str) and head.kind.endswith("List") and (head.items is not msgspec.UNSET or head.kind == "List")


def _named_by_list(item: Head, of: Head) -> Head:
    """The items of a `PodList` do not repeat what they are."""
    if item.kind is None and of.kind != "List":
        return Head(apiVersion=item.apiVersion or of.apiVersion, kind=of.kind.removesuffix("List"))
    return item


def _version_and_kind(head: Head, place: _Place) -> tuple[str, str]:
    wanted = (("kind", head.kind, "a kind, like Pod"), ("apiVersion", head.apiVersion, _VERSIONS.get(str(head.kind), "v1")))
    for field, value, accepted in wanted:
        if value is None or value == "":
            raise ManifestError(f"{place}, {field}: missing (accepted: {accepted})")
        if not isinstance(value, str):
            raise ManifestError(f"{place}, {field}: {short(value)} is not text (accepted: {accepted})")
    return head.apiVersion, head.kind
