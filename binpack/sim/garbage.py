"""Python's garbage collector while a simulation runs: it looks at what is new, and leaves alone what has stayed."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_OBJECTS, _YOUNG_COLLECTIONS, _NEVER = 50_000, 20, 1_000_000


@contextmanager
def young_collections_only() -> Iterator[None]:
    """Let the collector search the objects of late, not all of them again and again.

    A run holds some seventy objects for each pod that has been, nearly all of them for good: full collections take a fifth of a day's
    simulation and find nothing. What forms cycles (exceptions with their frames) is short-lived, and found young.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS, _YOUNG_COLLECTIONS, _NEVER)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
