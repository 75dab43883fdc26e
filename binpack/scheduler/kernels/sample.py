"""Where only a sample of the nodes is scored: the search stops once enough are feasible, and the next one begins where it stopped."""

from __future__ import annotations

from typing import Any

from binpack.scheduler.kernels.jit import leaf
from binpack.scheduler.kernels.layout import ACTIVE, START, TO_FIND
from binpack.scheduler.kernels.ties import pre_order_key


@leaf
def take_sample(control: Any, ordered: Any, out: Any) -> int:
    """Take out the feasible rows beyond those to find, in the order of the search; return how many nodes were looked at."""
    nodes, found, looked, stopped = control[ACTIVE], 0, 0, False
    place = control[START]
    for _ in range(nodes):
        row = ordered[place]
        stopped |= out[row] >= 0 and found == control[TO_FIND]
        if stopped:
            out[row] = -1
        else:
            found += 1 if out[row] >= 0 else 0
            looked += 1
        place = place + 1 if place + 1 < nodes else 0
    return looked


@leaf
def first_found(control: Any, ordered: Any, out: Any, totals: Any) -> int:
    """Return the row with the highest total that comes first in pre-order of the heap over the feasible rows as they were found."""
    nodes, found, winner, best, key = control[ACTIVE], 0, -1, 0, 0
    place = control[START]
    for _ in range(nodes):
        row = ordered[place]
        if out[row] >= 0:
            order = pre_order_key(found)
            if winner < 0 or totals[row] > best or (totals[row] == best and order < key):
                winner, best, key = row, totals[row], order
            found += 1
        place = place + 1 if place + 1 < nodes else 0
    return winner
