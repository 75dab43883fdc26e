"""Strict decoding that finds every mistake: unknown fields, wrong types, each with its path.

Kubernetes decodes component configuration strictly, and so do we our own formats. msgspec stops at the first mistake; here the
plain data is walked along the struct's types first, what is wrong is reported and left out, and the rest becomes a struct.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic

import msgspec
from msgspec import inspect

from binpack.model.base import S, decode_hook
from binpack.model.field_errors import FieldError, required, shown, unsupported
from binpack.model.scalars import MAX_INT32, MAX_INT64, MIN_INT64, Timestamp

_SHOWN_LENGTH = 60
_UNUSABLE = object()


@dataclass(frozen=True, slots=True)
class Decoded(Generic[S]):
    """A struct and what was wrong with its source.

    Parameters
    ----------
    value : Struct | None
        With the wrong parts at their defaults; None if a field without a default is missing or the source is no mapping.
    errors : tuple[FieldError, ...]
        Empty if the source was right.
    """

    value: S | None
    errors: tuple[FieldError, ...]


def decode_strictly(data: Any, kind: type[S], *, path: str = "") -> Decoded[S]:
    """Turn plain data (dicts, lists, scalars) into a struct, and report everything in it that does not belong there.

    As in Go, null is the same as absent. A whole number may be written with a fraction of zero.

    Parameters
    ----------
    data : Any
        What a YAML or JSON reader gave.
    kind : type
        The struct; every struct inside it is decoded strictly, too.
    path : str
        Where the data stands, to begin the paths in the errors.

    Returns
    -------
    Decoded
    """
    errors: list[FieldError] = []
    cleaned = _clean(_type_info(kind), data, path, errors)
    if cleaned is _UNUSABLE:
        return Decoded(None, tuple(errors))
    return Decoded(msgspec.convert(cleaned, kind, dec_hook=decode_hook), tuple(errors))


def nearest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return up to three known names that look like a misspelt one, the most alike first."""
    by_lower_case = {one.lower(): one for one in sorted(known)}
    return tuple(by_lower_case[match] for match in difflib.get_close_matches(name.lower(), by_lower_case, n=3, cutoff=0.7))


@lru_cache(maxsize=256)
def _type_info(kind: type) -> inspect.Type:
    return inspect.type_info(kind)


def _clean(info: inspect.Type, value: Any, path: str, errors: list[FieldError]) -> Any:
    """Return the value without its mistakes, or _UNUSABLE."""
    match info:
        case inspect.StructType():
            return _clean_struct(info, value, path, errors)
        case inspect.DictType():
            return _clean_mapping(info, value, path, errors)
        case inspect.VarTupleType() | inspect.ListType():
            return _clean_list(info.item_type, value, path, errors)
        case inspect.UnionType():
            return _clean_union(info, value, path, errors)
        case inspect.LiteralType():
            if value in info.values:
                return value
            errors.append(unsupported(path, value, [str(one) for one in info.values]))
            return _UNUSABLE
        case inspect.CustomType() | inspect.DateTimeType():
            return _clean_converted(info, value, path, errors)
        case _:
            return _clean_scalar(info, value, path, errors)


def _clean_struct(info: inspect.StructType, value: Any, path: str, errors: list[FieldError]) -> Any:
    names = [field.encode_name for field in info.fields]
    if not isinstance(value, dict):
        return _refuse(path, value, f"a mapping with the fields {', '.join(names)}", errors)
    for key in value:
        if key not in names:
            errors.append(_unknown_field(path, key, names))
    cleaned = {}
    usable = True
    for field in info.fields:
        where = _child(path, field.encode_name)
        item = value.get(field.encode_name)
        if item is not None:
            item = _clean(field.type, item, where, errors)
            if item is not _UNUSABLE:
                cleaned[field.encode_name] = item
                continue
        elif field.required:
            errors.append(required(where))
        usable = usable and not field.required
    return cleaned if usable else _UNUSABLE


def _clean_mapping(info: inspect.DictType, value: Any, path: str, errors: list[FieldError]) -> Any:
    if not isinstance(value, dict):
        return _refuse(path, value, "a mapping", errors)
    cleaned = {}
    for key, item in value.items():
        where = f"{path}[{key}]"
        if not isinstance(key, str):
            _refuse(where, key, "a string as key", errors)
            continue
        item = _clean(info.value_type, item, where, errors)
        if item is not _UNUSABLE:
            cleaned[key] = item
    return cleaned


def _clean_list(item_type: inspect.Type, value: Any, path: str, errors: list[FieldError]) -> Any:
    if not isinstance(value, list | tuple):
        return _refuse(path, value, "a list", errors)
    cleaned = []
    usable = True  # Where no empty element can stand in, what follows is left out as well.
    for index, item in enumerate(value):
        if item is not None:
            item = _clean(item_type, item, f"{path}[{index}]", errors)
        if item is None or item is _UNUSABLE:
            # A wrong element leaves an empty one behind, so that the others keep their indexes in later messages.
            placeholder = _placeholder(item_type)
            if item is None and placeholder is _UNUSABLE:
                errors.append(required(f"{path}[{index}]"))
            item = placeholder
        usable = usable and item is not _UNUSABLE
        if usable:
            cleaned.append(item)
    return cleaned


def _placeholder(info: inspect.Type) -> Any:
    match info:
        case inspect.StructType():
            return _UNUSABLE if any(field.required for field in info.fields) else {}
        case inspect.DictType():
            return {}
        case inspect.VarTupleType() | inspect.ListType():
            return []
        case inspect.StrType():
            return ""
        case inspect.IntType() | inspect.FloatType() | inspect.CustomType():
            return 0
        case inspect.BoolType():
            return False
        case _:
            return _UNUSABLE


def _clean_union(info: inspect.UnionType, value: Any, path: str, errors: list[FieldError]) -> Any:
    if value is None and info.includes_none:
        return None
    first: list[FieldError] | None = None
    for option in info.types:
        if isinstance(option, inspect.NoneType):
            continue
        found: list[FieldError] = []
        cleaned = _clean(option, value, path, found)
        if not found:
            return cleaned
        if first is None:
            first, kept = found, cleaned
    errors.extend(first or [])
    return kept if first else _UNUSABLE


def _clean_converted(info: inspect.CustomType | inspect.DateTimeType, value: Any, path: str, errors: list[FieldError]) -> Any:
    try:
        if isinstance(info, inspect.CustomType):
            decode_hook(info.cls, value)
        else:
            msgspec.convert(value, Timestamp if info.tz else datetime)
    except ValueError as error:  # msgspec.ValidationError is one
        errors.append(FieldError(path, str(error) if isinstance(info, inspect.CustomType) else f"{_short(value)}: {error}"))
        return _UNUSABLE
    return value


def _clean_scalar(info: inspect.Type, value: Any, path: str, errors: list[FieldError]) -> Any:
    match info:
        case inspect.IntType():
            if isinstance(value, float) and value.is_integer():
                value = int(value)
            lowest, highest = info.ge if info.ge is not None else MIN_INT64, info.le if info.le is not None else MAX_INT64
            if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
                return value
            return _refuse(path, value, f"a whole number of {32 if highest == MAX_INT32 else 64} bits", errors)
        case inspect.FloatType():
            accepted = isinstance(value, int | float) and not isinstance(value, bool)
            return value if accepted else _refuse(path, value, "a number", errors)
        case inspect.BoolType():
            return value if isinstance(value, bool) else _refuse(path, value, "true or false", errors)
        case inspect.StrType():
            return value if isinstance(value, str) else _refuse(path, value, "a string", errors)
        case _:
            return value


def _refuse(path: str, value: Any, accepted: str, errors: list[FieldError]) -> Any:
    errors.append(FieldError(path, f"{_short(value)}: wrong type (accepted: {accepted})"))
    return _UNUSABLE


def _unknown_field(path: str, key: Any, names: list[str]) -> FieldError:
    close = nearest(str(key), names)
    hint = f"did you mean {' or '.join(close)}?" if close else f"accepted: {', '.join(names)}"
    return FieldError(_child(path, str(key)), f"unknown field ({hint})")


def _child(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _short(value: Any) -> str:
    text = shown(value)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[: _SHOWN_LENGTH - 1]}…"
