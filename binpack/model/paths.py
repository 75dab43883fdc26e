"""Field paths as messages write them: `spec.containers[0].resources.requests.cpu`."""

from __future__ import annotations

import re

Path = tuple[str | int, ...]

_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def path_text(path: Path) -> str:
    """Join the steps of a path: fields and simple map keys with dots, indexes and all other keys in brackets.

    Examples
    --------
    >>> path_text(("metadata", "labels", "example.com/team"))
    'metadata.labels[example.com/team]'
    """
    text = ""
    for step in path:
        if isinstance(step, int) or _SIMPLE.fullmatch(step) is None:
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text
