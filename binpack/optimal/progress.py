"""What a search tells while it goes on: the best placement and the best bound so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One step forward.

    Attributes
    ----------
    level : str
        What is counted: "nodes", "cost", or the pods of a tier.
    value, bound : int or None
        Of the best placement so far, and what no placement can beat; None if there is none yet.
    seconds : float
        Since the search began.
    method : str
        Who found the placement.
    """

    level: str
    value: int | None
    bound: int | None
    seconds: float
    method: str

    @property
    def gap(self) -> float | None:
        """|value - bound| as a fraction of the larger; None if one is missing."""
        return relative_gap(self.value, self.bound)

    def says(self, level: str, value: int | None, bound: int | None) -> bool:
        """Whether this is what was said already."""
        return (self.level, self.value, self.bound) == (level, value, bound)


Listener = Callable[[Progress], None]


def relative_gap(value: int | None, bound: int | None) -> float | None:
    """|value - bound| as a fraction of the larger of the two, 0 where both are 0; None if one is missing."""
    if value is None or bound is None:
        return None
    whole = max(value, bound)
    return abs(value - bound) / whole if whole else 0.0
