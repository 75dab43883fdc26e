"""RequestedToCapacityRatio, a scoring strategy of NodeResourcesFit: scores utilization by a piecewise linear function.

Source: noderesources/requested_to_capacity_ratio.go and plugins/helper/shape_score.go, v1.35.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from binpack.framework.arguments import UtilizationShapePoint
from binpack.plugins.resource_allocation import Use
from binpack.units import MAX_NODE_SCORE

MAX_UTILIZATION = 100
_MAX_SHAPE_SCORE = 10


class RequestedToCapacityRatio:
    """The strategy with its function tabulated: there are only 101 percentages.

    Parameters
    ----------
    shape : sequence of UtilizationShapePoint
        At least one, by rising utilization (0 to 100), with scores of 0 to 10.
    """

    def __init__(self, shape: Sequence[UtilizationShapePoint]) -> None:
        self._table = np.array([_interpolated(shape, percentage) for percentage in range(MAX_UTILIZATION + 1)], np.int64)

    @property
    def scores(self) -> NDArray[np.int64]:
        """The score of each percentage in use, shape [101]."""
        return self._table

    def __call__(self, uses: Sequence[Use]) -> NDArray[np.int64]:
        """Score rows by the function's value of each resource's utilization, averaged by weight and rounded.

        Parameters
        ----------
        uses : sequence of Use
            At least one.

        Returns
        -------
        NDArray[np.int64]
            0 to 100, shape [n].
        """
        total = np.zeros_like(uses[0].requested)
        weights = np.zeros_like(total)
        for use in uses:
            score = self._table.take(use.utilization(), mode="clip")
            # A resource that scores 0 leaves both sums, and so does one that the node does not have.
            counts = score > 0 if use.counted is None else (score > 0) & use.counted
            total += score * (use.weight * counts)
            weights += use.weight * counts
        # Rounds total / weights half away from zero. Upstream divides doubles, which for sums this small is the same.
        return (2 * total + weights) // np.maximum(2 * weights, 1)


def _interpolated(shape: Sequence[UtilizationShapePoint], utilization: int) -> int:
    scale = MAX_NODE_SCORE // _MAX_SHAPE_SCORE
    previous = shape[0]
    for point in shape:
        if utilization <= point.utilization:
            if point is previous:
                return point.score * scale
            rise = (point.score - previous.score) * scale * (utilization - previous.utilization)
            # Go's division truncates toward zero: a falling segment is rounded up.
            quotient = abs(rise) // (point.utilization - previous.utilization)
            return previous.score * scale + (quotient if rise >= 0 else -quotient)
        previous = point
    return shape[-1].score * scale
