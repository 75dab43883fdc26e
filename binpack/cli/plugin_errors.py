"""An exception that came out of a plugin of the user's own, told in one line: which plugin, where in its file, and what."""

from __future__ import annotations

import traceback
from pathlib import Path

_OURS = ("binpack", "benchmarks", "workloads")


def plugin_error(error: Exception) -> str | None:
    """Return the line for an exception that passed through a method of a plugin that is not of this project; None for any other."""
    told = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        plugin = type(frame.f_locals.get("self"))
        foreign = str(frame.f_globals.get("__name__", "")).partition(".")[0] not in _OURS
        if foreign and isinstance(getattr(plugin, "points", None), frozenset):
            name, code = getattr(plugin, "name", plugin.__name__), frame.f_code
            told = f'plugin "{name}" failed in {Path(code.co_filename).name}, line {line}, in {code.co_name}'
    return None if told is None else f"{told}: {type(error).__name__}: {error}"
