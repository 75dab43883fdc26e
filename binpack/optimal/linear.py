"""A linear program for HiGHS: columns can be added, and solving again starts from the last basis.

The only file that touches `highspy`. One thread and fixed column order: the same program gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

WORK_PER_ITERATION = 2e-5
WORK_PER_ENTRY = 5e-9
"""Deterministic work of a simplex iteration: as such, and for each entry of the matrix. About a second of one core is 1."""
ITERATIONS_A_MIP_NODE = 30


@dataclass(frozen=True)
class LinearResult:
    """An optimal vertex: float64 arrays, true to about 1e-7 and no better."""

    value: float
    columns: Numbers
    duals: Numbers


class LinearProgram:
    """Minimise costs · x, lower <= rows <= upper, 0 <= x <= upper of the column.

    Parameters
    ----------
    lower, upper : sequence of float
        Bounds of the rows; columns are added afterwards.

    Attributes
    ----------
    work : float
        Deterministic work of the last `solve` or `solve_whole`.
    """

    def __init__(self, lower: Sequence[float], upper: Sequence[float]) -> None:
        import highspy

        self._kinds: Any = highspy
        # The Python subclass turns on callbacks while it is built, which prints a banner before output can be switched off.
        self._solver: Any = self._kinds.Highs.__bases__[0]()
        self.work = 0.0
        for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0), ("solver", "simplex")):
            self._solver.setOptionValue(option, value)
        for low, high in zip(lower, upper, strict=True):
            self._solver.addRow(float(low), float(high), 0, np.zeros(0, np.int32), np.zeros(0))

    def add_column(self, cost: float, rows: Sequence[int], values: Sequence[float], upper: float = np.inf) -> None:
        """Append a column with its entries in the given rows."""
        self._solver.addCol(float(cost), 0.0, float(upper), len(rows), np.asarray(rows, np.int32), np.asarray(values, np.float64))

    def add_columns(self, costs: Sequence[float], starts: Sequence[int], rows: Sequence[int], values: Sequence[float]) -> None:
        """Append many columns at once, in compressed column form (`starts` has one entry a column)."""
        count = len(costs)
        self._solver.addCols(
            count,
            np.asarray(costs, np.float64),
            np.zeros(count),
            np.full(count, np.inf),
            len(rows),
            np.asarray(starts, np.int32),
            np.asarray(rows, np.int32),
            np.asarray(values, np.float64),
        )

    def set_row(self, row: int, lower: float, upper: float) -> None:
        """Change the bounds of a row."""
        self._solver.changeRowBounds(row, float(lower), float(upper))

    def set_costs(self, costs: Numbers) -> None:
        """Change the costs of the first columns, one number each."""
        count = len(costs)
        self._solver.changeColsCost(count, np.arange(count, dtype=np.int32), np.asarray(costs, np.float64))

    def set_uppers(self, uppers: Numbers) -> None:
        """Change the upper bounds of the first columns, one number each."""
        count = len(uppers)
        self._solver.changeColsBounds(count, np.arange(count, dtype=np.int32), np.zeros(count), np.asarray(uppers, np.float64))

    def solve(self, *, work_limit: float | None = None, seconds: float | None = None) -> LinearResult | None:
        """Solve from the last basis; None where HiGHS finds no optimal vertex, or not within a limit.

        Parameters
        ----------
        work_limit : float, optional
            Deterministic: turned into a number of iterations.
        seconds : float, optional
        """
        each = self._work_an_iteration
        most = self._kinds.kHighsIInf if work_limit is None else min(int(work_limit / each) + 1, self._kinds.kHighsIInf)
        self._solver.setOptionValue("simplex_iteration_limit", most)
        if seconds is not None:
            self._solver.setOptionValue("time_limit", self._solver.getRunTime() + max(seconds, 0.01))
        self._solver.run()
        self.work = each * max(int(self._solver.getInfo().simplex_iteration_count), 0)
        if seconds is not None:
            self._solver.setOptionValue("time_limit", float("inf"))
        if self._solver.getModelStatus() != self._kinds.HighsModelStatus.kOptimal:
            return None
        solution = self._solver.getSolution()
        return LinearResult(
            value=float(self._solver.getInfo().objective_function_value),
            columns=np.array(solution.col_value, np.float64),
            duals=np.array(solution.row_dual, np.float64),
        )

    @property
    def work_a_mip_node(self) -> float:
        """About the deterministic work of one node of `solve_whole`."""
        return self._work_an_iteration * ITERATIONS_A_MIP_NODE

    @property
    def _work_an_iteration(self) -> float:
        return WORK_PER_ITERATION + WORK_PER_ENTRY * int(self._solver.getNumNz())

    def solve_whole(self, *, node_limit: int, seconds: float | None) -> Numbers | None:
        """Solve with all columns whole numbers, by branch and bound up to a number of nodes; None where nothing was found.

        The result is the best within these columns, which proves nothing about columns that are not there.
        """
        count = self._solver.getNumCol()
        whole = np.full(count, self._kinds.HighsVarType.kInteger)
        continuous = np.full(count, self._kinds.HighsVarType.kContinuous)
        numbers = np.arange(count, dtype=np.int32)
        self._solver.changeColsIntegrality(count, numbers, whole)
        self._solver.setOptionValue("simplex_iteration_limit", self._kinds.kHighsIInf)
        self._solver.setOptionValue("mip_max_nodes", node_limit)
        if seconds is not None:
            self._solver.setOptionValue("time_limit", self._solver.getRunTime() + max(seconds, 0.01))
        self._solver.run()
        self.work = self._work_an_iteration * max(int(self._solver.getInfo().simplex_iteration_count), 0)
        found = self._solver.getInfo().primal_solution_status == 2
        result = np.array(self._solver.getSolution().col_value, np.float64) if found else None
        self._solver.setOptionValue("time_limit", float("inf"))
        self._solver.changeColsIntegrality(count, numbers, continuous)
        return result
