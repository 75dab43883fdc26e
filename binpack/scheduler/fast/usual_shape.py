"""Fit and BalancedAllocation where cpu and memory alone count, in few numpy calls; the same numbers as the plugins give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.scheduler.kernels import layout as at
from binpack.state.node_rows import NodeRows

INFEASIBLE = -1


@dataclass(frozen=True, slots=True)
class UsualShape:
    """What a pod asks of cpu and memory, in this order; shape [2, 1] each.

    Parameters
    ----------
    wanted : NDArray[np.int64]
        What is compared with what is free; the least integer where nothing is.
    asked, placed : NDArray[np.int64]
        What the Fit score and BalancedAllocation count.
    weights : NDArray[np.float64]
        Of the Fit score.
    fit_weight, balanced_weight : int
    """

    wanted: NDArray[np.int64]
    asked: NDArray[np.int64]
    placed: NDArray[np.int64]
    weights: NDArray[np.float64]
    fit_weight: int
    balanced_weight: int

    def rest(self, rows: NodeRows) -> NDArray[np.int16]:
        """Return the weighted scores of rows, -1 where the pod does not fit; shape [len(rows)]."""
        cluster, index = rows.cluster, rows.index
        there = cluster.allocatable[:2, index]
        used = cluster.requested[:2, index]
        # A hole has nothing at all; it is out by its pods.
        some = np.maximum(there, 1).astype(np.float64)
        free = np.maximum(there - cluster.nonzero_requested[:, index] - self.asked, 0)
        percent = np.floor(free * 100.0 / some) * self.weights
        fit = np.floor((percent[0] + percent[1]) / self.weights.sum())
        fractions = np.minimum(1.0, (used + self.placed) / some)
        even = np.floor((1.0 - np.abs((fractions[0] - fractions[1]) / 2)) * 100)
        rest: NDArray[np.int16] = (self.fit_weight * fit + self.balanced_weight * even).astype(np.int16)
        short = self.wanted > there - used
        rest[short[0] | short[1] | (rows.pod_counts >= rows.allowed_pods)] = INFEASIBLE
        return rest


def read_usual(code: NDArray[np.int64] | None) -> UsualShape | None:
    """Read an encoded shape; None if it is not a usual one."""
    if code is None or not code[at.USUAL]:
        return None
    wanted = np.full((2, 1), np.iinfo(np.int64).min)
    asked, placed = np.zeros((2, 1), np.int64), np.zeros((2, 1), np.int64)
    weights = np.zeros((2, 1), np.float64)
    for number in range(int(code[at.WANTED])):
        wanted[code[at.WANTED_AT + 2 * number]] = code[at.WANTED_AT + 2 * number + 1]
    for number in range(2):
        _, position, weight, amount = code[at.SCORED_AT + 4 * number : at.SCORED_AT + 4 * number + 4]
        asked[position], weights[position] = amount, weight
        placed[code[at.BALANCED_AT + 2 * number]] = code[at.BALANCED_AT + 2 * number + 1]
    return UsualShape(wanted, asked, placed, weights, int(code[at.FIT_WEIGHT]), int(code[at.BALANCED_WEIGHT]))
