"""kube-scheduler's rule among equals: first in pre-order of the implicit heap over the feasible list."""

from __future__ import annotations

from typing import Any

from binpack.scheduler.kernels.jit import leaf
from binpack.scheduler.kernels.layout import Z_ROWS


@leaf
def ones(word: int) -> int:
    """Count the bits of a word."""
    word = word - ((word >> 1) & 0x5555555555555555)
    word = (word & 0x3333333333333333) + ((word >> 2) & 0x3333333333333333)
    word = (word + (word >> 4)) & 0x0F0F0F0F0F0F0F0F
    return ((word * 0x0101010101010101) >> 56) & 0xFF


@leaf
def pre_order_key(position: int) -> int:
    """Return a number that orders heap positions as a walk does that visits a node, then its left, then its right subtree."""
    depth, rest = 0, position + 1
    while rest > 1:
        rest >>= 1
        depth += 1
    return (((position + 1) - (1 << depth)) << (40 - depth)) * 64 + depth


@leaf
def first_in_heap(
    ties: int, tied: Any, zones: int, by_zone: Any, zone_bits: Any, bits: Any, list_positions: Any, before: Any, kept: Any
) -> int:
    """Return the tied row that comes first; its position is the number of feasible rows before it in the node list."""
    excluded = False
    for zone in range(zones):
        excluded |= by_zone[Z_ROWS, zone] == 0
    total = 0
    for index in range(len(bits)):
        word = bits[index]
        if excluded:
            mask = bits[index] & 0
            for zone in range(zones):
                if by_zone[Z_ROWS, zone] > 0:
                    mask |= zone_bits[zone, index]
            word &= mask
        kept[index] = word
        before[index] = total
        total += ones(word)
    winner, best = -1, 0
    for number in range(ties):
        place = list_positions[tied[number]]
        below = kept[place >> 6] & ((1 << (place & 63)) - 1)
        key = pre_order_key(before[place >> 6] + ones(below))
        if winner < 0 or key < best:
            winner, best = tied[number], key
    return winner
