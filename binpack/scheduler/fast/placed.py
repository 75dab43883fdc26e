"""What became of the first pods of a tick."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Placed:
    """Pods that were placed from the cache, in order.

    Parameters
    ----------
    nodes : list[str]
        Where each went.
    evaluated : list[int]
        How many nodes the search looked at for each.
    start : int
        Where the next search begins.
    """

    nodes: list[str]
    evaluated: list[int]
    start: int
