"""What a check of a certificate says."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class CheckedLevel:
    """What the checker found about one level.

    Attributes
    ----------
    name : str
    rank : int or None
        Of the pods that are counted; None for the cost.
    asked : int or None
        Pods of the rank.
    value : int or None
        Of the placement.
    stated, proven : int or None
        The bound in the certificate, and the one that follows from the proof.
    infeasible : bool
        Whether the proof shows that what the level asks for cannot be.
    kind : str or None
        Of the proof.
    claimed : int or None
        What a solver says without a proof.
    """

    name: str
    rank: int | None
    asked: int | None
    value: int | None
    stated: int | None
    proven: int | None
    infeasible: bool = False
    kind: str | None = None
    claimed: int | None = None

    @property
    def maximise(self) -> bool:
        """Whether more is better: pods are counted, not costs."""
        return self.rank is not None

    @property
    def optimal(self) -> bool:
        """Whether the proof meets the value."""
        return self.value is not None and self.value == self.proven


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check.

    Attributes
    ----------
    problems : tuple[str, ...]
        What is wrong or weaker than stated; empty if all was verified.
    levels : tuple[CheckedLevel, ...]
    """

    problems: tuple[str, ...]
    levels: tuple[CheckedLevel, ...] = field(default=())

    @property
    def verified(self) -> bool:
        """Whether placement, values and all stated bounds hold."""
        return not self.problems

    @property
    def optimal(self) -> bool:
        """Whether the certificate proves its placement to be optimal."""
        return self.verified and bool(self.levels) and all(level.optimal for level in self.levels)
