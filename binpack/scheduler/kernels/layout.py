"""What stands where in the stacked arrays that kernels are handed: each array argument costs 0.1 µs a call, so there are few."""

from __future__ import annotations

BLOCK = 64

# A shape slot's parameters.
STRATEGY, WANTED, SCORED, BALANCED, FIT_WEIGHT, BALANCED_WEIGHT, USUAL = 0, 1, 2, 3, 4, 5, 6
WANTED_AT, SCORED_AT, BALANCED_AT, SHAPE_WIDTH = 8, 24, 48, 64
MAX_WANTED, MAX_SCORED, MAX_BALANCED = 8, 6, 8
CHUNK, STATES, LINES = 128, 7, 8
"""Rows that are worked out together where only cpu and memory count, how many numbers are a row's state, and one more for the result."""
OFF = -1
"""Instead of a number of resources: the plugin has nothing to say."""

# A class's parameters.
SHAPE, STATIC, OPS, FIRST_OF_GROUP, STATIC_KIND, HOST, ROW_FILTERS, SOFTS = 0, 1, 2, 3, 4, 5, 6, 7
ROW_BY_ROW, EXTERNAL, SOFT_KEYS, CLASS_WIDTH = 8, 9, 10, 12
"""Whether every row is scored (else blocks are bounded first); whether plugins in Python have a say; keys a row needs, as bits."""
NO_STATIC, STATIC_MASK, STATIC_CODES = 0, 1, 2
MAX_OPS, OP_WIDTH = 16, 8

# Kinds of operations; the first entry of each.
HARD, ATTRACT, REPEL, SOFT_HOST, SOFT_ZONE, PREFER, CLEAR, HARD_HOST, NEAR, PREFER_HOST = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
ROOM = 7
"""Of `HARD_HOST`: up to how many pods a row is feasible. Of `NEAR`: 1 while anything goes. Worked out before each decision."""

# What a pod of a class adds to its node.
PLACED_WIDTH, MAX_PLACED = 20, 8

# A block's summary.
MOST, FEWEST, LARGEST, ROWS, SUMMARY_WIDTH = 0, 1, 2, 3, 4

# Scratch, by zone.
Z_ROWS, Z_FEWEST, Z_LARGEST, Z_CODES, Z_OFFSET, Z_LINES = 0, 1, 2, 3, 4, 5
LEVELS = 256
"""Different hostname counts that the level table of a zone has room for."""
MAX_SOFT = 4

# Control: what is the same for all pods of a call, and what comes back.
POSITION, KUBE, ACTIVE, ZONES, SPREAD_WEIGHT, AFFINITY_WEIGHT = 0, 1, 2, 3, 4, 5
STATIC_WEIGHTS = 6
PATCHED, FULL_PASSES, SUMMARISED, SEARCHED, BY_ROW, STAMP, TIES, USUAL_NODES, PHASE, FEASIBLE, JOURNALLED, START, TO_FIND, CONTROL_WIDTH = (
    *(9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22),
)
CHOSEN, LOOKED_AT, ANSWERS = 0, 1, 2
"""Of each pod of a call: its row, and how many nodes the search looked at."""
WHOLE, JUDGE, CHOOSE = 0, 1, 2
"""Phases of one pod of a class with an `EXTERNAL` part: `JUDGE` ends once the rows are judged, `CHOOSE` goes on from there."""

# Scratch of a decision row by row: 16 bits, 64 bits, and 64 bits a domain.
SCORES, MASK, SCORED, SHORTS = 0, 1, 2, 3
NUMBERS, EXTRA, LONGS = 0, 1, 2
SEEN, ALLOWED, MARKS = 0, 1, 2

# Why a call ended before the last pod.
NOWHERE, NOT_COVERED, ASKS_PYTHON, JUDGED, TOO_MANY_LEVELS = -1, -2, -3, -4, -5
FAR = 1 << 30
