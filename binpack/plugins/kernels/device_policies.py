"""FGDDotProd, FGDBestFit, GpuClustering and GpuPacking for one node, and the device that best fit takes."""

from __future__ import annotations

from typing import Any


def dot_prod_score(cpu: int, gpu: int, cpu_wanted: int, gpu_wanted: int) -> int:
    """Return FGDDotProd's score."""
    score = int(100 * (1 - ((cpu / 128000) * (cpu_wanted / 128000) + (gpu / 8000) * (gpu_wanted / 8000)) / 2))
    return min(max(score, 0), 100)


def best_fit_score(cpu: int, gpu: int, cpu_wanted: int, gpu_wanted: int) -> int:
    """Return FGDBestFit's score, not normalised: that keeps order and ties."""
    return int((1 - (((cpu - cpu_wanted) / 128000) * 0.5 + ((gpu - gpu_wanted) / 8000) * 0.5)) * 100)


def clustering_score(gpu: int, alike: int, everyone: int) -> int:
    """Return GpuClustering's score of a pod with devices; `alike` and `everyone` are the pods there of its kind and of all."""
    base = 25 if everyone == 0 else 0
    if alike > 0:
        base = 75 if alike == everyone else 50
    return base + 25 * min(max(8000 - gpu, 0), 8000) // 8000


def packing_score(free: Any, devices: int, milli: int, count: int, order: Any) -> int:
    """Return GpuPacking's score of a pod with devices that fits; `order` has the devices, the fullest first."""
    idle = 0
    for device in range(devices):
        idle += free[device] == 1000
    if idle == devices:
        return max(33 - idle, idle)
    taken, opened, percent = 0, 0, 0
    for place in range(devices):
        left = free[order[place]]
        if left >= milli and taken < count:
            taken += 1
            opened += left == 1000
            percent += left * 100 // 1000
    return max(50 - opened, 33) if opened > 0 else max(100 - percent // 10, 50)


def fullest_first(free: Any, devices: int, order: Any) -> None:
    """Sort devices by what is left, the lowest index first among equals."""
    for device in range(devices):
        place = device
        while place > 0 and free[order[place - 1]] > free[device]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = device


def suffice(free: Any, devices: int, milli: int, count: int) -> bool:
    """Tell whether enough devices have enough left."""
    roomy = 0
    for device in range(devices):
        roomy += free[device] >= milli
    return roomy >= count
