"""The fragmentation measure of one node state, and FGD's score: float by float as the plugin in numpy adds them."""

from __future__ import annotations

import math
from typing import Any

LACKS_BOTH, LACKS_GPU, SATISFIED, LACKS_CPU, CPU_ONLY, CPU_ONLY_LACKS_CPU, NO_ACCESS = 0, 1, 2, 3, 4, 5, 6


def node_buckets(cpu: int, free: Any, devices: int, model: int, target: Any, popularity: Any, access: Any, amounts: Any) -> None:
    """Sort a node's idle milli into the seven buckets `amounts`.

    `free` has milli by device; `target` a line (cpu milli, gpu milli, gpu count) for each typical pod, `access` one by model.
    """
    idle = 0
    for device in range(devices):
        idle += free[device]
    for bucket in range(7):
        amounts[bucket] = 0.0
    if idle == 0:
        return
    for index in range(len(popularity)):
        wanted, share = target[index, 1], popularity[index]
        enough_cpu = cpu >= target[index, 0]
        if wanted == 0:
            amounts[4 if enough_cpu else 5] += share * idle
        elif not access[index, model]:
            amounts[6] += share * idle
        else:
            roomy, unusable = 0, 0
            for device in range(devices):
                if free[device] >= wanted:
                    roomy += 1
                else:
                    unusable += free[device]
            if roomy < target[index, 2]:
                amounts[1 if enough_cpu else 0] += share * idle
            elif enough_cpu:
                amounts[1] += share * unusable
                amounts[2] += share * (idle - unusable)
            else:
                amounts[3] += share * idle


def fragments(amounts: Any) -> float:
    """Add the buckets that count, in the order of the definition."""
    total: float = amounts[0] + amounts[1]
    total += amounts[3]
    total += amounts[4]
    total += amounts[5]
    total += amounts[6]
    return total


def gradient_score(before: float, after: float) -> float:
    """Return FGD's score before it is truncated, above 0 and below 100."""
    return 1 / (1 + math.exp(-((before - after) / 1000))) * 100
