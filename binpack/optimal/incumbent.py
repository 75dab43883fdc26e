"""The best placement so far: what every method offers to, and what decides whether an offer counts."""

from __future__ import annotations

from collections.abc import Sequence

from binpack.optimal.legality import cost_of, placed_by_rank, violations
from binpack.optimal.problem import PackingProblem
from binpack.optimal.solution import Fill

Score = tuple[tuple[int, ...], int]


class Incumbent:
    """Holds the best legal placement offered: the most rank by rank, then least cost. Ties go to the first.

    Attributes
    ----------
    fills : tuple[Fill, ...]
        Nothing placed, at the start.
    method : str
        Who offered it.
    counts_cost : bool
        Whether a lower cost makes a placement better that is equal rank by rank.
    """

    def __init__(self, problem: PackingProblem) -> None:
        self._problem = problem
        self.fills: tuple[Fill, ...] = ()
        self.method = "nothing placed"
        self.counts_cost = True
        self._score: Score = self.score_of(())

    def score_of(self, fills: Sequence[Fill]) -> Score:
        """Pods left out by rank, and cost: smaller is better."""
        placed = placed_by_rank(self._problem, fills)
        missing = tuple(there - some for there, some in zip(self._problem.rank_demand, placed, strict=True))
        return missing, cost_of(self._problem, fills)

    def offer(self, fills: tuple[Fill, ...], method: str) -> bool:
        """Take a placement if it is better and breaks no constraint; True if it was taken."""
        score = self.score_of(fills)
        same = score[0] == self._score[0] and not self.counts_cost
        if same or score >= self._score or violations(self._problem, fills):
            return False
        self.fills, self.method, self._score = fills, method, score
        return True

    @property
    def placed(self) -> tuple[int, ...]:
        """Pods placed of each rank."""
        return tuple(there - gone for there, gone in zip(self._problem.rank_demand, self._score[0], strict=True))

    @property
    def cost(self) -> int:
        """Cost of the nodes in use."""
        return self._score[1]

    @property
    def complete(self) -> bool:
        """Whether every pod is placed."""
        return not any(self._score[0])
