"""Load the solvers before a clock starts: importing and compiling are no part of a search."""

from __future__ import annotations

from binpack.optimal.problem import problem_of
from binpack.optimal.solve import solve


def load_engines() -> None:
    """Solve a problem that needs the pattern LP: two nodes by the sum, three in truth."""
    problem = problem_of(size=[[4, 3], [3, 4]], demand=[3, 2], capacity=[[9, 9]], supply=[5])
    solve(problem, objective="nodes", deterministic_limit=0.1)
