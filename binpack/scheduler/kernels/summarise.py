"""Summaries of blocks for one class: best resource score, fewest and most matching pods by host, feasible rows, static codes there."""

from __future__ import annotations

from typing import Any

from binpack.scheduler.kernels.jit import leaf
from binpack.scheduler.kernels.layout import (
    BLOCK,
    CLEAR,
    FAR,
    FEWEST,
    HARD_HOST,
    HOST,
    KUBE,
    LARGEST,
    MOST,
    NEAR,
    NO_STATIC,
    OPS,
    POSITION,
    ROOM,
    ROW_FILTERS,
    ROWS,
    SHAPE,
    STATIC,
    STATIC_CODES,
    STATIC_KIND,
    SUMMARISED,
)


@leaf
def effective(block: int, parameters: Any, ops: Any, rest: Any, static: Any, columns: Any, vectors: Any, out: Any) -> None:
    """Write a block's resource scores to `out`, -1 wherever its rows are out for a reason of their own; shape [BLOCK]."""
    begin = block * BLOCK
    source = rest[parameters[SHAPE], begin : begin + BLOCK]
    for row in range(BLOCK):
        # A plain copy would be handed to the C library, which takes three times as long for so few.
        out[row] = max(source[row], -1)
    if parameters[STATIC_KIND] != NO_STATIC:
        codes = static[parameters[STATIC], begin : begin + BLOCK]
        for row in range(BLOCK):
            out[row] = out[row] | (codes[row] >> 7)
    if parameters[ROW_FILTERS] > 0:
        for number in range(parameters[OPS]):
            kind, room = ops[number, 0], ops[number, ROOM]
            if kind in (CLEAR, NEAR, HARD_HOST):
                column = columns[ops[number, 1], begin : begin + BLOCK]
                if kind == CLEAR:
                    for row in range(BLOCK):
                        out[row] = out[row] if column[row] == 0 else -1
                elif kind == NEAR and room == 0:
                    for row in range(BLOCK):
                        out[row] = out[row] if column[row] > 0 else -1
                elif kind == HARD_HOST and ops[number, 3] < 0:
                    for row in range(BLOCK):
                        out[row] = out[row] if column[row] <= room else -1
                elif kind == HARD_HOST:
                    included = vectors[ops[number, 3], begin : begin + BLOCK]
                    for row in range(BLOCK):
                        out[row] = out[row] if column[row] <= room or included[row] < 0 else -1


@leaf
def count_rows(scores: Any, summary: Any) -> None:
    """Summarise scores alone."""
    most, rows = -1, 0
    for row in range(BLOCK):
        most = max(most, scores[row])
        rows += scores[row] >= 0
    summary[MOST], summary[ROWS], summary[FEWEST], summary[LARGEST] = most, rows, 0, 0


@leaf
def count_hosts(scores: Any, counts: Any, summary: Any) -> None:
    """Add the fewest and the most matching pods on a feasible row."""
    fewest, largest = FAR, 0
    for row in range(BLOCK):
        out = scores[row] >> 15
        fewest = min(fewest, counts[row] | (out & FAR))
        largest = max(largest, counts[row] & ~out)
    summary[FEWEST], summary[LARGEST] = fewest, largest


@leaf
def code_mask(scores: Any, codes: Any) -> int:
    """Return which static codes the feasible rows have, as bits."""
    mask = 0
    for row in range(BLOCK):
        if scores[row] >= 0:
            mask |= 1 << codes[row]
    return mask


@leaf
def flip_changed(block: int, scores: Any, words: Any, bits: Any, list_positions: Any) -> None:
    """Keep a bitmap of the feasible rows in list order: only rows that changed sides are touched."""
    word = 0
    for row in range(BLOCK):
        word |= (1 if scores[row] >= 0 else 0) << row
    changed = word ^ words[block]
    words[block] = word
    while changed != 0:
        row = 0
        while (changed >> row) & 1 == 0:
            row += 1
        changed ^= 1 << row
        position = list_positions[block * BLOCK + row]
        bits[position >> 6] ^= 1 << (position & 63)


@leaf
def summarise(
    which: int,
    control: Any,
    parameters: Any,
    ops: Any,
    rest: Any,
    static: Any,
    columns: Any,
    vectors: Any,
    ring: Any,
    seen: Any,
    summaries: Any,
    masks: Any,
    words: Any,
    bits: Any,
    list_positions: Any,
    dirty: Any,
    scores: Any,
) -> None:
    """Bring all summaries of a class up to date: only blocks in which a row has changed since, or all."""
    now, since, blocks = control[POSITION], seen[which], len(dirty)
    # Where only resources put rows out the slot itself says all.
    plain, slot = parameters[STATIC_KIND] == NO_STATIC and parameters[ROW_FILTERS] == 0, rest[parameters[SHAPE]]
    if since < 0 or now - since > 8 * blocks or now - since > len(ring):
        for block in range(blocks):
            dirty[block] = 1
    else:
        place = since % len(ring)
        for _ in range(now - since):
            dirty[ring[place] >> 6] = 1
            place = place + 1 if place + 1 < len(ring) else 0
    for block in range(blocks):
        if dirty[block]:
            dirty[block] = 0
            begin = block * BLOCK
            judged = slot[begin : begin + BLOCK]
            if not plain:
                effective(block, parameters, ops, rest, static, columns, vectors, scores)
                judged = scores
            count_rows(judged, summaries[which, block])
            if parameters[HOST] >= 0:
                count_hosts(judged, columns[parameters[HOST], begin : begin + BLOCK], summaries[which, block])
            if parameters[STATIC_KIND] == STATIC_CODES:
                masks[which, block] = code_mask(judged, static[parameters[STATIC], begin : begin + BLOCK])
            if control[KUBE]:
                flip_changed(block, judged, words[which], bits[which], list_positions)
            control[SUMMARISED] += 1
    seen[which] = now
