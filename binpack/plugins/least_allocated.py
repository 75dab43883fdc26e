"""LeastAllocated, a scoring strategy of NodeResourcesFit: prefers nodes with much left.

Source: noderesources/least_allocated.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from binpack.plugins.resource_allocation import Use, percentage, weighted_mean


def least_allocated(uses: Sequence[Use]) -> NDArray[np.int64]:
    """Score rows by the percentage of each resource that stays free, averaged by weight.

    Parameters
    ----------
    uses : sequence of Use
        At least one.

    Returns
    -------
    NDArray[np.int64]
        0 to 100, shape [n].
    """
    return weighted_mean(uses, [_free(use) for use in uses])


def _free(use: Use) -> NDArray[np.int64]:
    return percentage(np.maximum(use.allocatable - use.requested, 0), use.allocatable)
