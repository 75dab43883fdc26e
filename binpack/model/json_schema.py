"""JSON Schema (draft 2020-12) of a struct, as published for editors."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec

from binpack.model.base import StrictStruct, Struct
from binpack.model.quantity import Quantity

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: type[Struct | StrictStruct]) -> dict[str, Any]:
    """Return the schema of a struct and of all that it holds, in the camel case of files."""
    schema: dict[str, Any] = msgspec.json.schema(kind, schema_hook=_of_scalar)
    for one in schema["$defs"].values():
        if "description" in one:
            one["description"] = inspect.cleandoc(one["description"]).split("\n\n")[0]
    return {"$schema": DIALECT, **schema}


def _of_scalar(kind: type) -> dict[str, Any]:
    if kind is Quantity:
        return {"type": ["string", "number"], "description": 'A quantity, as "500m" or 2.'}
    # How msgspec wants to be told of a type that has no schema.
    raise NotImplementedError(kind)
