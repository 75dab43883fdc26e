"""What a plugin class must declare to be one, and what its answers must be: checked where they are used, told as its author needs it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.errors import PluginError
from binpack.framework.points import Point

METHODS: dict[Point, tuple[tuple[str, ...], ...]] = {
    Point.PRE_FILTER: (("prepare",),),
    Point.FILTER: (("prepare",), ("filter",), ("status",)),
    Point.SCORE: (("prepare_score", "prepare_random_score"), ("score",), ("normalize",)),
    Point.PRE_ENQUEUE: (("pre_enqueue",),),
    Point.QUEUE_SORT: (("sort_key",),),
    Point.RESERVE: (("reserve", "reserve_at_random"),),
}
"""The methods that a plugin of a point has; of several names in one entry one is enough."""


def declaration_problem(found: Any) -> str | None:
    """Return what a class (or a plugin) lacks to be a plugin; None if nothing."""
    name, points = getattr(found, "name", None), getattr(found, "points", None)
    if not isinstance(name, str) or not name:
        return f"`name` is {name!r} (accepted: a text)"
    if not isinstance(points, frozenset) or not points or not all(isinstance(point, Point) for point in points):
        return f"`points` is {points!r} (accepted: a frozenset of Point, not empty)"
    for point in sorted(points):
        missing = [" or ".join(names) for names in METHODS.get(point, ()) if not any(callable(getattr(found, one, None)) for one in names)]
        if missing:
            return f"says it runs at {point} and has no method {', '.join(missing)}"
    return None


def checked_codes(plugin: str, codes: Any, count: int) -> NDArray[np.uint32]:
    """Return a filter's answer if it is one code a row.

    Raises
    ------
    PluginError
        If it is anything else.
    """
    if not isinstance(codes, np.ndarray) or codes.dtype.kind not in "uib" or codes.shape != (count,):
        raise PluginError(f'plugin "{plugin}": `filter` returned {_seen(codes)} (accepted: an array of uint32, shape ({count},))')
    return codes


def checked_scores(plugin: str, scores: Any, count: int) -> NDArray[np.int64]:
    """Return a score's normalised answer if it is one whole number a row.

    Raises
    ------
    PluginError
        If it is anything else.
    """
    if not isinstance(scores, np.ndarray) or scores.dtype.kind != "i" or scores.shape != (count,):
        raise PluginError(f'plugin "{plugin}": its scores are {_seen(scores)} (accepted: an array of int64, shape ({count},))')
    return scores


def _seen(value: Any) -> str:
    return f"an array of {value.dtype}, shape {value.shape}" if isinstance(value, np.ndarray) else f"{type(value).__name__}"
