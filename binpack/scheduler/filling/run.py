"""What a filling gives: where each pod went, which devices it got, and the state of the devices after every arrival."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NOWHERE = -1


@dataclass(frozen=True, slots=True)
class FillingRun:
    """One run over `events` arrivals.

    Parameters
    ----------
    rows : NDArray[np.int64]
        Shape [events]: the chosen row of the cluster, `NOWHERE` for a pod that was dropped.
    devices : NDArray[np.int64]
        Shape [events]: the devices allotted, a bit each.
    used_milli : NDArray[np.int64]
        Shape [events]: milli of devices allotted so far.
    buckets : NDArray[np.float64]
        Shape [events, 7]: idle milli of the whole cluster after the arrival, by `Bucket`.
    """

    rows: NDArray[np.int64]
    devices: NDArray[np.int64]
    used_milli: NDArray[np.int64]
    buckets: NDArray[np.float64]


def device_bits(devices: tuple[int, ...]) -> int:
    """Write device indices as bits."""
    return sum(1 << device for device in devices)


def device_indices(bits: int) -> tuple[int, ...]:
    """Read device indices from bits, in order.

    Examples
    --------
    >>> device_indices(0b1101)
    (0, 2, 3)
    """
    return tuple(device for device in range(bits.bit_length()) if bits >> device & 1)
