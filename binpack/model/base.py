"""The base of every Kubernetes object here: a frozen struct, snake_case inside, camelCase outside.

Keep every import of msgspec inside this package: configuration, scenarios and suites take their base from here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from binpack.model.quantity import Quantity


class Struct(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """A value as the Kubernetes API writes it. Unknown fields are ignored, as the API server does.

    The dictionaries it holds are mutable in Python; treat them as read-only. Values do not refer back to what holds them, so the
    garbage collector need not look through them: with hundreds of thousands of pods that is most of its work.
    """


class StrictStruct(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """A value of our own formats (scenarios, suites) or of one that Kubernetes decodes strictly (component configuration)."""


class Value(msgspec.Struct, frozen=True):
    """A small immutable value that never leaves the process: like a frozen dataclass, made and copied several times as fast."""


S = TypeVar("S", bound=msgspec.Struct)

field = msgspec.field
replace = msgspec.structs.replace


def decode_hook(kind: type, value: Any) -> Any:
    """Decode the types that msgspec does not know: quantities."""
    if kind is Quantity:
        return Quantity.parse(value)
    raise TypeError(f"{kind.__name__} cannot be decoded")


def encode_hook(value: Any) -> Any:
    """Encode the types that msgspec does not know: quantities."""
    if isinstance(value, Quantity):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be encoded")


def to_builtins(value: Any) -> Any:
    """Turn structs into dicts, lists and scalars, with the API's field names and without the fields at their defaults."""
    return msgspec.to_builtins(value, enc_hook=encode_hook)


def to_manifest(value: Any) -> dict[str, Any]:
    """Turn an object into what `kubectl get -o json` would show: like `to_builtins`, led by its apiVersion and kind."""
    return {"apiVersion": value.api_version, "kind": value.kind, **to_builtins(value)}


def to_fields(value: Any) -> Any:
    """Turn structs into dicts of *all* their fields, defaults included: what a digest is made of.

    `to_builtins` leaves a field out where its value is the very default object; an equal value that came from elsewhere stays in.
    """
    if isinstance(value, msgspec.Struct):
        return {name: to_fields(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple | list):
        return [to_fields(entry) for entry in value]
    if isinstance(value, dict):
        return {key: to_fields(entry) for key, entry in value.items()}
    return value


def from_builtins(value: Any, kind: type[S]) -> S:
    """Turn dicts, lists and scalars with the API's field names into a struct; `null` means absent, as in Go.

    Raises
    ------
    msgspec.ValidationError
        With the path of the first value that does not fit.
    """
    return msgspec.convert(without_nulls(value), kind, dec_hook=decode_hook)


def without_nulls(value: Any) -> Any:
    """Return plain data without the dictionary entries that are null."""
    if isinstance(value, dict):
        return {key: without_nulls(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list):
        return [without_nulls(entry) for entry in value]
    return value


def encoded(value: Any) -> bytes:
    """Return a value's compact bytes: a hashable key for structs that hold dictionaries."""
    return _ENCODER.encode(value)


def json_lines(values: Iterable[Any]) -> bytes:
    """Return plain data as lines of compact JSON in UTF-8, each with its line end."""
    return _JSON.encode_lines(values)


_ENCODER = msgspec.msgpack.Encoder(enc_hook=encode_hook)
_JSON = msgspec.json.Encoder()
