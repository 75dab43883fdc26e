from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.plugins.research.extremes import highest_is_best, lowest_is_best


@pytest.mark.parametrize(
    ("why", "raw", "highest", "lowest"),
    [
        ("stretched over 0 to 100", [2, 3, 4], [0, 50, 100], [100, 50, 0]),
        ("all equal", [7, 7], [100, 100], [100, 100]),
        ("one node", [5], [100], [100]),
        ("no node", [], [], []),
        ("almost best is not best", [0, 999_999, 1_000_000], [0, 99, 100], [100, 0, 0]),
        ("negative ones", [-10, 0], [0, 100], [100, 0]),
    ],
)
def test_stretching(why, raw, highest, lowest):
    scores = np.array(raw, np.int64)
    assert highest_is_best(None, None, scores, None).tolist() == highest, why
    assert lowest_is_best(None, None, scores, None).tolist() == lowest, why


@given(st.lists(st.integers(-(1 << 55), 1 << 55), min_size=1, max_size=20))
def test_exactly_the_extremes_get_100(raw):
    scores = np.array(raw, np.int64)
    highest, lowest = highest_is_best(None, None, scores, None), lowest_is_best(None, None, scores, None)
    assert ((highest == 100) == (scores == scores.max())).all()
    assert ((lowest == 100) == (scores == scores.min())).all()
    assert highest.min() >= 0
    assert lowest.min() >= 0
