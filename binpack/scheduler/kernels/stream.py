"""Brings a shape slot up to date: only rows that the journal names since it was last used, or all."""

from __future__ import annotations

from typing import Any

import numpy as np

from binpack.plugins.kernels import node_resources_balanced_allocation, node_resources_fit
from binpack.scheduler.kernels.jit import leaf
from binpack.scheduler.kernels.layout import (
    BALANCED,
    BALANCED_AT,
    BALANCED_WEIGHT,
    CHUNK,
    FIT_WEIGHT,
    FULL_PASSES,
    JOURNALLED,
    OFF,
    PATCHED,
    POSITION,
    SCORED,
    SCORED_AT,
    STATES,
    STRATEGY,
    USUAL,
    USUAL_NODES,
    WANTED,
    WANTED_AT,
)

fits = leaf(node_resources_fit.fits)
allocation_score = leaf(node_resources_fit.allocation_score)
least_allocated_of_two = leaf(node_resources_fit.least_allocated_of_two)
balanced_of_two = leaf(node_resources_balanced_allocation.balanced_of_two)
balanced_score = leaf(node_resources_balanced_allocation.balanced_score)


@leaf
def row_rest(row: int, shape: Any, allocatable: Any, requested: Any, nonzero: Any, allowed_pods: Any, pod_counts: Any, ratios: Any) -> int:
    """Return the weighted resource scores of a row, -1 where the pod does not fit."""
    if shape[WANTED] != OFF and not fits(row, shape[WANTED_AT:], shape[WANTED], allocatable, requested, allowed_pods, pod_counts):
        return -1
    rest = 0
    if shape[SCORED] != OFF:
        score = allocation_score(row, shape[SCORED_AT:], shape[SCORED], shape[STRATEGY], allocatable, requested, nonzero, ratios)
        rest += shape[FIT_WEIGHT] * score
    if shape[BALANCED] != OFF:
        score = balanced_score(row, shape[BALANCED_AT:], shape[BALANCED], allocatable, requested)
        rest += shape[BALANCED_WEIGHT] * score
    return rest


@leaf
def write_state(
    place: int, row: int, states: Any, allocatable: Any, requested: Any, nonzero: Any, allowed_pods: Any, pod_counts: Any
) -> None:
    """Write the state of a row as floats; `states` has the shape [STATES, …]."""
    states[0, place], states[1, place] = allocatable[0, row], allocatable[1, row]
    states[2, place], states[3, place] = requested[0, row], requested[1, row]
    states[4, place], states[5, place] = nonzero[0, row], nonzero[1, row]
    states[6, place] = allowed_pods[row] - pod_counts[row]


@leaf
def journal_states(
    control: Any, ring: Any, states: Any, allocatable: Any, requested: Any, nonzero: Any, allowed_pods: Any, pod_counts: Any
) -> None:
    """Write the states of the rows that changed since the last call: as they are now, for a later entry of the same row wins anyway."""
    now, size = control[POSITION], len(ring)
    for position in range(max(control[JOURNALLED], now - size), now):
        place = position % size
        write_state(place, ring[place], states, allocatable, requested, nonzero, allowed_pods, pod_counts)
    control[JOURNALLED] = now


@leaf
def usual_rest(count: int, shape: Any, usual: Any, states: Any, begin: int, found: Any) -> None:
    """Work out rows where cpu and memory alone count; a loop without branches, so that several rows are worked out at once."""
    end = begin + count
    cpu, memory, cpu_used, memory_used = states[0, begin:end], states[1, begin:end], states[2, begin:end], states[3, begin:end]
    cpu_counted, memory_counted, pods_left = states[4, begin:end], states[5, begin:end], states[6, begin:end]
    cpu_wanted, memory_wanted, cpu_asked, memory_asked = usual[0], usual[1], usual[2], usual[3]
    cpu_weight, memory_weight, cpu_placed, memory_placed = usual[4], usual[5], usual[6], usual[7]
    fit_weight, balanced_weight = float(shape[FIT_WEIGHT]), float(shape[BALANCED_WEIGHT])
    for place in range(count):
        # A hole has nothing at all; it is out by its pods.
        cpu_there, memory_there = max(cpu[place], 1.0), max(memory[place], 1.0)
        fit = least_allocated_of_two(
            cpu_counted[place] + cpu_asked, cpu_there, cpu_weight, memory_counted[place] + memory_asked, memory_there, memory_weight
        )
        even = balanced_of_two(cpu_used[place] + cpu_placed, cpu_there, memory_used[place] + memory_placed, memory_there)
        rest = fit_weight * fit + balanced_weight * even
        rest = rest if cpu_wanted <= cpu[place] - cpu_used[place] else -1.0
        rest = rest if memory_wanted <= memory[place] - memory_used[place] else -1.0
        found[place] = rest if pods_left[place] > 0.0 else -1.0


@leaf
def read_usual(shape: Any, usual: Any) -> None:
    """Read the parameters of a usual shape; a request of 0 is not compared, and fits on an overcommitted node, too."""
    usual[0], usual[1] = -np.inf, -np.inf
    for number in range(shape[WANTED]):
        usual[shape[WANTED_AT + 2 * number]] = float(shape[WANTED_AT + 2 * number + 1])
    for number in range(2):
        position = shape[SCORED_AT + 4 * number + 1]
        usual[4 + position], usual[2 + position] = float(shape[SCORED_AT + 4 * number + 2]), float(shape[SCORED_AT + 4 * number + 3])
        usual[6 + shape[BALANCED_AT + 2 * number]] = float(shape[BALANCED_AT + 2 * number + 1])


@leaf
def catch_up(
    slot: int,
    control: Any,
    shapes: Any,
    rest: Any,
    positions: Any,
    ring: Any,
    states: Any,
    allocatable: Any,
    requested: Any,
    nonzero: Any,
    allowed_pods: Any,
    pod_counts: Any,
    ratios: Any,
    lines: Any,
    usual: Any,
) -> None:
    """Bring one slot up to date, `CHUNK` rows at a time: a usual one from the states that stand side by side in the journal."""
    now, since, all_rows = control[POSITION], positions[slot], rest.shape[1]
    shape, out, found = shapes[slot], rest[slot], lines[STATES]
    full = since < 0 or (now - since) * 4 > all_rows or now - since > len(ring)
    left = all_rows if full else now - since
    place = 0 if full else since % len(ring)
    control[FULL_PASSES] += 1 if full else 0
    control[PATCHED] += 0 if full else left
    quick = shape[USUAL] == 1 and control[USUAL_NODES] == 1
    if quick:
        read_usual(shape, usual)
    while left > 0:
        count = min(left, CHUNK) if full else min(left, CHUNK, len(ring) - place)
        if quick and full:
            for number in range(count):
                write_state(number, place + number, lines, allocatable, requested, nonzero, allowed_pods, pod_counts)
            usual_rest(count, shape, usual, lines, 0, found)
            for number in range(count):
                out[place + number] = int(found[number])
        elif quick:
            usual_rest(count, shape, usual, states, place, found)
            for number in range(count):
                out[ring[place + number]] = int(found[number])
        else:
            for number in range(place, place + count):
                row = number if full else ring[number]
                out[row] = row_rest(row, shape, allocatable, requested, nonzero, allowed_pods, pod_counts, ratios)
        left -= count
        place = place + count if full or place + count < len(ring) else 0
    positions[slot] = now
