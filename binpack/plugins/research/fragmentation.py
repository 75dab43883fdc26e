"""How much of the idle devices typical pods could not use: the fragmentation measure, for any policy.

Each node's idle milli go into seven buckets, weighted by how popular each typical pod is. All but the bucket Q3 are fragments. Pods
without devices count all idle devices as fragments, so that an empty cluster is not at 0.
Source: "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent", Weng et al., USENIX ATC 2023.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from binpack.plugins.research.device_demand import free_cpu
from binpack.plugins.research.typical_pods import TypicalPod
from binpack.state.node_rows import NodeRows


class Bucket(IntEnum):
    """Why idle devices are (or are not) of use to a typical pod."""

    LACKS_BOTH = 0
    LACKS_GPU = 1
    SATISFIED = 2
    LACKS_CPU = 3
    CPU_ONLY = 4
    CPU_ONLY_LACKS_CPU = 5
    NO_ACCESS = 6


PAPER_NAMES = ("Q1", "Q2", "Q3", "Q4", "XL", "XR", "NA")
"""What the paper calls the buckets."""

FRAGMENTS = (
    Bucket.LACKS_BOTH,
    Bucket.LACKS_GPU,
    Bucket.LACKS_CPU,
    Bucket.CPU_ONLY,
    Bucket.CPU_ONLY_LACKS_CPU,
    Bucket.NO_ACCESS,
)
"""The buckets that count, in the order in which they are added: the sums are compared after truncation, so that the order matters."""


@dataclass(frozen=True, slots=True)
class Target:
    """Typical pods as arrays.

    Parameters
    ----------
    cpu_milli, gpu_milli, gpu_count : tuple[int, ...]
    popularity : tuple[float, ...]
    access : NDArray[np.bool_]
        Shape [typical pods, models + 1]: whether a pod accepts a model; the last entry is for rows without devices.
    """

    cpu_milli: tuple[int, ...]
    gpu_milli: tuple[int, ...]
    gpu_count: tuple[int, ...]
    popularity: tuple[float, ...]
    access: NDArray[np.bool_]


def target_of(typical: Sequence[TypicalPod], models: Sequence[str]) -> Target:
    """Prepare typical pods for a cluster with these device models."""
    access = [[not pod.group.models or model in pod.group.models for model in models] + [not pod.group.models] for pod in typical]
    return Target(
        cpu_milli=tuple(pod.group.cpu_milli for pod in typical),
        gpu_milli=tuple(pod.group.gpu_milli * (pod.group.gpu_count > 0) for pod in typical),
        gpu_count=tuple(pod.group.gpu_count for pod in typical),
        popularity=tuple(pod.popularity for pod in typical),
        access=np.array(access, np.bool_).reshape(len(typical), len(models) + 1),
    )


def buckets(target: Target, cpu: NDArray[np.int64], free: NDArray[np.int32], model: NDArray[np.int32]) -> NDArray[np.float64]:
    """Sort the idle milli of node states into the seven buckets.

    Typical pods are added one after another, state by state: another order of the same sums gives other last bits.

    Parameters
    ----------
    target : Target
    cpu : NDArray[np.int64]
        Free milli-cores, any shape [...].
    free : NDArray[np.int32]
        Milli free on each device, shape [devices, ...].
    model : NDArray[np.int32]
        Model codes, shape [...].

    Returns
    -------
    NDArray[np.float64]
        Shape [7, ...], milli of devices; they sum to what is free.
    """
    amounts = np.zeros((len(Bucket), *cpu.shape))
    idle = free.sum(axis=0, dtype=np.int64)
    for index, popularity in enumerate(target.popularity):
        wanted, count = target.gpu_milli[index], target.gpu_count[index]
        enough_cpu = cpu >= target.cpu_milli[index]
        whole = popularity * idle
        if wanted == 0:
            amounts[Bucket.CPU_ONLY] += np.where(enough_cpu, whole, 0.0)
            amounts[Bucket.CPU_ONLY_LACKS_CPU] += np.where(enough_cpu, 0.0, whole)
            continue
        roomy = free >= wanted
        access, enough_gpu = target.access[index][model], np.count_nonzero(roomy, axis=0) >= count
        unusable = np.where(roomy, 0, free).sum(axis=0, dtype=np.int64)
        satisfied = access & enough_gpu & enough_cpu
        amounts[Bucket.NO_ACCESS] += np.where(access, 0.0, whole)
        amounts[Bucket.LACKS_GPU] += np.where(satisfied, popularity * unusable, np.where(access & ~enough_gpu & enough_cpu, whole, 0.0))
        amounts[Bucket.SATISFIED] += np.where(satisfied, popularity * (idle - unusable), 0.0)
        amounts[Bucket.LACKS_CPU] += np.where(access & enough_gpu & ~enough_cpu, whole, 0.0)
        amounts[Bucket.LACKS_BOTH] += np.where(access & ~enough_gpu & ~enough_cpu, whole, 0.0)
    return amounts


def fragments(amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add the buckets that count, shape [...]."""
    total: NDArray[np.float64] = amounts[FRAGMENTS[0]].copy()
    for bucket in FRAGMENTS[1:]:
        total += amounts[bucket]
    return total


def fragmentation(target: Target, cpu: NDArray[np.int64], free: NDArray[np.int32], model: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the fragments of node states in milli, shape [...]; parameters as for `buckets`."""
    return fragments(buckets(target, cpu, free, model))


def row_buckets(target: Target, rows: NodeRows) -> NDArray[np.float64]:
    """Return the buckets of rows as they are now, shape [7, n]; of a whole cluster: the sum over its nodes."""
    devices = rows.cluster.devices
    return buckets(target, free_cpu(rows), rows.take(devices.free), rows.take(devices.model))
