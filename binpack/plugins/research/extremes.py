"""Normalisations for policies that want exactly the best nodes, and no node that is merely rounded up to them.

Raw scores have full resolution. They are stretched over 0 to 100 and truncated, so that the extreme itself gets 100 and everything
else at most 99: the policy's choice survives the whole numbers, and what is left of its preferences can still be weighed against
other plugins'.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.state.node_rows import NodeRows
from binpack.units import MAX_NODE_SCORE


def highest_is_best(plugin: Any, prepared: Any, raw: NDArray[np.int64], feasible: NodeRows) -> NDArray[np.int64]:
    """`100 × (raw - min) div (max - min)`; all 100 when all are equal."""
    return _stretched(raw - raw.min()) if len(raw) else raw


def lowest_is_best(plugin: Any, prepared: Any, raw: NDArray[np.int64], feasible: NodeRows) -> NDArray[np.int64]:
    """`100 × (max - raw) div (max - min)`; all 100 when all are equal."""
    return _stretched(raw.max() - raw) if len(raw) else raw


def _stretched(merits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Stretch merits of 0 and more."""
    best = merits.max()
    return np.full_like(merits, MAX_NODE_SCORE) if best == 0 else MAX_NODE_SCORE * merits // best
