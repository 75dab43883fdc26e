"""Brings a shape slot up to date: only rows that the journal names since it was last used, or all."""

from __future__ import annotations

from typing import Any

from binpack.plugins.kernels import node_resources_balanced_allocation, node_resources_fit
from binpack.scheduler.kernels.jit import leaf
from binpack.scheduler.kernels.layout import (
    BALANCED,
    BALANCED_AT,
    BALANCED_WEIGHT,
    FIT_WEIGHT,
    FULL_PASSES,
    OFF,
    PATCHED,
    POSITION,
    SCORED,
    SCORED_AT,
    STRATEGY,
    WANTED,
    WANTED_AT,
)

fits = leaf(node_resources_fit.fits)
allocation_score = leaf(node_resources_fit.allocation_score)
balanced_score = leaf(node_resources_balanced_allocation.balanced_score)


@leaf
def row_rest(row: int, shape: Any, allocatable: Any, requested: Any, nonzero: Any, allowed_pods: Any, pod_counts: Any) -> int:
    """Return the weighted resource scores of a row, -1 where the pod does not fit."""
    if shape[WANTED] != OFF and not fits(row, shape[WANTED_AT:], shape[WANTED], allocatable, requested, allowed_pods, pod_counts):
        return -1
    rest = 0
    if shape[SCORED] != OFF:
        score = allocation_score(row, shape[SCORED_AT:], shape[SCORED], shape[STRATEGY], allocatable, requested, nonzero)
        rest += shape[FIT_WEIGHT] * score
    if shape[BALANCED] != OFF:
        score = balanced_score(row, shape[BALANCED_AT:], shape[BALANCED], allocatable, requested)
        rest += shape[BALANCED_WEIGHT] * score
    return rest


@leaf
def catch_up(
    slot: int,
    control: Any,
    shapes: Any,
    rest: Any,
    positions: Any,
    ring: Any,
    allocatable: Any,
    requested: Any,
    nonzero: Any,
    allowed_pods: Any,
    pod_counts: Any,
) -> None:
    """Bring one slot up to date."""
    now, since, rows = control[POSITION], positions[slot], rest.shape[1]
    shape, out = shapes[slot], rest[slot]
    if since < 0 or (now - since) * 4 > rows or now - since > len(ring):
        for row in range(rows):
            out[row] = row_rest(row, shape, allocatable, requested, nonzero, allowed_pods, pod_counts)
        control[FULL_PASSES] += 1
    else:
        place = since % len(ring)
        for _ in range(now - since):
            row = ring[place]
            place = place + 1 if place + 1 < len(ring) else 0
            out[row] = row_rest(row, shape, allocatable, requested, nonzero, allowed_pods, pod_counts)
        control[PATCHED] += now - since
    positions[slot] = now
