"""Field selectors: `spec.nodeName=n1,status.phase!=Running`, on any field that holds a scalar.

Kubernetes supports a fixed list of fields a kind; here every path works, so that a question need not be thought of beforehand.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from binpack.errors import BinpackError

_TERM = re.compile(r"([A-Za-z0-9_.\-/\[\]]+)\s*(==|!=|=)\s*(.*)")
_CAPITAL = re.compile(r"(?<!^)([A-Z])")


class FieldRequirement(NamedTuple):
    """One term: a path of Python attribute names, whether it must be equal, and the value."""

    path: tuple[str, ...]
    equal: bool
    value: str


def parse_field_selector(text: str) -> tuple[FieldRequirement, ...]:
    """Read a field selector.

    Raises
    ------
    BinpackError
        If a term has no operator.

    Examples
    --------
    >>> parse_field_selector("spec.nodeName=n1")[0].path
    ('spec', 'node_name')
    """
    requirements = []
    for term in filter(None, (part.strip() for part in text.split(","))):
        match = _TERM.fullmatch(term)
        if match is None:
            raise BinpackError(f'field selector "{text}": "{term}" has no operator (accepted: path=value, path==value, path!=value)')
        path = tuple(_CAPITAL.sub(r"_\1", part).lower() for part in match[1].split("."))
        requirements.append(FieldRequirement(path, match[2] != "!=", match[3]))
    return tuple(requirements)


def matches_fields(requirements: tuple[FieldRequirement, ...], value: Any) -> bool:
    """Tell whether an object meets all terms; a field that is absent counts as the empty string."""
    return all((_text_at(value, one.path) == one.value) == one.equal for one in requirements)


def _text_at(value: Any, path: tuple[str, ...]) -> str:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else getattr(value, part, None)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
