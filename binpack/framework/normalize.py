"""The named normalisations of scores. A score plugin takes one as its method: `normalize = reversed_normalization`.

Source: pkg/scheduler/framework/plugins/helper/normalize_score.go, v1.35.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from binpack.state.node_rows import NodeRows
from binpack.units import MAX_NODE_SCORE


def no_normalization(plugin: Any, prepared: Any, raw: NDArray[np.int64], feasible: NodeRows) -> NDArray[np.int64]:
    """Raw scores are final."""
    return raw


def default_normalization(plugin: Any, prepared: Any, raw: NDArray[np.int64], feasible: NodeRows) -> NDArray[np.int64]:
    """`100 × raw div max`; unchanged when the maximum is 0."""
    highest = max(0, int(raw.max(initial=0)))
    return raw if highest == 0 else MAX_NODE_SCORE * raw // highest


def reversed_normalization(plugin: Any, prepared: Any, raw: NDArray[np.int64], feasible: NodeRows) -> NDArray[np.int64]:
    """`100 - 100 × raw div max`; all 100 when the maximum is 0."""
    highest = max(0, int(raw.max(initial=0)))
    if highest == 0:
        return np.full_like(raw, MAX_NODE_SCORE)
    return MAX_NODE_SCORE - MAX_NODE_SCORE * raw // highest
