"""An upper bound on allotted GPU by device patterns: a column is what one device holds, cpu and memory are pooled by kind of node.

The bound is exact on each device and relaxed on each node. It is taken from prices: whatever they are, no placement can be worth more
than `certified_bound` says, in integers. The linear program only looks for good prices.
Source of the idea: P. C. Gilmore and R. E. Gomory, "A linear programming approach to the cutting stock problem", Operations Research 9
(1961); the Lagrangean bound of any dual vector is textbook.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from binpack.errors import InfeasibleError
from binpack.optimal.device_pricing import PRICE_SCALE, Prices, device_worth, rent
from binpack.optimal.device_problem import DeviceProblem
from binpack.optimal.device_program import DeviceProgram

CERTIFICATE = "binpack/device-bound"

MAX_ROUNDS = 400
TOLERANCE = 1e-7


@dataclass(frozen=True, slots=True)
class DeviceBound:
    """The most milli that any placement can allot.

    Parameters
    ----------
    milli : int
    prices : Prices
        What proves it.
    rounds, patterns : int
        Linear programs solved, device patterns that were looked at.
    """

    milli: int
    prices: Prices
    rounds: int
    patterns: int

    def certificate(self, problem: DeviceProblem) -> dict[str, Any]:
        """Return a document that `binpack.optimal.verify_devices.verify_device_bound` checks."""
        return {
            "schema": CERTIFICATE,
            "version": 1,
            "digest": problem.digest(),
            "instance": problem.canonical(),
            "bound": self.milli,
            "scale": PRICE_SCALE,
            "memoryUnit": self.prices.memory_unit,
            "prices": {"pods": list(self.prices.pods), "cpu": list(self.prices.cpu), "memory": list(self.prices.memory)},
        }


def device_bound(problem: DeviceProblem, *, program: DeviceProgram | None = None) -> DeviceBound:
    """Bound what any placement can allot.

    Parameters
    ----------
    problem : DeviceProblem
    program : DeviceProgram or None
        Of the problem; gets the patterns that are found. None: one of its own.

    Raises
    ------
    InfeasibleError
        If the pods that must be placed do not fit even with cpu and memory pooled.
    """
    program = program or DeviceProgram(problem)
    best: tuple[int, Prices] | None = None
    rounds = 0
    while rounds < MAX_ROUNDS:
        rounds += 1
        solved = program.solve()
        prices = program.prices(solved)
        bound = certified_bound(problem, prices)
        if best is None or bound < best[0]:
            best = bound, prices
        if best[0] <= -solved.value * (1 + TOLERANCE) or not program.add_patterns(prices):
            break
    assert best is not None
    return DeviceBound(best[0], best[1], rounds, len(program.patterns))


def certified_bound(problem: DeviceProblem, prices: Prices) -> int:
    """Return what the prices prove, in milli, rounded down to what pods can add up to: no placement allots more."""
    total = sum(price * pod.count for price, pod in zip(prices.pods, problem.pods, strict=True))
    for k, node in enumerate(problem.nodes):
        total += node.count * (prices.cpu[k] * node.cpu + prices.memory[k] * -(-node.memory // prices.memory_unit))
        total += node.count * node.devices * device_worth(problem, prices, k)[0]
    for i, pod in enumerate(problem.pods):
        if pod.must_place:
            rents = [rent(problem, prices, i, k) for k in range(len(problem.nodes)) if problem.eligible[i][k]]
            if not rents:
                raise InfeasibleError(f"device patterns: a pod of {pod.cpu} milli-cores that must be placed fits on no node")
            total -= pod.count * min(rents)
    step = max(1, math.gcd(*(pod.value for pod in problem.pods)))
    return total // (PRICE_SCALE * step) * step
