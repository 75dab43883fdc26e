"""One item of a file, before it is an object: its head (apiVersion, kind), its items if it is a list, and how to decode it.

Two forms with the same methods: raw JSON, of which only the head is looked at, and the plain data of a YAML document.
"""

from __future__ import annotations

import json
import re
from typing import Any, Protocol

import msgspec

from binpack.errors import ManifestError
from binpack.model.base import S
from binpack.model.decode import from_json, from_plain
from binpack.model.yaml import load_documents

_WHITESPACE = re.compile(r"[ \t\n\r]*")
_YAML_SUFFIXES = (".yaml", ".yml", ".yaml.gz", ".yml.gz")


class Head(msgspec.Struct):
    """The fields that say what an object is. Any type, for a wrong one deserves a better message than msgspec's."""

    apiVersion: Any = None  # noqa: N815
    kind: Any = None
    metadata: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    items: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Entry(Protocol):
    """What a file holds at one place."""

    def head(self) -> Head | None:
        """Return apiVersion and kind; None if this is no mapping."""
        ...

    def items(self) -> list[Entry] | None:
        """Return a list's items, without nulls; None if `items` is neither a list nor null nor absent."""
        ...

    def decode(self, kind: type[S], place: object) -> S:
        """Decode the object; see `decode.from_json`."""
        ...

    def plain(self) -> Any:
        """Return the plain data, to quote it in messages."""
        ...


class JsonEntry:
    """Raw JSON, whose syntax has been checked."""

    def __init__(self, data: bytes | msgspec.Raw) -> None:
        self._data = data

    def head(self) -> Head | None:
        try:
            return _head_decoder.decode(self._data)
        except msgspec.ValidationError:
            return None

    def items(self) -> list[Entry] | None:
        head = self.head()
        if head is None or head.items is msgspec.UNSET:
            return []
        try:
            items = _items_decoder.decode(head.items)
        except msgspec.ValidationError:
            return None
        return [JsonEntry(item) for item in items or () if bytes(item) != b"null"]

    def decode(self, kind: type[S], place: object) -> S:
        return from_json(self._data, kind, place=place)

    def plain(self) -> Any:
        return msgspec.json.decode(self._data)


class PlainEntry:
    """The plain data of a YAML document."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def head(self) -> Head | None:
        if not isinstance(self._value, dict):
            return None
        items = msgspec.Raw(b"") if "items" in self._value else msgspec.UNSET
        return Head(apiVersion=self._value.get("apiVersion"), kind=self._value.get("kind"), items=items)

    def items(self) -> list[Entry] | None:
        items = self._value.get("items")
        if items is None:
            return []
        return [PlainEntry(item) for item in items if item is not None] if isinstance(items, list) else None

    def decode(self, kind: type[S], place: object) -> S:
        return from_plain(self._value, kind, place=place)

    def plain(self) -> Any:
        return self._value


def split_documents(data: bytes, name: str) -> list[Entry | None]:
    """Split a file's text into its documents; None for an empty one. JSON is told from YAML by its first byte.

    Raises
    ------
    ManifestError
        `name, line L, column C: problem`.
    """
    if data.lstrip()[:1] not in (b"{", b"["):
        return [None if value is None else PlainEntry(value) for value in load_documents(data.decode(), name)]
    try:
        _syntax_decoder.decode(data)
        return [JsonEntry(data)]
    except (msgspec.DecodeError, RecursionError):
        pass
    if name.endswith(_YAML_SUFFIXES):  # a YAML file may begin with a flow mapping
        return [None if value is None else PlainEntry(value) for value in load_documents(data.decode(), name)]
    return [JsonEntry(document.encode()) for document in _json_texts(data.decode(), name)]


def _json_texts(text: str, name: str) -> list[str]:
    """Split concatenated JSON values, and say where it stops being JSON."""
    decoder = json.JSONDecoder()
    texts = []
    position = 0
    while (position := _skip_whitespace(text, position)) < len(text):
        try:
            _, end = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise ManifestError(f"{name}, line {error.lineno}, column {error.colno}: {_lower(error.msg)} (JSON)") from None
        except RecursionError:
            raise ManifestError(f"{name}: nested too deeply (accepted: what a Kubernetes object needs)") from None
        texts.append(text[position:end])
        position = end
    return texts


def _skip_whitespace(text: str, position: int) -> int:
    match = _WHITESPACE.match(text, position)
    return match.end() if match else position


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


_head_decoder = msgspec.json.Decoder(Head)
_items_decoder = msgspec.json.Decoder(list[msgspec.Raw] | None)
_syntax_decoder = msgspec.json.Decoder(msgspec.Raw)
