"""Counting agreement: what differed, at most once a decision and key."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

KEYS = ("verdict", "reasons", "scores", "total", "best", "message", "postFilter", "attempts", "queues", "sequence")
"""What can differ in a decision."""

CASE_KEYS = ("expect",)
"""What can differ in a case of the control plane: something of what it expects."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One decision, recorded and ours.

    Parameters
    ----------
    scenario : str
    decision : str
        The pod, and where it helps the time.
    differences : dict[str, str]
        By key (one of `KEYS`): recorded and ours in words. Empty: it agrees.
    """

    scenario: str
    decision: str
    differences: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class FamilyTally:
    """Agreement of one family.

    Parameters
    ----------
    scenarios, decisions, agree : int
    disagree : Counter[str]
        By key: decisions in which it differed.
    has_cases : bool
        Some of its scenarios are cases of the control plane.
    """

    scenarios: int = 0
    decisions: int = 0
    agree: int = 0
    disagree: Counter[str] = field(default_factory=Counter)
    has_cases: bool = False

    def add(self, comparisons: list[Comparison]) -> None:
        """Count the decisions of one scenario."""
        self.scenarios += 1
        for comparison in comparisons:
            self.decisions += 1
            self.agree += not comparison.differences
            self.disagree.update(comparison.differences.keys())

    def as_json(self) -> dict[str, Any]:
        """Return the family's part of the JSON output."""
        return {
            "scenarios": self.scenarios,
            "decisions": self.decisions,
            "agree": self.agree,
            "disagree": {key: self.disagree[key] for key in (*KEYS, *(CASE_KEYS if self.has_cases else ()))},
        }


@dataclass(slots=True)
class Agreement:
    """Agreement of all files, and the decisions that differed.

    Parameters
    ----------
    families : dict[str, FamilyTally]
    disagreements : list[Comparison]
        In the order in which they were met.
    """

    families: dict[str, FamilyTally] = field(default_factory=dict)
    disagreements: list[Comparison] = field(default_factory=list)

    def add(self, family: str, comparisons: list[Comparison], *, is_case: bool = False) -> None:
        """Count one scenario."""
        tally = self.families.setdefault(family, FamilyTally())
        tally.has_cases |= is_case
        tally.add(comparisons)
        self.disagreements += [comparison for comparison in comparisons if comparison.differences]

    @property
    def decisions(self) -> int:
        """All decisions."""
        return sum(tally.decisions for tally in self.families.values())

    @property
    def agree(self) -> int:
        """Decisions that agree in everything that was recorded."""
        return sum(tally.agree for tally in self.families.values())

    @property
    def complete(self) -> bool:
        """Whether every decision agrees."""
        return self.agree == self.decisions

    def as_json(self) -> dict[str, Any]:
        """Return the whole JSON output."""
        families = {name: tally.as_json() for name, tally in sorted(self.families.items())}
        return {"families": families, "decisions": self.decisions, "agree": self.agree}
