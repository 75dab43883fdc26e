"""Fewest bins for an instance file: from the file to an answer whose proof was checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from binpack.optimal.answer import Answer, checked_answer
from binpack.optimal.certificate import certificate
from binpack.optimal.instances.instance import Instance
from binpack.optimal.instances.problem import problem_from
from binpack.optimal.problem import PackingProblem
from binpack.optimal.progress import Listener
from binpack.optimal.solution import Solution
from binpack.optimal.solve import solve


@dataclass(frozen=True)
class InstanceOptimum:
    """The answer for an instance.

    Attributes
    ----------
    instance : Instance
    problem : PackingProblem
    solution : Solution
        `fills` are patterns: so many bins that each hold the same.
    """

    instance: Instance
    problem: PackingProblem
    solution: Solution

    @cached_property
    def answer(self) -> Answer:
        """Status, bins and bound, after the certificate was checked."""
        return checked_answer(self._certificate())

    def certificate(self) -> dict[str, Any]:
        """The document that `binpack verify` checks; its placement is a list of patterns with multiplicities."""
        return self.answer.document

    def patterns(self) -> list[tuple[int, list[tuple[tuple[int, ...], int]]]]:
        """Bins that hold the same, and what: (bins, [(sizes in units of the problem's `multiplier`, items)])."""
        sizes = self.problem.size * list(self.problem.unit)
        rows = [tuple(row) for row in sizes.tolist()]
        return [(fill.nodes, [(rows[item], count) for item, count in fill.pods]) for fill in self.solution.fills]

    def _certificate(self) -> dict[str, Any]:
        source = {"format": self.instance.format, "name": self.instance.name, "multiplier": self.instance.multiplier}
        return {**certificate(self.problem, self.solution), "source": source}


def optimize_instance(
    instance: Instance,
    *,
    seed: int = 0,
    time_limit_s: float | None = None,
    deterministic_limit: float | None = None,
    gap: float = 0.0,
    listener: Listener | None = None,
    stop: Callable[[], bool] | None = None,
) -> InstanceOptimum:
    """Find the fewest bins that hold all items, and prove how few any packing could need.

    Parameters
    ----------
    instance : Instance
    seed, time_limit_s, deterministic_limit, gap, listener, stop
        See `binpack.optimal.solve.solve`; reading and checking are not counted.

    Raises
    ------
    InstanceError
        If sums of sizes overflow.
    """
    problem = problem_from(instance)
    solution = solve(
        problem,
        objective="nodes",
        seed=seed,
        time_limit_s=time_limit_s,
        deterministic_limit=deterministic_limit,
        gap=gap,
        listener=listener,
        stop=stop,
    )
    return InstanceOptimum(instance, problem, solution)
