"""The paper's curves: allocation and fragmentation over arrived load, rounded as the original's analysis rounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.fgd.replay import Replayed
from binpack.plugins.research.fragmentation import fragments

DEVICE_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Curve:
    """One run's points; each is the mean over the arrivals at which the arrived load, in whole percent, was the same.

    Parameters
    ----------
    arrived_percent : NDArray[np.int64]
        What the pods that had arrived ask of devices, in percent of all devices; shape [points].
    allocated_percent, fragment_amount_percent : NDArray[np.float64]
        In percent of all devices.
    fragment_ratio_percent : NDArray[np.float64]
        Fragments in percent of idle devices.
    """

    arrived_percent: NDArray[np.int64]
    allocated_percent: NDArray[np.float64]
    fragment_amount_percent: NDArray[np.float64]
    fragment_ratio_percent: NDArray[np.float64]

    def at(self, percent: int) -> int | None:
        """Return the index of a point; None where no arrival came near."""
        found = np.flatnonzero(self.arrived_percent == percent)
        return int(found[0]) if len(found) else None


def curve_of(replayed: Replayed) -> Curve:
    """Compute a run's curve at every whole percent up to the last arrival's."""
    devices = replayed.gpu_milli / 1000
    arrived = np.round(replayed.arrived_milli() / devices / 10, 0).astype(np.int64)
    allocated = np.round(replayed.run.used_milli / devices / 10, DEVICE_DIGITS)
    fragmented = fragments(replayed.run.buckets.T)
    idle = replayed.run.buckets.sum(axis=1)
    ratio = np.round(np.divide(100 * fragmented, idle, out=np.zeros_like(idle), where=idle > 0), DEVICE_DIGITS)
    points = [(k, members) for k in range(int(arrived[-1]) + 1) if len(members := _members(arrived, k))]
    return Curve(
        np.array([k for k, _ in points], np.int64),
        np.array([np.round(allocated[members].mean(), DEVICE_DIGITS) for _, members in points]),
        np.array([np.round(100 * fragmented[members].mean() / 1000 / devices, DEVICE_DIGITS) for _, members in points]),
        np.array([ratio[members].mean() for _, members in points]),
    )


def _members(arrived: NDArray[np.int64], k: int) -> NDArray[np.intp]:
    """The arrivals of a point; its neighbours' where it has none."""
    own = np.flatnonzero(arrived == k)
    return own if len(own) else np.flatnonzero(np.abs(arrived - k) <= 1)
