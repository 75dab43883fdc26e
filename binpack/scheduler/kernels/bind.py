"""Puts a pod on its row: what is requested there, the journal, and every column and sum that its class touches."""

from __future__ import annotations

from typing import Any

from binpack.scheduler.kernels.jit import leaf
from binpack.scheduler.kernels.layout import JOURNALLED, PLACED_WIDTH, POSITION
from binpack.scheduler.kernels.stream import write_state


@leaf
def occupy(
    row: int,
    control: Any,
    placed: Any,
    allocatable: Any,
    requested: Any,
    nonzero: Any,
    allowed_pods: Any,
    pod_counts: Any,
    ring: Any,
    states: Any,
) -> None:
    """Add the pod's requests to its row, and tell the journal."""
    for number in range(placed[0]):
        requested[placed[1 + 2 * number], row] += placed[2 + 2 * number]
    nonzero[0, row] += placed[PLACED_WIDTH - 2]
    nonzero[1, row] += placed[PLACED_WIDTH - 1]
    pod_counts[row] += 1
    place = control[POSITION] % len(ring)
    ring[place] = row
    write_state(place, row, states, allocatable, requested, nonzero, allowed_pods, pod_counts)
    control[POSITION] += 1
    control[JOURNALLED] = control[POSITION]


@leaf
def touch(
    row: int, which: int, starts: Any, touches: Any, sum_starts: Any, column_sums: Any, columns: Any, sums: Any, vectors: Any
) -> None:
    """Add the pod to the columns in which its class weighs something, and to their sums."""
    for number in range(starts[which], starts[which + 1]):
        column, weight = touches[number, 0], touches[number, 1]
        columns[column, row] += weight
        for position in range(sum_starts[column], sum_starts[column + 1]):
            domain = vectors[column_sums[position, 1], row]
            if domain >= 0:
                sums[column_sums[position, 0], domain] += weight
