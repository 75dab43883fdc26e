"""Turns JSON, or the plain data of a YAML reader, into objects, and says exactly which field is wrong.

The fast path is msgspec's typed decoding. Only where it fails is the plain data walked along the struct's types, for two reasons:
null means "absent" to Kubernetes in any field, and the message has to name the map key, which msgspec's does not.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

from binpack.errors import ManifestError
from binpack.model.base import S, decode_hook
from binpack.model.field_errors import short
from binpack.model.paths import Path, path_text
from binpack.model.scalars import MAX_INT64, MIN_INT64, Timestamp

_ABSENT = object()


class _WrongFieldError(Exception):
    """The first wrong field of an object: where, and what is the matter."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(problem)
        self.path = path
        self.problem = problem


def from_json(data: bytes | msgspec.Raw, kind: type[S], *, place: object) -> S:
    """Decode one object from JSON.

    Parameters
    ----------
    data : bytes
    kind : type
        A struct of this package; unknown fields are ignored.
    place : str, or anything that str() turns into one
        Where the object stands (`cluster.json, item 17 (Pod default/web-1)`), to begin the message with. It is asked for its text
        only if there is a message.

    Raises
    ------
    ManifestError
        `place, path.to.field: value is not … (accepted: …)`; also if the JSON is malformed.
    """
    try:
        return _decoder(kind).decode(data)  # type: ignore[no-any-return]
    except msgspec.ValidationError:
        return from_plain(msgspec.json.decode(data), kind, place=place)
    except msgspec.DecodeError as error:
        raise ManifestError(f"{place}: {error}") from None


def from_plain(value: Any, kind: type[S], *, place: object) -> S:
    """Decode one object from dicts, lists and scalars.

    Raises
    ------
    ManifestError
        `place, path.to.field: value is not … (accepted: …)`.
    """
    try:
        return msgspec.convert(value, kind, dec_hook=decode_hook)
    except msgspec.ValidationError:
        pass  # walked below: nulls are no mistakes, and a mistake deserves its whole path
    try:
        return msgspec.convert(_clean(_type_info(kind), value, ()), kind, dec_hook=decode_hook)
    except _WrongFieldError as wrong:
        where = path_text(wrong.path)
        raise ManifestError(f"{place}, {where}: {wrong.problem}" if where else f"{place}: {wrong.problem}") from None


@lru_cache(maxsize=128)
def _decoder(kind: type) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, dec_hook=decode_hook)


@lru_cache(maxsize=128)
def _type_info(kind: type) -> inspect.Type:
    return inspect.type_info(kind)


def _clean(info: inspect.Type, value: Any, path: Path) -> Any:
    """Return the value as Go would see it: nulls dropped, or the zero value where they stand in a list or map."""
    match info:
        case inspect.StructType():
            return _clean_struct(info, value, path)
        case inspect.DictType():
            return _clean_mapping(info.value_type, value, path)
        case inspect.VarTupleType() | inspect.ListType():
            return _clean_list(info.item_type, value, path)
        case inspect.UnionType():
            return _clean_union(info, value, path)
        case inspect.CustomType() | inspect.DateTimeType():
            return _clean_converted(info, value, path)
        case _:
            return _clean_scalar(info, value, path)


def _clean_struct(info: inspect.StructType, value: Any, path: Path) -> Any:
    if not isinstance(value, dict):
        raise _wrong(path, value, "a mapping", "a mapping of fields")
    cleaned = {}
    for field in info.fields:
        item = value.get(field.encode_name)
        if item is not None:
            cleaned[field.encode_name] = _clean(field.type, item, (*path, field.encode_name))
    return cleaned


def _clean_mapping(value_type: inspect.Type, value: Any, path: Path) -> Any:
    if not isinstance(value, dict):
        raise _wrong(path, value, "a mapping", "a mapping of keys to values")
    cleaned = {key: _zero(value_type) if item is None else _clean(value_type, item, (*path, key)) for key, item in value.items()}
    return {key: item for key, item in cleaned.items() if item is not _ABSENT}


def _clean_list(item_type: inspect.Type, value: Any, path: Path) -> Any:
    if not isinstance(value, list):
        raise _wrong(path, value, "a list", "a list")
    cleaned = [_zero(item_type) if item is None else _clean(item_type, item, (*path, index)) for index, item in enumerate(value)]
    return [item for item in cleaned if item is not _ABSENT]


def _clean_union(info: inspect.UnionType, value: Any, path: Path) -> Any:
    options = [option for option in info.types if not isinstance(option, inspect.NoneType)]
    if len(options) == 1:
        return _clean(options[0], value, path)
    for option in options:
        try:
            return _clean(option, value, path)
        except _WrongFieldError:
            continue
    raise _wrong(path, value, "a whole number or text", 'a number like 3, or a string like "25%"')


def _clean_converted(info: inspect.CustomType | inspect.DateTimeType, value: Any, path: Path) -> Any:
    if isinstance(info, inspect.DateTimeType):
        try:
            msgspec.convert(value, Timestamp if info.tz else datetime)
        except msgspec.ValidationError:
            raise _wrong(path, value, "a time", "RFC 3339 with a zone, like 2026-01-31T08:00:00Z") from None
        return value
    try:
        decode_hook(info.cls, value)
    except ValueError as error:
        accepted = str(error).partition("(accepted: ")[2].removesuffix(")")
        raise _wrong(path, value, "a quantity", accepted) from None
    return value


def _clean_scalar(info: inspect.Type, value: Any, path: Path) -> Any:
    match info:
        case inspect.IntType():
            lowest, highest = info.ge if info.ge is not None else MIN_INT64, info.le if info.le is not None else MAX_INT64
            if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
                return value
            if isinstance(value, int) and not isinstance(value, bool):
                raise _WrongFieldError(path, f"{value} is out of range (accepted: {lowest} to {highest})")
            raise _wrong(path, value, "a whole number", "a whole number, without quotes")
        case inspect.BoolType() if not isinstance(value, bool):
            raise _wrong(path, value, "true or false", "true or false, without quotes")
        case inspect.StrType() if not isinstance(value, str):
            raise _wrong(path, value, "text", _quoting(value))
        case _:
            return value


def _quoting(value: Any) -> str:
    """What to do about a value that was meant as text."""
    match value:
        case True:
            return "a string, in quotes: y, yes and on without them mean true"
        case False:
            return "a string, in quotes: n, no and off without them mean false"
        case int() | float():
            return "a string, in quotes"
        case _:
            return "a string"


def _zero(info: inspect.Type) -> Any:
    """What Go makes of null as a list's item or a map's value."""
    match info:
        case inspect.StructType() | inspect.DictType():
            return {}
        case inspect.StrType():
            return ""
        case inspect.CustomType():
            return 0
        case _:
            return _ABSENT


def _wrong(path: Path, value: Any, wanted: str, accepted: str) -> _WrongFieldError:
    return _WrongFieldError(path, f"{short(value)} is not {wanted} (accepted: {accepted})")
