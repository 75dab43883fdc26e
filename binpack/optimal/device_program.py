"""The linear program over device patterns: rows for kinds of pods, then devices, cpu and memory by kind of node; patterns can be added."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.errors import InfeasibleError
from binpack.model.devices import MILLI_PER_DEVICE
from binpack.optimal.device_pricing import PRICE_SCALE, Prices, device_worth
from binpack.optimal.device_problem import DeviceProblem
from binpack.optimal.linear import LinearProgram, LinearResult


@dataclass(frozen=True, slots=True)
class Pattern:
    """What one device holds, or one pod that takes whole devices or none.

    Parameters
    ----------
    node : int
        The kind of node.
    pods : tuple[int, ...]
        Kinds of pods.
    devices : int
        Taken by it, of one node.
    """

    node: int
    pods: tuple[int, ...]
    devices: int


class DeviceProgram:
    """The linear program over the patterns so far.

    Parameters
    ----------
    problem : DeviceProblem
    """

    def __init__(self, problem: DeviceProblem) -> None:
        self._problem = problem
        self._known: dict[tuple[int, tuple[int, ...]], Pattern] = {}
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
    def patterns(self) -> tuple[Pattern, ...]:
        """The patterns so far, one a column."""
        return tuple(self._known.values())

    def keep_free(self, share: float) -> None:
        """Ask for the whole problem, with a share of each kind of node's cpu and memory unused.

        Pooled amounts that are used up do not come apart into nodes.
        """
        pods, nodes = self._problem.pods, self._problem.nodes
        kept = 1 - share
        devices: list[float] = [node.count * node.devices for node in nodes]
        cpu, memory = [kept * node.count * node.cpu for node in nodes], [kept * node.count * node.memory for node in nodes]
        self._ask([pod.count for pod in pods], [pod.must_place for pod in pods], devices, cpu, memory)

    def ask_for_rest(self, pods: Sequence[int], devices: Sequence[float], cpu: Sequence[float], memory: Sequence[float]) -> None:
        """Ask for what is left after some pods were placed: pods of each kind, then what each kind of node still has in total."""
        self._ask(pods, [False] * len(pods), devices, cpu, memory)

    def _ask(
        self, pods: Sequence[int], must: Sequence[bool], devices: Sequence[float], cpu: Sequence[float], memory: Sequence[float]
    ) -> None:
        for i, (count, all_of_them) in enumerate(zip(pods, must, strict=True)):
            self._program.set_row(i, float(count) if all_of_them else -np.inf, float(count))
        row = len(pods)
        for amounts, scale in ((devices, 1), (cpu, self._cpu_scale), (memory, self._memory_scale)):
            for amount in amounts:
                self._program.set_row(row, -np.inf, amount / scale)
                row += 1

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
            _, content = device_worth(self._problem, prices, k)
            if content and self._problem.pods[content[0]].milli < MILLI_PER_DEVICE:
                self._add(k, content, 1)
        return len(self._known) > before

    def _add(self, k: int, content: tuple[int, ...], devices: int) -> None:
        key = (k, tuple(sorted(content)))
        if key in self._known:
            return
        self._known[key] = Pattern(k, key[1], devices)
        pods, nodes, problem = len(self._problem.pods), len(self._problem.nodes), self._problem
        entries = {i: float(content.count(i)) for i in dict.fromkeys(content)}
        entries[pods + k] = float(devices)
        entries[pods + nodes + k] = sum(problem.pods[i].cpu for i in content) / self._cpu_scale
        entries[pods + 2 * nodes + k] = sum(problem.pods[i].memory for i in content) / self._memory_scale
        worth = sum(problem.pods[i].value for i in content)
        filled = {row: value for row, value in entries.items() if value}
        self._program.add_column(-float(worth), list(filled), list(filled.values()))
