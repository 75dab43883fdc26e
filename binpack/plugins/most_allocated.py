"""MostAllocated, a scoring strategy of NodeResourcesFit: prefers nodes that are nearly full.

Source: noderesources/most_allocated.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from binpack.plugins.resource_allocation import Use, weighted_mean


def most_allocated(uses: Sequence[Use]) -> NDArray[np.int64]:
    """Score rows by the percentage of each resource that would be requested, averaged by weight.

    Parameters
    ----------
    uses : sequence of Use
        At least one. A resource that is overcommitted counts as full: node sums may exceed allocatable by the defaults for pods
        without requests.

    Returns
    -------
    NDArray[np.int64]
        0 to 100, shape [n].
    """
    return weighted_mean(uses, [use.utilization() for use in uses])
