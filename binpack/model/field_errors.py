"""Errors of single fields, worded as Kubernetes words them: `path: Invalid value: 0: must be greater than 0`.

Validation collects them all before anything is raised, so that a user sees every mistake of a file at once.
Source: apimachinery pkg/util/validation/field/errors.go, v1.35.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from binpack.model.base import to_builtins


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with one field.

    Parameters
    ----------
    path : str
        Where: `profiles[0].plugins.score.enabled[2].name`.
    message : str
        What was seen and what is accepted.
    prefix : str
        What Kubernetes writes before the path, for errors that it wraps.
    """

    path: str
    message: str
    prefix: str = ""

    def __str__(self) -> str:
        return f"{self.prefix}{self.path}: {self.message}" if self.path else f"{self.prefix}{self.message}"


def invalid(path: str, value: Any, detail: str) -> FieldError:
    """Report a value that is malformed or out of range."""
    return FieldError(path, f"Invalid value: {shown(value)}: {detail}")


def required(path: str, detail: str = "") -> FieldError:
    """Report a field that must be given and is not, or is empty."""
    return FieldError(path, f"Required value: {detail}" if detail else "Required value")


def duplicate(path: str, value: Any, detail: str = "") -> FieldError:
    """Report a value that must be unique and is there already."""
    return FieldError(path, f"Duplicate value: {shown(value)}{': ' if detail else ''}{detail}")


def unsupported(path: str, value: Any, accepted: Iterable[str]) -> FieldError:
    """Report a value that is not among the accepted ones."""
    listed = ", ".join(json.dumps(one) for one in accepted)
    return FieldError(path, f"Unsupported value: {shown(value)}: supported values: {listed}")


def forbidden(path: str, detail: str) -> FieldError:
    """Report a field that must not be given here."""
    return FieldError(path, f"Forbidden: {detail}")


def shown(value: Any) -> str:
    """Write a value as a message quotes it: strings in quotation marks, all else as JSON."""
    try:
        return json.dumps(to_builtins(value), ensure_ascii=False)
    except TypeError:  # YAML allows more than JSON: a list as a key
        return repr(value)


def short(value: Any, length: int = 60) -> str:
    """Write a value as `shown` does, cut where it gets long."""
    text = shown(value)
    return text if len(text) <= length else f"{text[: length - 1]}…"
