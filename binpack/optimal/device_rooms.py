"""Nodes one by one, with what is left on each of them and on each of their devices, while a placement is built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.model.devices import MILLI_PER_DEVICE
from binpack.optimal.device_problem import DeviceProblem

NEVER = np.iinfo(np.int64).max


class Rooms:
    """An empty cluster that pods are put on.

    Parameters
    ----------
    problem : DeviceProblem

    Attributes
    ----------
    kinds : NDArray[np.int64]
        The kind of each node, shape [n].
    cpu, memory : NDArray[np.int64]
        What is left, milli-cores and bytes, shape [n].
    free : NDArray[np.int64]
        Milli left on each device, 0 where a node has none, shape [n, devices].
    left : NDArray[np.int64]
        Pods of each kind that have no place yet, shape [kinds of pods].
    """

    def __init__(self, problem: DeviceProblem) -> None:
        nodes = problem.nodes
        self.problem = problem
        self.kinds: NDArray[np.int64] = np.repeat(np.arange(len(nodes)), [node.count for node in nodes])
        self.cpu: NDArray[np.int64] = np.array([node.cpu for node in nodes], np.int64)[self.kinds]
        self.memory: NDArray[np.int64] = np.array([node.memory for node in nodes], np.int64)[self.kinds]
        counts = np.array([node.devices for node in nodes], np.int64)[self.kinds]
        self.free: NDArray[np.int64] = MILLI_PER_DEVICE * (np.arange(max(1, *counts)) < counts[:, np.newaxis]).astype(np.int64)
        self.left: NDArray[np.int64] = np.array([pod.count for pod in problem.pods], np.int64)
        self._eligible = np.array(problem.eligible, np.bool_).reshape(len(problem.pods), len(nodes))
        self._pod_cpu = np.array([pod.cpu for pod in problem.pods], np.int64)
        self._pod_memory = np.array([pod.memory for pod in problem.pods], np.int64)
        self._values = np.array([pod.value for pod in problem.pods], np.int64)
        self._where: list[tuple[int, int, tuple[int, ...]]] = []

    @property
    def milli(self) -> int:
        """What is allotted."""
        return int(sum(self._values[pod] for _, pod, _ in self._where))

    @property
    def misses(self) -> bool:
        """Whether a pod that must be placed has no place."""
        return any(pod.must_place and left for pod, left in zip(self.problem.pods, self.left.tolist(), strict=True))

    def copy(self) -> Rooms:
        """An independent copy."""
        twin = Rooms.__new__(Rooms)
        twin.__dict__.update(self.__dict__)
        twin.cpu, twin.memory, twin.free, twin.left = self.cpu.copy(), self.memory.copy(), self.free.copy(), self.left.copy()
        twin._where = self._where.copy()
        return twin

    def clear(self, nodes: NDArray[np.int64]) -> None:
        """Take all pods off some nodes."""
        gone = np.zeros(self.kinds.size, np.bool_)
        gone[nodes] = True
        for node, pod, devices in self._where:
            if gone[node]:
                self._move(node, pod, devices, -1)
        self._where = [held for held in self._where if not gone[held[0]]]

    @property
    def unused(self) -> NDArray[np.int64]:
        """Milli of each node's devices that nothing takes, shape [n]."""
        return np.asarray(self.free.sum(axis=1))

    def put(self, node: int, pod: int, devices: Sequence[int]) -> None:
        """Place a pod of a kind on a node, on these of its devices."""
        self._move(node, pod, devices, 1)
        self._where.append((node, pod, tuple(devices)))

    def fits(self, pod: int) -> NDArray[np.bool_]:
        """Return the nodes that have the cpu and memory for a pod of a kind and may take it; shape [n]."""
        fitting: NDArray[np.bool_] = (
            self._eligible[pod][self.kinds] & (self.cpu >= self._pod_cpu[pod]) & (self.memory >= self._pod_memory[pod])
        )
        return fitting

    def fill(self) -> None:
        """Place what fits: pods that must be placed, then those of most devices, then the largest shares; each where it fits best."""
        pods = self.problem.pods
        order = sorted(range(len(pods)), key=lambda i: (not pods[i].must_place, -pods[i].devices, -pods[i].milli, pods[i].cpu))
        for pod in order:
            while self.left[pod] > 0 and self._put_best(pod):
                pass

    def rest(self) -> tuple[list[int], list[int], list[int], list[int]]:
        """Return what is left: pods of each kind; idle devices, cpu and memory of each kind of node, on nodes with an idle device."""
        idle = (self.free == MILLI_PER_DEVICE).sum(axis=1)
        sums = [
            np.bincount(self.kinds, weights=np.where(idle > 0, amount, 0), minlength=len(self.problem.nodes)).astype(np.int64).tolist()
            for amount in (idle, self.cpu, self.memory)
        ]
        return self.left.tolist(), sums[0], sums[1], sums[2]

    def make_room(self) -> None:
        """Give pods that must be placed the place of one pod with devices each, the one of least worth that will do; largest first."""
        pods = self.problem.pods
        for pod in sorted((i for i, kind in enumerate(pods) if kind.must_place), key=lambda i: -pods[i].cpu):
            while self.left[pod] > 0 and self._displace(pod):
                pass

    def loads(self) -> list[list[Any]]:
        """Return what nodes hold: kind of node, how many hold the same, and their pods, each with its devices."""
        held: list[list[tuple[int, tuple[int, ...]]]] = [[] for _ in self.kinds]
        for node, pod, devices in self._where:
            held[node].append((pod, devices))
        alike = Counter((kind, tuple(sorted(pods))) for kind, pods in zip(self.kinds.tolist(), held, strict=True) if pods)
        return [[kind, count, [[pod, list(devices)] for pod, devices in pods]] for (kind, pods), count in sorted(alike.items())]

    def _put_best(self, pod: int) -> bool:
        """Place one pod of a kind; False if it fits nowhere."""
        kind, fitting = self.problem.pods[pod], self.fits(pod)
        if kind.devices == 1 and kind.milli < MILLI_PER_DEVICE:
            # The fullest device that will do; among equals the node with most cpu left.
            cost = np.where((self.free >= kind.milli) & fitting[:, np.newaxis], _rank(self.free, self.cpu[:, np.newaxis]), NEVER)
            best = int(cost.argmin())
            node, device = divmod(best, self.free.shape[1])
            if cost.flat[best] < NEVER:
                self.put(node, pod, (device,))
            return bool(cost.flat[best] < NEVER)
        idle = (self.free == MILLI_PER_DEVICE).sum(axis=1)
        cost = np.where(fitting & (idle >= kind.devices), _rank(idle if kind.devices else 0 * idle, self.cpu), NEVER)
        node = int(cost.argmin())
        if cost[node] < NEVER:
            self.put(node, pod, np.flatnonzero(self.free[node] == MILLI_PER_DEVICE)[: kind.devices].tolist())
        return bool(cost[node] < NEVER)

    def _displace(self, pod: int) -> bool:
        nodes, held = np.array([(node, there) for node, there, _ in self._where], np.int64).reshape(-1, 2).T
        enough = (self.cpu[nodes] + self._pod_cpu[held] >= self._pod_cpu[pod]) & (
            self.memory[nodes] + self._pod_memory[held] >= self._pod_memory[pod]
        )
        enough &= self._eligible[pod][self.kinds[nodes]] & (self._values[held] > 0)
        if not enough.any():
            return False
        chosen = int(np.where(enough, self._values[held], NEVER).argmin())
        node, there, devices = self._where.pop(chosen)
        self._move(node, there, devices, -1)
        self.put(node, pod, ())
        return True

    def _move(self, node: int, pod: int, devices: Sequence[int], sign: int) -> None:
        self.cpu[node] -= sign * self._pod_cpu[pod]
        self.memory[node] -= sign * self._pod_memory[pod]
        self.left[pod] -= sign
        for device in devices:
            self.free[node, device] -= sign * self.problem.pods[pod].milli


def _rank(first: NDArray[np.int64], cpu: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order by a number, lowest first, then by cpu, most first (milli-cores of one node stay below 2³¹)."""
    ranked: NDArray[np.int64] = (first << 31) - cpu
    return ranked
