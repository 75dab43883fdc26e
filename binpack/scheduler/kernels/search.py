"""Finds the best row: blocks by an upper bound, and inside only those that can still win."""

from __future__ import annotations

from typing import Any

from binpack.scheduler.kernels.jit import leaf
from binpack.scheduler.kernels.layout import (
    BLOCK,
    FAR,
    FEWEST,
    HOST,
    MOST,
    ROWS,
    SEARCHED,
    SOFTS,
    STATIC,
    STATIC_CODES,
    STATIC_KIND,
    TIES,
    Z_FEWEST,
    Z_OFFSET,
    Z_ROWS,
)
from binpack.scheduler.kernels.summarise import effective


@leaf
def bound_blocks(parameters: Any, summaries: Any, masks: Any, block_zone: Any, by_zone: Any, levels: Any, worth: Any, bounds: Any) -> int:
    """Write what no row of a block can exceed, by the very tables that score it; return the block with the highest bound."""
    best, highest = -1, -FAR
    for block in range(len(block_zone)):
        zone = block_zone[block]
        bound = -FAR
        if summaries[block, ROWS] > 0 and by_zone[Z_ROWS, zone] > 0:
            level = levels[zone, summaries[block, FEWEST] - by_zone[Z_FEWEST, zone]] if parameters[SOFTS] > 0 else by_zone[Z_OFFSET, zone]
            bound = summaries[block, MOST] + level
            if parameters[STATIC_KIND] == STATIC_CODES:
                most = -FAR
                for code in range(32):
                    if (masks[block] >> code) & 1:
                        most = max(most, worth[code])
                bound += most
            if bound > highest:
                best, highest = block, bound
        bounds[block] = bound
    return best


@leaf
def total_block(
    block: int,
    zone: int,
    parameters: Any,
    ops: Any,
    rest: Any,
    static: Any,
    columns: Any,
    vectors: Any,
    by_zone: Any,
    levels: Any,
    worth: Any,
    scores: Any,
    totals: Any,
) -> int:
    """Write the total of each row of a block, below -FAR / 2 where it is not feasible; return the highest."""
    effective(block, parameters, ops, rest, static, columns, vectors, scores)
    begin, highest = block * BLOCK, -FAR
    if parameters[SOFTS] > 0 and parameters[HOST] >= 0:
        counts, fewest, table = columns[parameters[HOST], begin : begin + BLOCK], by_zone[Z_FEWEST, zone], levels[zone]
        for row in range(BLOCK):
            totals[row] = scores[row] + table[counts[row] - fewest] if scores[row] >= 0 else -FAR
    else:
        offset = levels[zone, 0] if parameters[SOFTS] > 0 else by_zone[Z_OFFSET, zone]
        for row in range(BLOCK):
            totals[row] = scores[row] + offset if scores[row] >= 0 else -FAR
    if parameters[STATIC_KIND] == STATIC_CODES:
        codes = static[parameters[STATIC], begin : begin + BLOCK]
        for row in range(BLOCK):
            if scores[row] >= 0:
                totals[row] += worth[codes[row]]
    for row in range(BLOCK):
        highest = max(highest, totals[row])
    return highest


@leaf
def search(
    first: int,
    collect: bool,
    control: Any,
    parameters: Any,
    ops: Any,
    rest: Any,
    static: Any,
    columns: Any,
    vectors: Any,
    block_zone: Any,
    by_zone: Any,
    levels: Any,
    worth: Any,
    bounds: Any,
    ranks: Any,
    block_ranks: Any,
    scores: Any,
    totals: Any,
    tied: Any,
) -> int:
    """Return the row with the highest total, of equals the one with the smallest rank; `collect`: all equals are written to `tied`."""
    best, best_rank, winner, ties = -FAR, FAR, -1, 0
    for visit in range(-1, len(bounds)):
        block = first if visit < 0 else visit
        if visit == first or bounds[block] < best or bounds[block] == -FAR:
            continue
        if bounds[block] == best and not collect and block_ranks[block] > best_rank:
            continue
        control[SEARCHED] += 1
        highest = total_block(
            block, block_zone[block], parameters, ops, rest, static, columns, vectors, by_zone, levels, worth, scores, totals
        )
        if highest < best or highest == -FAR:
            continue
        if highest > best:
            best, best_rank, ties = highest, FAR, 0
        for row in range(BLOCK):
            if totals[row] == best:
                number = block * BLOCK + row
                if collect:
                    tied[ties] = number
                    ties += 1
                if ranks[number] < best_rank:
                    best_rank, winner = ranks[number], number
    control[TIES] = ties
    return winner
