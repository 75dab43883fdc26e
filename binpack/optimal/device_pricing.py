"""What pods and devices are worth at given prices, in integers: it finds new device patterns, and it proves bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from binpack.model.devices import MILLI_PER_DEVICE
from binpack.optimal.device_problem import DeviceProblem

PRICE_SCALE = 1 << 24
"""Prices are whole multiples of 1/PRICE_SCALE milli."""


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


def rent(problem: DeviceProblem, prices: Prices, i: int, k: int) -> int:
    """What the cpu and memory of a pod are worth on a kind of node. Memory is rounded down, for a bound."""
    pod = problem.pods[i]
    return prices.cpu[k] * pod.cpu + prices.memory[k] * (pod.memory // prices.memory_unit)


def device_worth(problem: DeviceProblem, prices: Prices, k: int) -> tuple[int, tuple[int, ...]]:
    """The most that one device can earn on a kind of node, and the kinds of the pods that earn it."""
    gains: dict[int, tuple[int, int]] = {}
    best = 0
    content: tuple[int, ...] = ()
    for i, pod in enumerate(problem.pods):
        if pod.devices == 0 or not problem.eligible[i][k]:
            continue
        gain = pod.value * PRICE_SCALE - prices.pods[i] - rent(problem, prices, i, k)
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
