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

import numpy as np
from numpy.typing import NDArray

from binpack.errors import InfeasibleError
from binpack.model.devices import MILLI_PER_DEVICE
from binpack.optimal.device_problem import DeviceProblem
from binpack.optimal.linear import LinearProgram, LinearResult

CERTIFICATE = "binpack/device-bound"
PRICE_SCALE = 1 << 24
"""Prices are whole multiples of 1/PRICE_SCALE milli."""

MAX_ROUNDS = 400
TOLERANCE = 1e-7


@dataclass(frozen=True, slots=True)
class Prices:
    """What things are worth, in 1/PRICE_SCALE milli of device.

    Parameters
    ----------
    pods : tuple[int, ...]
        Of one pod more of a kind, at least 0; of pods that must be placed it follows from the others and is 0 here.
    cpu, memory : tuple[int, ...]
        Of a milli-core, and of a unit of memory (`memory_unit`), by kind of node; at least 0.
    memory_unit : int
        Bytes.
    """

    pods: tuple[int, ...]
    cpu: tuple[int, ...]
    memory: tuple[int, ...]
    memory_unit: int


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


def device_bound(problem: DeviceProblem) -> DeviceBound:
    """Bound what any placement can allot.

    Parameters
    ----------
    problem : DeviceProblem

    Raises
    ------
    InfeasibleError
        If the pods that must be placed do not fit even with cpu and memory pooled.
    """
    master = _Master(problem)
    best: tuple[int, Prices] | None = None
    rounds = 0
    while rounds < MAX_ROUNDS:
        rounds += 1
        solved = master.solve()
        prices = master.prices(solved)
        bound = certified_bound(problem, prices)
        if best is None or bound < best[0]:
            best = bound, prices
        if best[0] <= -solved.value * (1 + TOLERANCE) or not master.add_patterns(prices):
            break
    assert best is not None
    return DeviceBound(best[0], best[1], rounds, master.patterns)


def certified_bound(problem: DeviceProblem, prices: Prices) -> int:
    """Return what the prices prove, in milli, rounded down to what pods can add up to: no placement allots more."""
    total = sum(price * pod.count for price, pod in zip(prices.pods, problem.pods, strict=True))
    for k, node in enumerate(problem.nodes):
        total += node.count * (prices.cpu[k] * node.cpu + prices.memory[k] * -(-node.memory // prices.memory_unit))
        total += node.count * node.devices * _device_worth(problem, prices, k)[0]
    for i, pod in enumerate(problem.pods):
        if pod.must_place:
            rents = [_rent(problem, prices, i, k) for k in range(len(problem.nodes)) if problem.eligible[i][k]]
            if not rents:
                raise InfeasibleError(f"device patterns: a pod of {pod.cpu} milli-cores that must be placed fits on no node")
            total -= pod.count * min(rents)
    step = max(1, math.gcd(*(pod.value for pod in problem.pods)))
    return total // (PRICE_SCALE * step) * step


def _rent(problem: DeviceProblem, prices: Prices, i: int, k: int) -> int:
    """What the cpu and memory of a pod are worth on a kind of node. Memory is rounded down, for a bound."""
    pod = problem.pods[i]
    return prices.cpu[k] * pod.cpu + prices.memory[k] * (pod.memory // prices.memory_unit)


def _device_worth(problem: DeviceProblem, prices: Prices, k: int) -> tuple[int, tuple[int, ...]]:
    """The most that one device can earn on a kind of node, and the kinds of the pods that earn it."""
    gains: dict[int, tuple[int, int]] = {}
    best = 0
    content: tuple[int, ...] = ()
    for i, pod in enumerate(problem.pods):
        if pod.devices == 0 or not problem.eligible[i][k]:
            continue
        gain = pod.value * PRICE_SCALE - prices.pods[i] - _rent(problem, prices, i, k)
        if pod.devices == 1 and pod.milli < MILLI_PER_DEVICE:
            if gain > gains.get(pod.milli, (0, -1))[0]:
                gains[pod.milli] = (gain, i)
        elif -(-gain // pod.devices) > best:
            best, content = -(-gain // pod.devices), (i,)
    worth, shares = _knapsack(gains)
    return (worth, shares) if worth > best else (best, content)


def _knapsack(gains: dict[int, tuple[int, int]]) -> tuple[int, tuple[int, ...]]:
    """The most that shares of one device can earn, each as often as one likes, and which they are."""
    unit = math.gcd(MILLI_PER_DEVICE, *gains)
    room = MILLI_PER_DEVICE // unit
    items = [(milli // unit, gain, i) for milli, (gain, i) in gains.items()]
    worth, last = [0] * (room + 1), [-1] * (room + 1)
    for size in range(1, room + 1):
        worth[size] = worth[size - 1]
        for number, (wanted, gain, _) in enumerate(items):
            if wanted <= size and worth[size - wanted] + gain > worth[size]:
                worth[size], last[size] = worth[size - wanted] + gain, number
    content, size = [], room
    while size > 0:
        if last[size] < 0:
            size -= 1
            continue
        wanted, _, i = items[last[size]]
        content.append(i)
        size -= wanted
    return worth[room], tuple(content)


class _Master:
    """The linear program over the patterns so far: rows for kinds of pods, then devices, cpu and memory by kind of node."""

    def __init__(self, problem: DeviceProblem) -> None:
        self._problem = problem
        self._known: set[tuple[int, tuple[int, ...]]] = set()
        self._memory_unit = max(1, math.gcd(*(node.memory for node in problem.nodes), *(pod.memory for pod in problem.pods)))
        pods, nodes = problem.pods, problem.nodes
        self._cpu_scale = max((node.cpu for node in nodes), default=1) or 1
        self._memory_scale = max((node.memory for node in nodes), default=1) or 1
        upper = [float(pod.count) for pod in pods]
        upper += [float(node.count * node.devices) for node in nodes]
        upper += [node.count * node.cpu / self._cpu_scale for node in nodes]
        upper += [node.count * node.memory / self._memory_scale for node in nodes]
        lower = [float(pod.count) if pod.must_place else -np.inf for pod in pods] + [-np.inf] * (3 * len(nodes))
        self._program = LinearProgram(lower, upper)
        for i, pod in enumerate(pods):
            for k in range(len(nodes)):
                if problem.eligible[i][k] and (pod.devices != 1 or pod.milli == MILLI_PER_DEVICE):
                    self._add(k, (i,), pod.devices)
        for k in range(len(nodes)):
            for i, pod in enumerate(pods):
                if problem.eligible[i][k] and pod.devices == 1 and pod.milli < MILLI_PER_DEVICE:
                    self._add(k, (i,) * (MILLI_PER_DEVICE // pod.milli), 1)

    @property
    def patterns(self) -> int:
        """Patterns so far."""
        return len(self._known)

    def solve(self) -> LinearResult:
        """Solve over the patterns so far."""
        if not self._known:
            # No pod fits anywhere. HiGHS has no word for a program without columns.
            return LinearResult(0.0, np.zeros(0), np.zeros(len(self._problem.pods) + 3 * len(self._problem.nodes)))
        solved = self._program.solve()
        if solved is None:
            raise InfeasibleError("device patterns: the pods that must be placed do not fit, even with cpu and memory pooled")
        return solved

    def prices(self, solved: LinearResult) -> Prices:
        """Read prices off the duals, rounded to whole numbers: any will do for a bound."""
        pods, nodes = len(self._problem.pods), len(self._problem.nodes)
        duals: NDArray[np.float64] = np.maximum(-solved.duals, 0.0) * PRICE_SCALE
        free = [pod.must_place for pod in self._problem.pods]
        cpu = duals[pods + nodes : pods + 2 * nodes] / self._cpu_scale
        memory = duals[pods + 2 * nodes :] / self._memory_scale * self._memory_unit
        return Prices(
            pods=tuple(0 if must else int(price) for price, must in zip(duals[:pods], free, strict=True)),
            cpu=tuple(round(float(price)) for price in cpu),
            memory=tuple(round(float(price)) for price in memory),
            memory_unit=self._memory_unit,
        )

    def add_patterns(self, prices: Prices) -> bool:
        """Add the most profitable pattern of each kind of node; False if all are there already."""
        before = len(self._known)
        for k in range(len(self._problem.nodes)):
            _, content = _device_worth(self._problem, prices, k)
            if content and self._problem.pods[content[0]].milli < MILLI_PER_DEVICE:
                self._add(k, content, 1)
        return len(self._known) > before

    def _add(self, k: int, content: tuple[int, ...], devices: int) -> None:
        key = (k, tuple(sorted(content)))
        if key in self._known:
            return
        self._known.add(key)
        pods, nodes, problem = len(self._problem.pods), len(self._problem.nodes), self._problem
        entries = {i: float(content.count(i)) for i in dict.fromkeys(content)}
        entries[pods + k] = float(devices)
        entries[pods + nodes + k] = sum(problem.pods[i].cpu for i in content) / self._cpu_scale
        entries[pods + 2 * nodes + k] = sum(problem.pods[i].memory for i in content) / self._memory_scale
        worth = sum(problem.pods[i].value for i in content)
        filled = {row: value for row, value in entries.items() if value}
        self._program.add_column(-float(worth), list(filled), list(filled.values()))
